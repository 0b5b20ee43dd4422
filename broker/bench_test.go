package broker_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/heaptest"
	"github.com/dasf-go/dasf/internal/measure"
)

// calls runs n calls, flight of them at a time, through a handler and returns
// how long each took. Without acks it is for the bare relay.
func calls(tb testing.TB, h http.Handler, payload, flight, n int, acks bool) (total time.Duration, each []time.Duration) {
	srv := httptest.NewServer(h)
	defer srv.Close()
	url := wsURL(srv.URL) + "/ws/"
	backendIn, backendOut := dialFast(tb, url+"requests/backend"), dialFast(tb, url+"answers")
	clientIn, clientOut := dialFast(tb, url+"answers/client"), dialFast(tb, url+"requests")
	body := strings.Repeat("QUJD", (payload+3)/4)
	request := fmt.Appendf(nil, `{"properties": {"response_topic": "answers", "requestContext": 0, "messageType": "request"}, "payload": %q, "context": 0}`, body)
	response := fmt.Appendf(nil, `{"properties": {"status": "success", "requestContext": "0", "messageType": "response", "source_topic": "requests"}, "context": "0", "payload": %q}`, body)

	if acks {
		go discard(backendOut)
		go discard(clientOut)
	}
	go func() {
		for {
			text, err := backendIn.receive()
			if err != nil {
				return
			}
			if acks {
				acknowledge(backendIn, text)
			}
			backendOut.send(response)
			if backendIn.idle() {
				backendOut.flush()
				backendIn.flush()
			}
		}
	}()
	each = make([]time.Duration, 0, n)
	sent := make([]time.Time, 0, n)
	begin := time.Now()
	for range min(flight, n) {
		clientOut.send(request)
		sent = append(sent, time.Now())
	}
	clientOut.flush()
	for done := range n {
		text, err := clientIn.receive()
		if err != nil {
			tb.Fatal(err)
		}
		each = append(each, time.Since(sent[done]))
		if acks {
			acknowledge(clientIn, text)
		}
		if len(sent) < n {
			clientOut.send(request)
			sent = append(sent, time.Now())
		}
		if clientIn.idle() {
			clientOut.flush()
			clientIn.flush()
		}
	}
	total = time.Since(begin)
	for _, p := range []*fastPeer{clientIn, clientOut, backendIn, backendOut} {
		p.conn.Close()
	}
	return total, each
}

func discard(p *fastPeer) {
	for {
		if _, err := p.receive(); err != nil {
			return
		}
	}
}

func acknowledge(p *fastPeer, text []byte) {
	var b [64]byte
	ack := append(b[:0], `{"messageId":"`...)
	ack = append(ack, messageID(text)...)
	p.send(append(ack, `"}`...))
}

// BenchmarkCall compares the broker with a bare relay in the same run: the
// ratio is calls a second of the broker over those of the relay, both the
// median of several rounds, one after the other.
func BenchmarkCall(b *testing.B) {
	for _, flight := range []int{1, 64} {
		b.Run(fmt.Sprintf("inflight=%d", flight), func(b *testing.B) {
			b.ReportAllocs()
			const rounds = 5
			var relay, ours, relayP50, oursP50 []float64
			for range rounds {
				n := max(b.N/rounds, 1)
				d, each := calls(b, measure.NewBareRelay(), 100, flight, n, false)
				relay = append(relay, float64(n)/d.Seconds())
				relayP50 = append(relayP50, median(each).Seconds()*1e6)
				broker := newBroker(b, broker.Config{})
				d, each = calls(b, broker, 100, flight, n, true)
				ours = append(ours, float64(n)/d.Seconds())
				oursP50 = append(oursP50, median(each).Seconds()*1e6)
			}
			b.ReportMetric(median(ours), "calls/s")
			b.ReportMetric(median(relay), "relay-calls/s")
			b.ReportMetric(median(ours)/median(relay), "ratio")
			b.ReportMetric(median(oursP50), "p50-µs")
			b.ReportMetric(median(relayP50), "relay-p50-µs")
		})
	}
}

func median[T float64 | time.Duration](values []T) T {
	s := slices.Sorted(slices.Values(values))
	return s[len(s)/2]
}

func newBroker(tb testing.TB, c broker.Config) *broker.Broker {
	tb.Helper()
	b, err := broker.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { b.Close() })
	return b
}

// BenchmarkLargeResponse passes 50 MB in the pieces that a Python backend cuts
// it into, 512,000 characters of base64 each. A piece is sent when the one
// before is acknowledged, as the transport does.
func BenchmarkLargeResponse(b *testing.B) {
	const size, piece = 50_000_000, 512_000
	for _, form := range []struct{ name, in, out string }{
		{"plain", "/ws/t/s", "/ws/t"},
		{"pulsar", "/ws/v2/consumer/non-persistent/public/default/t/s", "/ws/v2/producer/non-persistent/public/default/t"},
	} {
		b.Run(form.name, func(b *testing.B) {
			_, base := serve(b, broker.Config{})
			in, out := dialFast(b, base+form.in), dialFast(b, base+form.out)
			count := (size/3*4 + piece - 1) / piece
			body := strings.Repeat("QUJD", piece/4)
			text := fmt.Appendf(nil, `{"properties":{"fragment":"1","num_fragments":"%d"},"payload":"%s","context":"1"}`, count, body)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				received := make(chan error, 1)
				go func() { received <- acknowledgeAll(in, count) }()
				for range count {
					out.send(text)
					out.flush()
					if _, err := out.receive(); err != nil {
						b.Fatal(err)
					}
				}
				if err := <-received; err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func acknowledgeAll(p *fastPeer, n int) error {
	for range n {
		text, err := p.receive()
		if err != nil {
			return err
		}
		acknowledge(p, text)
		if err := p.flush(); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkIdleClients measures what a client costs that has nothing to do: a
// consumer and a producer socket, after one message of 100 kB. The ends of the
// test, a connection without goroutine and buffer, are in the figure.
func BenchmarkIdleClients(b *testing.B) {
	const clients = 2000
	_, base := serve(b, broker.Config{})
	text := fmt.Appendf(nil, `{"payload":"%s"}`, strings.Repeat("QUJD", 25_000))
	for b.Loop() {
		before := heaptest.InUse()
		var peers []*fastPeer
		for i := range clients {
			in, out := dialFast(b, fmt.Sprintf("%s/ws/t_%d/s", base, i)), dialFast(b, fmt.Sprintf("%s/ws/t_%d", base, i))
			out.send(text)
			out.flush()
			if err := acknowledgeAll(in, 1); err != nil {
				b.Fatal(err)
			}
			if _, err := out.receive(); err != nil {
				b.Fatal(err)
			}
			for _, p := range []*fastPeer{in, out} {
				p.r, p.w, p.text = nil, nil, nil
				peers = append(peers, p)
			}
		}
		b.ReportMetric(float64(heaptest.InUse()-before)/clients, "B/client")
		for _, p := range peers {
			p.conn.Close()
		}
	}
}
