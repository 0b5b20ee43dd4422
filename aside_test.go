package dasf_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/pipenet"
	"github.com/dasf-go/dasf/transport"
)

// A site is the embedded broker behind sockets, for a bubble of time, in which
// nothing that is computed takes any.
type site struct {
	*testing.T
	broker *broker.Broker
	server *http.Server
	served sync.WaitGroup
}

func newSite(t *testing.T) *site {
	t.Helper()
	served, err := broker.New(broker.Config{Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, broker: served, server: &http.Server{Handler: served, ReadHeaderTimeout: time.Minute}}
	t.Cleanup(func() {
		if err := served.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		s.server.Close()
		s.served.Wait()
	})
	return s
}

// network is a way to the broker that can be cut by itself.
func (s *site) network() (*pipenet.Network, transport.Broker) {
	s.Helper()
	network := new(pipenet.Network)
	l, err := network.Listen("broker:80")
	if err != nil {
		s.Fatal(err)
	}
	s.served.Go(func() { _ = s.server.Serve(l) })
	return network, transport.WebSocket("ws://broker/ws/", transport.Options{Dial: network.Dial, Logger: quiet()})
}

func sockets(t *testing.T) transport.Broker {
	t.Helper()
	_, b := newSite(t).network()
	return b
}

// A stage is a backend with two functions, and a client that has called often
// enough for both sides to expect that the next call is quick, too.
type stage struct {
	*testing.T
	site    *site
	network *pipenet.Network // of the backend
	broker  transport.Broker // beside it
	client  *dasf.Client
	stop    func()       // of the backend
	begun   atomic.Int64 // of wait
	release chan struct{}
}

// stacks say what is seen in the stacks of goroutines while a handler runs.
type stacks struct {
	Aside    bool // it is run by who reads
	ReadHere bool // somebody reads its own response
}

func onStage(t *testing.T, c dasf.Config, test func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, site: newSite(t), release: make(chan struct{})}
		network, own := s.site.network()
		s.network = network
		_, s.broker = s.site.network()
		s.stop = startModule(t, own, c, s.members()...)
		s.client = dial(t, s.broker)
		s.warmUp()
		test(s)
	})
}

func (s *stage) members() []*dasf.Member {
	return []*dasf.Member{
		dasf.Func("stacks", func(context.Context, dasf.None) (stacks, error) {
			time.Sleep(time.Microsecond) // until the caller waits
			b := make([]byte, 1<<20)
			aside := strings.Contains(string(b[:runtime.Stack(b, false)]), ").Aside(")
			return stacks{aside, strings.Contains(string(b[:runtime.Stack(b, true)]), ").ReadHere(")}, nil
		}),
		dasf.Func("nothing", func(context.Context, dasf.None) (dasf.None, error) { return dasf.None{}, nil }),
		dasf.Func("wait", func(ctx context.Context, _ dasf.None) (string, error) {
			s.begun.Add(1)
			select {
			case <-s.release:
				return "released", nil
			case <-ctx.Done():
				return "", context.Cause(ctx)
			}
		}),
	}
}

func (s *stage) stacks() stacks {
	s.Helper()
	got, err := dasf.Call[stacks](s.Context(), s.client, "stacks", nil)
	if err != nil {
		s.Fatal(err)
	}
	return got
}

func (s *stage) warmUp() {
	s.Helper()
	for range 40 {
		if _, err := dasf.Call[dasf.None](s.Context(), s.client, "nothing", nil); err != nil {
			s.Fatal(err)
		}
	}
}

// wait begins a call of wait, and returns once the backend runs it.
func (s *stage) wait(ctx context.Context) <-chan error {
	s.Helper()
	ended := make(chan error, 1)
	before := s.begun.Load()
	go func() {
		_, err := dasf.Call[string](ctx, s.client, "wait", nil)
		ended <- err
	}()
	synctest.Wait()
	if s.begun.Load() == before {
		s.Fatal("the call was not run")
	}
	return ended
}

