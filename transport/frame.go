package transport

import (
	"crypto/subtle"
	"encoding/binary"
	"math/rand/v2"

	"github.com/gorilla/websocket"
)

const (
	finalFrame        = 0x80
	continuationFrame = 0
)

// appendFrame appends f as one masked text frame, RFC 6455 section 5. gorilla's
// writer and its buffer would cost more than a small frame, and its masking more
// than all else that is done with a large one.
func appendFrame(dst []byte, f *outgoing) []byte {
	return cut(f).appendNext(dst, f.size())
}

// openFrame appends the header of a frame of n bytes. They start at start, and
// are to be masked with key.
func openFrame(dst []byte, kind byte, n int) (opened []byte, start int, key uint32) {
	dst = append(dst, kind)
	const masked = 0x80
	switch {
	case n < 126:
		dst = append(dst, masked|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, masked|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, masked|127), uint64(n))
	}
	key = rand.Uint32()
	dst = binary.LittleEndian.AppendUint32(dst, key)
	return dst, len(dst), key
}

// A message is what is left of one that is cut into frames.
type message struct {
	outgoing
	kind byte
}

func cut(f *outgoing) *message { return &message{*f, websocket.TextMessage} }

// appendNext appends a frame with the next n bytes, or all if there are fewer.
func (m *message) appendNext(dst []byte, n int) []byte {
	left := m.size()
	n = min(n, left)
	kind := m.kind
	m.kind = continuationFrame
	if n == left {
		kind |= finalFrame
	}
	dst, start, key := openFrame(dst, kind, n)
	end := start + n
	dst = move(dst, &m.head, end)
	dst = move(dst, &m.payload, end)
	dst = move(dst, &m.tail, end)
	mask(dst[start:], key)
	return dst
}

// move moves the beginning of a part to the end of dst, as far as to end.
func move[T []byte | string](dst []byte, part *T, end int) []byte {
	n := min(len(*part), end-len(dst))
	dst = append(dst, (*part)[:n]...)
	*part = (*part)[n:]
	return dst
}

// maskStep is how much is masked in one go where there is much.
const maskStep = 1 << 10

// mask masks text with a key whose first byte is the lowest.
func mask(text []byte, key uint32) {
	long := uint64(key)<<32 | uint64(key)
	if len(text) >= 2*maskStep {
		var keys [maskStep]byte
		for i := 0; i < maskStep; i += 8 {
			binary.LittleEndian.PutUint64(keys[i:], long)
		}
		for len(text) >= maskStep {
			subtle.XORBytes(text, text[:maskStep], keys[:])
			text = text[maskStep:]
		}
	}
	for len(text) >= 8 {
		binary.LittleEndian.PutUint64(text, binary.LittleEndian.Uint64(text)^long)
		text = text[8:]
	}
	for i := range text {
		text[i] ^= byte(long >> (8 * i))
	}
}
