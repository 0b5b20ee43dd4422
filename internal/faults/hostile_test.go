//go:build interop

package faults_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dasf-go/dasf/internal/interop/peers"
)

// embeddedOnly: how others bear hostile peers is for them to test.
func embeddedOnly(k kind) bool { return k.name == "embedded" }

// dialRaw opens a TCP connection and sends text.
func dialRaw(ctx context.Context, at peers.Endpoint, text string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", at.Addr)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, text); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func upgrade(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: broker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
}

// Slow peers send a byte now and then: in the middle of a handshake, or of a
// frame that promises megabytes. They are cut off, and nobody waits for them.
func TestSlowLoris(t *testing.T) {
	on(t, embeddedOnly, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "slow loris")
		b.backend(nil)
		b.run(load{calls: 10})
		b.watch("broker", s.process)
		var slow sync.WaitGroup
		for i := range 200 {
			text := "GET /ws/t HTTP/1.1\r\nHost: br"
			if i%2 == 1 { // 16 MB are promised
				text = upgrade("/ws/loris") + "\x81\xff\x00\x00\x00\x00\x00\xff\xff\xffmask{"
			}
			conn, err := dialRaw(t.Context(), s.at, text)
			if err != nil {
				t.Fatal(err)
			}
			slow.Go(func() {
				defer conn.Close()
				for range 60 {
					if i%2 == 1 {
						return // an open frame is the peer's right; its end is not
					}
					if _, err := io.WriteString(conn, "o"); err != nil {
						return
					}
					time.Sleep(500 * time.Millisecond)
				}
				t.Error("a handshake went on for 30 s")
			})
		}
		b.run(load{calls: 200, atOnce: 20, during: func() {
			if held := s.process.usage(t); held.Heap > b.account.before["broker"].Heap+32<<20 {
				t.Errorf("200 frames that are not there take %d bytes", held.Heap)
			}
		}})
		b.wantAnswered()
		slow.Wait()
		b.wantNoLeak(4, 8, 8<<20)
	})
}

// 10,000 sockets at once: each costs little, and calls go on.
func TestTenThousandSockets(t *testing.T) {
	on(t, embeddedOnly, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "10,000 sockets")
		b.backend(nil)
		b.run(load{calls: 10})
		b.watch("broker", s.process)
		const n = 10_000
		conns := make([]net.Conn, n)
		defer func() {
			for _, c := range conns {
				if c != nil {
					c.Close()
				}
			}
		}()
		var wg sync.WaitGroup
		for w := range 20 {
			wg.Go(func() {
				for i := w; i < n; i += 20 {
					var err error
					if conns[i], err = dialRaw(t.Context(), s.at, upgrade(fmt.Sprintf("/ws/crowd-%d/s", i%100))); err != nil {
						t.Error(err)
						return
					}
					head := make([]byte, 12)
					if _, err := io.ReadFull(conns[i], head); err != nil || !strings.HasPrefix(string(head), "HTTP/1.1 101") {
						t.Errorf("socket %d: %q, %v", i, head, err)
						return
					}
				}
			})
		}
		wg.Wait()
		held := s.process.usage(t)
		if each := (held.Heap - b.account.before["broker"].Heap) / n; each > 32<<10 {
			t.Errorf("a quiet socket takes %d bytes of heap", each)
		}
		t.Logf("with 10,000 sockets: %+v", held)
		b.run(load{calls: 1000, atOnce: 50})
		b.wantAnswered()
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
		b.wantNoLeak(4, 8, 16<<20)
	})
}
