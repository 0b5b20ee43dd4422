package broker

import (
	"bufio"
	"encoding/binary"
)

// WebSocket opcodes and close codes, RFC 6455.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10

	closeGoingAway = 1001
	closeBadText   = 1007
	closePolicy    = 1008
)

// headerRoom is the header of a frame of 126 to 65,535 bytes, which most are.
const headerRoom = 4

// openFrame makes room for a header; seal fills it in.
func openFrame(dst []byte, opcode byte) []byte {
	return append(dst, 0x80|opcode, 0, 0, 0)
}

// seal completes the frame that openFrame began at start. Its length is what
// stands behind the header and more, which the caller writes. Frames are built
// here and not by gorilla because it writes each one with a system call of its
// own and wants a message in one piece.
func seal(dst []byte, start, more int) []byte {
	body := start + headerRoom
	n := len(dst) - body + more
	switch {
	case n < 126:
		dst[start+1] = byte(n)
		copy(dst[start+2:], dst[body:])
		return dst[:len(dst)-2]
	case n <= 0xffff:
		dst[start+1] = 126
		binary.BigEndian.PutUint16(dst[start+2:], uint16(n))
		return dst
	}
	dst = append(dst, 0, 0, 0, 0, 0, 0)
	copy(dst[body+6:], dst[body:])
	dst[start+1] = 127
	binary.BigEndian.PutUint64(dst[start+2:], uint64(n))
	return dst
}

// appendControl appends a whole control frame; a payload of more than 125
// bytes, which the protocol forbids, is cut.
func appendControl(dst []byte, opcode byte, payload []byte) []byte {
	payload = payload[:min(len(payload), 125)]
	dst = append(dst, 0x80|opcode, byte(len(payload)))
	return append(dst, payload...)
}

// closePayload is the payload of a close frame. Code 0 says nothing.
func closePayload(code int, reason string) []byte {
	if code == 0 {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
}

// nextLength is the length of the frame that comes next, 0 if that can't be
// told. It is a hint for making room. final says that it ends its message.
func nextLength(r *bufio.Reader) (n int, final bool) {
	h, err := r.Peek(2)
	if err != nil || h[0]&0x0f >= opClose {
		return 0, true
	}
	final = h[0]&0x80 != 0
	switch n := int(h[1] & 0x7f); n {
	case 126:
		if h, err = r.Peek(4); err != nil {
			return 0, final
		}
		return int(binary.BigEndian.Uint16(h[2:])), final
	case 127:
		if h, err = r.Peek(10); err != nil {
			return 0, final
		}
		return int(min(binary.BigEndian.Uint64(h[2:]), 1<<30)), final
	default:
		return n, final
	}
}
