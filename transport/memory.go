package transport

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/internal/jsonscan"
)

// The bounds of a broker in memory.
const (
	memoryMaxFrame    = 1 << 20
	memoryPrefetch    = 1000
	memoryMaxMessages = 100_000
	memoryMaxBytes    = 1 << 30
	memoryMaxLeft     = 1000
)

// Memory returns a broker inside this process, for tests and for programs whose
// parts talk to each other only. It keeps the same contract as the ones behind
// a socket: it redelivers, its messageIds are distinct, it takes frames of up
// to 1,048,576 bytes, and a message sent while its topic has no subscription
// waits for the first one. A topic holds at most 100,000 messages and 1 GiB;
// then Send returns a [*SendError]. Of topics that hold messages and that
// everybody has left, the last 1,000 are kept.
func Memory() Broker {
	return &memoryBroker{topics: make(map[string]*memoryTopic)}
}

// A memoryBroker guards all its topics, subscriptions and consumers with mu.
type memoryBroker struct {
	mu     sync.Mutex
	topics map[string]*memoryTopic
	left   []*memoryTopic // topics with messages, left by all, the oldest first
	lastID uint64
}

type memoryTopic struct {
	name      string
	users     int // producers and consumers that are open
	subs      map[string]*memorySub
	unclaimed []*memoryMessage // sent while there was no subscription
	held      int              // messages not yet acknowledged, over all subscriptions
	heldBytes int
}

// A memoryMessage is one message in one subscription.
type memoryMessage struct {
	seq         uint64
	m           *Message
	size        int
	redelivered int
}

// topic returns the topic of that name and counts one more user of it.
func (b *memoryBroker) topic(name string) *memoryTopic {
	t := b.topics[name]
	if t == nil {
		t = &memoryTopic{name: name, subs: make(map[string]*memorySub)}
		b.topics[name] = t
	}
	t.users++
	return t
}

// release forgets a topic that nobody uses and that holds nothing. Of those that
// hold something, answers for a client that is gone for example, it keeps the
// newest.
func (b *memoryBroker) release(t *memoryTopic) {
	t.users--
	switch {
	case t.users > 0 || len(t.subs) > 0:
	case len(t.unclaimed) == 0:
		delete(b.topics, t.name)
	default:
		b.left = append(slices.DeleteFunc(b.left, func(other *memoryTopic) bool { return other == t }), t)
		if len(b.left) <= memoryMaxLeft {
			return
		}
		oldest := b.left[0]
		if b.topics[oldest.name] == oldest && oldest.users == 0 && len(oldest.subs) == 0 {
			delete(b.topics, oldest.name)
		}
		b.left = b.left[1:]
	}
}

func (b *memoryBroker) Consume(ctx context.Context, topic string, o ConsumeOptions) (Consumer, error) {
	if err := checkName("topic", topic); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("consuming %s: %w", topic, err)
	}
	if o.Type == "" {
		o.Type = Exclusive
	}
	if o.Prefetch == 0 {
		o.Prefetch = memoryPrefetch
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topic(topic)
	s := t.subs[o.Subscription]
	if s != nil && len(s.consumers) > 0 && (s.kind != o.Type || s.kind == Exclusive) {
		b.release(t)
		return nil, &HandshakeError{
			URL: "memory:" + topic + "/" + o.Subscription, Status: http.StatusConflict,
			Body: "subscription has a consumer already and is " + string(s.kind),
		}
	}
	if s == nil {
		s = &memorySub{topic: t, name: o.Subscription, wake: make(chan struct{}), queue: t.unclaimed}
		t.unclaimed = nil
		t.subs[o.Subscription] = s
	}
	s.kind, s.durable = o.Type, !o.NonDurable
	c := &memoryConsumer{broker: b, sub: s, prefetch: o.Prefetch, unacked: make(map[uint64]*memoryMessage), closed: make(chan struct{})}
	s.consumers = append(s.consumers, c)
	s.wakeAll()
	return c, nil
}

func (b *memoryBroker) Produce(ctx context.Context, topic string) (Producer, error) {
	if err := checkName("topic", topic); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("producing to %s: %w", topic, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return &memoryProducer{broker: b, topic: b.topic(topic)}, nil
}

type memoryProducer struct {
	broker *memoryBroker
	topic  *memoryTopic
	closed bool
}

func (p *memoryProducer) Send(ctx context.Context, m *Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	size, err := frameSize(m)
	if err != nil {
		return err
	}
	if size > memoryMaxFrame {
		return tooLarge(size, memoryMaxFrame)
	}
	sent := cloneMessage(m)
	b, t := p.broker, p.topic
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	copies := max(1, len(t.subs))
	if t.held+copies > memoryMaxMessages || t.heldBytes+copies*size > memoryMaxBytes {
		return &SendError{
			Result:  "send-error:8",
			Message: fmt.Sprintf("topic %s is full: it holds %d messages, %d bytes", t.name, t.held, t.heldBytes),
		}
	}
	t.held += copies
	t.heldBytes += copies * size
	b.lastID++
	sent.ID = strconv.FormatUint(b.lastID, 10)
	sent.Context = ""
	sent.PublishTime = time.Now()
	if len(t.subs) == 0 {
		t.unclaimed = append(t.unclaimed, &memoryMessage{seq: b.lastID, m: sent, size: size})
	}
	for _, s := range t.subs {
		s.queue = append(s.queue, &memoryMessage{seq: b.lastID, m: sent, size: size})
		s.wakeAll()
	}
	return nil
}

func (p *memoryProducer) Close() error {
	p.broker.mu.Lock()
	defer p.broker.mu.Unlock()
	if !p.closed {
		p.closed = true
		p.broker.release(p.topic)
	}
	return nil
}

// frameSize is the length of the envelope that m travels in.
func frameSize(m *Message) (int, error) {
	if !jsonscan.IsPlain(m.Payload) {
		return 0, errPayload
	}
	head := envelope.AppendMessageHead(nil, m.Properties, m.Key, longestContext)
	return len(head) + len(m.Payload) + len(envelope.Tail), nil
}

// cloneMessage copies all that a receiver may change.
func cloneMessage(m *Message) *Message {
	c := *m
	c.Properties = maps.Clone(m.Properties)
	c.Payload = append([]byte{}, m.Payload...) // not nil: a message that was sent has one
	return &c
}
