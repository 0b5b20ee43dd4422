package fragment

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	fastbase64 "github.com/segmentio/asm/base64"
)

// growth is by how much the buffer of an assembly may exceed what has come. It
// is made once, for the whole payload, as soon as it may: to make larger ones as
// pieces come takes longer than to copy what came before it.
const growth = 8

// An assembly is one incomplete payload.
//
// Once the width of the pieces is known, and is a multiple of 4, the place of
// each in the payload is known too, and it is decoded into buf at once. What
// has no place yet waits: as bytes in stray, while there is no buffer, or as
// text in texts, when it can't be decoded alone.
type assembly struct {
	count int
	width int         // characters in each piece but the last, 0 while unknown
	have  map[int]int // the pieces that came, with their length in characters
	chars int         // the sum of these lengths
	buf   []byte      // its length is its capacity in bytes
	stray map[int][]byte
	texts map[int][]byte
	tail  int // bytes of the last piece, once decoded
	bytes int // memory accounted for
	last  time.Time
}

func decodedLen(chars int) int { return chars / 4 * 3 }

// aligned reports whether pieces decode alone.
func (x *assembly) aligned() bool { return x.width > 0 && x.width%4 == 0 }

// isLast reports whether the piece is the one that may be shorter.
func (x *assembly) isLast(index int) bool { return index == x.count-1 }

// add takes one piece. limit is the most that a payload may have, room what may
// be allocated for it. After an error x is as it was.
func (x *assembly) add(index int, text []byte, limit, room int) error {
	if length, ok := x.have[index]; ok {
		return x.compare(index, text, length)
	}
	width, err := x.widthWith(index, len(text))
	if err != nil {
		return err
	}
	if width > 0 && x.count-1 > limit/max(decodedLen(width), 1) {
		return fmt.Errorf("%w: num_fragments is %d, with %d characters in each that is more than MaxBytes, which is %d",
			ErrFull, x.count, width, limit)
	}
	if room < overhead {
		return x.full(index, overhead, room)
	}
	known := x.width
	x.width = width
	if err := x.store(index, text, room-overhead); err != nil {
		x.width = known
		return err
	}
	x.have[index] = len(text)
	x.chars += len(text)
	x.bytes += overhead
	return nil
}

// widthWith is the width of pieces once that one is among them.
func (x *assembly) widthWith(index, length int) (int, error) {
	switch {
	case x.isLast(index):
		if x.width > 0 && length > x.width {
			return 0, fmt.Errorf("fragment %d, the last, has %d characters, the ones before it have %d", index, length, x.width)
		}
		return x.width, nil
	case x.width == 0:
		if last, ok := x.have[x.count-1]; ok && last > length {
			return 0, fmt.Errorf("fragment %d has %d characters, the last one has %d", index, length, last)
		}
		return length, nil
	case length != x.width:
		return 0, fmt.Errorf("fragment %d has %d characters, an earlier one has %d", index, length, x.width)
	}
	return x.width, nil
}

func (x *assembly) store(index int, text []byte, room int) error {
	if !x.aligned() {
		return x.keepText(index, text, room)
	}
	whole := x.count * decodedLen(x.width)
	if x.buf == nil && whole <= growth*decodedLen(x.chars+len(text)) {
		if err := x.allot(index, whole, room); err != nil {
			return err
		}
	}
	if x.buf != nil {
		return x.place(index, text)
	}
	return x.keepStray(index, text, room)
}

// place decodes a piece to where it belongs in buf.
func (x *assembly) place(index int, text []byte) error {
	start := index * decodedLen(x.width)
	n, err := decode(x.buf[start:start+decodedLen(len(text)):start+decodedLen(len(text))], text)
	if err := x.judge(index, len(text), n, err); err != nil {
		return err
	}
	if x.isLast(index) {
		x.tail = n
	}
	return nil
}

// judge says whether a piece of length characters that gave n bytes is sound.
func (x *assembly) judge(index, length, n int, err error) error {
	if err != nil {
		return fmt.Errorf("fragment %d is not base64: %w", index, err)
	}
	if !x.isLast(index) && n != decodedLen(length) {
		return fmt.Errorf("fragment %d is not base64: it ends before its %d characters do, and is not the last", index, length)
	}
	return nil
}

