package broker

import (
	"hash/maphash"
	"maps"
	"slices"
	"time"
)

// SubscriptionType is how the consumers of one subscription share its
// messages. The names are Pulsar's.
type SubscriptionType string

// The types of a subscription.
const (
	// Exclusive allows one consumer; another is answered with 409.
	Exclusive SubscriptionType = "Exclusive"
	// Shared gives each message to the consumer with the most room.
	Shared SubscriptionType = "Shared"
	// Failover gives everything to the consumer that came first; the next
	// takes over when it goes.
	Failover SubscriptionType = "Failover"
	// KeyShared gives messages of one key to one consumer. Their order
	// holds as long as the consumers stay the same.
	KeyShared SubscriptionType = "Key_Shared"
	// private is a subscription of one socket whose name means nothing: the
	// plain form without subscriptionType, as in dasf-broker-django.
	private SubscriptionType = ""
)

// A subscription holds messages until one of its consumers has acknowledged
// them. All of it is guarded by the topic's mutex.
type subscription struct {
	topic   *topic
	id      uint64 // within the broker
	name    string
	kind    SubscriptionType
	durable bool   // lives on without a consumer
	latest  bool   // wants nothing from before it began
	start   uint64 // the last message before it began

	consumers []*consumer // in the order in which they came
	waiting   queue
	control   queue             // control messages that found no consumer
	delivered map[uint64]*entry // by message, until acknowledged
	peak      int               // the largest size of delivered
	delayed   delays

	messages  int
	bytes     int64
	turn      uint64
	idleSince time.Time // when the last consumer went
	ended     bool
	stored    bool // the store has a record of it
}

const smallMap = 64

// room reports whether a message of that size may be added, after those that
// are on their way.
func (s *subscription) room(size int64, most limits) bool {
	t := s.topic
	return s.messages+t.pending < most.queueMessages && s.bytes+t.pendingBytes+size <= most.queueBytes
}

// add takes a message in and hands it on if it can.
func (s *subscription) add(m *message) {
	e := &m.first
	if e.msg != nil {
		e = new(entry)
		s.topic.broker.bytes.Add(entryOverhead)
	}
	e.msg, e.sub, e.redelivered = m, s, m.redelivered
	m.holders++
	e.next, m.held = m.held, e
	s.topic.touch(m)
	s.messages++
	s.bytes += m.size
	s.offer(e)
}

// take adds messages in their order; nothing is handed on before the first
// consumer has come.
func (s *subscription) take(messages []*message) {
	for _, m := range messages {
		s.add(m)
	}
}

// offer hands a new entry on, or lets it wait.
func (s *subscription) offer(e *entry) {
	switch {
	case e.msg.class == control:
		if c := s.mostRoom((*consumer).asleep); c != nil {
			s.deliver(e, c)
			return
		}
		s.control.push(e)
	default:
		s.queueOf(e).push(e)
		s.dispatch()
	}
}

// dispatch delivers what waits for as long as a consumer has room.
func (s *subscription) dispatch() {
	for s.control.len > 0 {
		c := s.mostRoom((*consumer).asleep)
		if c == nil {
			break
		}
		s.deliverNext(&s.control, c)
	}
	if s.kind == KeyShared {
		for _, c := range s.consumers {
			for !c.full() && c.assigned.len > 0 {
				s.deliverNext(&c.assigned, c)
			}
		}
		return
	}
	for s.waiting.len > 0 {
		c := s.next()
		if c == nil {
			return
		}
		s.deliverNext(&s.waiting, c)
	}
}

// next is the consumer that gets the next message, nil while all are busy.
func (s *subscription) next() *consumer {
	if len(s.consumers) == 0 {
		return nil
	}
	if s.kind == Shared {
		return s.mostRoom((*consumer).full)
	}
	if c := s.consumers[0]; !c.full() {
		return c
	}
	return nil
}

// mostRoom is, of the consumers that are not left out, the one with the most free
// window, which may be none or less; among equals the one that was served longest
// ago. So who is ahead of its window gets more only when all others are full. In
// a failover subscription only the first consumer counts.
func (s *subscription) mostRoom(leftOut func(*consumer) bool) *consumer {
	candidates := s.consumers
	if s.kind == Failover {
		candidates = candidates[:min(1, len(candidates))]
	}
	var best *consumer
	for _, c := range candidates {
		if leftOut(c) {
			continue
		}
		if best == nil || c.room() > best.room() || c.room() == best.room() && c.served < best.served {
			best = c
		}
	}
	return best
}

func (s *subscription) deliverNext(q *queue, c *consumer) {
	e := q.pop()
	if e.done {
		return
	}
	s.deliver(e, c)
}

func (s *subscription) deliver(e *entry, c *consumer) {
	if s.delivered == nil {
		s.delivered = make(map[uint64]*entry)
	}
	s.delivered[e.msg.seq] = e
	s.peak = max(s.peak, len(s.delivered))
	e.consumer = c
	c.take(e)
	s.turn++
	c.served = s.turn
	c.out.deliver(delivery{entry: e, redelivered: e.redelivered})
}

// ack removes a message for good. An id that is not waited for is ignored, as
// Pulsar does: it may have been acknowledged twice.
func (s *subscription) ack(seq uint64, user string) bool {
	e := s.delivered[seq]
	if e == nil {
		return false
	}
	s.settle(seq)
	if e.consumer != nil {
		e.consumer.release(e)
		e.consumer = nil
	}
	s.topic.done(e.msg, user)
	s.drop(e)
	s.dispatch()
	return true
}