func TestWhoReadsARequestRunsWhatIsQuick(t *testing.T) {
	onStage(t, dasf.Config{}, func(s *stage) {
		if got := s.stacks(); !got.Aside {
			s.Error("it was not")
		}
		ended := s.wait(s.Context()) // for long
		time.Sleep(10 * time.Millisecond)
		close(s.release)
		if err := <-ended; err != nil {
			s.Fatal(err)
		}
		if got := s.stacks(); got.Aside {
			s.Error("a call was expected to be quick though the last one was not")
		}
	})
}

// The pieces come to two consumers.
func TestWhoReadsTheLastPieceOfARequestDoesNotRunIt(t *testing.T) {
	onStage(t, dasf.Config{}, func(s *stage) {
		c := s.dialForPieces()
		s.warmUp()
		got, err := dasf.Call[stacks](s.Context(), c, "stacks", map[string]string{"x": strings.Repeat("y", 3000)})
		if err != nil || got.Aside {
			s.Error(got, err)
		}
		if !s.stacks().Aside {
			s.Error("the next one was not run aside")
		}
	})
}

func TestWhatIsSlowAndWasExpectedToBeQuickKeepsNobody(t *testing.T) {
	onStage(t, dasf.Config{}, func(s *stage) {
		ended := s.wait(s.Context())
		other := dial(s.T, s.broker)
		start := time.Now()
		if _, err := dasf.Call[stacks](s.Context(), other, "stacks", nil); err != nil {
			s.Fatal(err)
		}
		if _, err := other.Ping(s.Context()); err != nil {
			s.Fatal(err)
		}
		if waited := time.Since(start); waited > 10*time.Millisecond {
			s.Errorf("others waited for %v", waited)
		}
		close(s.release)
		if err := <-ended; err != nil {
			s.Error(err)
		}
	})
}

func TestWorkersBoundWhatIsRunByWhoReads(t *testing.T) {
	onStage(t, dasf.Config{Workers: 1, Ack: dasf.AckOnReceipt}, func(s *stage) {
		first := s.wait(s.Context())
		second := make(chan error, 1)
		go func() {
			_, err := dasf.Call[string](s.Context(), s.client, "wait", nil)
			second <- err
		}()
		time.Sleep(time.Second)
		if n := s.begun.Load(); n != 1 {
			s.Errorf("%d calls are run at once, and there is one worker", n)
		}
		close(s.release)
		for _, ended := range []<-chan error{first, second} {
			if err := <-ended; err != nil {
				s.Error(err)
			}
		}
	})
}

// Requests may wait for a worker that has them already, since who reads runs
// another one.
func TestARequestThatWaitsBesideOneThatIsRunByWhoReads(t *testing.T) {
	for _, stop := range []bool{false, true} {
		t.Run(map[bool]string{false: "is cancelled", true: "is given up at a stop"}[stop], func(t *testing.T) {
			onStage(t, dasf.Config{Workers: 1, Ack: dasf.AckOnReceipt}, func(s *stage) {
				first := s.wait(s.Context())
				ctx, cancel := context.WithCancel(s.Context())
				second := make(chan error, 1)
				go func() {
					_, err := dasf.Call[string](ctx, s.client, "wait", nil)
					second <- err
				}()
				time.Sleep(time.Second)
				if stop {
					go s.stop()
				} else {
					cancel()
				}
				err := <-second
				if want := map[bool]dasf.Code{false: dasf.CodeCanceled, true: dasf.CodeUnavailable}[stop]; dasf.CodeOf(err) != want {
					s.Errorf("got %v, want %s", err, want)
				}
				time.Sleep(time.Second)
				close(s.release)
				if err := <-first; err != nil {
					s.Error(err)
				}
				time.Sleep(time.Second)
				if n := s.begun.Load(); n != 1 {
					s.Errorf("%d calls were run, want the first one alone", n)
				}
				cancel()
			})
		})
	}
}

