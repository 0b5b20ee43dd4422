package dasf_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// A request that ends each process which runs it must not go round for ever.
func TestRequestThatEndedItsBackendsIsRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		ended int // backends
		limit *int
		peer  []string
		want  string
	}{
		{"two backends", 2, nil, nil, `"x"`},
		{"three backends", 3, nil, nil, "error executing request: the request was delivered 3 times before and never answered"},
		{"three backends, a Go client", 3, nil, []string{"dasf", "1"}, "error executing request: the request was delivered 3 times before and never answered"},
		{"one allowed", 2, new(1), nil, "error executing request: the request was delivered 2 times"},
		{"no limit", 7, new(0), nil, `"x"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				o := transport.ConsumeOptions{Subscription: "dasf-topic", Type: transport.Shared}
				p := newRawPeer(t, b, "topic")
				p.send("request", "1", `{"func_name":"echo","data":"x"}`, test.peer...)
				for range test.ended {
					c, err := b.Consume(t.Context(), "topic", o)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := c.Receive(t.Context()); err != nil {
						t.Fatal(err)
					}
					c.Close()
				}
				tb := startBackend(t, b, dasf.Config{MaxRedeliveries: test.limit})
				props, text := p.receive()
				for props["messageType"] == "accepted" {
					props, text = p.receive()
				}
				if !strings.HasPrefix(text, test.want) {
					t.Errorf("got %q", text)
				}
				tb.stop()
			})
		})
	}
}

// A broker that takes answers slowly, and whose connections break meanwhile,
// delivers a request many times before it has the answer: seen on
// dasf-broker-django under load, where each copy had the answer sent once more.
func TestAnswerIsSentOnceHoweverOftenTheRequestComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		slow := make(chan struct{})
		b.stall = func(ctx context.Context, m *transport.Message) error {
			if m.Properties["messageType"] == "response" {
				select {
				case <-slow:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		}
		tb := startBackend(t, b, dasf.Config{Workers: 20})
		p := newRawPeer(t, b, "topic")
		const copies = 20
		for range copies {
			p.send("request", "1", `{"func_name":"echo","data":"x"}`)
			synctest.Wait()
		}
		close(slow)
		synctest.Wait()
		acks, answers := 0, 0
		for _, e := range b.noted() {
			switch {
			case e == "ack topic request":
				acks++
			case strings.HasPrefix(e, "sent") && strings.HasSuffix(e, " response"):
				answers++
			}
		}
		if acks != copies || answers != 1 {
			t.Errorf("%d answers were sent and %d of %d requests acknowledged:\n%s", answers, acks, copies, strings.Join(b.noted(), "\n"))
		}
		tb.stop()
	})
}

// A client that sends a request again, or only its first piece, must not fill
// what the broker delivers ahead: the workers would stand idle.
func TestCopiesOfARequestDoNotFillTheWindow(t *testing.T) {
	for name, properties := range map[string][]string{
		"whole":         {"dasf", "1"},
		"a first piece": {"dasf", "1", "fragment", "0", "num_fragments", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				tb := startBackend(t, b, dasf.Config{Workers: 2})
				p := newRawPeer(t, b, "topic")
				for range 5 {
					p.send("request", "1", `{"func_name":"sleep","seconds":20}`, properties...)
					synctest.Wait()
				}
				c := dial(t, b)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if _, err := dasf.Call[string](ctx, c, "echo", echoRequest{"x"}); err != nil {
					t.Error(err)
				}
				tb.stop()
				c.Close()
			})
		})
	}
}