// keepStray decodes a piece for which there is no buffer yet. Its place in a
// second table is accounted for as well.
func (x *assembly) keepStray(index int, text []byte, room int) error {
	need := overhead + decodedLen(len(text))
	if need > room {
		return x.full(index, need, room)
	}
	raw := make([]byte, decodedLen(len(text)))
	n, err := decode(raw, text)
	if err := x.judge(index, len(text), n, err); err != nil {
		return err
	}
	if x.stray == nil {
		x.stray = make(map[int][]byte)
	}
	x.stray[index] = raw[:n]
	x.bytes += need
	return nil
}

// keepText keeps a piece that can't be decoded alone. The bytes that it will
// become are accounted for as well, and its place in a second table.
func (x *assembly) keepText(index int, text []byte, room int) error {
	need := overhead + len(text) + decodedLen(len(text)+3)
	if need > room {
		return x.full(index, need, room)
	}
	if x.texts == nil {
		x.texts = make(map[int][]byte)
	}
	x.texts[index] = bytes.Clone(text)
	x.bytes += need
	return nil
}

func (x *assembly) full(index, need, room int) error {
	return fmt.Errorf("%w: fragment %d needs %d bytes, and MaxBytes leaves %d", ErrFull, index, need, max(room, 0))
}

// allot makes the buffer, of size bytes, and moves into it the pieces that
// waited for it.
func (x *assembly) allot(index, size, room int) error {
	more := size
	for _, raw := range x.stray {
		more -= len(raw) + overhead
	}
	if more > room {
		return x.full(index, more, room)
	}
	x.buf = make([]byte, size)
	x.bytes += more
	for i, raw := range x.stray {
		x.adopt(i, raw)
	}
	x.stray = nil
	return nil
}

func (x *assembly) adopt(index int, raw []byte) {
	copy(x.buf[index*decodedLen(x.width):], raw)
	if x.isLast(index) {
		x.tail = len(raw)
	}
}

// compare tells a piece that comes again, which is welcome, from one that
// contradicts an earlier one.
func (x *assembly) compare(index int, text []byte, length int) error {
	same := len(text) == length
	if kept, ok := x.texts[index]; same && ok {
		same = bytes.Equal(kept, text)
	} else if same {
		raw := make([]byte, decodedLen(len(text)))
		n, err := decode(raw, text)
		same = err == nil && bytes.Equal(x.decoded(index), raw[:n])
	}
	if !same {
		return fmt.Errorf("fragment %d came twice, and the two differ", index)
	}
	return nil
}

// decoded returns the bytes of a piece that is in stray or in buf.
func (x *assembly) decoded(index int) []byte {
	if raw, ok := x.stray[index]; ok {
		return raw
	}
	length := decodedLen(x.width)
	start := index * length
	if x.isLast(index) {
		length = x.tail
	}
	return x.buf[start : start+length]
}

// finish returns the payload. All pieces are there.
func (x *assembly) finish() ([]byte, error) {
	if !x.aligned() {
		return x.join()
	}
	last := x.count - 1
	if text, ok := x.texts[last]; ok { // it came before the width was known
		if err := x.place(last, text); err != nil {
			return nil, err
		}
	}
	size := last*decodedLen(x.width) + x.tail
	return x.buf[:size:size], nil
}

// join decodes pieces that cut through the groups of base64: what a piece has
// after its last whole group goes in front of the next one.
func (x *assembly) join() ([]byte, error) {
	payload := make([]byte, 0, decodedLen(x.chars))
	var text []byte
	for i := range x.count {
		text = append(text, x.texts[i]...)
		delete(x.texts, i)
		whole := len(text) / 4 * 4
		if x.isLast(i) {
			whole = len(text)
		}
		before := len(payload)
		var err error
		payload, err = appendDecoded(payload, text[:whole])
		if err := x.judge(i, whole, len(payload)-before, err); err != nil {
			return nil, err
		}
		text = text[:copy(text, text[whole:])]
	}
	return payload, nil
}

// appendDecoded appends what text stands for to dst, which must have room.
func appendDecoded(dst, text []byte) ([]byte, error) {
	need := base64.StdEncoding.DecodedLen(len(text))
	dst = slices.Grow(dst, need)
	n, err := decode(dst[len(dst):len(dst)+need], text)
	return dst[:len(dst)+n], err
}

// decode is the strict decoding of encoding/base64.
func decode(dst, text []byte) (int, error) {
	n, err := fastbase64.StdEncoding.Decode(dst, text)
	if err != nil {
		// The fast decoder counts the offset of a mistake from where it
		// gave up; ask the standard one.
		_, err = base64.StdEncoding.Decode(dst, text)
	}
	return n, err
}
