package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func openStore(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// putNow stores a body and waits for the disk.
func putNow(t testing.TB, s *Store, key, value, body string) {
	t.Helper()
	if err := tryPut(s, key, value, body); err != nil {
		t.Fatal(err)
	}
}

func tryPut(s *Store, key, value, body string) error {
	done := make(chan error, 1)
	if err := s.Put(key, []byte(value), []byte(body), func(err error) { done <- err }); err != nil {
		return err
	}
	s.Commit()
	return <-done
}

// contents is all that a store has: value and body by key.
func contents(t testing.TB, s *Store) map[string]string {
	t.Helper()
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	items, err := s.Scan("")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, it := range items {
		body, err := s.Body(it.Key)
		if errors.Is(err, ErrNotFound) && it.Body == 0 {
			all[it.Key] = string(it.Value)
			continue
		}
		if err != nil {
			t.Fatalf("body of %q: %v", it.Key, err)
		}
		if int64(len(body)) != it.Body {
			t.Errorf("body of %q has %d bytes, Scan says %d", it.Key, len(body), it.Body)
		}
		all[it.Key] = string(it.Value) + "|" + string(body)
		value, err := s.Get(it.Key)
		if err != nil || !bytes.Equal(value, it.Value) {
			t.Errorf("Get(%q) = %q, %v, Scan says %q", it.Key, value, err, it.Value)
		}
	}
	return all
}

func wantContents(t testing.TB, s *Store, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, contents(t, s)); diff != "" {
		t.Fatalf("contents (-want +got):\n%s", diff)
	}
}

// crash makes a copy of a store as a crash would leave it, and opens it.
func crash(t testing.TB, s *Store) *Store {
	t.Helper()
	// No transaction and no removal may run while the files are copied.
	tx, err := s.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	s.files.RLock()
	defer s.files.RUnlock()
	return openStore(t, copyDir(t, s.dir), s.o)
}

func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestWhatIsStoredIsThereAgain(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Options{})
	putNow(t, s, "a", "1", "body of a")
	putNow(t, s, "b", "2", "body of b")
	putNow(t, s, "c", "", "")
	s.Set("a", []byte("3"), nil)
	s.Set("plain", []byte("value"), nil)
	s.Delete("b", nil)
	want := map[string]string{"a": "3|body of a", "c": "|", "plain": "value"}
	wantContents(t, s, want)
	wantContents(t, crash(t, s), want)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Set("a", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Set after Close: %v, want ErrClosed", err)
	}
	again := openStore(t, dir, Options{})
	wantContents(t, again, want)
	if again.Epoch() != 2 || again.ID() != s.ID() {
		t.Errorf("epoch %d and id %x, want 2 and %x", again.Epoch(), again.ID(), s.ID())
	}
	if _, err := again.Body("b"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted body: %v, want ErrNotFound", err)
	}
}

func TestASecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("a second Open: %v, want ErrLocked", err)
	}
}

func TestAnotherFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Options{})
	setMeta(t, s, formatKey, bytesOf(7))
	s.Close()
	_, err := Open(dir, Options{})
	if err == nil || !strings.Contains(err.Error(), "its format is 7, this program knows 1") {
		t.Errorf("opening a store of format 7: %v", err)
	}
}

// Random changes, with the index brought up to date and segments emptied in
// between, agree with a map; so does what a crash leaves.
func TestModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := openStore(t, t.TempDir(), Options{MaxBytes: 1 << 30, SegmentBytes: 4 << 10, IndexAfter: 8 << 10})
	model := make(map[string]string)
	values := make(map[string]string)
	bodies := make(map[string]string)
	record := func(key string) {
		if body, ok := bodies[key]; ok {
			model[key] = values[key] + "|" + body
		} else {
			model[key] = values[key]
		}
	}
	pick := func() string {
		keys := slices.Sorted(maps.Keys(model))
		if len(keys) == 0 {
			return "none"
		}
		return keys[r.IntN(len(keys))]
	}
	for i := range 4000 {
		switch n := r.IntN(10); {
		case n < 4:
			key, body := fmt.Sprintf("k%06d", i), strings.Repeat("x", r.IntN(300))
			values[key], bodies[key] = "v", body
			s.Put(key, []byte("v"), []byte(body), func(error) {})
			record(key)
		case n < 6:
			key := pick()
			values[key] = fmt.Sprint(i)
			s.Set(key, []byte(values[key]), nil)
			record(key)
		default:
			key := pick()
			s.Delete(key, nil)
			delete(model, key)
			delete(bodies, key)
		}
		if i%400 == 399 {
			wantContents(t, s, model)
			wantContents(t, crash(t, s), model)
		}
	}
	s.Close()
	s = openStore(t, s.dir, s.o)
	wantContents(t, s, model)
	wantLive(t, s)
}

