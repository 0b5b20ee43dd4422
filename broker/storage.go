package broker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dasf-go/dasf/broker/internal/store"
	"github.com/dasf-go/dasf/internal/envelope"
)

// What a durable topic has in the store, by key:
//
//	t NAME          the topic: topicRecord
//	d DUE ID        its name, to find topics in which something expires
//	m ID SEQ        a message: its state, and its text as the body
//	s ID SUB        a durable subscription: subscriptionRecord
//	c NAME          the settings of a topic that was created
//
// Numbers are 8 bytes, big-endian. A topic is brought into memory by its first
// user and leaves it after its last, so that starting a broker reads none.

func topicKey(name string) string    { return "t" + name }
func settingsKey(name string) string { return "c" + name }

func numberKey(prefix string, numbers ...uint64) string {
	b := []byte(prefix)
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return string(b)
}

// lastNumber reads the number at the end of a key.
func lastNumber(key string) uint64 {
	if len(key) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64([]byte(key[len(key)-8:]))
}

// A topicRecord is what the store has of a topic. Messages and Bytes are right
// only if they are Counted: when the topic has left the memory.
type topicRecord struct {
	ID       uint64 `json:"id"`
	Due      int64  `json:"due"` // Unix seconds, when something may expire
	Counted  bool   `json:"counted,omitempty"`
	Messages int64  `json:"messages,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
}

// A subscriptionRecord is what the store has of a durable subscription. What it
// holds stands with the messages.
type subscriptionRecord struct {
	Name   string           `json:"name"`
	Kind   SubscriptionType `json:"kind"`
	Latest bool             `json:"latest,omitempty"`
	Start  uint64           `json:"start"`
	Idle   int64            `json:"idle"` // Unix seconds, when its last consumer went
}

// storage is what a topic knows of its place in the store. It is guarded by the
// topic's mutex.
type storage struct {
	id      uint64 // 0 while the store has nothing of it
	due     int64
	loadErr error // why it could not be read
	dirty   []*message
	changes uint64 // how often the store was told something
	settled uint64 // changes that are known to be in the store
	waits   bool   // for the store
	leaving bool   // when nothing is pending any more, the topic may leave the memory
	counted bool   // the record's counts are right
}

// unlock tells the store what has changed and leaves the topic.
func (t *topic) unlock() {
	for i, m := range t.dirty {
		t.dirty[i] = nil
		m.dirty = false
		t.save(m)
	}
	t.dirty = t.dirty[:0]
	t.mu.Unlock()
}

// touch has the store told of a message that may have changed.
func (t *topic) touch(m *message) {
	if m.durable && m.saved != nil && !m.dirty {
		m.dirty = true
		t.dirty = append(t.dirty, m)
	}
}

// save tells the store of one message.
func (t *topic) save(m *message) {
	if m.saved == nil {
		return
	}
	if m.holders == 0 {
		m.saved = nil
		t.tell(t.broker.store.Delete(m.storeKey, nil))
		return
	}
	state := m.appendState(nil, t.subscriptions)
	if bytes.Equal(state, m.saved) {
		return
	}
	m.saved = state
	t.tell(t.broker.store.Set(m.storeKey, state, nil))
}

// tell counts a change. The store takes all of them but when it is closed, and
// it is closed when nobody is there to change anything.
func (t *topic) tell(err error) {
	if t.counted && t.id != 0 {
		t.counted = false
		t.writeRecord(topicRecord{ID: t.id, Due: min(t.due, t.firstDue())})
	}
	t.changes++
	if err != nil {
		t.broker.log.warn("the store is behind", "topic", t.name, "reason", err)
	}
}

// store has a message written, which has its number already; t.mu is held.
// done is called by the goroutine that writes the log.
func (t *topic) store(m *message, done func(error)) error {
	b := t.broker
	t.begin()
	m.storeKey = numberKey("m", t.id, m.seq)
	state := m.appendState(nil, t.subscriptions)
	err := b.store.Put(m.storeKey, state, m.content.Load().text, func(err error) {
		t.stored(m, state, err)
		done(err)
	})
	switch {
	case errors.Is(err, store.ErrFull):
		return &fullError{"the store", "", fmt.Sprintf("it may take %d bytes", b.config.MaxDisk)}
	case err != nil:
		return errClosed
	}
	t.tell(nil)
	t.pending++
	t.pendingBytes += m.size
	return nil
}

// stored publishes a message that is on the disk, or forgets one that the disk
// has refused.
func (t *topic) stored(m *message, state []byte, err error) {
	t.mu.Lock()
	t.publishStored(m, state, err)
	leaving := t.leaving && t.pending == 0
	t.leaving = t.leaving && !leaving
	t.unlock()
	if leaving {
		t.broker.mu.Lock()
		defer t.broker.mu.Unlock()
		t.broker.removeUnused(t)
	}
}

func (t *topic) publishStored(m *message, state []byte, err error) {
	t.pending--
	t.pendingBytes -= m.size
	if err != nil {
		t.broker.bytes.Add(-m.size)
		return
	}
	m.saved = state
	t.pass(m)
	t.touch(m)
	for e := m.held; e != nil; e = e.next {
		if e.consumer != nil {
			return // whoever writes it evicts it
		}
	}
	m.evict(t.broker)
}

// begin gives a topic its record in the store.
func (t *topic) begin() {
	if t.id != 0 {
		return
	}
	t.id = t.broker.lastSeq.Add(1)
	t.writeRecord(topicRecord{ID: t.id, Due: t.firstDue()})
}

// firstDue is the earliest time at which what comes now may expire.
func (t *topic) firstDue() int64 {
	ages := t.ages()
	return time.Now().Add(min(ages.kept, ages.answer, t.broker.config.SubscriptionIdle)).Unix()
}

// writeRecord writes the topic's record, and enters it where what is due is
// looked for.
func (t *topic) writeRecord(r topicRecord) {
	b := t.broker
	if t.due != r.Due {
		if t.due != 0 {
			t.tell(b.store.Delete(numberKey("d", uint64(t.due), t.id), nil))
		}
		t.tell(b.store.Set(numberKey("d", uint64(r.Due), t.id), []byte(t.name), nil))
		t.due = r.Due
	}
	t.tell(b.store.Set(topicKey(t.name), mustJSON(r), nil))
}

// mustJSON encodes a struct of plain fields, which can't fail.
func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// saveSubscription tells the store of a durable subscription.
func (t *topic) saveSubscription(s *subscription) {
	b := t.broker
	if b.store == nil || !s.durable {
		return
	}
	t.begin()
	idle := s.idleSince
	if len(s.consumers) > 0 || idle.IsZero() {
		idle = time.Now()
	}
	r := subscriptionRecord{Name: s.name, Kind: s.kind, Latest: s.latest, Start: s.start, Idle: idle.Unix()}
	t.tell(b.store.Set(numberKey("s", t.id, s.id), mustJSON(r), nil))
	if !s.stored {
		s.stored = true
		for _, e := range s.outstanding() {
			t.touch(e.msg)
		}
	}
}

// removeSubscription tells the store that a subscription has ended.
func (t *topic) removeSubscription(s *subscription) {
	if !s.stored {
		return
	}
	s.stored = false
	t.tell(t.broker.store.Delete(numberKey("s", t.id, s.id), nil))
}

// open returns the content of a message, from the store if it must.
func (m *message) open(b *Broker) (*content, error) {
	if c := m.content.Load(); c != nil {
		return c, nil
	}
	text, err := b.store.Body(m.storeKey)
	if err != nil {
		return nil, err
	}
	f := envelope.Frame{KeepUnknown: m.keepUnknown}
	if err := envelope.Scan(text, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return newContent(text, &f), nil
}

// evict leaves the content of a durable message to the store.
func (m *message) evict(b *Broker) {
	if m.durable && m.content.Swap(nil) != nil {
		b.bytes.Add(messageOverhead - m.size)
	}
}

// readAgain is when a message that could not be read is offered again.
const readAgain = 10 * time.Second

// unreadable takes back a message that the store could not read. One that is
// damaged is dropped; one that is no longer there was acknowledged, or its topic
// deleted, before it could be written.
func (t *topic) unreadable(e *entry, reason error) {
	t.mu.Lock()
	defer t.unlock()
	if e.done || errors.Is(reason, store.ErrNotFound) {
		return
	}
	if !errors.Is(reason, store.ErrDamaged) {
		t.broker.log.warn("the store can't be read", "topic", t.name, "message", e.msg.id, "reason", reason)
		if c := e.consumer; c != nil {
			c.release(e)
			e.consumer = nil
			e.sub.delayed.add(e.sub, e, readAgain)
			e.sub.dispatch()
		}
		return
	}
	t.broker.log.logger.Error("a message is damaged and was dropped",
		"topic", t.name, "message", e.msg.id, "reason", reason)
	t.broker.damagedCount.Add(1)
	t.discard(e.msg)
	t.dispatch()
}

// dispatch fills the windows that have become free.
func (t *topic) dispatch() {
	for _, s := range t.subscriptions {
		s.dispatch()
	}
}

// discard drops a message wherever it is held.
func (t *topic) discard(m *message) {
	m.holders++
	for m.held != nil {
		e := m.held
		s := e.sub
		s.settle(m.seq)
		if e.consumer != nil {
			e.consumer.release(e)
			e.consumer = nil
		}
		s.drop(e)
	}
	t.unarchive(m)
	t.unkeep(m)
	t.letGo(m)
}

// purge drops all messages of a topic, and the subscriptions that nobody uses.
func (t *topic) purge() {
	t.mu.Lock()
	defer t.unlock()
	for m := range t.all() {
		t.discard(m)
	}
	for _, s := range slices.Clone(t.subscriptions) {
		if len(s.consumers) == 0 {
			t.forget(s)
		}
	}
	t.dispatch()
}
