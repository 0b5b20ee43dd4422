package fragment_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dasf-go/dasf/fragment"
)

var start = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

func TestAssembleInAnyOrderWithDuplicatesAndInterleaved(t *testing.T) {
	sizes := []int{1, 2, 3, 4, 5, 7, 8, 64, 100, 101, 1000}
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 2))
		type piece struct {
			key          string
			index, count int
			text         []byte
		}
		var pieces []piece
		want := make(map[string][]byte)
		for i := range 5 {
			key := fmt.Sprint("message ", i)
			payload := random(100 + r.IntN(3000))
			want[key] = payload
			p := fragment.Split(payload, sizes[r.IntN(len(sizes))])
			for j := range p.Count() {
				pieces = append(pieces, piece{key, j, p.Count(), p.Append(nil, j)})
			}
		}
		r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		var a fragment.Assembler
		got := make(map[string][]byte)
		for _, p := range pieces {
			payload, done, err := a.Add(p.key, p.index, p.count, p.text, start)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if done {
				got[p.key] = payload
				continue
			}
			// A piece that comes twice before the last one changes nothing.
			if _, done, err := a.Add(p.key, p.index, p.count, p.text, start); err != nil || done {
				t.Fatalf("seed %d: a piece that came twice: done %v, %v", seed, done, err)
			}
		}
		for key, payload := range want {
			if !bytes.Equal(got[key], payload) {
				t.Errorf("seed %d: %s came out wrong", seed, key)
			}
		}
		if open, bytes := a.Len(); open != 0 || bytes != 0 {
			t.Errorf("seed %d: %d payloads and %d bytes are left, want none", seed, open, bytes)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	type piece struct {
		index, count int
		text         string
	}
	cases := []struct {
		name   string
		before []piece
		add    piece
		want   string
	}{
		{"fragment -1", nil, piece{-1, 2, "QUJD"}, "fragment is -1, it must not be negative"},
		{"fragment as large as num_fragments", nil, piece{2, 2, "QUJD"}, "fragment is 2, it must be less than num_fragments, which is 2"},
		{"num_fragments 0", nil, piece{0, 0, "QUJD"}, "num_fragments is 0, it must be at least 1"},
		{"num_fragments -1", nil, piece{0, -1, "QUJD"}, "num_fragments is -1, it must be at least 1"},
		{"num_fragments 10^9", nil, piece{0, 1_000_000_000, "QUJD"}, "no room for the fragment: num_fragments is 1000000000, with 4 characters in each that is more than MaxBytes, which is 536870912"},
		{"num_fragments beyond all reason", nil, piece{5, 1 << 62, "QUJDQUJD"}, "no room for the fragment: num_fragments is 4611686018427387904, with 8 characters in each that is more than MaxBytes, which is 536870912"},
		{"empty piece", nil, piece{0, 2, ""}, "fragment 0 of 2 is empty"},
		{"two that disagree about num_fragments", []piece{{0, 3, "QUJD"}}, piece{1, 4, "QUJD"}, "fragment 1 says that num_fragments is 4, an earlier one said 3"},
		{"two that disagree about the size", []piece{{0, 3, "QUJD"}}, piece{1, 3, "QUJDQUJD"}, "fragment 1 has 8 characters, an earlier one has 4"},
		{"the last is longer than the others", []piece{{0, 2, "QUJD"}}, piece{1, 2, "QUJDQUJD"}, "fragment 1, the last, has 8 characters, the ones before it have 4"},
		{"the others are shorter than the last, which came first", []piece{{1, 2, "QUJDQUJD"}}, piece{0, 2, "QUJD"}, "fragment 0 has 4 characters, the last one has 8"},
		{"one number with two texts", []piece{{0, 3, "QUJD"}}, piece{0, 3, "QUJE"}, "fragment 0 came twice, and the two differ"},
		{"one number with two texts, not decoded alone", []piece{{0, 3, "QUJDQ"}}, piece{0, 3, "QUJDR"}, "fragment 0 came twice, and the two differ"},
		{"one number with two lengths", []piece{{2, 3, "QUJD"}}, piece{2, 3, "QU=="}, "fragment 2 came twice, and the two differ"},
		{"the last one twice with other padding", []piece{{0, 3, "QUJD"}, {2, 3, "QUJD"}}, piece{2, 3, "QUI="}, "fragment 2 came twice, and the two differ"},
		{"no base64", nil, piece{0, 2, "QU!D"}, "fragment 0 is not base64: illegal base64 data at input byte 2"},
		{"padding in the middle", nil, piece{0, 2, "QU=="}, "fragment 0 is not base64: it ends before its 4 characters do, and is not the last"},
		{"no base64, far ahead", []piece{{0, 99, "QUJD"}}, piece{90, 99, "QU!D"}, "fragment 90 is not base64: illegal base64 data at input byte 2"},
		{"a line break in the middle", nil, piece{0, 2, "QUJ\n"}, "fragment 0 is not base64: illegal base64 data at input byte 1"},
		{"last piece no base64", []piece{{0, 2, "QUJD"}}, piece{1, 2, "QU="}, "fragment 1 is not base64: illegal base64 data at input byte 3"},
		{"last piece no base64, though it came first", []piece{{1, 2, "QU="}}, piece{0, 2, "QUJD"}, "fragment 1 is not base64: illegal base64 data at input byte 3"},
		{"padding in the middle of pieces that do not decode alone", []piece{{0, 2, "QQ==Q"}}, piece{1, 2, "UJD"}, "fragment 0 is not base64: it ends before its 4 characters do, and is not the last"},
		{"one piece of one, no base64", nil, piece{0, 1, "QU!D"}, "fragment 0 is not base64: illegal base64 data at input byte 2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var a fragment.Assembler
			for _, p := range c.before {
				if _, _, err := a.Add("k", p.index, p.count, []byte(p.text), start); err != nil {
					t.Fatal(err)
				}
			}
			_, done, err := a.Add("k", c.add.index, c.add.count, []byte(c.add.text), start)
			if err == nil || done || err.Error() != c.want {
				t.Errorf("Add: done %v, error %q, want %q", done, err, c.want)
			}
			// The next payload is not harmed.
			for i, text := range []string{"aGVs", "bG8="} {
				payload, done, err := a.Add("next", i, 2, []byte(text), start)
				if err != nil || done != (i == 1) || done && string(payload) != "hello" {
					t.Errorf("the next payload: %q, done %v, %v", payload, done, err)
				}
			}
			a.Drop("k")
			if open, bytes := a.Len(); open != 0 || bytes != 0 {
				t.Errorf("%d payloads and %d bytes are left, want none", open, bytes)
			}
		})
	}
}