// wantLive checks the account of live bytes against the files.
func wantLive(t *testing.T, s *Store) {
	t.Helper()
	items, err := s.Scan("")
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[uint32]int64)
	for _, it := range items {
		if _, place, err := s.find(it.Key); err != nil {
			t.Fatal(err)
		} else if place.segment != 0 {
			want[place.segment] += place.length
		}
	}
	got := make(map[uint32]int64)
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, g := range s.segments {
		if g.live != 0 {
			got[n] = g.live
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("live bytes by segment (-want +got):\n%s", diff)
	}
}

func TestDeadSegmentsAreRemoved(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{SegmentBytes: 64 << 10, MaxBytes: 64 << 20})
	body := strings.Repeat("x", 1000)
	var all sync.WaitGroup
	for i := range 1000 {
		all.Add(1)
		s.Put(fmt.Sprint(i), nil, []byte(body), func(error) { all.Done() })
	}
	s.Wake()
	all.Wait()
	if n := s.Stats().Segments; n < 15 {
		t.Errorf("%d segments for a megabyte, want 15 at least", n)
	}
	for i := range 1000 {
		s.Delete(fmt.Sprint(i), nil)
	}
	s.Flush()
	if err := s.tidy(); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Segments != 1 || st.Live != 0 {
		t.Errorf("%d segments with %d live bytes are left, want the last one, empty", st.Segments, st.Live)
	}
	files, _ := filepath.Glob(filepath.Join(s.dir, "*.seg"))
	if len(files) != 1 {
		t.Errorf("files left: %v, want one", files)
	}
}

// One old body in each segment must not keep all of them.
func TestLiveBodiesAreMoved(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{SegmentBytes: 64 << 10, MaxBytes: 64 << 20})
	body := strings.Repeat("x", 1000)
	want := make(map[string]string)
	for i := range 2000 {
		key := fmt.Sprintf("%04d", i)
		s.Put(key, []byte("v"), []byte(body), func(error) {})
		if i%50 == 0 {
			want[key] = "v|" + body
		} else {
			s.Delete(key, nil)
		}
	}
	s.Flush()
	for range 3 {
		if err := s.tidy(); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Stats().Segments; n > 8 {
		t.Errorf("%d segments are left for 40 kB, want 8 at most", n)
	}
	wantContents(t, s, want)
	wantContents(t, crash(t, s), want)
	wantLive(t, s)
}

func TestAFullStoreRefuses(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{MaxBytes: 1 << 20, SegmentBytes: 64 << 10})
	body := strings.Repeat("x", 10_000)
	stored := 0
	for ; ; stored++ {
		if err := tryPut(s, fmt.Sprint(stored), "", body); err != nil {
			if !errors.Is(err, ErrFull) {
				t.Fatal(err)
			}
			break
		}
	}
	if stored < 60 || s.Stats().Disk > 1<<20 {
		t.Errorf("%d bodies of 10 kB take %d bytes, want 60 at least and 1 MiB at most", stored, s.Stats().Disk)
	}
	for i := range stored {
		s.Delete(fmt.Sprint(i), nil)
	}
	s.Flush()
	if err := s.tidy(); err != nil {
		t.Fatal(err)
	}
	putNow(t, s, "again", "", body)
}

// faults makes a store's disk refuse.
type faults struct {
	mu   sync.Mutex
	fail map[Fault]bool
}

var errDisk = errors.New("no space left on device")

func (f *faults) set(steps ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = make(map[Fault]bool)
	for _, s := range steps {
		f.fail[s] = true
	}
}

func (f *faults) ask(s Fault) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail[s] {
		return errDisk
	}
	return nil
}

func TestADiskThatRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		steps []Fault
	}{
		{"writes", []Fault{FaultWrite}},
		{"syncs", []Fault{FaultSync}},
		{"new segments", []Fault{FaultCreate, FaultWrite}},
		{"everything", []Fault{FaultCreate, FaultWrite, FaultSync, FaultIndex}},
		{"the index", []Fault{FaultIndex}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var f faults
			s := openStore(t, t.TempDir(), Options{Fault: f.ask})
			putNow(t, s, "before", "1", "body")
			putNow(t, s, "gone", "1", "body")
			putNow(t, s, "changed", "1", "body")
			f.set(tt.steps...)
			for _, key := range []string{"new", "newer"} {
				if err := tryPut(s, key, "", "body"); tt.name != "the index" && !errors.Is(err, errDisk) {
					t.Fatalf("Put: %v, want the disk's error", err)
				}
			}
			refused := make(chan error, 1)
			s.Set("setting", []byte("1"), func(err error) { refused <- err })
			if err := <-refused; tt.name != "the index" && !errors.Is(err, errDisk) {
				t.Fatalf("Set: %v, want the disk's error", err)
			}
			s.Delete("gone", nil)
			s.Set("changed", []byte("2"), nil)
			want := map[string]string{"before": "1|body", "changed": "2|body"}
			if tt.name == "the index" {
				want["new"], want["newer"], want["setting"] = "|body", "|body", "1"
			}
			wantContents(t, s, want)
			if err := s.tidy(); tt.steps[len(tt.steps)-1] == FaultIndex && !errors.Is(err, errDisk) {
				t.Errorf("updating the index: %v, want the disk's error", err)
			}
			wantContents(t, s, want)
			// A crash now brings back what could not be deleted, and nothing else.
			for key := range contents(t, crash(t, s)) {
				if _, ok := want[key]; !ok && key != "gone" {
					t.Errorf("after a crash there is %q", key)
				}
			}
			f.set()
			putNow(t, s, "after", "3", "body")
			want["after"] = "3|body"
			wantContents(t, s, want)
			wantContents(t, crash(t, s), want)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			wantContents(t, openStore(t, s.dir, Options{}), want)
		})
	}
}

// The log cut at every byte of its last write, and around the ends of those
// before, opens with what is whole.
func TestALogCutAnywhere(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	type state struct {
		end  int64
		want map[string]string
	}
	states := []state{{headerLen, map[string]string{}}}
	step := func(do func()) {
		do()
		states = append(states, state{0, contents(t, s)})
		states[len(states)-1].end = s.tail.position().offset
	}
	step(func() { putNow(t, s, "a", "1", "first") })
	step(func() { putNow(t, s, "b", "2", "second") })
	step(func() { s.Set("a", []byte("3"), nil) })
	step(func() { s.Delete("b", nil) })
	step(func() { putNow(t, s, "c", "", "third") })
	whole := copyDir(t, s.dir)
	end := states[len(states)-1].end
	last := states[len(states)-2].end
	cuts := []int64{0, 1, headerLen - 1, headerLen}
	for _, st := range states[1 : len(states)-1] {
		cuts = append(cuts, st.end-1, st.end, st.end+recordHeader)
	}
	for at := last; at <= end; at++ {
		cuts = append(cuts, at)
	}
	for _, at := range cuts {
		for i, rest := range []string{"", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "garbage behind it, longer than a record's header"} {
			if i > 0 && at%5 != 0 {
				continue
			}
			dir := copyDir(t, whole)
			path := segmentPath(dir, 1)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, append(slices.Clone(text[:at]), rest...), 0o600); err != nil {
				t.Fatal(err)
			}
			want := states[0].want
			for _, st := range states {
				if st.end <= at {
					want = st.want
				}
			}
			cut, err := Open(dir, Options{})
			if err != nil {
				t.Fatalf("cut at %d: %v", at, err)
			}
			got := contents(t, cut)
			putNow(t, cut, "new", "", "")
			cut.Close()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("cut at %d with %q behind it (-want +got):\n%s", at, rest, diff)
			}
			os.RemoveAll(dir)
		}
	}
}

func TestDamageIsFound(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	putNow(t, s, "a", "1", "the body of a")
	putNow(t, s, "b", "1", "the body of b")
	s.Close()
	path := segmentPath(s.dir, 1)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[bytes.Index(text, []byte("body of a"))] ^= 1
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, s.dir, Options{})
	if body, err := s.Body("a"); err == nil {
		t.Errorf("the damaged body %q was read", body)
	}
	if body, err := s.Body("b"); err != nil || string(body) != "the body of b" {
		t.Errorf("the other body: %q, %v", body, err)
	}
	s.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, s.dir, Options{})
	if _, err := s.Body("b"); err == nil {
		t.Error("a body was read from a segment that is missing")
	}
	putNow(t, s, "c", "1", "new")
}

func TestASegmentOfAnotherStoreIsNotRead(t *testing.T) {
	a, b := openStore(t, t.TempDir(), Options{}), openStore(t, t.TempDir(), Options{})
	putNow(t, a, "a", "1", "body")
	putNow(t, b, "b", "1", "body")
	dir := copyDir(t, b.dir)
	text, err := os.ReadFile(segmentPath(a.dir, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(segmentPath(dir, 1), text, 0o600); err != nil {
		t.Fatal(err)
	}
	wantContents(t, openStore(t, dir, Options{}), map[string]string{})
}
