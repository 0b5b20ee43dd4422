package dasf_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// A fakePython answers on a topic as a Python backend does: it knows no
// extensions, runs every request that it gets and acknowledges on receipt.
type fakePython struct {
	runs   atomic.Int64
	silent atomic.Bool // receives and answers nothing
	delay  time.Duration
}

func (f *fakePython) start(t *testing.T, b transport.Broker) {
	t.Helper()
	in, err := b.Consume(t.Context(), "topic", transport.ConsumeOptions{Subscription: "backend-module-2026-11-24T15:16:21"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			m, err := in.Receive(ctx)
			if err != nil {
				return
			}
			in.Ack(ctx, m)
			if !f.silent.Load() && m.Properties["response_topic"] != "" {
				wg.Go(func() { f.answer(ctx, b, m) })
			}
		}
	})
	t.Cleanup(func() { cancel(); in.Close(); wg.Wait() })
}

func (f *fakePython) answer(ctx context.Context, b transport.Broker, m *transport.Message) {
	out, err := b.Produce(ctx, m.Properties["response_topic"])
	if err != nil {
		return
	}
	defer out.Close()
	answer := &transport.Message{Properties: map[string]string{
		"requestContext": m.Properties["requestContext"], "messageType": "pong", "source_topic": "topic"}}
	if m.Properties["messageType"] == "request" {
		f.runs.Add(1)
		select {
		case <-time.After(f.delay):
		case <-ctx.Done():
			return
		}
		answer.Properties["messageType"], answer.Properties["status"] = "response", "success"
		answer.SetBytes([]byte(`"from Python"`))
	}
	out.Send(ctx, answer)
}

func TestBackendThatDiesEndsItsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent
		var dead atomic.Bool
		b.lose = func(topic string, m *transport.Message) bool { return dead.Load() && topic != "topic" }
		tb := startBackend(t, b, dasf.Config{})
		c := dial(t, b)
		time.AfterFunc(5*time.Second, func() { dead.Store(true) })
		start := time.Now()
		_, err := dasf.Call[string](t.Context(), c, "sleep", sleepRequest{1000})
		if dasf.CodeOf(err) != dasf.CodeUnavailable {
			t.Errorf("got %v", err)
		}
		if d := time.Since(start); d > time.Minute {
			t.Errorf("ended after %v", d)
		}
		tb.stop()
		c.Close()
	})
}

func TestNobodyListensOnABrokerThatKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent
		b.lose = func(topic string, _ *transport.Message) bool { return topic == "topic" }
		c := dial(t, b)
		start := time.Now()
		_, err := dasf.Call[string](t.Context(), c, "echo", echoRequest{"x"})
		if dasf.CodeOf(err) != dasf.CodeUnavailable || !strings.Contains(err.Error(), "no backend answered on topic topic") {
			t.Errorf("got %v", err)
		}
		if d := time.Since(start); d > 3*time.Minute {
			t.Errorf("ended after %v", d)
		}
		c.Close()
	})
}

// The manual's users start a client before the backend, or restart the backend
// while a request waits.
func TestCallWaitsForABackendThatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		c := dial(t, b)
		var tb *testBackend
		started := make(chan struct{})
		time.AfterFunc(time.Hour, func() { tb = startBackend(t, b, dasf.Config{}); close(started) })
		got, err := dasf.Call[string](t.Context(), c, "echo", echoRequest{"late"})
		if err != nil || got != "late" {
			t.Errorf("got %q, %v", got, err)
		}
		<-started
		tb.stop()
		c.Close()
	})
}

// A Python backend sends nothing while it computes. It must not be taken for
// dead, nor get the request twice, since it would run it twice.
func TestLongCallOfAPythonBackendIsLeftAlone(t *testing.T) {
	for name, delivery := range map[string]func(transport.Delivery) transport.Delivery{"redelivers": nil, "non-persistent": nonPersistent} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := watched()
				b.delivery = delivery
				f := &fakePython{delay: 2 * time.Hour}
				f.start(t, b)
				c := dial(t, b)
				got, err := dasf.Call[string](t.Context(), c, "anything", nil)
				if err != nil || got != "from Python" || f.runs.Load() != 1 {
					t.Errorf("got %q, %v after %d runs", got, err, f.runs.Load())
				}
				c.Close()
			})
		})
	}
}

func TestAtMostOnePingIsLeftUnansweredOnDjango(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = django
		c := dial(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		_, err := dasf.Call[string](ctx, c, "echo", echoRequest{"x"})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if n := count(b.noted(), "sent topic ping"); n != 1 {
			t.Errorf("%d pings sent, want 1: dasf-broker-django stores them for ever", n)
		}
		c.Close()
	})
}

