package broker

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// TestNothingIsLost does things in random order and checks after each that the
// numbers add up, and at the end that every message that was taken has been
// acknowledged by somebody.
func TestNothingIsLost(t *testing.T) {
	for _, tt := range []struct {
		name  string
		seeds uint64
		open  func(t *testing.T, seed uint64) *model
	}{
		{"memory", 40, func(t *testing.T, seed uint64) *model { return newModel(t, seed, "") }},
		{"store", 4, func(t *testing.T, seed uint64) *model { return newModel(t, seed, t.TempDir()) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range tt.seeds {
				synctest.Test(t, func(t *testing.T) {
					tt.open(t, seed).run(400)
					if t.Failed() {
						t.Logf("seed %d", seed)
					}
				})
			}
		})
	}
}

// A model does things to a topic. With a store the broker is now and then closed
// and opened anew, and goes on with what it had.
type model struct {
	*engine
	dir    string
	random *rand.Rand
	topic  *topic
	boxes  []*mailbox
	sent   map[string]bool // payloads that were taken; true when acknowledged

	unacked map[*consumer]int // when it was last checked
}

func newModel(t *testing.T, seed uint64, dir string) *model {
	e := newEngine(t, Config{Dir: dir, QueueMessages: 40, KeptMessages: 60})
	return &model{engine: e, dir: dir, random: rand.New(rand.NewPCG(seed, 1)), topic: e.topic("t"), sent: make(map[string]bool), unacked: make(map[*consumer]int)}
}

func (m *model) run(steps int) {
	for range steps {
		m.step()
		time.Sleep(time.Second)
		synctest.Wait()
		m.check()
	}
	m.finish()
}

func (m *model) step() {
	if m.dir != "" && m.random.IntN(40) == 0 {
		m.restart()
	}
	switch m.random.IntN(11) {
	case 0:
		m.attach()
	case 1:
		if box := m.anyBox(); box != nil {
			m.topic.resize(box.consumer, m.random.IntN(20))
		}
	case 2:
		if box := m.anyBox(); box != nil {
			box.leave()
			m.prune()
		}
	case 3, 4, 5:
		m.publish()
	case 6:
		if d, box := m.anyDelivery(); box != nil {
			if m.random.IntN(2) == 0 {
				m.topic.nack(box.consumer, d.entry.msg.seq)
			} else {
				m.topic.takeReturned(box.consumer, d.entry.msg.seq)
			}
		}
	default:
		if d, box := m.anyDelivery(); box != nil {
			m.acknowledge(box, d)
		}
	}
	m.prune()
}

// restart ends the broker as a stop does, with the consumers' sockets, or as a
// crash, without.
func (m *model) restart() {
	if m.random.IntN(2) == 0 {
		for _, box := range m.boxes {
			box.leave()
		}
	}
	before := m.held()
	config := m.config
	if err := m.Close(); err != nil {
		m.t.Fatal(err)
	}
	m.engine = newEngine(m.t, config)
	m.topic = m.engine.topic("t")
	m.boxes = nil
	m.check()
	after := m.held()
	for seq, has := range after {
		if had, ok := before[seq]; !ok {
			m.t.Errorf("message %d is back after a restart", seq)
		} else if has.redelivered < had.redelivered {
			m.t.Errorf("message %d was delivered %d times, after a restart %d", seq, had.redelivered, has.redelivered)
		}
	}
	for seq, had := range before {
		if _, ok := after[seq]; !ok && !had.acked {
			m.t.Errorf("message %d is gone after a restart", seq)
		}
	}
}

type heldMessage struct {
	acked       bool
	redelivered int
}

// held is what the topic holds, by number.
func (m *model) held() map[uint64]heldMessage {
	m.topic.mu.Lock()
	defer m.topic.mu.Unlock()
	held := make(map[uint64]heldMessage)
	for msg := range m.topic.all() {
		h := heldMessage{msg.acked, msg.redelivered}
		for e := msg.held; e != nil; e = e.next {
			h.redelivered = max(h.redelivered, e.redelivered)
		}
		held[msg.seq] = h
	}
	return held
}

func (m *model) attach() {
	kinds := []SubscriptionType{private, Exclusive, Shared, Failover, KeyShared}
	kind := kinds[m.random.IntN(len(kinds))]
	o := consumerOptions{kind: kind, window: 1 + m.random.IntN(8), durable: kind != private && m.random.IntN(3) == 0}
	if m.random.IntN(4) == 0 {
		o.nackDelay = time.Minute
	}
	box, err := m.tryJoin(m.topic, string(kind), o)
	if err != nil {
		wantStatus(m.t, "a consumer too many", err, 409)
		return
	}
	m.boxes = append(m.boxes, box)
}

