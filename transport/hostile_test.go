package transport_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/pipenet"
	"github.com/dasf-go/dasf/transport"
)

// hostileServer answers handshakes, and then sends on every second connection
// what it is told to, past the library. On the others it sends a message.
// It is in memory, since the ports of a machine would be used up in a minute.
func hostileServer(t testing.TB) (network *pipenet.Network, bytes *atomic.Pointer[[]byte]) {
	t.Helper()
	network = new(pipenet.Network)
	l, err := network.Listen("broker:80")
	if err != nil {
		t.Fatal(err)
	}
	bytes = new(atomic.Pointer[[]byte])
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		if hostile := bytes.Swap(nil); hostile != nil {
			_, _ = ws.NetConn().Write(*hostile)
			return
		}
		_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"messageId":"well","properties":{},"payload":""}`))
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				return
			}
		}
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
	return network, bytes
}

// FuzzSocket has a broker send any bytes over a socket. The consumer takes what
// is a message, and connects again after what is none.
func FuzzSocket(f *testing.F) {
	for _, bytes := range []string{
		"", "\x81\x02{}", "\x81\xfe\x00\x02xxxx", "\xc1\x05hello", "\x83\x00", "\x80\x00", "\x09\x00", "\x88\x01\x03",
		"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "\x81\x7f\x00\x00\x00\x7f\xff\xff\xff\xff", "\x81\x7e\xff\xff" + strings.Repeat("a", 1000),
		"\x89\x7e\x00\xc8" + strings.Repeat("p", 200), strings.Repeat("\x89\x00", 10_000), strings.Repeat("\x01\x01{", 2), "\x81\x01\xff",
		"HTTP/1.1 200 OK\r\n\r\n", "\x82\x02{}", "\x88\x02\x03\xe8", "\x81\x31" + `{"messageId":"one","properties":{},"payload":"!!"}`,
	} {
		f.Add([]byte(bytes))
	}
	network, bytes := hostileServer(f)
	o := transport.Options{Dial: network.Dial, MinBackoff: time.Microsecond, MaxBackoff: time.Millisecond, ReadLimit: 1 << 20, PingInterval: time.Second, PongTimeout: time.Second}
	f.Fuzz(func(t *testing.T, hostile []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		bytes.Store(&hostile)
		in, err := transport.WebSocket("ws://broker/ws/", o).Consume(ctx, "t", transport.ConsumeOptions{Subscription: "s"})
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		for {
			m, err := in.Receive(ctx)
			if err != nil {
				t.Fatalf("after %q: %v", hostile, err)
			}
			if m.ID == "well" {
				return
			}
		}
	})
}

// A broker that answers the handshake with anything but a WebSocket must not
// keep a client, nor fill its memory.
func TestHostileHandshakes(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":           "",
		"no HTTP":           "\x00\x01\x02\x03\r\n\r\n",
		"another protocol":  "SSH-2.0-OpenSSH_9.9\r\n",
		"a wrong key":       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
		"a status that is":  "HTTP/1.1 999999 Huge\r\n\r\n",
		"headers, for ever": "HTTP/1.1 101 Switching Protocols\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 20_000),
		"a body, for ever":  "HTTP/1.1 404 Not Found\r\nContent-Length: 99999999999\r\n\r\n" + strings.Repeat("z", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = http.ReadRequest(bufio.NewReader(c))
					_, _ = fmt.Fprint(c, answer)
					c.Close()
				}
			}()
			defer func() { l.Close(); <-done }()
			o := transport.Options{FailFast: true, ConnectTimeout: 20 * time.Second}
			in, err := transport.WebSocket("ws://"+l.Addr().String()+"/ws/", o).Consume(t.Context(), "t", transport.ConsumeOptions{Subscription: "s"})
			if err == nil {
				in.Close()
				t.Fatal("it counts as a WebSocket")
			}
			if len(err.Error()) > 2000 {
				t.Errorf("the error has %d characters", len(err.Error()))
			}
		})
	}
}
