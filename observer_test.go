package dasf_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// An account is an Observer that adds up.
type account struct {
	mu               sync.Mutex
	events           []dasf.RequestEvent
	waiting, running int
	most             [2]int // of waiting and running
	counts           map[dasf.Counter]int
}

func (a *account) Request(e dasf.RequestEvent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = append(a.events, e)
}

func (a *account) Held(waiting, running int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting += waiting
	a.running += running
	a.most = [2]int{max(a.most[0], a.waiting), max(a.most[1], a.running)}
}

func (a *account) Count(what dasf.Counter, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.counts == nil {
		a.counts = map[dasf.Counter]int{}
	}
	a.counts[what] += n
}

func TestObserverIsToldOfEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		a := new(account)
		tb := startBackend(t, b, dasf.Config{Observer: a, Workers: 1, MaxPayloadSize: 8})
		c := dial(t, b, dasf.WithMaxPayloadSize(40))
		ctx := t.Context()
		dasf.Call[string](ctx, c, "echo", echoRequest{"long enough"}) // 40 characters and more: in pieces both ways
		dasf.Call[string](ctx, c, "fail", nil)
		dasf.Call[string](ctx, c, "none", nil)
		dasf.Call[string](ctx, c, "echo", nil)
		p := newRawPeer(t, b, "topic")
		// A client would also cancel, at the same moment.
		p.send("request", "6", fmt.Sprintf(sleepJSON, 60.0), "dasf", "1", "timeout", "1000")
		p.receive()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { dasf.Call[string](ctx, c, "sleep", sleepRequest{2}) })
			synctest.Wait()
		}
		wg.Wait()
		for range 2 {
			p.send("request", "7", `{"func_name":"echo","data":""}`)
			p.receive()
		}
		p.send("nonsense", "8", "")
		synctest.Wait()

		want := []dasf.RequestEvent{
			{Member: "echo", RequestBytes: 41, ResponseBytes: 13},
			{Member: "fail", Code: dasf.CodeExecution, RequestBytes: 20, ResponseBytes: len("error executing request: boom")},
			{Code: dasf.CodeInvalidRequest, RequestBytes: 20},
			{Member: "echo", Code: dasf.CodeInvalidRequest, RequestBytes: 20},
			{Member: "sleep", Code: dasf.CodeDeadlineExceeded, Run: time.Second, RequestBytes: 34},
			{Member: "sleep", Run: 2 * time.Second, RequestBytes: 35, ResponseBytes: 7},
			{Member: "sleep", Run: 2 * time.Second, RequestBytes: 35, ResponseBytes: 7}, // it waited in the broker
			{Member: "echo", RequestBytes: 30, ResponseBytes: 2},
		}
		texts := cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "ResponseBytes" },
			cmp.Comparer(func(a, b int) bool { return a == b || a == 0 || b == 0 })) // of texts that say more
		times := cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() < 100*time.Millisecond })
		if diff := cmp.Diff(want, a.events, texts, times); diff != "" {
			t.Error(diff)
		}
		if a.waiting != 0 || a.running != 0 || a.most != [2]int{1, 1} {
			t.Errorf("at the end %d wait and %d run; most were %v", a.waiting, a.running, a.most)
		}
		if a.counts[dasf.CountFragmentsReceived] != 2 || a.counts[dasf.CountFragmentsSent] < 3 ||
			a.counts[dasf.CountDuplicates] != 1 || a.counts[dasf.CountIgnored] != 1 {
			t.Errorf("counted %v", a.counts)
		}
		tb.stop()
		c.Close()
	})
}

func TestObserverIsToldHowLongARequestWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent // so that it waits here
		a := new(account)
		tb := startBackend(t, b, dasf.Config{Observer: a, Workers: 1})
		p := newRawPeer(t, b, "topic")
		for i := range 2 {
			p.send("request", fmt.Sprint(i), fmt.Sprintf(sleepJSON, 5.0))
		}
		p.receive()
		p.receive()
		synctest.Wait()
		if wait := a.events[1].Wait; wait < 4900*time.Millisecond || wait > 5100*time.Millisecond {
			t.Errorf("waited %v", wait)
		}
		tb.stop()
	})
}

func TestObserverIsToldOfRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent
		a := new(account)
		tb := startBackend(t, b, dasf.Config{Observer: a, Workers: 1, QueueSize: 1, Grace: dasf.Seconds(0)})
		p := newRawPeer(t, b, "topic")
		for i := range 3 { // one runs, one waits, one is refused
			p.send("request", fmt.Sprint(i), fmt.Sprintf(sleepJSON, 60.0))
			synctest.Wait()
		}
		if _, text := p.receive(); !strings.Contains(text, "queue overflow") {
			t.Errorf("got %q", text)
		}
		tb.stop()
		synctest.Wait()
		time.Sleep(10 * time.Second)
		codes := map[dasf.Code]int{}
		for _, e := range a.events {
			codes[e.Code]++
		}
		if diff := cmp.Diff(map[dasf.Code]int{dasf.CodeBusy: 1, dasf.CodeUnavailable: 2}, codes); diff != "" {
			t.Error(diff)
		}
		if a.waiting != 0 || a.running != 0 {
			t.Errorf("at the end %d wait and %d run", a.waiting, a.running)
		}
	})
}
