package dasf_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// A client that vanishes sends no cancel, and no broker says that it is gone.
func TestClientThatVanishesEndsItsHandlersContext(t *testing.T) {
	for _, test := range []struct {
		name     string
		delivery func(transport.Delivery) transport.Delivery
	}{
		{"inbox", nil},
		{"non-persistent", nonPersistent},
		{"no inboxes", func(d transport.Delivery) transport.Delivery {
			d.FanOut, d.Redelivers = true, true
			return d
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := watched()
				b.delivery = test.delivery
				var gone atomic.Bool
				b.lose = func(_ string, m *transport.Message) bool { return gone.Load() && m.Properties["caller"] != "" }
				b.loseIn = func(topic string, _ *transport.Message) bool {
					return gone.Load() && len(topic) == len("topic_")+8 && topic[:6] == "topic_"
				}
				tb := startBackend(t, b, dasf.Config{CancelOnDisconnect: true})
				c := dial(t, b)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() {
					_, err := dasf.Call[string](ctx, c, "sleep", sleepRequest{10_000})
					done <- err
				}()
				time.Sleep(5 * time.Minute)
				select {
				case err := <-tb.ended:
					t.Fatalf("ended while its client was there: %v", err)
				default:
				}
				gone.Store(true)
				start := time.Now()
				if err := <-tb.ended; !errors.Is(err, dasf.ErrClientGone) {
					t.Errorf("the handler's context ended with %v", err)
				}
				if d := time.Since(start); d < 20*time.Second || d > 45*time.Second {
					t.Errorf("ended after %v", d)
				}
				cancel()
				<-done
				tb.stop()
				c.Close()
			})
		})
	}
}

// Without CancelOnDisconnect a client may come back days later; one that can't
// tell that it is there, a Python client or an older stub, is never gone.
func TestWhoseCallsGoOnWithoutASignOfLife(t *testing.T) {
	for _, test := range []struct {
		name       string
		cancel     bool
		properties []string
	}{
		{"not asked for", false, []string{"dasf", "1", "watch", "1"}},
		{"a client that does not answer questions", true, []string{"dasf", "1"}},
		{"a Python client", true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				tb := startBackend(t, b, dasf.Config{CancelOnDisconnect: test.cancel})
				p := newRawPeer(t, b, "topic")
				p.send("request", "1", fmt.Sprintf(sleepJSON, 600.0), test.properties...)
				for {
					props, text := p.receive()
					if props["watch"] != "" {
						t.Errorf("asked for a sign of life: %v", props)
					}
					if props["messageType"] == "response" {
						if text != `"slept"` {
							t.Errorf("got %q", text)
						}
						break
					}
				}
				tb.stop()
			})
		})
	}
}

// A broker that is away says nothing about its clients.
func TestClientIsNotGoneWhileTheBrokerIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		var away atomic.Bool
		back := make(chan struct{})
		b.stall = func(ctx context.Context, _ *transport.Message) error {
			if !away.Load() {
				return nil
			}
			select {
			case <-back:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		tb := startBackend(t, b, dasf.Config{CancelOnDisconnect: true})
		c := dial(t, b, dasf.WithLiveness(time.Hour))
		done := make(chan error, 1)
		go func() {
			_, err := dasf.Call[string](t.Context(), c, "sleep", sleepRequest{900})
			done <- err
		}()
		time.Sleep(time.Minute)
		away.Store(true)
		time.Sleep(10 * time.Minute)
		away.Store(false)
		close(back)
		if err := <-done; err != nil {
			t.Error(err)
		}
		tb.stop()
		c.Close()
	})
}

// The calls of a client that comes back have been cancelled, and it is told so.
func TestClientThatComesBackLearnsThatItsCallWasCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.lose = func(_ string, m *transport.Message) bool {
			return m.Properties["messageType"] == "alive" && m.Properties["caller"] != ""
		}
		tb := startBackend(t, b, dasf.Config{CancelOnDisconnect: true})
		c := dial(t, b)
		_, err := dasf.Call[string](t.Context(), c, "sleep", sleepRequest{10_000})
		var e *dasf.Error
		if !errors.As(err, &e) || e.Code() != dasf.CodeCanceled || !e.Remote() {
			t.Errorf("got %v", err)
		}
		tb.stop()
		c.Close()
	})
}

// The handler of a command that is interrupted at once: its client has heard of
// no backend yet when it closes.
func TestCallOfAClientThatClosesAtOnceIsCancelled(t *testing.T) {
	for _, how := range []string{"context", "close"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				tb := startBackend(t, b, dasf.Config{})
				c := dial(t, b)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() {
					_, err := dasf.Call[string](ctx, c, "sleep", sleepRequest{10_000})
					done <- err
				}()
				time.Sleep(10 * time.Millisecond)
				if how == "context" {
					cancel()
					<-done
				}
				start := time.Now()
				c.Close()
				if d := time.Since(start); d > 2*time.Second {
					t.Errorf("closing took %v", d)
				}
				select {
				case err := <-tb.ended:
					if dasf.CodeOf(err) != dasf.CodeCanceled {
						t.Errorf("the handler's context ended with %v", err)
					}
				case <-time.After(time.Minute):
					t.Error("the handler was not cancelled")
				}
				cancel()
				tb.stop()
			})
		})
	}
}