func TestLargeRequests(t *testing.T) {
	large := echoRequest{strings.Repeat("ü", 1_500_000)}
	t.Run("in pieces to a backend that takes them", func(t *testing.T) {
		for name, delivery := range map[string]func(transport.Delivery) transport.Delivery{"redelivers": nil, "non-persistent": nonPersistent,
			"Django": django} {
			t.Run(name, func(t *testing.T) {
				b := watched()
				b.delivery = delivery
				startBackend(t, b, dasf.Config{})
				c := dial(t, b)
				got, err := dasf.Call[string](t.Context(), c, "echo", large)
				if err != nil || got != large.Data {
					t.Errorf("got %d bytes, %v", len(got), err)
				}
			})
		}
	})
	t.Run("an error at once for one that does not", func(t *testing.T) {
		b := transport.Memory()
		f := &fakePython{}
		f.start(t, b)
		c := dial(t, b)
		_, err := dasf.Call[string](t.Context(), c, "echo", large)
		if dasf.CodeOf(err) != dasf.CodeTooLarge || !strings.Contains(err.Error(), "3000") || !strings.Contains(err.Error(), "the broker takes") || f.runs.Load() != 0 {
			t.Errorf("got %v after %d runs", err, f.runs.Load())
		}
	})
	t.Run("one of 700 kB goes whole to anybody", func(t *testing.T) {
		b := transport.Memory()
		f := &fakePython{}
		f.start(t, b)
		c := dial(t, b)
		got, err := dasf.Call[string](t.Context(), c, "echo", echoRequest{strings.Repeat("x", 700_000)})
		if err != nil || got != "from Python" {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("several workers each get all pieces of theirs", func(t *testing.T) {
		b := transport.Memory()
		for range 3 {
			startBackend(t, b, dasf.Config{Workers: 4})
		}
		c := dial(t, b)
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				want := echoRequest{fmt.Sprint(i) + large.Data}
				got, err := dasf.Call[string](t.Context(), c, "echo", want)
				if err != nil || got != want.Data {
					t.Errorf("got %d bytes, %v", len(got), err)
				}
			})
		}
		wg.Wait()
	})
}

// Every nth message is lost on its way, in both directions, of every kind.
func TestNoCallHangsWhenMessagesAreLost(t *testing.T) {
	for name, delivery := range map[string]func(transport.Delivery) transport.Delivery{"redelivers": nil, "non-persistent": nonPersistent,
		"Django": django} {
		for _, side := range []string{"producer", "consumer"} {
			if name == "Django" && side == "producer" {
				continue // it stores what it acknowledged
			}
			t.Run(name+"/"+side, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := watched()
					b.delivery = delivery
					var n atomic.Int64
					lose := func(_ string, m *transport.Message) bool { return n.Add(1)%20 == 0 }
					if side == "producer" {
						b.lose = lose
					} else {
						b.loseIn = lose
					}
					tb := startBackend(t, b, dasf.Config{Workers: 10, MaxPayloadSize: 1000})
					c := dial(t, b)
					var wg sync.WaitGroup
					var failed atomic.Int64
					for i := range 300 {
						wg.Go(func() {
							ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
							defer cancel()
							var err error
							if i%3 == 0 {
								var got string
								got, err = dasf.Call[string](ctx, c, "big", map[string]int{"n": 20_000})
								if err == nil && len(got) != 20_000 {
									t.Errorf("got %d bytes", len(got))
								}
							} else {
								_, err = dasf.Call[string](ctx, c, "sleep", sleepRequest{float64(i%3) / 2})
							}
							if err != nil {
								failed.Add(1)
								if dasf.CodeOf(err) != dasf.CodeUnavailable {
									t.Errorf("call %d: %v", i, err)
								}
							}
						})
					}
					wg.Wait()
					if failed.Load() > 3 {
						t.Errorf("%d of 300 calls failed; lost messages are to be mended", failed.Load())
					}
					tb.stop()
					c.Close()
				})
			})
		}
	}
}

func TestInFlightIsBoundedWhereTheBrokerDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent
		tb := startBackend(t, b, dasf.Config{Workers: 100})
		c := dial(t, b, dasf.WithInFlight(10))
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := dasf.Call[string](t.Context(), c, "sleep", sleepRequest{1}); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(500 * time.Millisecond)
		if n := tb.runs.Load(); n != 10 {
			t.Errorf("%d calls in flight, want 10", n)
		}
		wg.Wait()
		tb.stop()
		c.Close()
	})
}

