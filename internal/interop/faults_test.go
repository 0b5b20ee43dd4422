//go:build interop

package interop_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/wsproxy"
	"github.com/dasf-go/dasf/transport"
)

// runGo runs a Go backend until the test ends, and returns once it consumes requests.
func runGo(t testing.TB, b transport.Broker, c dasf.Config, members ...*dasf.Member) {
	t.Helper()
	ready := make(chan struct{})
	c.Logger, c.Ready = newLog(t, "go-backend"), func() { close(ready) }
	m := dasf.NewModule(c, members...)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx, b) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("running the Go backend: %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		t.Fatalf("the Go backend ended at once: %v", err)
	case <-within(t).Done():
		t.Fatal("the Go backend is not ready")
	}
}

// dialTest connects a Go client that ends with the test.
func dialTest(t testing.TB, b transport.Broker, topic string, opts ...dasf.DialOption) *dasf.Client {
	t.Helper()
	c, err := dasf.Dial(within(t), b, topic, append(opts, dasf.WithLogger(newLog(t, "go-client")))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("closing the Go client: %v", err)
		}
	})
	return c
}

// each makes n calls at once and returns what went wrong with each.
func each(n int, call func(i int) error) []error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range errs {
		wg.Go(func() {
			if err := call(i); err != nil {
				errs[i] = fmt.Errorf("call %d: %w", i, err)
			}
		})
	}
	wg.Wait()
	return errs
}

// TestNoCallHangsBehindALossyNetwork loses every 50th message, requests and
// responses, whole ones and pieces. A call may fail then, but it ends.
func TestNoCallHangsBehindALossyNetwork(t *testing.T) {
	for _, s := range slots {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var lost atomic.Int64
			_, at := s.open(t).Behind(t, wsproxy.Config{Intercept: wsproxy.CountDrops(&lost, wsproxy.DropEvery(50, wsproxy.Messages))})
			topic := lab.Topic("lossy")
			// Shorter than the defaults, and in the same order, so that the test ends soon.
			impatient := transport.Options{AckTimeout: 2 * time.Second}
			runGo(t, connectWith(t, at, impatient), dasf.Config{Topic: topic, AliveInterval: 3 * time.Second}, goMembers()...)
			client := dialTest(t, connectWith(t, at, impatient), topic, dasf.WithLiveness(10*time.Second))
			ctx, cancel := context.WithTimeout(t.Context(), callLimit)
			defer cancel()
			unavailable := 0
			for _, err := range each(s.concurrent, func(i int) error {
				n := 10 + i%4*100_000
				got, err := dasf.Call[string](ctx, client, "big", map[string]any{"n": n})
				if err == nil && len(got) != n {
					return fmt.Errorf("%d characters, want %d", len(got), n)
				}
				return err
			}) {
				switch dasf.CodeOf(err) {
				case "":
				case dasf.CodeUnavailable:
					unavailable++
				default:
					t.Error(err)
				}
			}
			if lost.Load() == 0 {
				t.Error("the proxy lost nothing")
			}
			if unavailable > s.concurrent/10 {
				t.Errorf("%d of %d calls failed; what is lost is to be sent again", unavailable, s.concurrent)
			}
			t.Logf("%d messages lost, %d of %d calls failed", lost.Load(), unavailable, s.concurrent)
		})
	}
}

// TestLargeResponsesArriveWholeOverNonPersistentPulsar: that broker drops large
// messages, and those in a burst, without a word.
func TestLargeResponsesArriveWholeOverNonPersistentPulsar(t *testing.T) {
	t.Parallel()
	at := lab.Pulsar(t, "non-persistent")
	topic := lab.Topic("large")
	runGo(t, connect(t, at), dasf.Config{Topic: topic}, goMembers()...)
	client := dialTest(t, connect(t, at), topic)
	want := strings.Repeat("x", large)
	ctx, cancel := context.WithTimeout(t.Context(), 2*callLimit)
	defer cancel()
	if err := errors.Join(each(100, func(int) error {
		got, err := dasf.Call[string](ctx, client, "big", map[string]any{"n": large})
		if err == nil && got != want {
			return fmt.Errorf("%d characters of the response are not what was sent", len(got))
		}
		return err
	})...); err != nil {
		t.Error(err)
	}
}

