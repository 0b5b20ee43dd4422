package dasf

import (
	"strconv"
	"testing"
	"time"

	"github.com/dasf-go/dasf/internal/heaptest"
)

func TestRememberedCallsTakeTheSameAfterManyMore(t *testing.T) {
	a := newAnswers(1<<14, 1<<20, time.Minute)
	start := time.Now()
	calls := 0
	heap := func(upTo int) int64 {
		for ; calls < upTo; calls++ {
			a.add(&answer{call: callKey{"topic", strconv.Itoa(calls)}, at: start})
		}
		return heaptest.Live()
	}
	empty := heap(0)
	first := heap(50_000) - empty
	last := heap(600_000) - empty
	if last > first+first/10 {
		t.Errorf("%d bytes after 50,000 calls, %d after 600,000", first, last)
	}
	a.expire(start.Add(time.Minute))
	if left := heap(0); left > empty+first/10 {
		t.Errorf("%d bytes are left of %d", left-empty, first)
	}
	if n := len(a.byCall) + a.order.Len(); n > 0 {
		t.Errorf("%d calls are left", n)
	}
}
