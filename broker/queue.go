package broker

import "slices"

// An entry is one message in one subscription.
type entry struct {
	msg         *message
	sub         *subscription
	next        *entry    // of the same message
	consumer    *consumer // who has it; nil while it waits
	redelivered int       // how often it was delivered before
	deliveredAt int64     // the broker's age then, for ackTimeoutMillis
	unsent      bool      // handed to a socket that ended before writing it
	done        bool      // acknowledged while it waited
}

// A queue holds the entries of a subscription that wait, in the order of their
// messages. It is a ring that shrinks when it runs empty.
type queue struct {
	ring  []*entry
	first int
	len   int
}

const smallRing = 8

func (q *queue) at(i int) *entry {
	return q.ring[(q.first+i)&(len(q.ring)-1)]
}

func (q *queue) push(e *entry) {
	q.grow()
	q.ring[(q.first+q.len)&(len(q.ring)-1)] = e
	q.len++
}

func (q *queue) pushFront(e *entry) {
	q.grow()
	q.first = (q.first - 1) & (len(q.ring) - 1)
	q.ring[q.first] = e
	q.len++
}

// pop returns the first entry; the queue must not be empty.
func (q *queue) pop() *entry {
	e := q.ring[q.first]
	q.ring[q.first] = nil
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.len--
	if q.len == 0 && len(q.ring) > smallRing {
		*q = queue{}
	}
	return e
}

func (q *queue) grow() {
	if q.len < len(q.ring) {
		return
	}
	ring := make([]*entry, max(smallRing, 2*len(q.ring)))
	for i := range q.len {
		ring[i] = q.at(i)
	}
	q.ring, q.first = ring, 0
}

// putBack returns entries to their place. Those that come back are older than
// most of what waits, so only the front is moved.
func (q *queue) putBack(entries []*entry) {
	slices.SortFunc(entries, bySeq)
	if len(entries) == 0 {
		return
	}
	last := entries[len(entries)-1]
	for q.len > 0 && bySeq(q.at(0), last) < 0 {
		entries = append(entries, q.pop())
	}
	slices.SortFunc(entries, bySeq)
	for _, e := range slices.Backward(entries) {
		q.pushFront(e)
	}
}

// compact takes out what is done.
func (q *queue) compact() {
	for range q.len {
		if e := q.pop(); !e.done {
			q.push(e)
		}
	}
}

// drain empties the queue and returns what was in it.
func (q *queue) drain() []*entry {
	entries := make([]*entry, 0, q.len)
	for q.len > 0 {
		entries = append(entries, q.pop())
	}
	return entries
}

func bySeq(a, b *entry) int {
	switch {
	case a.msg.seq < b.msg.seq:
		return -1
	case a.msg.seq > b.msg.seq:
		return 1
	}
	return 0
}