func TestAPieceAfterARefusedOneStillCounts(t *testing.T) {
	var a fragment.Assembler
	mustAdd(t, &a, "k", 0, 2, "aGVs")
	if _, _, err := a.Add("k", 1, 2, []byte("bG!="), start); err == nil {
		t.Fatal("a piece that is no base64 was taken")
	}
	payload, done, err := a.Add("k", 1, 2, []byte("bG8="), start)
	if err != nil || !done || string(payload) != "hello" {
		t.Errorf("got %q, done %v, %v, want hello", payload, done, err)
	}
}

func mustAdd(t *testing.T, a *fragment.Assembler, key string, index, count int, text string) {
	t.Helper()
	if _, done, err := a.Add(key, index, count, []byte(text), start); err != nil || done {
		t.Fatalf("piece %d of %d: done %v, %v", index, count, done, err)
	}
}

func TestBoundsAreNamed(t *testing.T) {
	piece := bytes.Repeat([]byte("QUJD"), 250)
	t.Run("MaxOpen", func(t *testing.T) {
		a := fragment.Assembler{MaxOpen: 2}
		mustAdd(t, &a, "a", 0, 2, "QUJD")
		mustAdd(t, &a, "b", 0, 2, "QUJD")
		_, _, err := a.Add("c", 0, 2, []byte("QUJD"), start)
		if want := "no room for the fragment: 2 payloads are incomplete, and MaxOpen is 2"; !errors.Is(err, fragment.ErrFull) || err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
		if _, done, err := a.Add("whole", 0, 1, []byte("QUJD"), start); err != nil || !done {
			t.Errorf("a payload in one piece needs no room: done %v, %v", done, err)
		}
		if _, done, err := a.Add("a", 1, 2, []byte("QUJD"), start); err != nil || !done {
			t.Errorf("a piece of one that is open: done %v, %v", done, err)
		}
	})
	t.Run("MaxBytes", func(t *testing.T) {
		a := fragment.Assembler{MaxBytes: 10_000}
		mustAdd(t, &a, "a", 0, 13, string(piece))
		mustAdd(t, &a, "a", 1, 13, string(piece))
		_, _, err := a.Add("b", 0, 13, piece, start)
		if want := "no room for the fragment: fragment 0 needs 814 bytes, and MaxBytes leaves 58"; !errors.Is(err, fragment.ErrFull) || err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
		a.Drop("a")
		mustAdd(t, &a, "b", 0, 13, string(piece))
	})
	t.Run("MaxBytes and pieces far ahead", func(t *testing.T) {
		a := fragment.Assembler{MaxBytes: 10_000}
		mustAdd(t, &a, "a", 0, 13, string(piece))
		for i := 12; ; i-- {
			_, _, err := a.Add("a", i, 13, piece, start)
			if errors.Is(err, fragment.ErrFull) {
				break
			}
			if err != nil || i == 0 {
				t.Fatalf("piece %d: %v", i, err)
			}
		}
		if _, bytes := a.Len(); bytes > 10_000 {
			t.Errorf("%d bytes are held, MaxBytes is 10,000", bytes)
		}
	})
	t.Run("MaxBytes and pieces that do not decode alone", func(t *testing.T) {
		a := fragment.Assembler{MaxBytes: 5_000}
		mustAdd(t, &a, "a", 0, 4, string(piece[:999]))
		mustAdd(t, &a, "a", 1, 4, string(piece[:999]))
		if _, _, err := a.Add("a", 2, 4, piece[:999], start); !errors.Is(err, fragment.ErrFull) {
			t.Errorf("error %v, want ErrFull", err)
		}
	})
	t.Run("a flood of tiny pieces", func(t *testing.T) {
		a := fragment.Assembler{MaxBytes: 1_000_000}
		for i := range 1_000_000 {
			if _, _, err := a.Add("a", i, 1_000_001, []byte("Q"), start); errors.Is(err, fragment.ErrFull) {
				if i > 20_000 {
					t.Errorf("%d pieces of one character were held in 1,000,000 bytes", i)
				}
				return
			}
		}
		t.Error("all pieces were taken")
	})
}

