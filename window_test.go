package dasf_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
)

// waitingRequests counts requests that a backend has and has not begun.
type waitingRequests struct {
	mu    sync.Mutex
	count int
}

func (w *waitingRequests) Request(dasf.RequestEvent) {}
func (w *waitingRequests) Count(dasf.Counter, int)   {}

func (w *waitingRequests) Held(queued, running int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count += queued
}

func (w *waitingRequests) now() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// onWideStage runs test with a backend of one worker that has answered so many
// calls quickly that it asks for more requests than it can begin with. No time
// has passed.
func onWideStage(t *testing.T, c dasf.Config, test func(s *stage, waiting *waitingRequests)) {
	t.Helper()
	waiting := new(waitingRequests)
	c.Workers, c.Observer = max(c.Workers, 1), waiting
	onStage(t, c, func(s *stage) {
		for range 16 {
			s.warmUp()
		}
		test(s, waiting)
	})
}

// waitTimes begins n calls of wait. It takes 5 ms, since who reads the first one
// runs it, and another one has to read on.
func (s *stage) waitTimes(ctx context.Context, n int) *sync.WaitGroup {
	var calls sync.WaitGroup
	for range n {
		calls.Go(func() {
			_, err := dasf.Call[string](ctx, s.client, "wait", nil)
			if err != nil && ctx.Err() == nil {
				s.Error(err)
			}
		})
	}
	time.Sleep(5 * time.Millisecond)
	return &calls
}

// others begins another backend, with as many workers as there can be calls, and
// returns what counts those that it runs.
func (s *stage) others() (begun func() int64) {
	before := s.begun.Load()
	startModule(s.T, s.broker, dasf.Config{Workers: 100}, s.members()...)
	synctest.Wait()
	return func() int64 {
		synctest.Wait()
		return s.begun.Load() - before
	}
}

func TestABackendThatIsQuickAsksForMoreThanItsWorkersCanBegin(t *testing.T) {
	onWideStage(t, dasf.Config{}, func(s *stage, waiting *waitingRequests) {
		calls := s.waitTimes(s.Context(), 200)
		if got := waiting.now(); s.begun.Load() != 1 || got != 127 {
			s.Errorf("%d requests wait in the backend, want 127", got)
		}
		close(s.release)
		calls.Wait()
		if s.begun.Load() != 200 {
			s.Errorf("%d calls were run", s.begun.Load())
		}
	})
}

func TestABackendThatIsNotQuickHandsBackWhatItHasNotBegun(t *testing.T) {
	onWideStage(t, dasf.Config{}, func(s *stage, waiting *waitingRequests) {
		calls := s.waitTimes(s.Context(), 20)
		others := s.others()
		if got := others(); waiting.now() != 19 || got != 0 {
			s.Fatalf("%d requests wait in the backend, and the other runs %d", waiting.now(), got)
		}
		time.Sleep(70 * time.Millisecond)
		if got := others(); waiting.now() != 0 || got != 19 {
			s.Errorf("%d requests wait in the backend, and the other runs %d", waiting.now(), got)
		}
		close(s.release)
		calls.Wait()
	})
}

// Its caller has been told that the backend has the call.
func TestACallThatWasHandedBackIsRunByTheSameBackend(t *testing.T) {
	onWideStage(t, dasf.Config{}, func(s *stage, waiting *waitingRequests) {
		calls := s.waitTimes(s.Context(), 20)
		time.Sleep(time.Minute)
		if got := waiting.now(); s.begun.Load() != 1 || got != 0 {
			s.Errorf("%d run, %d wait in the backend", s.begun.Load(), got)
		}
		close(s.release)
		calls.Wait()
		if got := s.begun.Load(); got != 20 {
			s.Errorf("%d were run", got)
		}
	})
}

func TestABackendInWhichARequestHasWaitedHandsBackTheOthers(t *testing.T) {
	onWideStage(t, dasf.Config{}, func(s *stage, waiting *waitingRequests) {
		calls := s.waitTimes(s.Context(), 20)
		time.Sleep(10 * time.Millisecond)
		s.release <- struct{}{}
		synctest.Wait()
		if got := waiting.now(); s.begun.Load() != 2 || got != 18 {
			s.Errorf("after 10 ms: %d begun, %d wait in the backend", s.begun.Load(), got)
		}
		time.Sleep(15 * time.Millisecond)
		s.release <- struct{}{}
		synctest.Wait()
		if got := waiting.now(); s.begun.Load() != 3 || got != 0 {
			s.Errorf("after 25 ms: %d begun, %d wait in the backend", s.begun.Load(), got)
		}
		close(s.release)
		calls.Wait()
	})
}

