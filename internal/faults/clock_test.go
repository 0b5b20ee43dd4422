//go:build interop

package faults_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// jumping is this program with a clock that jumps: what time.Now returns goes
// six hours ahead, back, six hours behind, and back again, each half a second
// after the one before. The monotonic clock goes on, as it does when somebody
// sets the system's clock.
var jumping = sync.OnceValues(func() (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	const read = "sec, nsec, mono := runtimeNow()\n"
	before, after, ok := strings.Cut(string(text), read)
	if !ok {
		return "", os.ErrNotExist
	}
	dir, err := os.MkdirTemp("", "faults-clock")
	if err != nil {
		return "", err
	}
	patched := filepath.Join(dir, "time.go")
	text = []byte(before + read + "\tsec += [4]int64{0, 6 * 3600, 0, -6 * 3600}[uint64(mono)/500_000_000%4]\n" + after)
	if err := os.WriteFile(patched, text, 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: patched}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "jumping")
	out, err := exec.Command("go", "test", "-c", "-tags", "interop", "-overlay", list, "-o", program, ".").CombinedOutput()
	if err != nil {
		_, _ = os.Stderr.Write(out)
	}
	return program, err
})

// The clocks of backend, clients and embedded broker jump by hours while calls
// are under way. No call ends for it, and no request is run twice.
func TestClockJumps(t *testing.T) {
	program, err := jumping()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(filepath.Dir(program)) })
	on(t, every, false, func(t *testing.T, s *server) {
		if s.process != nil {
			set := settings{Program: program}
			if s.durable {
				set.Dir = filepath.Join(t.TempDir(), "store")
			}
			k := s.kind
			s = startEmbedded(t, set)
			s.kind = k
		}
		b := newBench(t, s, "clock jumps")
		b.watch("backend", b.backend(func(set *settings) { set.Program, set.Keep = program, 1 }))
		var w *witness
		if s.process != nil && s.durable {
			w = newWitness(t, s)
		}
		crowd := 50 / s.slow
		b.run(load{calls: 200 / s.slow, atOnce: 40 / s.slow, ms: 100, during: func() {
			p := launch(t, "crowd", settings{Topic: b.topic, At: s.at, Calls: crowd, Program: program})
			kill(t, p.Process)
		}})
		b.wantAnswered()
		if n := b.runs(); s.keeps && n != b.account.sent+crowd {
			t.Errorf("%d of %d requests were run", n, b.account.sent+crowd)
		}
		if w != nil {
			w.end()
			s.kill()
			s.restart()
			w.wantKept(t)
		}
		b.run(load{calls: 20})
		b.wantAnswered()
		b.wantNoLeak(2, 10, 8<<20)
	})
}
