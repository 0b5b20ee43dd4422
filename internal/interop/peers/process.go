package peers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// stopGrace is how long a process may take to end after SIGTERM. Pulsar takes
// four seconds; daphne waits for its clients, in vain on a busy machine.
const stopGrace = 15 * time.Second

// A Process is a running peer. Its methods may be called from several goroutines.
type Process struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed once the process has ended
}

// A command says how to start a process.
type command struct {
	name string   // for messages and for the name of the log
	argv []string // the program and its arguments
	dir  string   // the working folder, where the log is written too
	env  []string // added to this process's own
}

func start(c command) (*Process, error) {
	p := &Process{name: c.name, log: filepath.Join(c.dir, c.name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(c.argv[0], c.argv[1:]...)
	p.cmd.Dir = c.dir
	p.cmd.Env = append(os.Environ(), c.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = endWithParent()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.name, err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the exit code is in ProcessState
	}()
	return p, nil
}

// PID returns the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed once the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode returns the exit code once the process has ended, -1 for a process
// that was ended by a signal or that still runs.
func (p *Process) ExitCode() int {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	default:
		return -1
	}
}

// Signal sends a signal to the process and does not wait.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Log returns what the process has printed so far.
func (p *Process) Log() string { return tail(p.log, 1<<20) }

// Kill ends the process at once, as kill -9 does, and waits for its end.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.done
	return nil
}

// Stop sends SIGTERM and waits for the end; a process that takes too long is killed.
func (p *Process) Stop() error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return p.Kill() // it has ended, or the system knows no SIGTERM
	}
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		return p.Kill()
	}
}

// stopAfter ends the process with the test, and shows its log if the test failed.
func (p *Process) stopAfter(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("stopping %s: %v", p.name, err)
		}
		p.showIfFailed(t)
	})
}

func (p *Process) showIfFailed(t testing.TB) {
	if t.Failed() {
		t.Logf("the last lines of %s:\n%s", p.name, tail(p.log, 40))
	}
}

// StartProgram starts a program of our own that ends with the test: argv is the
// program and its arguments, env is added to this process's environment.
func (l *Lab) StartProgram(t testing.TB, name string, argv []string, env ...string) *Process {
	t.Helper()
	dir, err := l.folder(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := start(command{name: name, argv: argv, dir: dir, env: env})
	if err != nil {
		t.Fatal(err)
	}
	p.stopAfter(t)
	return p
}

// Await waits until find has found something in what the process printed.
func (p *Process) Await(t testing.TB, what string, find func(log string) (string, bool)) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	var found string
	err := poll(ctx, p, func(context.Context) error {
		var ok bool
		if found, ok = find(p.Log()); !ok {
			return fmt.Errorf("%s has not printed %s", p.name, what)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
