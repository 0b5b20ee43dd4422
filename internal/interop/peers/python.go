package peers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// pythonEnvironment keeps Python from writing beside the modules, which lie in
// the repository, and from holding lines back.
var pythonEnvironment = []string{"PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"}

// A Module is a module file for demessaging, on a topic of an endpoint. A client
// stub and a backend are both made from it.
type Module struct {
	Path  string // the Python file
	Topic string
	At    Endpoint
}

func (l *Lab) moduleCommand(m Module, args ...string) []string {
	argv := append([]string{l.python, m.Path, "--topic", m.Topic}, m.At.flags()...)
	return append(argv, args...)
}

// StartPythonBackend runs the module's listen command until the test ends, and
// returns once it answers a ping. Options such as --queue_size go before the command.
func (l *Lab) StartPythonBackend(t testing.TB, m Module, options ...string) *Process {
	t.Helper()
	p := l.LaunchPythonBackend(t, m, options...)
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	if err := p.awaitPong(ctx, m); err != nil {
		t.Fatal(err)
	}
	return p
}

// LaunchPythonBackend is StartPythonBackend without waiting for an answer: for
// one that can't connect.
func (l *Lab) LaunchPythonBackend(t testing.TB, m Module, options ...string) *Process {
	t.Helper()
	dir, err := l.folder("backend")
	if err != nil {
		t.Fatal(err)
	}
	p, err := start(command{
		name: "python-backend",
		argv: l.moduleCommand(m, append(options, "listen")...),
		dir:  dir,
		env:  pythonEnvironment,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.stopAfter(t)
	return p
}

// awaitPong pings until a pong comes. Most brokers lose a ping that comes before
// the backend does; the Django broker keeps it, which does no harm.
func (p *Process) awaitPong(ctx context.Context, m Module) error {
	raw, err := DialRaw(ctx, m.At, m.Topic)
	if err != nil {
		return err
	}
	err = poll(ctx, p, func(ctx context.Context) error {
		if err := raw.Send(Request{Type: "ping"}); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		_, err := raw.Receive(ctx)
		return err
	})
	return errors.Join(err, raw.Close())
}

// Schema returns what the module's schema command prints.
func (l *Lab) Schema(t testing.TB, m Module) []byte {
	t.Helper()
	return l.output(t, m, "schema")
}

// Stub has demessaging generate the client stub of the module, which dials the
// module's endpoint and topic, and returns its path.
func (l *Lab) Stub(t testing.TB, m Module) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stub.py")
	if err := os.WriteFile(path, l.output(t, m, "generate"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (l *Lab) output(t testing.TB, m Module, args ...string) []byte {
	t.Helper()
	argv := l.moduleCommand(m, args...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), pythonEnvironment...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w\n%s", err, exit.Stderr)
		}
		t.Fatalf("%s %v: %v", filepath.Base(m.Path), args, err)
	}
	return out
}
