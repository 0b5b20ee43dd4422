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
	if n := len(a.byCall) + len(a.order); n > 0 {
		t.Errorf("%d calls are left", n)
	}
}

func TestAnswersThatAreReplacedLeaveNothingBehind(t *testing.T) {
	const most = 8
	a := newAnswers(most, 100, time.Minute)
	start := time.Now()
	for n := range 1000 {
		for _, context := range []string{"same", strconv.Itoa(n)} {
			a.add(&answer{call: callKey{"topic", context}, at: start, payload: make([]byte, 30)})
		}
		size, kept := int64(0), 0
		for _, one := range a.byCall {
			size += int64(len(one.payload))
			if !one.dropped {
				kept++
			}
		}
		if size != a.size || size > 100 || len(a.byCall) > most || len(a.order) > 6*most {
			t.Fatalf("after %d: %d bytes, said to be %d, of %d answers in %d places", n, size, a.size, len(a.byCall), len(a.order))
		}
		if want := min(2+n, 3); kept != want {
			t.Fatalf("after %d: %d payloads are kept, want %d", n, kept, want)
		}
		if one := a.of(callKey{"topic", strconv.Itoa(n)}, start); one == nil || one.dropped {
			t.Fatalf("after %d: the newest is not kept: %+v", n, one)
		}
	}
	a.expire(start.Add(time.Minute))
	if n := len(a.byCall) + len(a.order); n > 0 || a.size != 0 {
		t.Errorf("%d calls of %d bytes are left", n, a.size)
	}
}
