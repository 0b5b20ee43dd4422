package measure

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Usage is what a process has taken.
type Usage struct {
	// CPU is its time on processors, of user and system.
	CPU time.Duration `json:"cpu_ns"`
	// PeakMemory is the most memory that it had at once (RSS), in bytes; 0
	// where the system does not tell.
	PeakMemory int64 `json:"peak_memory"`
}

// A Process is one part of what is measured. It is told by its standard input
// what to do, and ends when that is closed.
type Process struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	errors  strings.Builder
}

// Start starts a process, with variables of the environment beside those of
// this one. ctx kills it.
func Start(ctx context.Context, environ []string, program string, args ...string) (*Process, error) {
	p := &Process{command: exec.CommandContext(ctx, program, args...)}
	p.command.Stderr = &p.errors
	p.command.Env = append(os.Environ(), environ...)
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	p.command.WaitDelay = 10 * time.Second
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	return p, nil
}

// String returns the arguments of the process.
func (p *Process) String() string { return strings.Join(p.command.Args[1:], " ") }

// Memory is what the process has in memory now (RSS), in bytes. See
// [ResidentMemory].
func (p *Process) Memory() (int64, error) { return ResidentMemory(p.command.Process.Pid) }

// ResidentMemory is what a process has in memory now (RSS), in bytes. On other
// systems than Linux the error is [errors.ErrUnsupported].
func ResidentMemory(pid int) (int64, error) { return residentMemory(pid) }

// Tell writes a line of JSON to the process.
func (p *Process) Tell(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = p.in.Write(append(text, '\n'))
	return err
}

// Line reads a line that the process prints.
func (p *Process) Line() (string, error) {
	line, err := p.out.ReadString('\n')
	if err != nil {
		_ = p.in.Close()
		if failed := p.wait(); failed != nil {
			err = failed
		}
		return "", fmt.Errorf("%s: %w", p, err)
	}
	return strings.TrimSuffix(line, "\n"), nil
}

// Rest reads what the process prints until it closes its standard output.
func (p *Process) Rest() ([]byte, error) { return io.ReadAll(p.out) }

// Interrupt does what Ctrl-C does to a process, and tells what it has taken.
// Where there are no signals the process is killed.
func (p *Process) Interrupt() (Usage, error) {
	peak := peakRunning(p.command.Process.Pid)
	if err := p.command.Process.Signal(os.Interrupt); err != nil {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
		return Usage{PeakMemory: peak}, nil
	}
	return p.usage(peak)
}

// Stop ends the process and tells what it has taken.
func (p *Process) Stop() (Usage, error) {
	peak := peakRunning(p.command.Process.Pid)
	_ = p.in.Close()
	return p.usage(peak)
}

func (p *Process) usage(peak int64) (Usage, error) {
	if err := p.wait(); err != nil {
		return Usage{}, fmt.Errorf("%s: %w", p, err)
	}
	state := p.command.ProcessState
	if peak == 0 {
		peak = peakEnded(state)
	}
	return Usage{CPU: state.UserTime() + state.SystemTime(), PeakMemory: peak}, nil
}

func (p *Process) wait() error {
	err := p.command.Wait()
	if text := strings.TrimSpace(p.errors.String()); err != nil && text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
	return err
}
