package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

// A topicStatus is what is known of a topic's backend. It outlives the sockets.
type topicStatus struct {
	asked   atomic.Bool  // somebody has sent it a request
	pinged  atomic.Int64 // when, in nanoseconds; 0: never
	ponged  atomic.Int64
	apiInfo atomic.Pointer[json.RawMessage]
}

const (
	// fresh is how long a ping tells something, and pongTime how late its answer
	// may be, both as in dasf-broker-django (models.py, availability).
	fresh    = 2 * time.Minute
	pongTime = 10 * time.Second
	// maxAPIInfo bounds what is remembered of a backend.
	maxAPIInfo = 4 << 20
)

// availability is whether a topic has somebody who answers.
type availability int

const (
	unknown availability = iota
	offline
	online
)

// availability judges by pings as dasf-broker-django does, except that a topic
// without a consumer is offline at once.
func (b *Broker) availability(st *topicStatus, s *TopicSettings, consumers int, now time.Time) availability {
	if s != nil && s.NoPing {
		return unknown
	}
	if consumers == 0 {
		return offline
	}
	pinged, ponged := st.pinged.Load(), st.ponged.Load()
	switch {
	case pinged == 0 || now.UnixNano()-pinged > int64(fresh):
		return unknown
	case ponged < pinged-int64(pongTime):
		return offline
	}
	return online
}

// status returns the status of a topic that exists.
func (b *Broker) status(topic string) *topicStatus {
	b.statusMu.Lock()
	defer b.statusMu.Unlock()
	st := b.statuses[topic]
	if st == nil {
		st = new(topicStatus)
		b.statuses[topic] = st
	}
	return st
}

// askForAPI asks a backend what it offers, unless that is known.
func (b *Broker) askForAPI(t *topic) {
	if t.status.apiInfo.Load() == nil {
		b.ask(t, "api_info")
	}
}

// forgetStatuses drops what is known of topics that are no more.
func (b *Broker) forgetStatuses() {
	b.statusMu.Lock()
	names := slices.Collect(maps.Keys(b.statuses))
	b.statusMu.Unlock()
	for _, name := range names {
		b.mu.Lock()
		used := b.topics[name] != nil
		b.mu.Unlock()
		if !used && b.settingsOf(name) == nil {
			b.statusMu.Lock()
			delete(b.statuses, name)
			b.statusMu.Unlock()
		}
	}
}

// ask sends a message of the broker's own, ping or api_info, to one consumer of
// each subscription; its answer goes to the topic status-ping. It reports
// whether there was a consumer. The envelope is dasf-broker-django's
// (consumers.py, dasf_ping), and as there it is not kept: who goes before
// answering it does not get it again.
func (b *Broker) ask(t *topic, messageType string) bool {
	now := time.Now()
	text := fmt.Appendf(nil, `{"properties":{"requestContext":1,"messageType":%q,"response_topic":%q},"payload":""}`, messageType, statusTopic)
	var f envelope.Frame
	if err := envelope.Scan(text, &f); err != nil {
		panic(err) // it is our own
	}
	m := newMessage(text, &f, envelope.Summarize(f.Properties), now)
	m.id = b.identities.id(b.lastSeq.Add(1))
	if messageType == "ping" {
		t.status.pinged.Store(now.UnixNano())
	}
	t.mu.Lock()
	defer t.unlock()
	asked := false
	for _, sub := range t.subscriptions {
		for _, c := range sub.consumers {
			if s, ok := c.out.(*socket); ok && !c.pull {
				s.tell(m)
				asked = true
				break
			}
		}
	}
	return asked
}

// tell queues a message that belongs to no subscription, unless the peer leaves
// more unread than it should.
func (s *socket) tell(m *message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.broken || len(s.frames) > maxQueued {
		return
	}
	s.begin()
	if s.broken {
		return
	}
	start := len(s.frames)
	s.frames = openFrame(s.frames, opText)
	s.frames = m.appendText(s.frames, m.content.Load(), s.form, 0)
	s.frames = seal(s.frames, start, 0)
	s.kick()
}

// isBackend reports whether t has a backend, which answers pings. A client would
// take one for an answer, and Python's fails over it.
func (b *Broker) isBackend(t *topic) bool {
	if isStatusTopic(t.name) {
		return false
	}
	s := b.settingsOf(t.name)
	if s != nil && (s.NoPing || s.Owner != "") {
		return false
	}
	base := t.name[strings.LastIndexByte(t.name, '/')+1:]
	if _, derived := derivedFrom(base); derived {
		return false
	}
	t.mu.Lock()
	defer t.unlock()
	for _, sub := range t.subscriptions {
		if len(sub.consumers) > 0 && (t.status.asked.Load() || backendSubscription(sub.name, base)) {
			return true
		}
	}
	return false
}

// backendSubscription reports whether a subscription is called as those of
// backends are: demessaging 0.6.4 (consumer.py), and dasf.Config.Subscription.
func backendSubscription(name, topic string) bool {
	return strings.HasPrefix(name, "backend-module-") || name == "dasf-"+topic
}

// askAll pings every backend, and asks those for their api_info of whom there is
// none, until the broker closes.
func (b *Broker) askAll() {
	ticker := time.NewTicker(b.config.StatusInterval)
	defer ticker.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-ticker.C:
		}
		b.mu.Lock()
		topics := make([]*topic, 0, len(b.topics))
		for _, t := range b.topics {
			topics = append(topics, t)
		}
		b.mu.Unlock()
		for _, t := range topics {
			if !b.isBackend(t) {
				continue
			}
			b.ask(t, "ping")
			b.askForAPI(t)
		}
	}
}

// isStatusTopic reports whether a topic is status-ping, of any namespace.
func isStatusTopic(topic string) bool {
	return topic == statusTopic || strings.HasSuffix(topic, "/"+statusTopic)
}

// takePong notes what a backend answers on the topic status-ping.
func (b *Broker) takePong(u *User, topic string, f *envelope.Frame) error {
	source := string(envelope.Property(f.Properties, "source_topic"))
	if source == "" {
		if b.open() {
			return nil
		}
		return errors.New("no source topic found")
	}
	source = strings.TrimSuffix(topic, statusTopic) + source
	if !b.open() && !b.may(u, toConsume, source) {
		return fmt.Errorf("%s is not allowed to publish to this topic", described(u))
	}
	b.mu.Lock()
	t := b.topics[source]
	b.mu.Unlock()
	if t == nil {
		return nil // a late answer
	}
	st := t.status
	switch string(envelope.Property(f.Properties, "messageType")) {
	case "pong":
		st.ponged.Store(time.Now().UnixNano())
	case "response":
		text := slices.Clone(envelope.Property(f.Properties, "api_info"))
		if len(text) > 0 && len(text) <= maxAPIInfo && json.Valid(text) {
			info := json.RawMessage(text)
			st.apiInfo.Store(&info)
			st.ponged.Store(time.Now().UnixNano())
		}
	}
	return nil
}
