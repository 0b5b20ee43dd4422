package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dasf-go/dasf/broker/internal/store"
)

// load brings a topic into memory, whose mutex is held: its subscriptions, and
// what is known of its messages but for their texts.
func (t *topic) load() error {
	b := t.broker
	r, err := b.topicRecord(t.name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading topic %q from the store: %w", t.name, err)
	}
	t.id, t.due, t.counted = r.ID, r.Due, r.Counted
	subscriptions, err := t.loadSubscriptions()
	if err == nil {
		err = t.loadMessages(subscriptions)
	}
	if err != nil {
		t.dirty = nil // it is not all there to be judged
		return fmt.Errorf("reading topic %q from the store: %w", t.name, err)
	}
	if len(t.kept)+len(t.archive)+len(t.subscriptions) > 0 {
		b.watch(t)
	}
	return nil
}

func (b *Broker) topicRecord(name string) (topicRecord, error) {
	var r topicRecord
	text, err := b.store.Get(topicKey(name))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

func (t *topic) loadSubscriptions() (map[uint64]*subscription, error) {
	items, err := t.broker.store.Scan(numberKey("s", t.id))
	if err != nil {
		return nil, err
	}
	byID := make(map[uint64]*subscription, len(items))
	for _, it := range items {
		var r subscriptionRecord
		if err := json.Unmarshal(it.Value, &r); err != nil {
			return nil, err
		}
		s := &subscription{
			topic: t, id: lastNumber(it.Key), name: r.Name, kind: r.Kind, durable: true,
			latest: r.Latest, start: r.Start, idleSince: time.Unix(r.Idle, 0), stored: true,
		}
		byID[s.id] = s
		t.subscriptions = append(t.subscriptions, s)
	}
	return byID, nil
}

func (t *topic) loadMessages(subscriptions map[uint64]*subscription) error {
	b := t.broker
	items, err := b.store.Scan(numberKey("m", t.id))
	if err != nil {
		return err
	}
	for _, it := range items {
		st := new(messageState)
		if err := parseState(it.Value, st); err != nil {
			return fmt.Errorf("message %d: %w", lastNumber(it.Key), err)
		}
		m := &st.message
		m.seq = lastNumber(it.Key)
		m.id = b.identities.id(m.seq)
		m.durable, m.storeKey, m.saved = true, it.Key, it.Value
		t.count(m, 1)
		b.bytes.Add(messageOverhead)
		m.holders++
		t.place(m, st, subscriptions)
		t.letGo(m)
		t.touch(m)
	}
	return nil
}

// place gives a message that was read back to those who held it. If nobody did
// who is still there, it is as when a socket ends.
func (t *topic) place(m *message, st *messageState, subscriptions map[uint64]*subscription) {
	for _, h := range st.holders {
		s := subscriptions[h.subscription]
		if s == nil {
			continue
		}
		s.add(m)
		m.held.redelivered = h.redelivered
	}
	switch {
	case m.archived():
		t.archiveMessage(m)
	case m.held == nil && (!m.acked || st.owed):
		m.rehomed = m.rehomed || st.owed
		t.keep(m)
	}
}

// A rest says what a topic that nobody uses may do.
type rest int

const (
	restInMemory rest = iota // it must stay
	restWaits                // the store must be told something first
	restGone                 // it can go
)

// rests decides whether a topic that nobody uses can leave the memory. What it
// has must be in the store, and the store must have been told everything.
func (t *topic) rests() rest {
	t.mu.Lock()
	defer t.unlock()
	if t.loadErr != nil {
		return restGone
	}
	if t.pending > 0 || t.busy > 0 || t.producers > 0 {
		t.leaving = t.pending > 0
		return restInMemory
	}
	for _, m := range t.kept {
		if !m.durable {
			return restInMemory
		}
	}
	for _, m := range t.archive {
		if !m.durable {
			return restInMemory
		}
	}
	for _, s := range t.subscriptions {
		if !s.stored || len(s.consumers) > 0 || len(s.delayed.heap) > 0 {
			return restInMemory
		}
		for _, e := range s.outstanding() {
			if !e.msg.durable {
				return restInMemory
			}
		}
	}
	recorded := t.id == 0 || t.counted && t.due > time.Now().Unix()
	switch {
	case t.waits:
		return restInMemory
	case t.changes == t.settled && recorded:
		return restGone
	}
	t.summarize()
	changes := t.changes
	// Once the store is closed nobody needs the memory either.
	t.waits = t.broker.store.Notify(func() { t.rested(changes) }) == nil
	return restWaits
}

// rested is called when the store has been told so many changes.
func (t *topic) rested(changes uint64) {
	t.mu.Lock()
	t.waits = false
	t.settled = changes
	t.unlock()
	b := t.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	b.removeUnused(t)
}

// summarize writes the record of a topic that is about to leave the memory, or
// removes it.
func (t *topic) summarize() {
	b := t.broker
	if t.id == 0 {
		return
	}
	t.counted = false
	if len(t.kept)+len(t.archive)+len(t.subscriptions) == 0 {
		t.tell(b.store.Delete(numberKey("d", uint64(t.due), t.id), nil))
		t.tell(b.store.Delete(topicKey(t.name), nil))
		t.id, t.due = 0, 0
		return
	}
	t.writeRecord(topicRecord{ID: t.id, Due: t.nextDue().Unix(), Counted: true, Messages: t.messages, Bytes: t.bytes})
	t.counted = true
}

// all returns every message of the topic once.
func (t *topic) all() map[*message]struct{} {
	all := make(map[*message]struct{})
	for _, m := range slices.Concat(t.kept, t.archive) {
		all[m] = struct{}{}
	}
	for _, s := range t.subscriptions {
		for _, e := range s.outstanding() {
			all[e.msg] = struct{}{}
		}
	}
	return all
}

// nextDue is when something in the topic may expire, but not at once again.
func (t *topic) nextDue() time.Time {
	now := time.Now()
	next := now.Add(365 * 24 * time.Hour)
	earlier := func(at time.Time) {
		if at.Before(next) {
			next = at
		}
	}
	ages := t.ages()
	for m := range t.all() {
		if age := ages.of(m); age > 0 {
			earlier(m.published.Add(age))
		}
	}
	for _, s := range t.subscriptions {
		earlier(s.idleSince.Add(t.broker.config.SubscriptionIdle))
	}
	if soonest := now.Add(time.Second); next.Before(soonest) {
		return soonest
	}
	return next.Add(time.Second) // it is kept in seconds
}

// forgetMemory takes what a topic that leaves the memory counts out of the
// broker's counts; b.mu is held.
func (t *topic) forgetMemory() {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.broker
	for m := range t.all() {
		m.evict(b)
		b.messages.Add(-1)
		b.bytes.Add(-messageOverhead)
		for e := m.held; e != nil; e = e.next {
			if e != &m.first {
				b.bytes.Add(-entryOverhead)
			}
		}
	}
	for _, s := range t.subscriptions {
		s.delayed.stop()
	}
	b.unwatch(t)
}

// recountAtOnce bounds how many topics are counted in one sweep.
const recountAtOnce = 100

// uncounted returns topics that were in use when a broker was killed. Once they
// have been in memory their records are right again.
func (b *Broker) uncounted() []string {
	if b.recounted {
		return nil
	}
	var names []string
	for _, st := range b.restingTopics() {
		if st.Messages < 0 && len(names) < recountAtOnce {
			names = append(names, st.Name)
		}
	}
	b.recounted = len(names) == 0
	return names
}

// sweepStore looks after topics that are not in memory: it expires what is due.
func (b *Broker) sweepStore(now time.Time) {
	items, err := b.store.ScanUntil("d", numberKey("d", uint64(now.Unix())))
	if err != nil {
		b.log.warn("the store can't be read", "reason", err)
		return
	}
	names := b.uncounted()
	for _, it := range items {
		names = append(names, string(it.Value))
	}
	for _, name := range names {
		select {
		case <-b.stop:
			return
		default:
		}
		b.mu.Lock()
		loaded := b.topics[name] != nil
		b.mu.Unlock()
		if loaded {
			continue // the sweep of those in memory sees it
		}
		t, err := b.acquire(name)
		if err != nil {
			b.log.warn("a topic can't be looked after", "topic", name, "reason", err)
			continue
		}
		t.expire(now)
		b.leaveTopic(t)
	}
}
