package transport_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/transport"
)

// answering is a broker that acknowledges everything and keeps nothing.
func answering(b *testing.B) transport.Broker {
	return serving(b, func(c *websocket.Conn) {
		var f envelope.Frame
		var out []byte
		for {
			_, text, err := c.ReadMessage()
			if err != nil || envelope.Scan(text, &f) != nil {
				return
			}
			out = envelope.AppendAnswer(out[:0], &envelope.Answer{Result: "ok", MessageID: "m", Context: f.Context}, envelope.Plain)
			if c.WriteMessage(websocket.TextMessage, out) != nil {
				return
			}
		}
	})
}

// delivering is a broker that sends the text again and again, and reads what
// comes.
func delivering(b *testing.B, text []byte) transport.Broker {
	return serving(b, func(c *websocket.Conn) {
		go func() {
			for c.WriteMessage(websocket.TextMessage, text) == nil {
			}
		}()
		for {
			if _, _, err := c.NextReader(); err != nil {
				return
			}
		}
	})
}

func serving(b *testing.B, serve func(c *websocket.Conn)) transport.Broker {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := websocket.Upgrader{WriteBufferSize: 64 << 10}
		c, err := u.Upgrade(w, r, http.Header{"Dasf-Broker": {"1; max-frame=100000000"}})
		if err != nil {
			return
		}
		defer c.Close()
		serve(c)
	}))
	b.Cleanup(h.Close)
	return transport.WebSocket("ws"+strings.TrimPrefix(h.URL, "http"), transport.Options{})
}

// message has the properties of a request and n bytes of payload.
func message(n int) *transport.Message {
	m := &transport.Message{Properties: map[string]string{"response_topic": "hello_aroEhfGH", "requestContext": "17", "messageType": "request", "dasf": "1"}}
	m.SetBytes(make([]byte, n))
	return m
}

func BenchmarkSend(b *testing.B) {
	for _, c := range []struct{ inFlight, size int }{{1, 100}, {64, 100}, {1, 1_000_000}, {1, 10_000_000}} {
		b.Run(fmt.Sprintf("inflight=%d/bytes=%d", c.inFlight, c.size), func(b *testing.B) {
			p, err := answering(b).Produce(b.Context(), "topic")
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			m := message(c.size)
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			var wg sync.WaitGroup
			work := make(chan struct{}, c.inFlight)
			for range c.inFlight {
				wg.Go(func() {
					for range work {
						if err := p.Send(b.Context(), m); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			for b.Loop() {
				work <- struct{}{}
			}
			close(work)
			wg.Wait()
		})
	}
}

func BenchmarkReceive(b *testing.B) {
	for _, size := range []int{100, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			m := message(size)
			text := envelope.AppendMessage(nil, m.Properties, "", "1", m.Payload)
			text = append([]byte(`{"messageId":"CBQQBDAA","publishTime":"2026-11-24T15:26:22.139Z",`), text[1:]...)
			c, err := delivering(b, text).Consume(b.Context(), "topic", transport.ConsumeOptions{Subscription: "s"})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				m, err := c.Receive(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Ack(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
