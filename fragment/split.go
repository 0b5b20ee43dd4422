package fragment

import (
	"encoding/base64"
	"slices"

	fastbase64 "github.com/segmentio/asm/base64"
)

// Pieces is a payload, cut. It holds the payload itself, which must not be
// changed while the Pieces are in use. The methods may be called from any
// number of goroutines.
type Pieces struct {
	payload []byte
	size    int
	count   int
}

// Split cuts payload into pieces of size characters of base64. A payload of at
// most size bytes (bytes before encoding, as Python compares) stays whole,
// however long its text is; so does every payload when size is 0 or less.
func Split(payload []byte, size int) Pieces {
	p := Pieces{payload: payload, size: size, count: 1}
	if size > 0 && len(payload) > size {
		p.count = (p.textLen() + size - 1) / size
	}
	return p
}

func (p Pieces) textLen() int { return base64.StdEncoding.EncodedLen(len(p.payload)) }

// Count is the number of pieces, at least 1. A payload of one piece travels
// without the properties fragment and num_fragments.
func (p Pieces) Count() int { return p.count }

// Append appends the base64 text of piece i, counted from 0, to dst. It panics
// if there is no such piece.
func (p Pieces) Append(dst []byte, i int) []byte {
	if i < 0 || i >= p.count {
		panic("fragment: piece out of range")
	}
	start, end := 0, p.textLen()
	if p.count > 1 {
		start = i * p.size
		end = min(start+p.size, end)
	}
	// Encode the groups of four characters that the piece touches, then cut
	// off what belongs to its neighbours.
	from, to := start/4*4, (end+3)/4*4
	raw := p.payload[from/4*3 : min(to/4*3, len(p.payload))]
	dst = slices.Grow(dst, to-from)
	text := dst[len(dst) : len(dst)+to-from]
	fastbase64.StdEncoding.Encode(text, raw)
	n := copy(text, text[start-from:end-from])
	return dst[:len(dst)+n]
}
