package peers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// startLimit is how long a peer may take to become ready on a busy machine.
const startLimit = 3 * time.Minute

// A Lab starts peers for the tests of one binary. TestMain opens it and closes
// it after the tests. Its methods may be called from parallel tests.
//
// Pulsar takes seconds and a gigabyte to start, so tests share one instance and
// keep apart by topic; the same holds for the Django broker, of which a test
// that stops or fills it starts one of its own with [Lab.StartDjango].
type Lab struct {
	installed map[string]string // the folders of the parts, by name
	python    string            // the interpreter that has the Python peers
	chromium  string            // the browser's program
	dir       string            // logs and state, removed by Close
	serial    atomic.Int64

	pulsar, django shared
	database       func() (string, error)
}

// shared is a peer that is started for the first test that asks.
type shared struct {
	once     sync.Once
	process  *Process
	endpoint Endpoint
	err      error
}

// Open finds the installed peers. It fails where they are missing.
func Open() (*Lab, error) {
	cache, err := DefaultCache()
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, p := range parts() {
		if found[p.name], err = cache.find(context.Background(), p); err != nil {
			return nil, err
		}
	}
	browser, err := findChromium()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dasf-peers-")
	if err != nil {
		return nil, err
	}
	l := &Lab{installed: found, python: interpreter(found[pythonPeers.name]), chromium: browser, dir: dir}
	l.database = sync.OnceValues(l.makeDatabase)
	return l, nil
}

// Close stops the shared peers and removes what they wrote.
func (l *Lab) Close() error {
	for _, s := range []*shared{&l.pulsar, &l.django} {
		if s.process != nil {
			if err := s.process.Stop(); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(l.dir)
}

// Python returns the interpreter that has demessaging and the others installed.
func (l *Lab) Python() string { return l.python }

// NetCDFPython returns the interpreter that has what reads NetCDF: xarray with
// SciPy and with the C library.
func (l *Lab) NetCDFPython() string { return interpreter(l.installed[netcdfPython.name]) }

// StubPython returns the interpreter that has what the Python peers have, mypy,
// and the newest xarray.
func (l *Lab) StubPython() string { return interpreter(l.installed[stubPython.name]) }

// OldestPython returns the interpreter that has the oldest demessaging that
// stubs know, and no package that it does not need.
func (l *Lab) OldestPython() string { return interpreter(l.installed[oldestPython.name]) }

// NodeModules returns the folder of packages that has netcdfjs.
func (l *Lab) NodeModules() string {
	return filepath.Join(l.installed[netcdfNode.name], "netcdfjs", "node_modules")
}

// TypeScriptModules returns the folder of packages that has tsc, prettier and ws.
func (l *Lab) TypeScriptModules() string {
	return filepath.Join(l.installed[typeScript.name], "typescript", "node_modules")
}

// Topic returns a topic that no other test uses, in the letters that every broker takes.
func (l *Lab) Topic(prefix string) string {
	return fmt.Sprintf("%s-%d-%d", prefix, os.Getpid(), l.serial.Add(1))
}

// Folder makes a new folder, which tests may share: it is removed by Close.
func (l *Lab) Folder(t testing.TB, prefix string) string {
	t.Helper()
	dir, err := l.folder(prefix)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// folder makes a new folder for one process.
func (l *Lab) folder(prefix string) (string, error) {
	dir := filepath.Join(l.dir, fmt.Sprintf("%s-%d", prefix, l.serial.Add(1)))
	return dir, os.Mkdir(dir, 0o700)
}

// get starts the shared peer at its first call and reports a failure to each caller.
func (s *shared) get(t testing.TB, start func() (*Process, Endpoint, error)) Endpoint {
	t.Helper()
	s.once.Do(func() { s.process, s.endpoint, s.err = start() })
	if s.err != nil {
		t.Fatal(s.err)
	}
	t.Cleanup(func() { s.process.showIfFailed(t) })
	return s.endpoint
}
