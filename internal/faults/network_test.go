//go:build interop

package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/wsproxy"
	"github.com/dasf-go/dasf/transport"
)

// onNetwork runs calls behind a proxy, which during may disturb. Backend and
// client notice a dead connection within seconds.
func onNetwork(t *testing.T, fault string, calls int, c func() wsproxy.Config, during func(*wsproxy.Proxy)) {
	on(t, every, false, func(t *testing.T, s *server) {
		b := newBench(t, s, fault)
		proxy, at := s.at.Behind(t, c())
		b.watch("backend", b.backend(func(set *settings) { set.At, set.Impatient = at, true }))
		l := load{calls: calls / s.slow, atOnce: 40 / s.slow, ms: 20, at: at, options: impatient(at)}
		if during != nil {
			l.during = func() { during(proxy) }
		}
		b.run(l)
		if s.keeps {
			b.wantAnswered()
		} else {
			b.wantOnly(dasf.CodeUnavailable)
		}
		b.wantNoLeak(2, 10, 8<<20)
	})
}

// A broker accepts everything and says nothing: no frame passes for as long
// as it takes peers to notice, and what they have sent arrives late.
func TestBrokerSilent(t *testing.T) {
	onNetwork(t, "broker silent", 300, func() wsproxy.Config { return wsproxy.Config{} }, func(p *wsproxy.Proxy) {
		p.Pause()
		time.Sleep(8 * time.Second)
		p.Resume()
	})
}

func TestConnectionsCut(t *testing.T) {
	onNetwork(t, "connections cut", 300, func() wsproxy.Config { return wsproxy.Config{} }, func(p *wsproxy.Proxy) {
		for range 5 {
			p.Cut()
			time.Sleep(300 * time.Millisecond)
		}
		p.Down()
		time.Sleep(time.Second)
		p.Up()
	})
}

// A connection breaks in the middle of a frame.
func TestFramesCut(t *testing.T) {
	onNetwork(t, "frames cut", 300, func() wsproxy.Config {
		cut := wsproxy.DropEvery(150, nil)
		return wsproxy.Config{Intercept: func(f wsproxy.Frame) wsproxy.Action { return wsproxy.Action{Cut: cut(f).Drop} }}
	}, nil)
}

// Whole frames get lost, messages and acknowledgements alike.
func TestFramesLost(t *testing.T) {
	onNetwork(t, "frames lost", 300, func() wsproxy.Config { return wsproxy.Config{Intercept: wsproxy.DropEvery(100, nil)} }, nil)
}

func TestFramesDelayed(t *testing.T) {
	onNetwork(t, "frames delayed", 150, func() wsproxy.Config {
		var n atomic.Int64
		return wsproxy.Config{Intercept: func(wsproxy.Frame) wsproxy.Action {
			return wsproxy.Action{Delay: time.Duration(n.Add(1)%4) * 50 * time.Millisecond}
		}}
	}, nil)
}

// A client asks for answers on a topic that the broker refuses to the backend:
// such requests are done with once their answer was refused, and keep nobody
// else back.
func TestResponseTopicRefused(t *testing.T) {
	on(t, every, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "response refused")
		_, at := s.at.Behind(t, wsproxy.Config{Refuse: func(path string) int {
			if strings.Contains(path, "_refused") {
				return http.StatusForbidden
			}
			return 0
		}})
		backend := b.backend(func(set *settings) { set.At = at })
		b.watch("backend", backend)
		const refused = 20
		send(t, s, b.topic, b.topic+"_refused", refused, 0)
		b.run(load{calls: 100 / s.slow, atOnce: 10})
		b.wantAnswered()
		waitFor(t, "the refusals", func() bool {
			return strings.Count(backend.Log(), "the broker refused a response") == 2*refused // on both streams
		})
		ran := b.runs()
		// A killed one may not have acknowledged yet what it has just logged.
		if err := backend.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-backend.Done()
		b.watching = nil
		b.backend(func(set *settings) { set.At = at })
		b.run(load{calls: 10})
		if again := b.runs() - ran - 10; again > 0 {
			t.Errorf("%d requests whose answers were refused were run again", again)
		}
	})
}

// send sends requests whose answers go to a topic of the test's choice.
func send(t testing.TB, s *server, topic, responses string, n, size int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := connectWith(s.at, transport.Options{}).Produce(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for i := range n {
		m := &transport.Message{Properties: map[string]string{
			"response_topic": responses, "requestContext": fmt.Sprint(i), "messageType": "request",
		}}
		m.SetBytes(fmt.Appendf(nil, `{"func_name":"work","id":"raw-%d","size":%d}`, i, size))
		if err := out.Send(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
}

// A client asks for large answers and does not read them.
func TestClientStopsReading(t *testing.T) {
	on(t, every, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "client stops reading")
		backend := b.backend(nil)
		b.watch("backend", backend)
		if s.process != nil {
			b.watch("broker", s.process)
		}
		deaf := b.topic + "_deaf"
		conn, resp, err := websocket.DefaultDialer.DialContext(t.Context(), s.at.ConsumerURL(deaf, "deaf"), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		defer conn.Close()
		send(t, s, b.topic, deaf, 100/s.slow, 200_000)
		b.run(load{calls: 200 / s.slow, atOnce: 20 / s.slow})
		b.wantAnswered()
		conn.Close()
		b.wantNoLeak(4, 12, 64<<20)
	})
}
