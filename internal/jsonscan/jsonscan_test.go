package jsonscan_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/internal/jsonscan"
)

func TestOrdinaryEndsAtTheFirstByteThatIsNot(t *testing.T) {
	text := []byte("a plain text, of \x7f ~ and more !#[]")
	for c := range 256 {
		plain := c >= 0x20 && c < 0x80 && c != '"' && c != '\\'
		for at := range text {
			p := append([]byte(nil), text...)
			p[at] = byte(c)
			want := at
			if plain {
				want = len(p)
			}
			got := jsonscan.Ordinary(p)
			if got > want || want-got >= 8 || !plain && at < len(p)/8*8 && got != want {
				t.Fatalf("%#x at %d: %d, want %d", c, at, got, want)
			}
		}
	}
}

func TestOrdinaryIsExactAmongOddBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []byte{0, 0x1f, ' ', '!', '"', '#', '[', '\\', ']', '~', 0x7f, 0x80, 0xff, 'a', 'z', '_'}
	for range 100_000 {
		p := make([]byte, 16)
		for i := range p {
			p[i] = alphabet[r.IntN(len(alphabet))]
		}
		want := 0
		for want < len(p) && p[want] >= 0x20 && p[want] < 0x80 && p[want] != '"' && p[want] != '\\' {
			want++
		}
		if got := jsonscan.Ordinary(p); got != want {
			t.Fatalf("%q: %d, want %d", p, got, want)
		}
	}
}

func TestIsPlain(t *testing.T) {
	for c := range 256 {
		want := c >= ' ' && c < 0x80 && c != '"' && c != '\\'
		for _, length := range []int{1, 7, 8, 9, 16, 23} {
			for at := range length {
				for _, around := range []byte{' ', 'x', '!', '#', '[', ']', 0x7f} {
					s := []byte(strings.Repeat(string(rune(around)), length))
					s[at] = byte(c)
					if jsonscan.IsPlain(s) != want {
						t.Fatalf("%q: got %v, want %v", s, !want, want)
					}
				}
			}
		}
	}
	if !jsonscan.IsPlain(nil) {
		t.Error("nothing is not plain")
	}
}

func TestLiteralEnds(t *testing.T) {
	for _, end := range []string{"", ",", "]", "}", ":", " ", "\n", "\t", "\r", ",\u00fc,,,,,,,,"} {
		for length := 1; length < 20; length++ {
			for _, digit := range []string{"0", "9", "-", "+", ".", "e", "E", "a"} {
				src := strings.Repeat(digit, length) + end
				if n := jsonscan.LiteralLen([]byte(src)); n != length {
					t.Fatalf("%q ends at %d, want %d", src, n, length)
				}
			}
		}
	}
}

func TestLongTextIsPlain(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 31, 32, 33, 100, 4095, 4096, 4097, 32_767, 32_768, 32_769, 70_000} {
		p := bytes.Repeat([]byte{'A'}, n)
		if !jsonscan.IsPlain(p) {
			t.Errorf("%d letters are not plain", n)
		}
		for _, at := range []int{0, n / 2, n - 1} {
			if at < 0 || at >= n {
				continue
			}
			for c := range 256 {
				p[at] = byte(c)
				want := c >= 0x20 && c < 0x80 && c != '"' && c != '\\'
				if got := jsonscan.IsPlain(p); got != want {
					t.Errorf("%d bytes with %#x at %d: IsPlain is %v", n, c, at, got)
				}
			}
			p[at] = 'A'
		}
	}
}