func TestMemoryFollowsWhatCameNotWhatWasDeclared(t *testing.T) {
	a := fragment.Assembler{MaxBytes: 1 << 42}
	text := bytes.Repeat([]byte("QUJD"), 1000)
	for i, index := range []int{0, 999_999_999, 500_000_000} {
		if _, _, err := a.Add("k", index, 1_000_000_000, text, start); err != nil {
			t.Fatal(err)
		}
		if _, held := a.Len(); held > 8*4000*(i+1) {
			t.Errorf("%d pieces of 4,000 characters hold %d bytes", i+1, held)
		}
	}
	missing := a.Missing("k")
	if len(missing) != 1024 || missing[0] != 1 || missing[1023] != 1024 {
		t.Errorf("Missing returned %d numbers from %d to %d, want 1,024 from 1", len(missing), missing[0], missing[len(missing)-1])
	}
}

func TestMissing(t *testing.T) {
	var a fragment.Assembler
	for _, i := range []int{4, 0, 2} {
		mustAdd(t, &a, "k", i, 6, "QUJD")
	}
	if d := cmp.Diff([]int{1, 3, 5}, a.Missing("k")); d != "" {
		t.Errorf("Missing, -want +got:\n%s", d)
	}
	if got := a.Missing("unknown"); got != nil {
		t.Errorf("Missing of an unknown key: %v, want nil", got)
	}
}

