//go:build !windows

package cli_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A process is a backend of its own: see TestMain.
type process struct {
	*exec.Cmd
	out, err *output
	done     chan error
}

func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), out: newOutput(), err: newOutput(), done: make(chan error, 1)}
	p.Env = append(os.Environ(), mainVariable+"=1")
	p.Stdout, p.Stderr = p.out, p.err
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.Wait() }()
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Error(err)
	}
}

// code waits for the end and returns the exit code.
func (p *process) code(t *testing.T) int {
	t.Helper()
	select {
	case err := <-p.done:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		return 0
	case <-time.After(patience):
		t.Fatalf("the process did not end; stdout:\n%s\nstderr:\n%s", p.out, p.err)
		return -1
	}
}

func TestSignalEndsListenWith0(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		b := newFakeBroker(t)
		p := startProcess(t, "--websocket-url", b.url("/ws/"), "listen")
		p.out.await(t, "waiting for incoming request")
		p.signal(t, s)
		if code := p.code(t); code != 0 {
			t.Errorf("%v: exit code %d; stderr:\n%s", s, code, p.err)
		}
	}
}

func TestRequestInHandIsAnsweredAfterTheFirstSignal(t *testing.T) {
	b := newFakeBroker(t)
	p := startProcess(t, "--websocket-url", b.url("/ws/"), "--grace", "0.05", "listen")
	b.awaitShake()
	b.request("1", "request", `{"func_name":"sleep"}`)
	p.out.await(t, "sleeping")
	p.signal(t, syscall.SIGTERM)
	if f := b.awaitSent(); !strings.Contains(f.text(), "shutting down") {
		t.Errorf("answer %q", f.text())
	}
	if code := p.code(t); code != 0 {
		t.Errorf("exit code %d; stderr:\n%s", code, p.err)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	b := newFakeBroker(t)
	p := startProcess(t, "--websocket-url", b.url("/ws/"), "--grace", "1000", "listen")
	b.awaitShake()
	b.request("1", "request", `{"func_name":"stay"}`)
	p.out.await(t, "staying")
	p.signal(t, syscall.SIGTERM)
	select { // the consumer's socket is closed by the first
	case <-p.done:
		t.Fatal("the first signal did not wait for the request")
	case <-time.After(quiet):
	}
	p.signal(t, syscall.SIGTERM)
	if code := p.code(t); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit code %d", code)
	}
}

func TestInterruptedCommandsTellTheSignal(t *testing.T) {
	b := newFakeBroker(t) // nobody answers
	for _, args := range [][]string{
		{"send-request", "echo", "text=a"},
		{"compute", "sleep"},
	} {
		p := startProcess(t, append([]string{"--websocket-url", b.url("/ws/"), "--log-level", "20"}, args...)...)
		if args[0] == "compute" {
			p.out.await(t, "sleeping")
		} else {
			b.await(b.inboxes)
		}
		p.signal(t, syscall.SIGINT)
		if code := p.code(t); code != 128+int(syscall.SIGINT) {
			t.Errorf("%v: exit code %d; stderr:\n%s", args, code, p.err)
		}
	}
}
