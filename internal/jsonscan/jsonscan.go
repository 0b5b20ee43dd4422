// Package jsonscan looks at JSON text many bytes at a time.
package jsonscan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"runtime"
	"unicode/utf8"

	"github.com/segmentio/asm/ascii"
)

// IsPlain reports whether p may stand between the quotes of a JSON string as it
// is: printable ASCII without a quote and without a backslash.
func IsPlain(p []byte) bool { return PlainLen(p) == len(p) }

// plainChunk is how much PlainLen looks at in one go. The passes over it find it
// in the fastest cache; they are fast each, where one pass that looked for all
// at once took three times as long for 10 MB.
const plainChunk = 32 << 10

// PlainLen returns how many plain characters p begins with: the number is exact
// up to a quote, and otherwise one that is less than the length of p.
func PlainLen(p []byte) int {
	n := 0
	for n < len(p) {
		chunk := p[n:min(n+plainChunk, len(p))]
		quote := bytes.IndexByte(chunk, '"')
		if quote >= 0 {
			chunk = chunk[:quote]
		}
		if !Printable(chunk) || bytes.IndexByte(chunk, '\\') >= 0 {
			return n
		}
		n += len(chunk)
		if quote >= 0 {
			break
		}
	}
	return n
}

// longText is from which length on AVX2 pays: to begin with it takes as long as
// to look at 3 kB without. Elsewhere than on amd64 the package does without.
const longText = 4 << 10

// Printable reports whether all of p is from 0x20 to 0x7f.
func Printable(p []byte) bool {
	return runtime.GOARCH == "amd64" && len(p) >= longText && ascii.ValidPrint(p) || printable(p)
}

// printable is Printable by eight bytes at once.
func printable(p []byte) bool {
	const (
		spaces = 0x2020202020202020
		highs  = 0x8080808080808080
	)
	// A byte above 0x7f has its high bit set; one below 0x20 borrows, which
	// sets a high bit too. In a word without such a byte nothing borrows.
	var odd uint64
	for len(p) >= 32 {
		q := p[:32:32]
		a, b := binary.LittleEndian.Uint64(q), binary.LittleEndian.Uint64(q[8:])
		c, d := binary.LittleEndian.Uint64(q[16:]), binary.LittleEndian.Uint64(q[24:])
		odd |= a | (a - spaces) | b | (b - spaces) | c | (c - spaces) | d | (d - spaces)
		p = p[32:]
	}
	for _, c := range p {
		if c < 0x20 || c >= utf8.RuneSelf {
			return false
		}
	}
	return odd&highs == 0
}

// Ordinary returns how many bytes p begins with that stand for themselves in a
// string: from 0x20 to 0x7f, and neither quote nor backslash. The last few of p
// may not be counted.
func Ordinary(p []byte) int {
	n := 0
	for ; len(p)-n >= 8; n += 8 {
		x := binary.LittleEndian.Uint64(p[n:])
		odd := x | less(x, 0x20) | equal(x, '"') | equal(x, '\\')
		if at := first(odd); at < 8 {
			return n + at
		}
	}
	return n
}

// LiteralLen returns how many bytes come in p before the end of the number,
// true, false or null that it begins with: a comma, a colon, a closing bracket
// or what is not above a space.
func LiteralLen(p []byte) int {
	n := 0
	for ; len(p)-n >= 8; n += 8 {
		x := binary.LittleEndian.Uint64(p[n:])
		odd := x | less(x, ' '+1) | equal(x, ',') | equal(x, ':') | equal(x, ']') | equal(x, '}')
		if at := first(odd); at < 8 {
			return n + at
		}
	}
	for ; n < len(p); n++ {
		switch c := p[n]; {
		case c <= ' ', c == ',', c == ':', c == ']', c == '}':
			return n
		}
	}
	return n
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// less sets the high bit of each byte of x that is less than c, and equal of
// each that is c, by what has to be borrowed. They may set it above such a byte
// too, so only the first one found is right. Bytes above 0x7f are not theirs.
func less(x uint64, c uint64) uint64 { return x - ones*c }

func equal(x uint64, c uint64) uint64 { return (x ^ ones*c) - ones }

// first is the first byte of a word, from the lowest on, whose high bit is set;
// 8 if there is none.
func first(x uint64) int { return bits.TrailingZeros64(x&highs) / 8 }