func TestABackendThatIsSeldomCalledAsksForWhatItsWorkersCanBegin(t *testing.T) {
	onWideStage(t, dasf.Config{}, func(s *stage, waiting *waitingRequests) {
		for range 30 { // quick ones, but few
			time.Sleep(100 * time.Millisecond)
			s.stacks()
		}
		calls := s.waitTimes(s.Context(), 20)
		if got := waiting.now(); got != 0 {
			s.Errorf("%d requests wait in the backend", got)
		}
		close(s.release)
		calls.Wait()
	})
}

func TestWhatHasNoRoomInTheQueueIsHandedBackAtOnce(t *testing.T) {
	for _, test := range []struct {
		name string
		cfg  dasf.Config
		want int // that wait
	}{
		{"bytes", dasf.Config{Workers: 1, QueueBytes: 5000}, 0},
		{"bytes, with more workers", dasf.Config{Workers: 4, QueueBytes: 5000}, 2},
		{"requests", dasf.Config{Workers: 1, QueueSize: 3}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			onWideStage(t, test.cfg, func(s *stage, waiting *waitingRequests) {
				calls := s.waitTimes(s.Context(), 50)
				if got := waiting.now(); got != test.want {
					s.Errorf("%d requests wait in the backend", got)
				}
				here := s.begun.Load()
				others := s.others()
				time.Sleep(100 * time.Millisecond)
				if got := others(); got+here+int64(test.cfg.Workers) < 50 {
					s.Errorf("%d are run here, %d by another one", here, got)
				}
				close(s.release)
				calls.Wait()
				if got := s.begun.Load(); got != 50 {
					s.Errorf("%d were run", got)
				}
			})
		})
	}
}

// What waits for room is known too when it is delivered again.
func TestWhatHasNoRoomIsRunOnceAfterABrokenConnection(t *testing.T) {
	onStage(t, dasf.Config{Workers: 4, QueueBytes: 5000}, func(s *stage) {
		calls := s.waitTimes(s.Context(), 20)
		s.network.Cut()
		time.Sleep(time.Minute)
		close(s.release)
		calls.Wait()
		synctest.Wait()
		if got := s.begun.Load(); got != 20 {
			s.Errorf("%d runs of 20 calls", got)
		}
	})
}

func TestWhatHasNoRoomIsNotRunOnceItWasCancelled(t *testing.T) {
	onStage(t, dasf.Config{Workers: 4, QueueBytes: 2500}, func(s *stage) {
		p := newRawPeer(s.T, s.broker, "topic")
		for id := range 4 {
			p.send("request", fmt.Sprint(id), `{"func_name":"wait"}`)
		}
		time.Sleep(10 * time.Millisecond)
		for id := 1; id < 4; id++ {
			p.send("cancel", fmt.Sprint(id), "")
		}
		synctest.Wait()
		close(s.release)
		time.Sleep(time.Second)
		if got := s.begun.Load(); got != 1 {
			s.Errorf("%d were run", got)
		}
	})
}

// A large request fills the queue, and its caller was told that it is here.
func TestACallThatHasNoRoomIsAnnounced(t *testing.T) {
	onStage(t, dasf.Config{Workers: 4, QueueBytes: 4000}, func(s *stage) {
		c := s.dialForPieces()
		first := s.waitTimes(s.Context(), 1)
		large := s.largeCall(c)
		small := s.waitTimes(s.Context(), 1)
		s.others()
		time.Sleep(3 * time.Minute) // longer than callers wait for a sign of life
		if got := s.begun.Load(); got != 1 {
			s.Errorf("%d were run", got)
		}
		close(s.release)
		if err := <-large; err != nil {
			s.Error(err)
		}
		first.Wait()
		small.Wait()
		if got := s.begun.Load(); got != 3 {
			s.Errorf("%d were run", got)
		}
	})
}

