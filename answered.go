package dasf

import (
	"maps"
	"time"
)

// callKey names a call: within one response topic no two calls of one time
// share a context.
type callKey struct{ topic, context string }

// An answer is what was sent for a call, kept for a caller that lost it and
// for a request that the broker delivers again.
type answer struct {
	call     callKey
	hash     uint64 // of the request's payload, where it came whole
	count    int    // of the request's pieces, where it did not
	at       time.Time
	payload  []byte        // raw; nil once it was dropped to keep within the bytes
	memory   *resultMemory // what it lies in
	dropped  bool
	status   string
	code     Code
	extended bool
	trace    Trace
	place    int // in the order, of all that were ever in it

	// Guarded by the backend's mutex: whether it is being sent, and what came
	// again meanwhile, to be acknowledged with it.
	sending bool
	copies  []*delivered
}

// answers remembers the calls that were answered lately: a bounded number of
// them, for a bounded time, their payloads in a bounded number of bytes.
// It is not safe for concurrent use.
type answers struct {
	most     int
	mostSize int64
	age      time.Duration

	byCall  map[callKey]*answer
	removed int       // from byCall, since it was made
	order   []*answer // oldest first; nil for one that was removed
	first   int       // the place of the first in order
	dropped int       // the place before which none has a payload any more
	size    int64
}

func newAnswers(most int, mostSize int64, age time.Duration) *answers {
	return &answers{most: most, mostSize: mostSize, age: age, byCall: map[callKey]*answer{}}
}

// add keeps a copy of the answer, which goes on to be sent: here its payload
// may be dropped. It returns the copy.
func (a *answers) add(sent *answer) *answer {
	copied := *sent
	one := &copied
	one.call = one.call.alone()
	if old := a.byCall[one.call]; old != nil {
		a.remove(old)
	}
	one.memory.lend()
	if int64(len(one.payload)) > a.mostSize {
		one.drop()
	}
	one.place = a.first + len(a.order)
	a.order = append(a.order, one)
	a.byCall[one.call] = one
	a.size += int64(len(one.payload))
	for a.dropped = max(a.dropped, a.first); a.size > a.mostSize; a.dropped++ {
		if old := a.order[a.dropped-a.first]; old != nil {
			a.drop(old)
		}
	}
	for len(a.byCall) > a.most {
		a.removeFirst()
	}
	return one
}

func (a *answers) len() int { return len(a.byCall) }

// drop forgets the payload of an answer, not that there was one.
func (a *answers) drop(one *answer) {
	a.size -= int64(len(one.payload))
	one.drop()
}

func (one *answer) drop() {
	one.memory.giveBack()
	one.payload, one.memory, one.dropped = nil, nil, true
}

// release drops the payload of a call that nobody waits for any more, so that
// there is room for those that may have to be sent again.
func (a *answers) release(call callKey) {
	if one := a.byCall[call]; one != nil {
		a.drop(one)
	}
}

// of returns the answer to the call, or nil.
func (a *answers) of(call callKey, now time.Time) *answer {
	a.expire(now)
	return a.byCall[call]
}

func (a *answers) expire(now time.Time) {
	for len(a.order) > 0 && (a.order[0] == nil || now.Sub(a.order[0].at) >= a.age) {
		a.removeFirst()
	}
}

func (a *answers) removeFirst() {
	one := a.order[0]
	a.order[0] = nil
	a.order = a.order[1:]
	a.first++
	if one != nil {
		a.remove(one)
	}
}

func (a *answers) remove(one *answer) {
	if i := one.place - a.first; i >= 0 {
		a.order[i] = nil
	}
	a.drop(one)
	delete(a.byCall, one.call)
	a.removed++
	if len(a.byCall) == 0 || a.removed >= 4*a.most {
		a.renew()
	}
}

// renew copies the table. One in which keys come and go for long grows slowly,
// and never shrinks: Go's maps keep the places of deleted keys in some of their
// parts and split these when they are full. The order has places of removed
// ones too.
func (a *answers) renew() {
	byCall := make(map[callKey]*answer, len(a.byCall))
	maps.Copy(byCall, a.byCall)
	a.byCall, a.removed = byCall, 0
	order := make([]*answer, 0, len(byCall))
	dropped := 0
	for i, one := range a.order {
		if one == nil {
			continue
		}
		if a.first+i < a.dropped {
			dropped++
		}
		one.place = len(order)
		order = append(order, one)
	}
	a.order, a.first, a.dropped = order, 0, dropped
}