// settle takes a message out of those that were delivered. A map does not
// shrink by itself, so a large one is given up when it is empty.
func (s *subscription) settle(seq uint64) {
	delete(s.delivered, seq)
	if len(s.delivered) == 0 && s.peak > smallMap {
		s.delivered, s.peak = nil, 0
	}
}

// drop forgets the entry of a message.
func (s *subscription) drop(e *entry) {
	e.done = true // it may be in a queue, or be delayed
	for at := &e.msg.held; *at != nil; at = &(*at).next {
		if *at == e {
			*at = e.next
			break
		}
	}
	s.messages--
	s.bytes -= e.msg.size
	if e != &e.msg.first {
		s.topic.broker.bytes.Add(-entryOverhead)
	}
	s.topic.letGo(e.msg)
}

// nack takes a message back from its consumer and offers it again after delay.
func (s *subscription) nack(c *consumer, seq uint64, delay time.Duration) bool {
	e := s.delivered[seq]
	if e == nil || e.consumer != c {
		return false
	}
	c.release(e)
	e.consumer = nil
	switch {
	case s.again(c, e):
	case delay > 0:
		s.delayed.add(s, e, delay)
	default:
		s.putBack([]*entry{e})
	}
	s.dispatch()
	return true
}

// takeReturned takes a message back with which its consumer has not begun, as
// if it had not been delivered: a worker that stops does not make a request one
// that ends its workers.
func (s *subscription) takeReturned(c *consumer, seq uint64) {
	e := s.delivered[seq]
	if e == nil || e.consumer != c {
		return
	}
	c.release(e)
	e.consumer = nil
	s.putBack([]*entry{e})
	s.dispatch()
}

// takeBack takes every message back from a consumer that left or, with a
// deadline, those that it has had since before it.
func (s *subscription) takeBack(c *consumer, deadline int64) {
	var back []*entry
	for _, e := range s.delivered {
		if e.consumer != c || deadline != 0 && e.deliveredAt > deadline {
			continue
		}
		c.release(e)
		e.consumer = nil
		e.msg.evict(s.topic.broker)
		if e.unsent {
			e.unsent = false
		} else if s.again(c, e) {
			continue
		}
		back = append(back, e)
	}
	s.putBack(back)
}

// again counts one more delivery of e. It returns true if that was one too many,
// and e is on its way to the dead letters.
func (s *subscription) again(c *consumer, e *entry) bool {
	e.redelivered++
	s.topic.touch(e.msg)
	if c.maxRedeliveries <= 0 || e.redelivered <= c.maxRedeliveries {
		return false
	}
	s.topic.bury(s, e, c.deadLetters)
	return true
}

// putBack lets entries wait again.
func (s *subscription) putBack(entries []*entry) {
	var controls, others []*entry
	for _, e := range entries {
		if e.msg.class == control {
			controls = append(controls, e)
		} else {
			others = append(others, e)
		}
	}
	s.control.putBack(controls)
	if s.kind != KeyShared {
		s.waiting.putBack(others)
		return
	}
	byQueue := make(map[*queue][]*entry)
	for _, e := range others {
		q := s.queueOf(e)
		byQueue[q] = append(byQueue[q], e)
	}
	for q, entries := range byQueue {
		q.putBack(entries)
	}
}

// queueOf is where a message waits: with the consumer of its key if there are
// keys to share, else with all the others.
func (s *subscription) queueOf(e *entry) *queue {
	if s.kind == KeyShared {
		if c := s.keyOwner(e.msg.keyHash); c != nil {
			return &c.assigned
		}
	}
	return &s.waiting
}

// keyOwner is chosen by rendezvous hashing, so that a consumer that comes or
// goes moves only its own share of the keys.
func (s *subscription) keyOwner(key uint64) *consumer {
	var best *consumer
	var most uint64
	for _, c := range s.consumers {
		if sum := maphash.Comparable(c.seed, key); best == nil || sum > most {
			best, most = c, sum
		}
	}
	return best
}

// rebalance deals out anew what waits, after a consumer has come or gone.
func (s *subscription) rebalance() {
	entries := s.waiting.drain()
	for _, c := range s.consumers {
		entries = append(entries, c.assigned.drain()...)
	}
	slices.SortFunc(entries, bySeq)
	for _, e := range entries {
		s.queueOf(e).push(e)
	}
}

// outstanding returns all that the subscription holds, in order.
func (s *subscription) outstanding() []*entry {
	held := make(map[*entry]struct{}, s.messages)
	hold := func(q *queue) {
		for i := range q.len {
			if e := q.at(i); !e.done {
				held[e] = struct{}{}
			}
		}
	}
	hold(&s.waiting)
	hold(&s.control)
	for _, c := range s.consumers {
		hold(&c.assigned)
	}
	for _, e := range s.delivered { // those that wait again among them
		held[e] = struct{}{}
	}
	return slices.SortedFunc(maps.Keys(held), bySeq)
}

// expireWaiting drops what is too old and no consumer has.
func (s *subscription) expireWaiting(old func(*message) bool) (dropped int) {
	for _, e := range s.outstanding() {
		if e.consumer == nil && old(e.msg) {
			s.settle(e.msg.seq)
			s.drop(e)
			dropped++
		}
	}
	s.waiting.compact()
	s.control.compact()
	for _, c := range s.consumers {
		c.assigned.compact()
	}
	return dropped
}

// expire drops what is too old, in a subscription without a consumer.
func (s *subscription) expire(old func(*message) bool) (dropped int) {
	for _, e := range s.outstanding() {
		if old(e.msg) {
			s.settle(e.msg.seq)
			s.drop(e)
			dropped++
		}
	}
	s.waiting.compact()
	s.control.compact()
	return dropped
}