// What waits for a backend is handed over by who begins to receive, and who does
// not read must not run requests as if it did.
func TestABacklogIsRunByWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := sockets(t)
		var aside atomic.Int64
		echo := func(_ context.Context, r echoRequest) (string, error) {
			stack := make([]byte, 16<<10)
			text := string(stack[:runtime.Stack(stack, false)])
			if strings.Contains(text, ").Aside(") && !strings.Contains(text, ").readOn(") {
				aside.Add(1)
			}
			return r.Data, nil
		}
		c := dial(t, b)
		const n = 100
		ended := make(chan error, n)
		for range n {
			go func() {
				_, err := dasf.Call[string](t.Context(), c, "echo", echoRequest{"x"})
				ended <- err
			}()
		}
		time.Sleep(time.Second)
		startModule(t, b, dasf.Config{Workers: n}, dasf.Func("echo", echo))
		for range n {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if got := aside.Load(); got > 0 {
			t.Errorf("%d requests were run aside by who does not read", got)
		}
	})
}

func TestStopWaitsForWhatIsRunByWhoReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := sockets(t)
		backend := startBackend(t, b, dasf.Config{})
		c := dial(t, b)
		for range 40 {
			if _, err := dasf.Call[string](t.Context(), c, "echo", echoRequest{"x"}); err != nil {
				t.Fatal(err)
			}
		}
		ended := make(chan error, 1)
		go func() {
			_, err := dasf.Call[string](t.Context(), c, "sleep", sleepRequest{10})
			ended <- err
		}()
		synctest.Wait()
		backend.end(t)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestWhoCallsAgainAndAgainReadsItsResponses(t *testing.T) {
	onStage(t, dasf.Config{}, func(s *stage) {
		if got := s.stacks(); !got.ReadHere {
			s.Error("nobody reads for itself")
		}
		time.Sleep(5 * time.Millisecond) // until the next call
		if got := s.stacks(); got.ReadHere {
			s.Error("somebody reads for itself after a pause")
		}
		s.warmUp()
		ended := s.wait(s.Context()) // for long
		time.Sleep(10 * time.Millisecond)
		close(s.release)
		if err := <-ended; err != nil {
			s.Fatal(err)
		}
		s.stacks()
		if got := s.stacks(); got.ReadHere {
			s.Error("somebody reads for itself after a call that took long")
		}
	})
}

// A call may begin while another one reads, and is to get its response before
// and after that has its own.
func TestCallsBesideOneThatReadsGetTheirResponses(t *testing.T) {
	for name, delays := range map[string][2]time.Duration{
		"before": {800 * time.Microsecond, 300 * time.Microsecond},
		"after":  {300 * time.Microsecond, 800 * time.Microsecond},
		"late":   {300 * time.Microsecond, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := sockets(t)
				var python fakePython
				python.start(t, b)
				c := dial(t, b)
				call := func() time.Duration {
					start := time.Now()
					if got, err := dasf.Call[string](t.Context(), c, "any", nil); err != nil || got != "from Python" {
						t.Errorf("got %q, %v", got, err)
					}
					return time.Since(start)
				}
				for range 40 {
					call()
				}
				times := make(chan time.Duration)
				for _, delay := range delays {
					python.delay = delay
					go func() { times <- call() }()
					synctest.Wait() // the first one reads now
				}
				var got []time.Duration
				for range delays {
					got = append(got, <-times)
				}
				slices.Sort(got)
				want := slices.Sorted(slices.Values(delays[:]))
				if !slices.Equal(got, want) {
					t.Errorf("the calls took %v, want %v", got, want)
				}
			})
		})
	}
}

func TestACallThatReadsEndsWithItsContext(t *testing.T) {
	onStage(t, dasf.Config{}, func(s *stage) {
		ctx, cancel := context.WithCancel(s.Context())
		ended := s.wait(ctx)
		cancel()
		start := time.Now()
		if err := <-ended; !errors.Is(err, context.Canceled) || dasf.CodeOf(err) != dasf.CodeCanceled {
			s.Errorf("got %v", err)
		}
		if waited := time.Since(start); waited > 2*time.Millisecond {
			s.Errorf("it ended after %v", waited)
		}
	})
}
