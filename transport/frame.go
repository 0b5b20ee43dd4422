package transport

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/gorilla/websocket"
)

// appendFrame appends f as one masked text frame, RFC 6455 section 5. gorilla
// makes the large ones, and those between which a ping may be due; for small
// ones its writer and its buffer cost more than the frame.
func appendFrame(dst []byte, f *outgoing) []byte {
	dst = append(dst, 0x80|websocket.TextMessage)
	const masked = 0x80
	switch n := f.size(); {
	case n < 126:
		dst = append(dst, masked|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, masked|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, masked|127), uint64(n))
	}
	key := rand.Uint32()
	dst = binary.LittleEndian.AppendUint32(dst, key)
	start := len(dst)
	dst = append(dst, f.head...)
	dst = append(dst, f.payload...)
	dst = append(dst, f.tail...)
	mask(dst[start:], key)
	return dst
}

// mask masks text with a key whose first byte is the lowest.
func mask(text []byte, key uint32) {
	long := uint64(key)<<32 | uint64(key)
	for len(text) >= 8 {
		binary.LittleEndian.PutUint64(text, binary.LittleEndian.Uint64(text)^long)
		text = text[8:]
	}
	for i := range text {
		text[i] ^= byte(long >> (8 * i))
	}
}
