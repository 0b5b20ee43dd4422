package broker

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"slices"
	"sync"
	"time"
)

// statusTopic is where the backends of dasf-broker-django answer its pings.
// Nobody fetches what is sent there, so it is not kept.
const statusTopic = "status-ping"

// A topic passes messages from its producers to its subscriptions, and keeps
// them as long as it has none.
type topic struct {
	broker *Broker
	name   string
	status *topicStatus

	// users counts the sockets and calls that hold the topic; guarded by the
	// broker's mutex.
	users int

	mu            sync.Mutex // leave it with unlock
	subscriptions []*subscription
	kept          []*message // in order
	keptBytes     int64
	archive       []*message // in order, those that are archived
	archiveBytes  int64
	messages      int64  // held
	bytes         int64  // of those
	passed        uint64 // the last message that was given to subscriptions
	pending       int    // on their way into the store
	pendingBytes  int64
	busy          int // on their way to the dead letters
	storage
	producers int
	names     map[string]struct{} // of producers that gave one
}

// A fullError says which bound refused a message.
type fullError struct {
	what  string // one of a few, for the log
	name  string
	bound string
}

func (e *fullError) Error() string {
	return fmt.Sprintf("%s%s is full (%s), try again later", e.what, e.name, e.bound)
}

// errClosed refuses what comes while the broker stops.
var errClosed = errors.New("the broker is shutting down")

// publish gives m to every subscription, or keeps it, or refuses it. Nothing
// has taken m after an error. Without one, what an acknowledgement promises is
// true; for a durable message it is only on its way there, later is true, and
// done is called once it is on the disk, or the disk has refused it. Then no
// subscription has seen it.
func (t *topic) publish(m *message, done func(error)) (later bool, err error) {
	b := t.broker
	if held := b.bytes.Add(m.size); held > b.config.MaxBytes {
		b.bytes.Add(-m.size)
		return false, &fullError{"the broker", "", fmt.Sprintf("it holds %d bytes", held-m.size)}
	}
	t.mu.Lock()
	defer t.unlock()
	if err := t.makeRoom(m); err != nil {
		b.bytes.Add(-m.size)
		return false, err
	}
	m.seq = b.lastSeq.Add(1)
	m.id = b.identities.id(m.seq)
	if m.durable {
		if err := t.store(m, done); err != nil {
			b.bytes.Add(-m.size)
			return false, err
		}
		return true, nil
	}
	t.pass(m)
	return false, nil
}

// pass gives a message to all who want it.
func (t *topic) pass(m *message) {
	t.count(m, 1)
	t.passed = max(t.passed, m.seq)
	if t.ages().always {
		t.broker.watch(t)
	}
	m.holders++ // so that it is not let go on the way
	if m.archived() {
		t.archiveMessage(m)
	} else if len(t.subscriptions) == 0 {
		t.keep(m)
	}
	for _, s := range t.subscriptions {
		s.add(m)
	}
	t.letGo(m)
}

// makeRoom looks whether every subscription can take m. One that lags behind
// while another could go on must not stop it: if it belongs to one socket of
// the plain form, or to no socket at all, it is ended.
func (t *topic) makeRoom(m *message) error {
	if t.loadErr != nil {
		return t.loadErr
	}
	most := t.limits()
	if m.archived() {
		if err := t.roomToArchive(m, most); err != nil {
			return err
		}
	}
	if len(t.subscriptions) == 0 {
		return t.roomToKeep(m, most)
	}
	var full []*subscription
	for _, s := range t.subscriptions {
		if !s.room(m.size, most) {
			full = append(full, s)
		}
	}
	if len(full) == 0 {
		return nil
	}
	for _, s := range full {
		if len(full) == len(t.subscriptions) || s.kind != private && len(s.consumers) > 0 {
			return &fullError{"subscription", fmt.Sprintf(" %q", s.name),
				fmt.Sprintf("%d unacknowledged messages, %d bytes", s.messages, s.bytes)}
		}
	}
	for _, s := range full {
		t.broker.log.warn("subscription ended: it lagged behind while others went on",
			"topic", t.name, "subscription", s.name, "messages", s.messages, "bytes", s.bytes)
		for _, c := range slices.Clone(s.consumers) {
			c.out.disconnect(closePolicy, "too many unacknowledged messages")
			t.detach(c)
		}
		t.endSubscription(s, false)
	}
	return nil
}

