//go:build interop

package faults_test

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/wsproxy"
)

// What a process may hold more of in the last quarter of a soak than in the
// first, if a tenth of that is less.
const (
	// Each of the clients asks each of the backends that were killed lately
	// whether it lives, over a connection that it keeps for two minutes.
	noiseGoroutines = 8
	noiseSockets    = 8
	noiseHeap       = 512 << 10
	// A backend remembers the last 16,384 calls for as long as answers are kept.
	// In a soak that is over before it remembers more and more, and in one of
	// some more calls the more the faster they are.
	noiseRemembered = 4 << 20
)

// Calls for a long time, while connections are cut, frames get lost and a
// second backend is killed again and again. What the first one and the broker
// hold under load is the same in the first and in the last quarter of the calls,
// and at rest the same before as after.
func TestSoak(t *testing.T) {
	on(t, every, false, func(t *testing.T, s *server) {
		calls, atOnce := *soakEmbedded, 64
		switch {
		case s.name == "django":
			calls, atOnce = *soakDjango, 16
		case s.process == nil:
			calls = *soakPulsar
		}
		// What a long soak's backends remember is bounded by the number alone, and
		// each reaches that in the first part. In a short one answers are kept for
		// longer than a client takes to ask for what got lost.
		first, answersKept, noise := max(calls/8, 8), 8*time.Second, int64(noiseRemembered)
		if calls > 50_000 {
			first, answersKept, noise = max(first, 40_000), time.Hour, noiseHeap
		}
		b := newBench(t, s, "soak")
		b.journal = "" // it would grow
		proxy, at := s.at.Behind(t, wsproxy.Config{Intercept: wsproxy.DropEvery(20_000, nil)})
		steady := func(set *settings) {
			set.At, set.Impatient, set.Journal = at, true, ""
			set.ResendAge, set.Keep = answersKept.Seconds(), 1
		}
		watched := map[string]*process{"backend": b.backend(steady)}
		if s.process != nil {
			watched["broker"] = s.process
		}
		var victim *process
		kills := func() {
			if victim != nil {
				kill(t, victim.Process)
			}
			if s.shares {
				victim = b.backend(steady)
			}
		}
		kills()
		l := load{atOnce: atOnce, clients: 4, at: at, options: impatient(at)}
		// part makes a part of the calls. It disturbs them so many times, and
		// measures meanwhile so many times.
		part := func(calls, faults, measured int) *samples {
			taken := newSamples(watched)
			disturb, disturbed := spread(calls, faults, func(i int) {
				proxy.Cut()
				if i%2 == 0 {
					kills()
				}
			})
			sample, sampled := spread(calls, measured, func(int) { taken.take(t) })
			l.calls = calls
			l.each = func(n int) { disturb(n); sample(n) }
			b.run(l)
			disturbed()
			sampled()
			return taken
		}
		// rest measures once nothing is in hand, and in a short soak no answer is
		// kept any more.
		rest := func() map[string]usage {
			time.Sleep(12 * time.Second)
			held := map[string]usage{}
			for name, p := range watched {
				held[name] = p.usage(t)
			}
			return held
		}
		faults := min(max(8, calls/5000), 100)
		part(first, max(3, faults*first/calls), 0)
		before := rest()
		under := part(max(calls-first, 8), faults, 64)
		after := rest()
		if s.keeps {
			b.wantAnswered()
		} else {
			b.wantOnly(dasf.CodeUnavailable)
		}
		for name := range watched {
			flat(t, name+" at rest", before[name], after[name], noiseHeap)
			first, last := under.quarters(name)
			flat(t, name+" under load", first, last, noise)
			b.account.before[name], b.account.after[name] = first, last
		}
	})
}

// flat fails the test if a process holds more than a tenth more than it did,
// and more than noise, heap for its bytes.
func flat(t *testing.T, name string, first, last usage, heap int64) {
	t.Helper()
	t.Logf("%s: %+v first, %+v last", name, first, last)
	check := func(what string, first, last, noise float64) {
		t.Helper()
		if last-first > math.Max(first/10, noise) {
			t.Errorf("%s: %.0f %s first, %.0f last", name, first, what, last)
		}
	}
	check("goroutines", float64(first.Goroutines), float64(last.Goroutines), noiseGoroutines)
	check("sockets", float64(first.Sockets), float64(last.Sockets), noiseSockets)
	check("bytes of live heap", float64(first.Heap), float64(last.Heap), float64(heap))
}

// samples are what processes held while calls were made.
type samples struct {
	of    map[string]*process
	taken map[string][]usage
}

func newSamples(of map[string]*process) *samples {
	return &samples{of: of, taken: map[string][]usage{}}
}

func (s *samples) take(t *testing.T) {
	for name, p := range s.of {
		s.taken[name] = append(s.taken[name], p.usage(t))
	}
}

// quarters returns what a process held in the first and in the last quarter of
// the samples, each figure the median of its own.
func (s *samples) quarters(name string) (first, last usage) {
	all := s.taken[name]
	n := max(len(all)/4, 1)
	return medians(all[:n]), medians(all[len(all)-n:])
}

func medians(of []usage) usage {
	return usage{
		Sockets:    median(of, func(u usage) int { return u.Sockets }),
		Goroutines: median(of, func(u usage) int { return u.Goroutines }),
		Heap:       median(of, func(u usage) int64 { return u.Heap }),
	}
}

func median[T int | int64](of []usage, figure func(usage) T) T {
	var figures []T
	for _, u := range of {
		figures = append(figures, figure(u))
	}
	slices.Sort(figures)
	return figures[len(figures)/2]
}

// spread has do called so many times while calls are made, evenly spread over
// them: each is to be called after each call with their number, and end after
// the last. No call waits for it; what is due while do is busy is left out.
func spread(calls, times int, do func(i int)) (each func(n int), end func()) {
	due, over := make(chan int, 1), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case i := <-due:
				do(i)
			case <-over:
				return
			}
		}
	})
	each = func(n int) {
		if i := n * times / calls; i > (n-1)*times/calls && i < times {
			select {
			case due <- i:
			default:
			}
		}
	}
	return each, func() { close(over); wg.Wait() }
}