// TestThreeBackendsShareATopic: the pieces of a request, and what concerns a
// call, have to reach the one backend that has it.
func TestThreeBackendsShareATopic(t *testing.T) {
	for _, s := range slots {
		if s.name == "django" {
			continue // there each backend runs every request
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			at, topic := s.open(t), lab.Topic("three")
			var running, runs atomic.Int64
			changed := make(chan struct{}, 1)
			tell := func() {
				select {
				case changed <- struct{}{}:
				default:
				}
			}
			members := []*dasf.Member{
				dasf.Func("length", func(_ context.Context, r struct {
					Data string `json:"data"`
				}) (int, error) {
					runs.Add(1)
					return len(r.Data), nil
				}),
				dasf.Func("wait", func(ctx context.Context, _ dasf.None) (string, error) {
					running.Add(1)
					tell()
					<-ctx.Done()
					running.Add(-1)
					tell()
					return "", ctx.Err()
				}),
			}
			const backends, calls = 3, 100
			for range backends {
				// Together they have a worker for each call, and none to spare
				// where the calls are spread unevenly.
				runGo(t, connect(t, at), dasf.Config{Topic: topic, Workers: calls}, members...)
			}
			client := dialTest(t, connect(t, at), topic)
			ctx, cancel := context.WithTimeout(t.Context(), 2*callLimit)
			defer cancel()

			data := strings.Repeat("x", large)
			if err := errors.Join(each(calls, func(int) error {
				n, err := dasf.Call[int](ctx, client, "length", map[string]any{"data": data})
				if err == nil && n != large {
					return fmt.Errorf("the backend got %d characters of %d", n, large)
				}
				return err
			})...); err != nil {
				t.Fatal(err)
			}
			// At least once: a blip of one backend's connection hands its requests to another.
			if got := runs.Load(); got < calls || got > calls+calls/10 {
				t.Errorf("%d requests were run %d times", calls, got)
			}

			waiting, giveUp := context.WithCancel(ctx)
			defer giveUp()
			ended := make(chan []error, 1)
			go func() {
				ended <- each(calls, func(int) error {
					_, err := dasf.Call[string](waiting, client, "wait", nil)
					return err
				})
			}()
			until(ctx, t, changed, func() bool { return running.Load() == calls }, "all calls to run")
			if _, err := client.Ping(ctx); err != nil {
				t.Errorf("a ping while the calls run: %v", err)
			}
			giveUp()
			for _, err := range <-ended {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("a cancelled call returned %v", err)
				}
			}
			until(ctx, t, changed, func() bool { return running.Load() == 0 }, "all handlers to be cancelled")
		})
	}
}

// TestPingIsAnsweredWhileAllWorkersAreBusy: a client that asks whether its
// backend lives must not take a busy one for a dead one.
func TestPingIsAnsweredWhileAllWorkersAreBusy(t *testing.T) {
	for _, s := range slots {
		if s.name == "pulsar-persistent" {
			// Each worker holds a message that is not acknowledged yet, and with
			// that the window is full: Pulsar delivers the ping to the next free worker.
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			at, topic := s.open(t), lab.Topic("busy")
			started, release := make(chan struct{}, 2), make(chan struct{})
			runGo(t, connect(t, at), dasf.Config{Topic: topic, Workers: 2, QueueSize: 10},
				dasf.Func("wait", func(context.Context, dasf.None) (dasf.None, error) {
					started <- struct{}{}
					<-release
					return dasf.None{}, nil
				}))
			client := dialTest(t, connect(t, at), topic)
			ctx := within(t)
			calls := make(chan []error, 1)
			go func() {
				calls <- each(2, func(int) error {
					_, err := dasf.Call[dasf.None](ctx, client, "wait", nil)
					return err
				})
			}()
			defer func() {
				close(release)
				if err := errors.Join(<-calls...); err != nil {
					t.Error(err)
				}
			}()
			for range 2 {
				await(t, started, "the workers to be busy")
			}
			if _, err := client.Ping(within(t)); err != nil {
				t.Errorf("Ping: %v", err)
			}
			if _, err := client.Info(within(t)); err != nil {
				t.Errorf("Info: %v", err)
			}
			if _, err := client.API(within(t)); err != nil {
				t.Errorf("API: %v", err)
			}
		})
	}
}

// until waits for a condition that something on changed may have made true.
func until(ctx context.Context, t *testing.T, changed <-chan struct{}, ok func() bool, what string) {
	t.Helper()
	for !ok() {
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
