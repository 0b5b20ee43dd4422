package transport

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

const (
	opcodeBits   = 0x0f
	reservedBits = 0x70
	controlBit   = 0x08 // of an opcode
	maskedFrame  = 0x80
	longestWord  = 125 // of a control frame
	// trusted is how much room a frame gets before any of it has come,
	// whatever its header promises.
	trusted = 1 << 20
)

// A brokenProtocol is what a broker did that RFC 6455 or our limit forbids.
type brokenProtocol struct {
	code int // to close with
	text string
}

func (e *brokenProtocol) Error() string { return e.text }

func protocolError(format string, args ...any) error {
	return &brokenProtocol{websocket.CloseProtocolError, "broker broke the WebSocket protocol: " + fmt.Sprintf(format, args...)}
}

// hasFrame reports whether a frame that is a whole message, or a control frame,
// has come: then readMessage returns without waiting. (gorilla's reader can't
// tell, and is of no use after an interrupt.)
func (s *socket) hasFrame() bool {
	come := s.wire.come
	if len(come) < 2 || come[0]&finalFrame == 0 {
		return false
	}
	length, header := int(come[1]&^maskedFrame), 2
	if length == 126 && len(come) >= 4 {
		length, header = int(binary.BigEndian.Uint16(come[2:])), 4
	}
	return length != 127 && len(come) >= header+length // a longer one does not fit
}

// readMessage appends the next message to buf, RFC 6455 section 5. A control
// frame before it is acted on, and is the end of the call too: kind is then its
// opcode.
func (s *socket) readMessage(buf []byte) (text []byte, kind byte, err error) {
	start := len(buf)
	for {
		h, err := s.readHeader()
		if err != nil {
			return buf, 0, err
		}
		switch {
		case h.opcode&controlBit != 0:
			if err := s.takeControl(h); err != nil {
				return buf, 0, err
			}
			if kind == 0 {
				return buf, h.opcode, nil
			}
			continue
		case kind == 0 && h.opcode == continuationFrame:
			return buf, 0, protocolError("a continuation of no message")
		case kind != 0 && h.opcode != continuationFrame:
			return buf, 0, protocolError("a message within another one")
		case kind == 0:
			kind = h.opcode
		}
		if h.length > s.o.ReadLimit-int64(len(buf)-start) {
			return buf, 0, &brokenProtocol{websocket.CloseMessageTooBig,
				fmt.Sprintf("broker sent an envelope of more than %d bytes, which is the ReadLimit", s.o.ReadLimit)}
		}
		if buf, err = s.readPayload(buf, int(h.length)); err != nil {
			return buf, 0, err
		}
		if h.final {
			return buf, kind, nil
		}
	}
}

// readPayload appends n bytes to buf.
func (s *socket) readPayload(buf []byte, n int) ([]byte, error) {
	for n > 0 {
		step := min(n, max(trusted, len(buf)))
		buf = slices.Grow(buf, step)
		end := len(buf) + step
		if err := s.wire.fill(buf[len(buf):end]); err != nil {
			return buf, err
		}
		buf = buf[:end]
		n -= step
	}
	return buf, nil
}

// A frameHeader is what comes before the payload of a frame.
type frameHeader struct {
	opcode byte
	final  bool
	length int64
}

func (s *socket) readHeader() (frameHeader, error) {
	b := &s.wire.header
	if err := s.wire.fill(b[:2]); err != nil {
		return frameHeader{}, err
	}
	h := frameHeader{opcode: b[0] & opcodeBits, final: b[0]&finalFrame != 0, length: int64(b[1] &^ maskedFrame)}
	switch {
	case b[0]&reservedBits != 0:
		return h, protocolError("reserved bits %#x are set", b[0]&reservedBits)
	case b[1]&maskedFrame != 0:
		return h, protocolError("a masked frame")
	}
	switch h.opcode {
	case continuationFrame, websocket.TextMessage, websocket.BinaryMessage:
	case websocket.CloseMessage, websocket.PingMessage, websocket.PongMessage:
		if !h.final || h.length > longestWord {
			return h, protocolError("a control frame that is cut, or longer than %d bytes", longestWord)
		}
	default:
		return h, protocolError("opcode %d", h.opcode)
	}
	switch h.length {
	case 126:
		if err := s.wire.fill(b[:2]); err != nil {
			return h, err
		}
		h.length = int64(binary.BigEndian.Uint16(b[:2]))
	case 127:
		if err := s.wire.fill(b[:]); err != nil {
			return h, err
		}
		if b[0]&0x80 != 0 {
			return h, protocolError("a length of more than 63 bits")
		}
		h.length = int64(binary.BigEndian.Uint64(b[:]))
	}
	return h, nil
}

// takeControl reads the rest of a control frame and acts on it.
func (s *socket) takeControl(h frameHeader) error {
	word := make([]byte, h.length)
	if err := s.wire.fill(word); err != nil {
		return err
	}
	switch h.opcode {
	case websocket.PingMessage:
		s.leaveWord(func() { s.pong = word })
	case websocket.PongMessage:
		if string(word) == probe {
			s.probed()
		}
	default:
		return closedWith(word)
	}
	return nil
}

// closedWith is the error for a close frame.
func closedWith(word []byte) error {
	if len(word) == 0 {
		return &closedByBroker{code: websocket.CloseNoStatusReceived}
	}
	if len(word) == 1 {
		return protocolError("a close frame of one byte")
	}
	c := &closedByBroker{code: int(binary.BigEndian.Uint16(word)), text: string(word[2:])}
	if !mayBeSent(c.code) {
		return protocolError("a close frame with code %d", c.code)
	}
	if !utf8.ValidString(c.text) {
		return protocolError("a close frame with a reason that is no UTF-8")
	}
	return c
}

// mayBeSent reports whether a close frame may have the code, RFC 6455 section
// 7.4 and the registry of IANA.
func mayBeSent(code int) bool {
	switch code {
	case websocket.CloseNoStatusReceived, websocket.CloseAbnormalClosure, websocket.CloseTLSHandshake, 1004:
		return false
	}
	return 1000 <= code && code <= 1015 || 3000 <= code && code <= 4999
}