func (t *topic) roomToKeep(m *message, most limits) error {
	switch {
	case isStatusTopic(t.name) || m.transient() || m.archived():
		return nil
	case len(t.kept)+t.pending >= most.keptMessages || t.keptBytes+t.pendingBytes+m.size > most.keptBytes:
		return &fullError{"topic", fmt.Sprintf(" %q", t.name),
			fmt.Sprintf("nobody has subscribed and %d messages, %d bytes are waiting", len(t.kept), t.keptBytes)}
	case !m.durable && t.broker.keptBytes.Load()+m.size > t.broker.config.MaxBytes/2:
		return &fullError{"the broker", "", "too many messages are waiting for somebody to subscribe"}
	}
	return nil
}

// keep holds m for the first subscription.
func (t *topic) keep(m *message) {
	if isStatusTopic(t.name) || m.transient() {
		return
	}
	m.holders++
	t.kept = append(t.kept, m)
	t.beginKeeping(m)
}

func (t *topic) beginKeeping(m *message) {
	if c := m.content.Load(); c != nil {
		m.brief = c.isBrief()
	}
	t.countKept(m, 1)
	t.broker.watch(t)
}

// countKept counts a kept message. Those in the store don't take memory from
// others.
func (t *topic) countKept(m *message, sign int64) {
	t.keptBytes += sign * m.size
	if !m.durable {
		t.broker.keptBytes.Add(sign * m.size)
	}
}

// count counts a message that is held.
func (t *topic) count(m *message, sign int64) {
	t.messages += sign
	t.bytes += sign * m.size
	t.broker.messages.Add(sign)
}

// letGo ends one holding of m.
func (t *topic) letGo(m *message) {
	m.holders--
	t.touch(m)
	if m.holders > 0 {
		return
	}
	b := t.broker
	t.count(m, -1)
	if m.durable {
		m.evict(b)
		b.bytes.Add(-messageOverhead)
	} else {
		b.bytes.Add(-m.size)
		m.memory.giveBack(b)
		m.memory = nil
	}
}

// addProducer counts a producer in. Two can't have one name.
func (t *topic) addProducer(name string) error {
	t.mu.Lock()
	defer t.unlock()
	if t.loadErr != nil {
		return refuse(http.StatusServiceUnavailable, "%w", t.loadErr)
	}
	if _, taken := t.names[name]; taken {
		return refuse(http.StatusConflict, "topic %q has a producer of the name %q", t.name, name)
	}
	if name != "" {
		if t.names == nil {
			t.names = make(map[string]struct{})
		}
		t.names[name] = struct{}{}
	}
	t.producers++
	return nil
}

func (t *topic) removeProducer(name string) {
	t.mu.Lock()
	defer t.unlock()
	t.producers--
	delete(t.names, name)
}

// subscribe adds a consumer and gives it what waits. The error is a *refusal.
func (t *topic) subscribe(name string, o consumerOptions, out sink) (*consumer, error) {
	t.mu.Lock()
	defer t.unlock()
	if t.loadErr != nil {
		return nil, refuse(http.StatusServiceUnavailable, "%w", t.loadErr)
	}
	s := t.find(name, o.kind)
	if s != nil && len(s.consumers) > 0 {
		if s.kind != o.kind {
			return nil, refuse(http.StatusConflict, "subscription %q has consumers of type %s, not %s", name, s.kind, o.kind)
		}
		if s.kind == Exclusive {
			return nil, refuse(http.StatusConflict, "subscription %q is exclusive and has a consumer", name)
		}
	}
	if s == nil {
		if len(t.subscriptions) >= t.broker.config.MaxSubscriptions {
			return nil, refuse(http.StatusServiceUnavailable, "topic %q has %d subscriptions, no more are allowed", t.name, len(t.subscriptions))
		}
		s = t.newSubscription(name, o)
	}
	s.kind = o.kind
	s.durable = s.durable || o.durable
	t.complete(&o, name)
	c := &consumer{
		subscription: s, out: out, seed: maphash.MakeSeed(), user: o.user,
		pull: o.pull, window: o.window, nackDelay: o.nackDelay, ackTimeout: o.ackTimeout,
		maxRedeliveries: o.maxRedeliveries, deadLetters: o.deadLetters,
	}
	t.saveSubscription(s)
	s.consumers = append(s.consumers, c)
	if c.ackTimeout > 0 {
		c.ackTimer = time.AfterFunc(c.ackTick(), func() { t.checkAcks(c) })
	}
	if s.kind == KeyShared {
		s.rebalance()
	}
	s.dispatch()
	return c, nil
}

// find returns the subscription of that name. A private one is never shared.
func (t *topic) find(name string, kind SubscriptionType) *subscription {
	if kind == private {
		return nil
	}
	for _, s := range t.subscriptions {
		if s.name == name && s.kind != private {
			return s
		}
	}
	return nil
}

