package broker

import (
	"encoding/json"
	"sync/atomic"
)

// Stats is a snapshot of what a broker holds and has done. Its numbers were
// read one after the other, while the broker went on.
type Stats struct {
	Sockets int // open
	Topics  []TopicStats

	Messages int64 // held
	Bytes    int64 // what they count against MaxBytes: their text, and their place in tables
	Waiting  int64 // bytes of those that wait for a first subscription

	Received     int64 // taken from producers
	Refused      int64
	Delivered    int64 // written to consumers, repetitions included
	Acknowledged int64 // by consumers
	Expired      int64 // dropped because nobody fetched them in time
	DeadLetters  int64 // that went to a dead-letter topic
	Damaged      int64 // dropped because the store could not read them

	Store *StoreStats // nil without Config.Dir
}

// StoreStats is what the store takes and has done.
type StoreStats struct {
	Disk     int64 // bytes that its files take
	MaxDisk  int64
	Live     int64 // bytes of messages that are not acknowledged
	Segments int   // files with messages
	Syncs    int64 // of the log
	Records  int64 // changes written to it
	Failures int64 // writes that the disk refused
}

// TopicStats is what one topic holds.
type TopicStats struct {
	Name          string // TENANT/NAMESPACE/NAME outside public/default
	Producers     int
	Kept          int // messages that wait for a first subscription
	KeptBytes     int64
	Archived      int // messages that are stored for all, see StoreCacheAll
	ArchivedBytes int64

	Messages int64 // held, each counted once
	Bytes    int64 // of those

	// Resting is a topic that nobody uses and only the store has. Only Name,
	// Messages and Bytes are set then. If it was in use when a broker was
	// killed, they are -1 until the next one has looked after it, which takes
	// half a minute.
	Resting bool

	Subscriptions []SubscriptionStats
}

// SubscriptionStats is what one subscription holds.
type SubscriptionStats struct {
	Name      string
	Type      SubscriptionType // "" for one socket of the plain form
	Durable   bool
	Consumers int
	Messages  int   // waiting, or delivered and not acknowledged
	Bytes     int64 // of those
	Delivered int   // those that a consumer has
}

// counters only grow.
type counters struct {
	received, refused, deliveredCount, acknowledged, expired, deadLetters, damagedCount atomic.Int64
}

// Stats takes a snapshot. Its topics are in no order.
func (b *Broker) Stats() Stats {
	st := Stats{
		Messages: b.messages.Load(), Bytes: b.bytes.Load(), Waiting: b.keptBytes.Load(),
		Received: b.received.Load(), Refused: b.refused.Load(), Delivered: b.deliveredCount.Load(),
		Acknowledged: b.acknowledged.Load(), Expired: b.expired.Load(),
		DeadLetters: b.deadLetters.Load(), Damaged: b.damagedCount.Load(),
	}
	var resting []TopicStats
	if b.store != nil {
		s := StoreStats(b.store.Stats())
		st.Store = &s
		resting = b.restingTopics()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	st.Sockets = len(b.sockets)
	for _, t := range b.topics {
		st.Topics = append(st.Topics, t.stats())
	}
	for _, t := range resting {
		if b.topics[t.Name] != nil {
			continue
		}
		st.Topics = append(st.Topics, t)
		st.Messages += max(t.Messages, 0)
	}
	return st
}

// restingTopics returns all topics of the store.
func (b *Broker) restingTopics() []TopicStats {
	items, err := b.store.Scan(topicKey(""))
	if err != nil {
		b.log.warn("the store can't be read", "reason", err)
	}
	var topics []TopicStats
	for _, it := range items {
		topics = append(topics, restingStats(it.Key[1:], it.Value))
	}
	return topics
}

// resting returns one topic that is in the store and not in memory.
func (b *Broker) resting(name string) (TopicStats, bool) {
	if b.store == nil {
		return TopicStats{}, false
	}
	text, err := b.store.Get(topicKey(name))
	if err != nil {
		return TopicStats{}, false
	}
	st := restingStats(name, text)
	if st.Messages < 0 {
		st.Messages, st.Bytes = b.countStored(text)
	}
	return st, true
}

// countStored counts the messages of a topic that was in use when the broker
// was killed.
func (b *Broker) countStored(record []byte) (messages, bytes int64) {
	var r topicRecord
	if json.Unmarshal(record, &r) != nil {
		return -1, -1
	}
	items, err := b.store.Scan(numberKey("m", r.ID))
	if err != nil {
		return -1, -1
	}
	for _, it := range items {
		var s messageState
		if parseState(it.Value, &s) == nil {
			messages++
			bytes += s.size
		}
	}
	return messages, bytes
}

func restingStats(name string, record []byte) TopicStats {
	st := TopicStats{Name: name, Resting: true, Messages: -1, Bytes: -1}
	var r topicRecord
	if json.Unmarshal(record, &r) == nil && r.Counted {
		st.Messages, st.Bytes = r.Messages, r.Bytes
	}
	return st
}

func (t *topic) stats() TopicStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	st := TopicStats{Name: t.name, Producers: t.producers, Kept: len(t.kept), KeptBytes: t.keptBytes, Archived: len(t.archive), ArchivedBytes: t.archiveBytes,
		Messages: t.messages, Bytes: t.bytes}

	for _, s := range t.subscriptions {
		sub := SubscriptionStats{
			Name: s.name, Type: s.kind, Durable: s.durable, Consumers: len(s.consumers),
			Messages: s.messages, Bytes: s.bytes,
		}
		for _, c := range s.consumers {
			sub.Delivered += c.unacked
		}
		st.Subscriptions = append(st.Subscriptions, sub)
	}
	return st
}
