package broker_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// A fastPeer is a WebSocket client that costs next to nothing, so that a
// benchmark measures what is between the peers: it collects what it sends and
// masks with zeros.
type fastPeer struct {
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	text []byte
}

func dialFast(tb testing.TB, address string) *fastPeer {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", u.RequestURI(), u.Host)
	p := &fastPeer{conn: conn, r: bufio.NewReaderSize(conn, 64<<10), w: bufio.NewWriterSize(conn, 64<<10)}
	resp, err := http.ReadResponse(p.r, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		tb.Fatalf("%s: %s", address, resp.Status)
	}
	return p
}

// send queues a text frame; flush sends what is queued.
func (p *fastPeer) send(text []byte) { p.sendFrame(0x81, text) }

// sendInTwo queues a text message of two frames, the first one short.
func (p *fastPeer) sendInTwo(text []byte) {
	p.sendFrame(0x01, text[:63])
	p.sendFrame(0x80, text[63:])
}

func (p *fastPeer) sendFrame(first byte, text []byte) {
	var h [14]byte
	h[0] = first
	n := 2
	switch {
	case len(text) < 126:
		h[1] = 0x80 | byte(len(text))
	case len(text) <= 0xffff:
		h[1] = 0x80 | 126
		binary.BigEndian.PutUint16(h[2:], uint16(len(text)))
		n = 4
	default:
		h[1] = 0x80 | 127
		binary.BigEndian.PutUint64(h[2:], uint64(len(text)))
		n = 10
	}
	p.w.Write(h[:n+4])
	p.w.Write(text)
}

func (p *fastPeer) flush() error { return p.w.Flush() }

// idle reports whether the next receive would wait.
func (p *fastPeer) idle() bool { return p.r.Buffered() == 0 }

// receive returns the next text message, which may come in several frames. It
// is valid until the next call.
func (p *fastPeer) receive() ([]byte, error) {
	p.text = p.text[:0]
	for {
		var h [8]byte
		if _, err := io.ReadFull(p.r, h[:2]); err != nil {
			return nil, err
		}
		opcode, final, n := h[0]&0x0f, h[0]&0x80 != 0, int(h[1])
		switch n {
		case 126:
			if _, err := io.ReadFull(p.r, h[:2]); err != nil {
				return nil, err
			}
			n = int(binary.BigEndian.Uint16(h[:]))
		case 127:
			if _, err := io.ReadFull(p.r, h[:8]); err != nil {
				return nil, err
			}
			n = int(binary.BigEndian.Uint64(h[:]))
		}
		start := len(p.text)
		if cap(p.text)-start < n {
			p.text = append(make([]byte, 0, start+n), p.text...)
		}
		p.text = p.text[:start+n]
		if _, err := io.ReadFull(p.r, p.text[start:]); err != nil {
			return nil, err
		}
		switch {
		case opcode == websocket.CloseMessage:
			return nil, io.EOF
		case opcode >= 8:
			p.text = p.text[:start]
		case final:
			return p.text, nil
		}
	}
}

// messageID cuts the id out of a delivered message.
func messageID(text []byte) []byte {
	const name = `"messageId":"`
	i := bytes.Index(text, []byte(name))
	if i < 0 {
		return nil
	}
	id := text[i+len(name):]
	return id[:bytes.IndexByte(id, '"')]
}

func wsURL(address string) string {
	return "ws" + strings.TrimPrefix(address, "http")
}
