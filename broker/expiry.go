package broker

import (
	"errors"
	"slices"
	"time"
)

// delaysDue offers again what was handed back with a delay that is over.
func (t *topic) delaysDue(s *subscription) {
	t.mu.Lock()
	defer t.unlock()
	if s.ended {
		return
	}
	s.putBack(s.delayed.due(s))
	s.dispatch()
}

// checkAcks takes back what a consumer has had for longer than its
// ackTimeoutMillis.
func (t *topic) checkAcks(c *consumer) {
	t.mu.Lock()
	defer t.unlock()
	s := c.subscription
	if s == nil {
		return
	}
	if deadline := t.broker.age() - int64(c.ackTimeout); deadline > 0 {
		s.takeBack(c, deadline)
	}
	s.dispatch()
	c.ackTimer.Reset(c.ackTick())
}

// expire drops what nobody has fetched in time and ends durable subscriptions
// that nobody came back for. It returns false when there is nothing left to look
// after.
func (t *topic) expire(now time.Time) bool {
	t.mu.Lock()
	defer t.unlock()
	ages := t.ages()
	old := func(m *message) bool {
		age := ages.of(m)
		return age > 0 && now.Sub(m.published) >= age
	}
	dropped := t.expireKept(old) + t.expireArchive(old)
	idle := false
	for _, s := range slices.Clone(t.subscriptions) {
		if len(s.consumers) > 0 {
			if ages.always {
				dropped += s.expireWaiting(old)
				idle = true
			}
			continue
		}
		dropped += s.expire(old)
		if now.Sub(s.idleSince) < t.broker.config.SubscriptionIdle && !t.needless(s) {
			idle = true
			continue
		}
		t.broker.log.info("subscription ended: nobody came back for it",
			"topic", t.name, "subscription", s.name, "messages", s.messages)
		t.endSubscription(s, false)
	}
	if dropped > 0 {
		t.broker.expired.Add(int64(dropped))
		t.broker.log.warn("messages dropped: nobody fetched them in time", "topic", t.name, "messages", dropped)
	}
	if idle || len(t.kept) > 0 || len(t.archive) > 0 {
		return true
	}
	t.broker.unwatch(t)
	return false
}

func (t *topic) expireKept(old func(*message) bool) (dropped int) {
	t.kept = slices.DeleteFunc(t.kept, func(m *message) bool {
		if !old(m) {
			return false
		}
		t.countKept(m, -1)
		t.letGo(m)
		dropped++
		return true
	})
	if len(t.kept) == 0 {
		t.kept = nil
	}
	return dropped
}

func (t *topic) expireArchive(old func(*message) bool) (dropped int) {
	for _, m := range slices.Clone(t.archive) {
		if old(m) {
			t.unarchive(m)
			dropped++
		}
	}
	return dropped
}

// ages is how long a topic's messages are held that nobody fetches.
type ages struct {
	kept   time.Duration
	answer time.Duration
	always bool // also while somebody is connected
}

func (t *topic) ages() ages {
	c := &t.broker.config
	if s := t.broker.settingsOf(t.name); s != nil && s.MessageTTL > 0 {
		return ages{s.MessageTTL, s.MessageTTL, true}
	}
	return ages{c.KeptAge, c.AnswerAge, false}
}

// of is how long m is held, 0 for ever.
func (a *ages) of(m *message) time.Duration {
	switch {
	case m.archived() && !a.always:
		return 0
	case m.brief && !a.always:
		return min(a.kept, briefAge)
	case m.class == answer:
		return a.answer
	}
	return a.kept
}

// sweepCreated deletes the topics that were created for a time that is over.
func (b *Broker) sweepCreated(now time.Time) {
	var over []string
	b.mu.Lock()
	b.settingsMu.Lock()
	for name, s := range b.settings {
		if s.TopicTTL == 0 {
			continue
		}
		since, ok := b.used[name]
		if t := b.topics[name]; !ok || t != nil && t.users > 0 {
			b.used[name] = now
		} else if now.Sub(since) >= s.TopicTTL {
			over = append(over, name)
		}
	}
	b.settingsMu.Unlock()
	b.mu.Unlock()
	for _, name := range over {
		if b.awaited(name) {
			continue
		}
		b.log.info("topic deleted: nobody has used it for its TopicTTL", "topic", name)
		if err := b.DeleteTopic(name); err != nil && !errors.Is(err, ErrNoTopic) {
			b.log.warn("topic not deleted", "topic", name, "reason", err)
		}
	}
}

// awaited reports whether a topic has answers that its client may yet come for.
// They go when they are too old, and the topic after them.
func (b *Broker) awaited(topic string) bool {
	s := b.settingsOf(topic)
	if s == nil || s.Owner == "" {
		return false
	}
	st := b.stateOf(topic)
	messages, _ := st.stats.backlog()
	return messages > 0
}

// noteUse remembers when a topic with a TopicTTL was last in use.
func (b *Broker) noteUse(topic string) {
	b.settingsMu.Lock()
	defer b.settingsMu.Unlock()
	if s := b.settings[topic]; s != nil && s.TopicTTL > 0 {
		b.used[topic] = time.Now()
	}
}