func TestAPieceThatNeverComes(t *testing.T) {
	a := fragment.Assembler{MaxAge: time.Minute}
	mustAdd(t, &a, "old", 0, 2, "QUJD")
	later := start.Add(50 * time.Second)
	if _, _, err := a.Add("new", 0, 3, []byte("QUJD"), later); err != nil {
		t.Fatal(err)
	}
	want := []fragment.Open{{Key: "old", Received: 1, Count: 2, Last: start}}
	if d := cmp.Diff(want, a.Stalled(later)); d != "" {
		t.Errorf("Stalled, -want +got:\n%s", d)
	}
	if got := a.Expire(start.Add(time.Minute)); len(got) != 0 {
		t.Errorf("Expire at the very age returned %v, want nothing", got)
	}
	if d := cmp.Diff(want, a.Expire(start.Add(61*time.Second))); d != "" {
		t.Errorf("Expire, -want +got:\n%s", d)
	}
	if open, _ := a.Len(); open != 1 {
		t.Errorf("%d payloads are left, want the new one", open)
	}
	a.Drop("new")
	if open, bytes := a.Len(); open != 0 || bytes != 0 {
		t.Errorf("%d payloads and %d bytes are left, want none", open, bytes)
	}
}

func TestManyGoroutinesMayAdd(t *testing.T) {
	payload := random(100_000)
	p := fragment.Split(payload, 1000)
	var a fragment.Assembler
	var wg sync.WaitGroup
	results := make(chan []byte, 4)
	for g := range 4 {
		for i := range p.Count() {
			wg.Go(func() {
				got, done, err := a.Add(fmt.Sprint(g), i, p.Count(), p.Append(nil, i), start)
				if err != nil {
					t.Error(err)
				}
				if done {
					results <- got
				}
			})
		}
	}
	wg.Wait()
	close(results)
	n := 0
	for got := range results {
		n++
		if !bytes.Equal(got, payload) {
			t.Error("a payload came out wrong")
		}
	}
	if n != 4 {
		t.Errorf("%d payloads were done, want 4", n)
	}
}

// FuzzAssembler adds pieces of foreign make and compares with what joining
// their texts and decoding at once gives.
func FuzzAssembler(f *testing.F) {
	f.Add([]byte("\x00\x02QUJD\x01\x02QUI="), 4)
	f.Add([]byte("\x01\x02QUI=\x00\x02QUJD"), 4)
	f.Add([]byte("\x00\x03QUJDQ\x02\x03UI=\xff\x01\x03UJDQU"), 5)
	f.Add([]byte("\x00\x01QQ=="), 4)
	f.Fuzz(func(t *testing.T, script []byte, width int) {
		if width < 1 || width > 64 {
			return
		}
		a := fragment.Assembler{MaxBytes: 100_000, MaxOpen: 2}
		taken := make(map[int]string)
		for len(script) > 2 {
			index, count := int(int8(script[0])), int(int8(script[1]))
			text := script[2:min(2+width, len(script))]
			script = script[2+len(text):]
			if len(taken) > 0 && len(taken) == count {
				return
			}
			payload, done, err := a.Add("k", index, count, text, start)
			if open, held := a.Len(); open > 1 || held > 100_000 || open == 0 && held != 0 {
				t.Fatalf("%d open, %d bytes", open, held)
			}
			if err != nil {
				continue
			}
			taken[index] = string(text)
			if !done {
				continue
			}
			indexes := make([]int, 0, len(taken))
			for i := range taken {
				indexes = append(indexes, i)
			}
			slices.Sort(indexes)
			var whole string
			for _, i := range indexes {
				whole += taken[i]
			}
			want, err := base64.StdEncoding.DecodeString(whole)
			if err != nil {
				t.Fatalf("the pieces %v were taken, joined they are no base64: %v", taken, err)
			}
			if d := cmp.Diff(want, payload, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%v, -want +got:\n%s", taken, d)
			}
			clear(taken)
		}
	})
}

func BenchmarkAssembler(b *testing.B) {
	payload := random(10_000_000)
	for _, size := range []int{65_536, 512_000, 511_999} {
		p := fragment.Split(payload, size)
		pieces := make([][]byte, p.Count())
		for i := range pieces {
			pieces[i] = p.Append(nil, i)
		}
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				var a fragment.Assembler
				for i, text := range pieces {
					if _, _, err := a.Add("k", i, len(pieces), text, start); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
