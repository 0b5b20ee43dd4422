package measure

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Call makes one call and returns the length of what it sent and got. It is
// made from many goroutines.
type Call func(context.Context) (int, error)

// Loop makes calls in a closed loop, InFlight of them at a time, and counts
// them. Each of calls is that of one client; they take turns. The first call
// that fails ends it.
func (l Load) Loop(ctx context.Context, calls []Call) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	begin := time.Now().Add(l.WarmUp)
	end := begin.Add(l.Duration)
	var all, bytes, turn atomic.Int64
	taken := make([][]time.Duration, max(l.InFlight, 1))
	var last time.Time
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range taken {
		wg.Go(func() {
			for {
				call := calls[int(turn.Add(1)-1)%len(calls)]
				start := time.Now()
				if !start.Before(end) {
					return
				}
				n, err := call(ctx)
				if err != nil {
					cancel(err)
					return
				}
				all.Add(1)
				now := time.Now()
				if now.Before(begin) {
					continue
				}
				taken[i] = append(taken[i], now.Sub(start))
				bytes.Add(int64(n))
				mu.Lock()
				if now.After(last) {
					last = now
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return Result{}, err
	}
	times := slices.Concat(taken...)
	if len(times) == 0 {
		return Result{}, errors.New("no call ended in the time that is counted: give it more")
	}
	slices.Sort(times)
	at := func(share float64) time.Duration { return times[int(share*float64(len(times)-1))] }
	return Result{
		Calls: len(times), All: int(all.Load()), Seconds: last.Sub(begin).Seconds(), Bytes: bytes.Load(),
		P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: times[len(times)-1],
	}, nil
}