// newSubscription makes one that begins with what waits for somebody to come:
// that is how a request reaches a backend which starts later.
func (t *topic) newSubscription(name string, o consumerOptions) *subscription {
	s := &subscription{
		topic: t, id: t.broker.lastSeq.Add(1), name: name, kind: o.kind, durable: o.durable,
		start: t.broker.lastSeq.Load(), latest: o.latest,
	}
	if t.pending > 0 {
		s.start = t.passed // what is on its way comes after it
	}
	if !o.latest {
		waiting := slices.Concat(t.unattended(), t.kept, t.unseen(o.user))
		slices.SortFunc(waiting, bySeqOfMessage)
		s.take(waiting)
		for _, m := range t.kept {
			t.countKept(m, -1)
			t.letGo(m)
		}
		t.kept = nil
	}
	t.subscriptions = append(t.subscriptions, s)
	return s
}

// unattended returns the messages that nobody has acknowledged and that only
// subscriptions without a consumer hold. Python's backend takes a new
// subscription at each start: what came meanwhile is with the old one, which
// nobody will ever read.
func (t *topic) unattended() []*message {
	holders := make(map[*message]int)
	for _, s := range t.subscriptions {
		if len(s.consumers) > 0 {
			continue
		}
		for _, e := range s.outstanding() {
			e.msg.redelivered = max(e.msg.redelivered, e.redelivered)
			holders[e.msg]++
		}
	}
	var messages []*message
	for m, n := range holders {
		if !m.acked && n == m.holders {
			m.rehomed = true
			messages = append(messages, m)
		}
	}
	return messages
}

func bySeqOfMessage(a, b *message) int { return cmp.Compare(a.seq, b.seq) }

// unsubscribe removes a consumer whose socket has ended. What it had goes to
// the other consumers of its subscription.
func (t *topic) unsubscribe(c *consumer) {
	t.mu.Lock()
	defer t.unlock()
	s := c.subscription
	if s == nil {
		return
	}
	t.detach(c)
	switch {
	case len(s.consumers) > 0:
		s.dispatch()
	case s.durable && !t.needless(s):
		s.idleSince = time.Now()
		t.saveSubscription(s)
		t.broker.watch(t)
	default:
		t.endSubscription(s, s.kind == Shared || s.kind == Failover || s.kind == KeyShared)
	}
}

// needless reports whether a subscription without a consumer would be the same
// if it began anew: it is empty, and what is sent meanwhile the topic keeps.
// Python's clients leave one behind for each of their response topics.
func (t *topic) needless(s *subscription) bool {
	return s.messages == 0 && len(t.subscriptions) == 1 && !s.latest && t.pending == 0
}

// detach takes c out of its subscription.
func (t *topic) detach(c *consumer) {
	s := c.subscription
	if c.ackTimer != nil {
		c.ackTimer.Stop()
	}
	for _, e := range c.out.unsent() {
		e.unsent = e.consumer == c
	}
	s.consumers = slices.DeleteFunc(s.consumers, func(x *consumer) bool { return x == c })
	assigned := c.assigned.drain()
	s.takeBack(c, 0)
	s.putBack(assigned)
	c.subscription = nil
}

// endSubscription removes s for good. Each message that it still held is done
// if another subscription has it or has acknowledged it: dasf-broker-django,
// too, keeps a message until one consumer has acknowledged it. A subscription
// that owes them keeps them out of that: when the last of the workers that
// share a subscription dies, a second listener that acknowledges everything
// must not hide it.
//
// What nobody else has goes to the subscriptions that began after it and so
// never saw it, or is kept for the next.
func (t *topic) endSubscription(s *subscription, owing bool) {
	if s.ended {
		return
	}
	t.forget(s)
	for _, e := range s.outstanding() {
		m := e.msg
		m.redelivered = max(m.redelivered, e.redelivered)
		owed := owing && !m.rehomed
		if !m.archived() && !m.transient() && (owed || !m.acked && m.holders == 1) {
			t.rehome(m)
		}
		s.drop(e)
	}
}

// forget takes s out of the topic.
func (t *topic) forget(s *subscription) {
	s.ended = true
	s.delayed.stop()
	t.removeSubscription(s)
	t.subscriptions = slices.DeleteFunc(t.subscriptions, func(x *subscription) bool { return x == s })
}

// rehome finds a new place for a message whose subscription has ended.
func (t *topic) rehome(m *message) {
	m.rehomed = true
	taken := false
	for _, s := range t.subscriptions {
		if s.start >= m.seq && !s.latest {
			s.add(m)
			taken = true
		}
	}
	if taken {
		return
	}
	m.holders++
	at, _ := slices.BinarySearchFunc(t.kept, m, bySeqOfMessage)
	t.kept = slices.Insert(t.kept, at, m)
	t.beginKeeping(m)
}