func (m *model) publish() {
	payload := fmt.Sprintf("%04d", len(m.sent))
	word := fmt.Sprintf("%s@%d", payload, m.random.IntN(5))
	if m.random.IntN(10) == 0 {
		word = payload + ":ping"
	}
	if m.engine.publish(m.topic, testMessage(word)) == nil {
		m.sent[payload] = false
	}
}

// acknowledge counts a message as done only if its subscription still waited
// for it.
func (m *model) acknowledge(box *mailbox, d received) {
	before := m.acknowledged.Load()
	m.topic.ack(box.consumer, d.entry.msg.seq)
	if m.acknowledged.Load() > before {
		m.sent[d.payload] = true
	}
}

func (m *model) anyBox() *mailbox {
	if len(m.boxes) == 0 {
		return nil
	}
	return m.boxes[m.random.IntN(len(m.boxes))]
}

func (m *model) anyDelivery() (received, *mailbox) {
	box := m.anyBox()
	if box == nil {
		return received{}, nil
	}
	m.topic.mu.Lock()
	defer m.topic.mu.Unlock()
	if len(box.got) == 0 {
		return received{}, nil
	}
	return box.got[m.random.IntN(len(box.got))], box
}

// prune forgets the consumers that left or were cut off.
func (m *model) prune() {
	m.topic.mu.Lock()
	defer m.topic.mu.Unlock()
	var left []*mailbox
	for _, box := range m.boxes {
		if box.subscription != nil {
			left = append(left, box)
		}
	}
	m.boxes = left
}

// check holds the counters against what is really there.
func (m *model) check() {
	m.t.Helper()
	t := m.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	holders := make(map[*message]int)
	var more int64
	for _, msg := range t.kept {
		holders[msg]++
	}
	for _, s := range t.subscriptions {
		for _, c := range s.consumers {
			unacked := 0
			for _, e := range s.delivered {
				if e.consumer == c && e.msg.class != control {
					unacked++
				}
			}
			// A window may have become smaller than what the consumer has.
			if most := max(c.window+c.ahead, m.unacked[c]); unacked != c.unacked || !c.pull && c.unacked > most {
				m.t.Fatalf("a consumer has %d unacknowledged messages, counts %d, window %d and %d", unacked, c.unacked, c.window, c.ahead)
			}
			m.unacked[c] = unacked
		}
		held := s.outstanding()
		var bytes int64
		for _, e := range held {
			holders[e.msg]++
			bytes += e.msg.size
			if e != &e.msg.first {
				more += entryOverhead
			}
		}
		if len(held) != s.messages || bytes != s.bytes {
			m.t.Fatalf("subscription %s holds %d messages of %d bytes, counts %d of %d", s.kind, len(held), bytes, s.messages, s.bytes)
		}
	}
	var bytes, messages int64
	for msg, n := range holders {
		if n != msg.holders {
			m.t.Fatalf("message %s is held %d times, counts %d", msg.id, n, msg.holders)
		}
		bytes += memoryOf(msg)
		messages++
	}
	bytes += more
	if bytes != m.bytes.Load() || messages != m.messages.Load() {
		m.t.Fatalf("the broker holds %d messages of %d bytes, counts %d of %d", messages, bytes, m.messages.Load(), m.bytes.Load())
	}
}

// memoryOf is what a message counts against MaxBytes.
func memoryOf(m *message) int64 {
	if m.durable && m.content.Load() == nil {
		return messageOverhead
	}
	return m.size
}

// finish lets everybody leave and a last consumer of each subscription
// acknowledge all that is left.
func (m *model) finish() {
	for _, box := range m.boxes {
		box.leave()
	}
	m.boxes = nil
	last := []*mailbox{m.join(m.topic, "last", consumerOptions{window: 1 << 30})}
	for _, s := range m.topic.subscriptions {
		if s.durable {
			last = append(last, m.join(m.topic, s.name, consumerOptions{kind: s.kind, window: 1 << 30}))
		}
	}
	time.Sleep(time.Hour) // the delays of negative acks
	synctest.Wait()
	for _, box := range last {
		m.topic.mu.Lock()
		got := box.got
		m.topic.mu.Unlock()
		for _, d := range got {
			m.acknowledge(box, d)
		}
	}
	m.check()
	m.wantHeld(0)
	for payload, done := range m.sent {
		if !done {
			m.t.Errorf("message %s was taken, and nobody has acknowledged it", payload)
		}
	}
}
