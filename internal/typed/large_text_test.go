package typed

import (
	"strings"
	"testing"
)

// Large results are read without a copy; whoever changes a result must not
// change another one.
func TestLargeStringOfAResultIsNotCopied(t *testing.T) {
	for _, length := range []int{10, sharedString, 10 * sharedString} {
		src := []byte(`"` + strings.Repeat("x", length) + `"`)
		got, err := DecodeResult[string](new(Cache), src)
		if err != nil || len(got) != length {
			t.Fatalf("got %d bytes, %v", len(got), err)
		}
		src[1] = 'y'
		if shares := got[0] == 'y'; shares != (length >= sharedString) {
			t.Errorf("%d bytes: shared is %v", length, shares)
		}
	}
}

// A long string for which there is room is looked at part by part.
func TestALongStringIsTheSameWhereThereIsRoomForIt(t *testing.T) {
	c, err := For[string](NewCompiler(Options{}), "text")
	if err != nil {
		t.Fatal(err)
	}
	const length = 3*copyStep + 5
	for _, odd := range []string{"", "\"", "\\", "\n", "\x7f", "ü", "\xff"} {
		for _, at := range []int{0, copyStep - 1, copyStep, 2 * copyStep, length} {
			text := strings.Repeat("x", at) + odd + strings.Repeat("y", length-at)
			want, wrong := c.Append([]byte("before "), text)
			room := make([]byte, 0, 2*length)
			got, err := c.Append(append(room, "before "...), text)
			if (err == nil) != (wrong == nil) || string(got) != string(want) {
				t.Errorf("%q at %d: %d bytes, %v, want %d, %v", odd, at, len(got), err, len(want), wrong)
			}
		}
	}
}

func BenchmarkLargeString(b *testing.B) {
	c, err := For[string](NewCompiler(Options{}), "text")
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("x", 10<<20)
	src := []byte(`"` + text + `"`)
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			if _, err := c.Append(nil, text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			if _, err := DecodeResult[string](new(Cache), src); err != nil {
				b.Fatal(err)
			}
		}
	})
}
