//go:build interop

package faults_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
)

// The broker is killed under load, and its files are cut at any byte. It starts
// with what is before the cut.
func TestStoreCut(t *testing.T) {
	dir := t.TempDir()
	b, w := onDisk(t, "store cut", dir)
	s := b.server
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	segment := func() { cutAnywhere(t, r, lastSegment(t, filepath.Join(dir, "store"))) }
	index := func() { cutAnywhere(t, r, filepath.Join(dir, "store", "index.db")) }
	var rounds []int // what the broker had taken when it was killed
	b.run(load{calls: 400, atOnce: 20, ms: 20, during: func() {
		for _, cut := range []func(){segment, index, segment} {
			s.kill()
			time.Sleep(200 * time.Millisecond) // an ok may still be on its way
			n, _ := w.counts()
			rounds = append(rounds, n)
			cut()
			s.restart()
			w.wantServed(t)
		}
	}})
	w.end()
	lost := w.missing(t)
	t.Logf("of %d messages that nobody fetched %d were behind a cut", len(w.taken), len(lost))
	for i, end := range rounds {
		n := 0
		for n < len(lost) && lost[n] < end {
			n++
		}
		if n > 0 && (i%2 == 1 || lost[0] != end-n) { // else they are the last of the round
			t.Errorf("in round %d, which ends with number %d, the lost messages are %v", i, end, lost[:n])
		}
		lost = lost[n:]
	}
	if len(lost) > 0 {
		t.Errorf("messages %v are lost, behind which nothing was cut", lost)
	}
	b.wantRecovered(dasf.CodeUnavailable)
}

// lastSegment is the file that the log of a store ends in.
func lastSegment(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(names) == 0 {
		t.Fatalf("segments in %s: %q, %v", dir, names, err)
	}
	return slices.Max(names)
}

// cutAnywhere cuts a file somewhere in what was written to it: behind that
// there may be zeros.
func cutAnywhere(t *testing.T, r *rand.Rand, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	written := len(bytes.TrimRight(text, "\x00"))
	at := r.IntN(written + 1)
	t.Logf("%s is cut at %d of %d", filepath.Base(path), at, written)
	if err := os.Truncate(path, int64(at)); err != nil {
		t.Fatal(err)
	}
}