func TestWhatHasNotBegunIsLeftToOthersAfterABrokenConnection(t *testing.T) {
	onWideStage(t, dasf.Config{}, func(s *stage, _ *waitingRequests) {
		calls := s.waitTimes(s.Context(), 100)
		others := s.others()
		s.network.Cut()
		synctest.Wait()
		if got := others(); got != 100 { // with the one that has begun
			s.Errorf("the other runs %d", got)
		}
		close(s.release)
		calls.Wait()
		time.Sleep(time.Second)
		if got := s.begun.Load(); got != 101 {
			s.Errorf("%d runs of 100 calls", got)
		}
	})
}

func TestWhatIsHandedBackIsRunInItsOrder(t *testing.T) {
	onWideStage(t, dasf.Config{}, func(s *stage, waiting *waitingRequests) {
		first := s.waitTimes(s.Context(), 1)
		p := newRawPeer(s.T, s.broker, "topic")
		for id := range 8 {
			p.send("request", fmt.Sprint(id), `{"func_name":"wait"}`)
		}
		var order []string
		startModule(s.T, s.broker, dasf.Config{Workers: 1}, dasf.Func("wait", func(ctx context.Context, _ dasf.None) (string, error) {
			_, id, _ := strings.Cut(dasf.RequestKey(ctx), "/")
			order = append(order, id)
			time.Sleep(20 * time.Millisecond)
			return "", nil
		}))
		time.Sleep(time.Second)
		synctest.Wait()
		// The first one was with a worker, which hands it back by itself.
		order = slices.DeleteFunc(order, func(id string) bool { return id == "0" })
		if got := strings.Join(order, " "); got != "1 2 3 4 5 6 7" {
			s.Errorf("order %s", got)
		}
		close(s.release)
		first.Wait()
	})
}

// largeCall begins a call of wait whose request goes in pieces.
func (s *stage) largeCall(c *dasf.Client) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := dasf.Call[string](s.Context(), c, "wait", map[string]string{"x": strings.Repeat("y", 3000)})
		ended <- err
	}()
	return ended
}

// dialForPieces returns a client whose requests go in pieces of a thousand
// bytes, and which knows that the backend takes such.
func (s *stage) dialForPieces() *dasf.Client {
	c := dial(s.T, s.broker, dasf.WithMaxPayloadSize(1000))
	if _, err := dasf.Call[stacks](s.Context(), c, "stacks", nil); err != nil {
		s.Fatal(err)
	}
	return c
}

// Its caller sends the other pieces to who has told that it has the first one.
func TestARequestInPiecesIsHandedBackAtItsFirstPiece(t *testing.T) {
	onWideStage(t, dasf.Config{}, func(s *stage, waiting *waitingRequests) {
		c := s.dialForPieces()
		first := s.waitTimes(s.Context(), 1)
		large := s.largeCall(c)
		time.Sleep(5 * time.Millisecond)
		others := s.others()
		if got := others(); waiting.now() != 0 || got != 1 {
			s.Errorf("%d requests wait in the backend, and the other runs %d", waiting.now(), got)
		}
		close(s.release)
		if err := <-large; err != nil {
			s.Error(err)
		}
		first.Wait()
	})
}

func TestRequestsInPiecesWaitInTheBrokerWhileAllAreBusy(t *testing.T) {
	onWideStage(t, dasf.Config{AssemblyCount: 4}, func(s *stage, _ *waitingRequests) {
		c := s.dialForPieces()
		var calls []<-chan error
		for range 40 {
			calls = append(calls, s.largeCall(c))
		}
		time.Sleep(time.Second)
		close(s.release)
		for _, call := range calls {
			if err := <-call; err != nil {
				s.Error(err)
			}
		}
	})
}

// A client without extensions sends all pieces to the topic. They can't be handed
// back, since they were acknowledged.
func TestPiecesThatHaveComeAreNotGivenUp(t *testing.T) {
	for name, then := range map[string]func(s *stage){
		"when the window becomes smaller": func(*stage) {},
		"when the connection breaks":      func(s *stage) { s.network.Cut() },
	} {
		t.Run(name, func(t *testing.T) {
			onWideStage(t, dasf.Config{}, func(s *stage, _ *waitingRequests) {
				first := s.waitTimes(s.Context(), 1)
				p := newRawPeer(s.T, s.broker, "topic")
				p.send("request", "1", `{"func_name":  `, "fragment", "0", "num_fragments", "2")
				p.send("request", "1", `"wait"}`, "fragment", "1", "num_fragments", "2")
				synctest.Wait()
				then(s)
				time.Sleep(time.Second)
				close(s.release)
				if _, text := p.receive(); text != `"released"` {
					s.Error(text)
				}
				first.Wait()
			})
		})
	}
}

