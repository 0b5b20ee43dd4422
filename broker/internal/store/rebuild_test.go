package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// lostIndex makes a store whose index is written, some of it behind the log, and
// returns what it has.
func lostIndex(t *testing.T) (dir string, want map[string]string) {
	t.Helper()
	s := openStore(t, t.TempDir(), Options{SegmentBytes: 40 << 10, IndexAfter: 16 << 10})
	for i := range 300 {
		putNow(t, s, fmt.Sprint("m", i), "1", strings.Repeat("b", 100+i))
		if i%3 > 0 {
			s.Set(fmt.Sprint("m", i), []byte("2"), nil)
		}
		s.Set("settings", []byte(fmt.Sprint(i)), nil)
	}
	want = contents(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s.dir, want
}

func TestAnIndexCutAnywhere(t *testing.T) {
	dir, want := lostIndex(t)
	info, err := os.Stat(filepath.Join(dir, "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	cuts := []int64{0, 1, 79, 80, 4095, 4096, 4097, 8191, 8192, 8193, info.Size() / 2, info.Size()}
	for range 20 {
		cuts = append(cuts, r.Int64N(info.Size()))
	}
	for _, at := range cuts {
		dir := copyDir(t, dir)
		if err := os.Truncate(filepath.Join(dir, "index.db"), at); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir, Options{EpochOf: func(string) uint64 { return 7 }})
		if err != nil {
			t.Fatalf("cut at %d: %v", at, err)
		}
		wantContents(t, s, want)
		if s.Rebuilt() && s.Epoch() <= 7 {
			t.Errorf("cut at %d: the epoch is %d, want a new one", at, s.Epoch())
		}
		if at < 8192 && !s.Rebuilt() {
			t.Errorf("cut at %d: the index was not made anew", at)
		}
		putNow(t, s, "new", "", "body")
		epoch := s.Epoch()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openStore(t, dir, Options{})
		more := maps.Clone(want)
		more["new"] = "|body"
		wantContents(t, s, more)
		if s.Rebuilt() || s.Epoch() != epoch+1 {
			t.Errorf("cut at %d: the next start makes the index anew: %v, and is epoch %d after %d", at, s.Rebuilt(), s.Epoch(), epoch)
		}
		s.Close()
		os.RemoveAll(dir)
	}
}

func TestAnIndexThatIsMissing(t *testing.T) {
	dir, want := lostIndex(t)
	if err := os.Remove(filepath.Join(dir, "index.db")); err != nil {
		t.Fatal(err)
	}
	wantContents(t, openStore(t, dir, Options{}), want)
}

// The first start after the loss may be killed too.
func TestAnInterruptedRebuildBeginsAgain(t *testing.T) {
	dir, want := lostIndex(t)
	if err := os.Remove(filepath.Join(dir, "index.db")); err != nil {
		t.Fatal(err)
	}
	epochOf := func(key string) uint64 { n, _ := strconv.Atoi(strings.TrimPrefix(key, "m")); return uint64(n) }
	writes := 0
	_, err := Open(dir, Options{EpochOf: epochOf, Fault: func(f Fault) error {
		if writes++; f == FaultIndex && writes > 2 {
			return os.ErrPermission
		}
		return nil
	}})
	if err == nil {
		t.Fatal("the index could be written")
	}
	s := openStore(t, dir, Options{EpochOf: epochOf})
	wantContents(t, s, want)
	if !s.Rebuilt() || s.Epoch() <= 299 {
		t.Errorf("made anew: %v, epoch %d", s.Rebuilt(), s.Epoch())
	}
}
