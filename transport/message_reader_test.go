package transport_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/transport"
)

// frame makes a frame past the library. The first byte is what it says before
// the length.
func frame(first byte, text string) string {
	b := []byte{first}
	switch n := len(text); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return string(b) + text
}

func (p *peer) raw(frames string) {
	p.lab.Helper()
	if _, err := p.NetConn().Write([]byte(frames)); err != nil {
		p.lab.Fatal(err)
	}
}

func TestMessagesInFramesOfAllKindsArriveWhole(t *testing.T) {
	message := func(id string, payload int) string {
		return fmt.Sprintf(`{"messageId":%q,"payload":"%s"}`, id, strings.Repeat("A", payload))
	}
	const text, more, last, ping = 0x01, 0x00, 0x80, 0x89
	for name, bytes := range map[string]string{
		"one frame":                frame(text|last, message("m", 0)),
		"125 bytes":                frame(text|last, message("m", 125-len(message("m", 0)))),
		"126 bytes":                frame(text|last, message("m", 126-len(message("m", 0)))),
		"65,535 bytes":             frame(text|last, message("m", 65_535-len(message("m", 0)))),
		"65,536 bytes":             frame(text|last, message("m", 65_536-len(message("m", 0)))),
		"more than is trusted":     frame(text|last, message("m", 3<<20)),
		"a length that is padded":  "\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x11" + `{"messageId":"m"}`,
		"two frames":               frame(text, message("m", 100)[:20]) + frame(more|last, message("m", 100)[20:]),
		"an empty first frame":     frame(text, "") + frame(more|last, message("m", 0)),
		"empty frames between":     frame(text, message("m", 0)[:5]) + strings.Repeat(frame(more, ""), 3) + frame(more|last, message("m", 0)[5:]),
		"a ping within":            frame(text, message("m", 0)[:5]) + frame(ping, "p") + frame(more|last, message("m", 0)[5:]),
		"a pong that nobody wants": frame(0x8a, "?") + frame(text|last, message("m", 0)),
		"a binary one before":      frame(0x82, "\x00\x01") + frame(text|last, message("m", 0)),
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				c, broker := l.consume(l.plain(), "topic")
				pings := strings.Count(bytes, frame(ping, "p"))
				pongs := make(chan string, 10)
				broker.SetPongHandler(func(text string) error { pongs <- text; return nil })
				broker.pump()
				broker.raw(bytes)
				if m := l.receive(c); m.ID != "m" || strings.Trim(string(m.Payload), "A") != "" {
					t.Errorf("got %q with %d characters", m.ID, len(m.Payload))
				}
				synctest.Wait()
				if len(pongs) != pings {
					t.Errorf("%d pongs for %d pings", len(pongs), pings)
				}
			})
		})
	}
}

func TestWhatIsNoWebSocketIsToldAndEndsTheConnection(t *testing.T) {
	const protocol, tooBig = websocket.CloseProtocolError, websocket.CloseMessageTooBig
	for name, test := range map[string]struct {
		bytes string
		code  int
		text  string
	}{
		"reserved bits":              {frame(0xc1, "{}"), protocol, "reserved bits 0x40 are set"},
		"masked":                     {"\x81\x82abcd{}", protocol, "a masked frame"},
		"an opcode of no meaning":    {frame(0x83, ""), protocol, "opcode 3"},
		"a control opcode of none":   {frame(0x8b, ""), protocol, "opcode 11"},
		"continuation of nothing":    {frame(0x80, "{}"), protocol, "a continuation of no message"},
		"a message within":           {frame(0x01, "{") + frame(0x81, "}"), protocol, "a message within another one"},
		"a ping in pieces":           {frame(0x09, ""), protocol, "a control frame that is cut, or longer than 125 bytes"},
		"a long ping":                {frame(0x89, strings.Repeat("p", 126)), protocol, "a control frame that is cut, or longer than 125 bytes"},
		"a negative length":          {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", protocol, "a length of more than 63 bits"},
		"half a close code":          {frame(0x88, "\x03"), protocol, "a close frame of one byte"},
		"a code that is not for it":  {frame(0x88, "\x03\xed"), protocol, "a close frame with code 1005"},
		"a code that is none":        {frame(0x88, "\x00\x01"), protocol, "a close frame with code 1"},
		"a reason that is no text":   {frame(0x88, "\x03\xe8\xff"), protocol, "a close frame with a reason that is no UTF-8"},
		"too long":                   {frame(0x81, strings.Repeat("x", 1001)), tooBig, "broker sent an envelope of more than 1000 bytes, which is the ReadLimit"},
		"too long in frames":         {frame(0x01, strings.Repeat("x", 600)) + frame(0x80, strings.Repeat("x", 401)), tooBig, "more than 1000 bytes"},
		"a length that never comes":  {"\x81\x7f\x00\x00\x7f\xff\xff\xff\xff\xff", tooBig, "more than 1000 bytes"},
		"a close frame":              {frame(0x88, "\x03\xf3oops"), 1011, "broker closed the connection with code 1011: oops"},
		"a close frame without code": {frame(0x88, ""), websocket.CloseNormalClosure, "broker closed the connection with code 1005"},
		"a private code":             {frame(0x88, "\x0f\xa0"), 4000, "broker closed the connection with code 4000"},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				o := l.options()
				o.ReadLimit = 1000
				c, broker := l.consume(transport.WebSocket("ws://broker/ws/", o), "topic")
				broker.raw(test.bytes)
				closed, ok := errors.AsType[*websocket.CloseError](broker.ended())
				if !ok || closed.Code != test.code {
					t.Errorf("the broker got %v, want code %d", broker.err, test.code)
				}
				again := l.next()
				if lines := l.log.lines(test.text); len(lines) != 1 {
					t.Errorf("%d lines say %q: %q", len(lines), test.text, l.log.lines(""))
				}
				again.deliver("after")
				if m := l.receive(c); m.ID != "after" {
					t.Errorf("got %q", m.ID)
				}
			})
		})
	}
}

// A frame that ends in the middle is the end of the connection, and no message.
func TestAConnectionThatEndsWithinAFrame(t *testing.T) {
	whole := frame(0x01, `{"messageId":"half",`) + frame(0x80, strings.Repeat(" ", 200)+`"payload":"eA=="}`)
	for n := 1; n < len(whole); n += 7 {
		inLab(t, func(l *lab) {
			c, broker := l.consume(l.plain(), "topic")
			broker.raw(whole[:n])
			time.Sleep(time.Second)
			broker.end()
			l.next().deliver("after")
			if m := l.receive(c); m.ID != "after" {
				t.Errorf("%d bytes: got %q", n, m.ID)
			}
		})
	}
}