// After a broken connection the broker may find a worker free that is not: a call
// was taken from another backend, which was told then that this one runs it.
func TestWhatIsHandedBackDoesNotGoRound(t *testing.T) {
	for _, test := range []struct {
		name  string
		pause time.Duration
		most  int64
	}{
		{"for as many times as there may have been on their way", 500 * time.Millisecond, 140},
		{"at all, later", 2 * time.Second, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			onWideStage(t, dasf.Config{Workers: 2}, func(s *stage, waiting *waitingRequests) {
				calls := s.waitTimes(s.Context(), 2)
				startModule(s.T, s.broker, dasf.Config{Workers: 1}, s.members()...)
				time.Sleep(200 * time.Millisecond) // narrow again, and the calls are accepted
				s.network.Cut()
				time.Sleep(test.pause)
				if got := s.begun.Load(); got != 3 {
					s.Fatalf("%d calls have begun", got)
				}
				before := s.site.broker.Stats().Delivered
				more := s.waitTimes(s.Context(), 2)
				time.Sleep(time.Second)
				if got := s.site.broker.Stats().Delivered - before; s.begun.Load() != 4 || got > test.most {
					s.Errorf("%d calls have begun, after %d deliveries for the last two", s.begun.Load(), got)
				}
				close(s.release)
				calls.Wait()
				more.Wait()
			})
		})
	}
}

func TestACallThatWasGivenUpIsNotHandedBack(t *testing.T) {
	onWideStage(t, dasf.Config{}, func(s *stage, waiting *waitingRequests) {
		first := s.waitTimes(s.Context(), 1)
		p := newRawPeer(s.T, s.broker, "topic")
		for id := range 5 {
			p.send("request", fmt.Sprint(id), `{"func_name":"wait"}`)
		}
		last := s.waitTimes(s.Context(), 5)
		for id := range 5 {
			p.send("cancel", fmt.Sprint(id), "")
		}
		others := s.others()
		time.Sleep(time.Second)
		if got := others(); waiting.now() != 5 || got != 5 {
			s.Errorf("%d requests wait in the backend, and the other runs %d", waiting.now(), got)
		}
		close(s.release)
		first.Wait()
		last.Wait()
		synctest.Wait()
		if got := s.begun.Load(); waiting.now() != 0 || got != 6 {
			s.Errorf("%d wait, %d were run", waiting.now(), got)
		}
	})
}

func TestAStopHandsBackWhatWasAskedForAhead(t *testing.T) {
	onWideStage(t, dasf.Config{}, func(s *stage, waiting *waitingRequests) {
		calls := s.waitTimes(s.Context(), 20)
		others := s.others()
		s.stop()
		if got := others(); waiting.now() != 0 || got != 19 {
			s.Errorf("%d requests wait in the backend, and the other runs %d", waiting.now(), got)
		}
		close(s.release)
		calls.Wait()
		if got := s.begun.Load(); got != 20 {
			s.Errorf("%d were run", got)
		}
	})
}

// A call is announced 100 ms after it has come, also when the backend has had
// nothing to do before but to keep the answers of others.
func TestACallIsAnnouncedInTimeAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		startBackend(t, b, dasf.Config{})
		p := newRawPeer(t, b, "topic")
		for i := range 20 {
			p.send("request", fmt.Sprint("quick", i), fmt.Sprintf(sleepJSON, 0.0))
			p.receive()
			time.Sleep(1230 * time.Millisecond)
		}
		begun := time.Now()
		p.send("request", "slow", fmt.Sprintf(sleepJSON, 5.0), "dasf", "1")
		properties, _ := p.receive()
		if took := time.Since(begun); properties["messageType"] != "accepted" || took > 160*time.Millisecond {
			t.Errorf("%s after %v", strings.TrimSpace(properties["messageType"]), took)
		}
	})
}