func TestThousandsOfCallsOnOneClient(t *testing.T) {
	b := transport.Memory()
	startBackend(t, b, dasf.Config{})
	c := dial(t, b)
	var wg sync.WaitGroup
	for i := range 3000 {
		wg.Go(func() {
			want := fmt.Sprint(i)
			if got, err := dasf.Call[string](t.Context(), c, "echo", echoRequest{want}); err != nil || got != want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
}

func TestCloseEndsCalls(t *testing.T) {
	b := transport.Memory()
	startBackend(t, b, dasf.Config{Grace: dasf.Seconds(0)})
	c := dial(t, b)
	errs := make(chan error, 1)
	go func() {
		_, err := dasf.Call[string](t.Context(), c, "sleep", sleepRequest{3000})
		errs <- err
	}()
	time.Sleep(10 * time.Millisecond)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-errs; dasf.CodeOf(err) != dasf.CodeUnavailable || !strings.Contains(err.Error(), "closed") {
		t.Errorf("got %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if _, err := dasf.Call[string](t.Context(), c, "echo", echoRequest{"x"}); dasf.CodeOf(err) != dasf.CodeUnavailable {
		t.Errorf("a call after Close: %v", err)
	}
}

func TestCloseCancelsWhatBackendsHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		tb := startBackend(t, b, dasf.Config{})
		c := dial(t, b)
		var wg sync.WaitGroup
		wg.Go(func() { dasf.Call[string](t.Context(), c, "sleep", sleepRequest{3000}) })
		time.Sleep(time.Second)
		c.Close()
		if cause := <-tb.ended; dasf.CodeOf(cause) != dasf.CodeCanceled {
			t.Errorf("the handler's context ended with %v", cause)
		}
		wg.Wait()
		tb.stop()
	})
}

// Close comes right after the cancellation, as in a program that ends.
func TestCloseSendsTheCancelsThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, after := range []time.Duration{10 * time.Millisecond, time.Second} { // before and after it is known to be held
			b := transport.Memory()
			tb := startBackend(t, b, dasf.Config{})
			c := dial(t, b)
			if _, err := dasf.Call[string](t.Context(), c, "echo", echoRequest{"x"}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { dasf.Call[string](ctx, c, "sleep", sleepRequest{3000}) })
			time.Sleep(after)
			cancel()
			wg.Wait()
			c.Close()
			if cause := <-tb.ended; dasf.CodeOf(cause) != dasf.CodeCanceled {
				t.Errorf("after %v: the handler's context ended with %v", after, cause)
			}
			tb.stop()
		}
	})
}

func TestAskTheBackend(t *testing.T) {
	b := transport.Memory()
	tb := startBackend(t, b, dasf.Config{})
	c := dial(t, b)
	if _, err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	a, err := c.API(t.Context())
	if err != nil || len(a.Functions) != len(tb.module.Members()) {
		t.Errorf("got %v, %v", a, err)
	}
	info, err := c.Info(t.Context())
	if err != nil || !strings.Contains(string(info), `"title": "topic"`) {
		t.Errorf("got %s, %v", info, err)
	}
}

func TestAskWhereNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, transport.Memory())
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := c.Ping(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no backend answered on topic topic") {
			t.Errorf("got %v", err)
		}
		c.Close()
	})
}

// dasf-broker-django greets every consumer with its own api_info, whose
// requestContext is 1; Python's client takes it for the answer to its call 1.
func TestDjangosGreetingIsNoAnswer(t *testing.T) {
	b := transport.Memory()
	f := &fakePython{}
	var replies sync.Map
	w := watched()
	w.Broker = b
	w.lose = func(topic string, m *transport.Message) bool {
		if reply := m.Properties["response_topic"]; reply != "" {
			if _, seen := replies.LoadOrStore(reply, true); !seen {
				out, err := b.Produce(t.Context(), reply)
				if err != nil {
					t.Error(err)
					return false
				}
				for i := range 3 {
					out.Send(t.Context(), &transport.Message{Properties: map[string]string{
						"requestContext": fmt.Sprint(i), "messageType": "api_info", "response_topic": "status-ping"}})
				}
				out.Close()
			}
		}
		return false
	}
	f.start(t, b)
	c := dial(t, w)
	for range 3 {
		if got, err := dasf.Call[string](t.Context(), c, "x", nil); err != nil || got != "from Python" {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestDialOptionsAreChecked(t *testing.T) {
	for _, test := range []struct {
		topic string
		opt   dasf.DialOption
		want  string
	}{
		{"", nil, "topic is empty"},
		{"t", dasf.WithLiveness(0), "liveness"},
		{"t", dasf.WithInFlight(0), "at least 1"},
		{"t", dasf.WithMaxPayloadSize(-1), "more than 0"},
	} {
		opts := []dasf.DialOption{}
		if test.opt != nil {
			opts = append(opts, test.opt)
		}
		_, err := dasf.Dial(t.Context(), transport.Memory(), test.topic, opts...)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}
