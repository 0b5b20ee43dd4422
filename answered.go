package dasf

import (
	"container/list"
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
	payload  []byte // raw; nil once it was dropped to keep within the bytes
	dropped  bool
	status   string
	code     Code
	extended bool
	trace    Trace
	element  *list.Element

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
	removed int           // from byCall, since it was made
	order   *list.List    // of *answer, oldest first
	kept    *list.Element // the oldest whose payload is still there
	size    int64
}

func newAnswers(most int, mostSize int64, age time.Duration) *answers {
	return &answers{most: most, mostSize: mostSize, age: age, byCall: map[callKey]*answer{}, order: list.New()}
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
	if int64(len(one.payload)) > a.mostSize {
		one.payload, one.dropped = nil, true
	}
	one.element = a.order.PushBack(one)
	a.byCall[one.call] = one
	a.size += int64(len(one.payload))
	if a.kept == nil {
		a.kept = one.element
	}
	for ; a.kept != nil && a.size > a.mostSize; a.kept = a.kept.Next() {
		a.drop(a.kept.Value.(*answer))
	}
	for a.order.Len() > a.most {
		a.remove(a.order.Front().Value.(*answer))
	}
	return one
}

// drop forgets the payload of an answer, not that there was one.
func (a *answers) drop(one *answer) {
	a.size -= int64(len(one.payload))
	one.payload, one.dropped = nil, true
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
	for e := a.order.Front(); e != nil; e = a.order.Front() {
		one := e.Value.(*answer)
		if now.Sub(one.at) < a.age {
			return
		}
		a.remove(one)
	}
}

func (a *answers) remove(one *answer) {
	if a.kept == one.element {
		a.kept = a.kept.Next()
	}
	a.order.Remove(one.element)
	a.size -= int64(len(one.payload))
	delete(a.byCall, one.call)
	a.removed++
	if len(a.byCall) == 0 || a.removed >= 4*a.most {
		a.renew()
	}
}

// renew copies the table. One in which keys come and go for long grows slowly,
// and never shrinks: Go's maps keep the places of deleted keys in some of their
// parts and split these when they are full.
func (a *answers) renew() {
	byCall := make(map[callKey]*answer, len(a.byCall))
	maps.Copy(byCall, a.byCall)
	a.byCall, a.removed = byCall, 0
}
