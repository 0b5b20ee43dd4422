package fragment_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/fragment"
)

// random returns n bytes that are the same in each run.
func random(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// cutAsPython is the rule of demessaging 0.6.4: textwrap.wrap over the base64
// text, if the payload before encoding is longer than size.
func cutAsPython(payload []byte, size int) []string {
	text := base64.StdEncoding.EncodeToString(payload)
	if len(payload) <= size {
		return []string{text}
	}
	var pieces []string
	for len(text) > size {
		pieces = append(pieces, text[:size])
		text = text[size:]
	}
	return append(pieces, text)
}

func texts(p fragment.Pieces) []string {
	list := make([]string, p.Count())
	for i := range list {
		list[i] = string(p.Append(nil, i))
	}
	return list
}

func TestSplitCutsAsPythonCuts(t *testing.T) {
	for _, size := range []int{1, 2, 3, 4, 5, 6, 7, 8, 12, 100, 101, 102, 103, 1000} {
		for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99, 100, 101, 102, 103, 104, 500, 999, 1000, 1001, 3000} {
			payload := random(n)
			got, want := texts(fragment.Split(payload, size)), cutAsPython(payload, size)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%d bytes in pieces of %d characters:\n got %q\nwant %q", n, size, got, want)
			}
		}
	}
}

func TestSplitOfThreeMegabytesGivesTheRecordedPieces(t *testing.T) {
	// From the recording of a 3 MB answer of demessaging: 7 pieces of
	// 512,000 characters and one of 416,004.
	p := fragment.Split(random(3_000_002), 512_000)
	if p.Count() != 8 {
		t.Fatalf("%d pieces, want 8", p.Count())
	}
	for i := range p.Count() {
		want := 512_000
		if i == 7 {
			want = 416_004
		}
		if got := len(p.Append(nil, i)); got != want {
			t.Errorf("piece %d has %d characters, want %d", i, got, want)
		}
	}
}

func TestSplitKeepsWhatFitsInOnePiece(t *testing.T) {
	// The size is compared with the bytes before encoding, so the text of an
	// uncut payload may be a third longer than the size.
	p := fragment.Split(random(512_000), 512_000)
	if n := len(p.Append(nil, 0)); p.Count() != 1 || n != 682_668 {
		t.Errorf("512,000 bytes: %d pieces of %d characters, want 1 of 682,668", p.Count(), n)
	}
	if n := fragment.Split(random(512_001), 512_000).Count(); n != 2 {
		t.Errorf("512,001 bytes: %d pieces, want 2", n)
	}
	if n := fragment.Split(random(1000), 0).Count(); n != 1 {
		t.Errorf("size 0: %d pieces, want 1, uncut", n)
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	p := fragment.Split(random(100), 7)
	got := string(p.Append([]byte("before "), 3))
	if want := "before " + cutAsPython(random(100), 7)[3]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAppendOfNoPiecePanics(t *testing.T) {
	for _, i := range []int{-1, 2} {
		func() {
			defer func() {
				if r := recover(); !strings.Contains(fmt.Sprint(r), "piece out of range") {
					t.Errorf("piece %d: recovered %v", i, r)
				}
			}()
			fragment.Split(random(8), 6).Append(nil, i)
		}()
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("hello"), 3)
	f.Add(random(100), 8)
	f.Fuzz(func(t *testing.T, payload []byte, size int) {
		p := fragment.Split(payload, size)
		whole := strings.Join(texts(p), "")
		raw, err := base64.StdEncoding.DecodeString(whole)
		if err != nil || !bytes.Equal(raw, payload) {
			t.Errorf("the pieces joined are %q (%v), want %q", raw, err, payload)
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	payload := random(10_000_000)
	for _, size := range []int{65_536, 512_000, 511_999} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			var text []byte
			for b.Loop() {
				p := fragment.Split(payload, size)
				for i := range p.Count() {
					text = p.Append(text[:0], i)
				}
			}
		})
	}
}
