package dasf_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dasf-go/dasf/transport"
)

// A watchedBroker is a broker in memory that notes what passes, answers with
// another Delivery where a test asks for one, and loses messages.
type watchedBroker struct {
	// settle reports whether a message that a response settles is acknowledged
	// with it; nil where the broker knows no such thing.
	settle func(*transport.Message) bool
	// acksLater lets consumers acknowledge several messages together.
	acksLater bool

	transport.Broker
	delivery func(transport.Delivery) transport.Delivery
	lose     func(topic string, m *transport.Message) bool // on the way to the broker
	loseIn   func(topic string, m *transport.Message) bool // on the way to a consumer
	refuse   func(topic string) error
	stall    func(ctx context.Context, m *transport.Message) error // before sending; an error is that of the send

	mu     sync.Mutex
	events []string
	open   map[string]int // producers by topic
}

func watched() *watchedBroker {
	return &watchedBroker{Broker: transport.Memory(), open: map[string]int{}}
}

func (b *watchedBroker) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, fmt.Sprintf(format, args...))
}

func (b *watchedBroker) noted() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.events)
}

func (b *watchedBroker) producers(topic string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open[topic]
}

// nonPersistent is the Delivery of Pulsar's non-persistent topics.
func nonPersistent(d transport.Delivery) transport.Delivery {
	return transport.Delivery{DropsWhenFull: true, PieceSize: 65_536, MaxFrame: 1_048_576}
}

func (b *watchedBroker) Consume(ctx context.Context, topic string, o transport.ConsumeOptions) (transport.Consumer, error) {
	if b.refuse != nil {
		if err := b.refuse(topic); err != nil {
			return nil, err
		}
	}
	b.note("consume %s %s %s %d", topic, o.Subscription, o.Type, o.Prefetch)
	if b.delivery != nil {
		if d := b.delivery(transport.Delivery{}); d.FanOut || d.DropsWhenFull {
			o.Prefetch = 0 // such brokers push all that there is
		}
	}
	c, err := b.Broker.Consume(ctx, topic, o)
	if err != nil {
		return nil, err
	}
	watched := &watchedConsumer{Consumer: c, broker: b, topic: topic}
	if b.acksLater {
		return &lateConsumer{watched}, nil
	}
	return watched, nil
}

func (b *watchedBroker) Produce(ctx context.Context, topic string) (transport.Producer, error) {
	if b.refuse != nil {
		if err := b.refuse(topic); err != nil {
			return nil, err
		}
	}
	p, err := b.Broker.Produce(ctx, topic)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.open[topic]++
	b.mu.Unlock()
	watched := &watchedProducer{Producer: p, broker: b, topic: topic}
	if b.settle != nil {
		return &settlingProducer{watched}, nil
	}
	return watched, nil
}

type watchedConsumer struct {
	transport.Consumer
	broker *watchedBroker
	topic  string
}

func (c *watchedConsumer) Receive(ctx context.Context) (*transport.Message, error) {
	for {
		m, err := c.Consumer.Receive(ctx)
		if err != nil || c.broker.loseIn == nil || !c.broker.loseIn(c.topic, m) {
			return m, err
		}
	}
}

func (c *watchedConsumer) Delivery() transport.Delivery {
	if c.broker.delivery == nil {
		return c.Consumer.Delivery()
	}
	return c.broker.delivery(c.Consumer.Delivery())
}

func (c *watchedConsumer) Ack(ctx context.Context, m *transport.Message) error {
	c.broker.note("ack %s %s", c.topic, m.Properties["messageType"])
	return c.Consumer.Ack(ctx, m)
}

func (c *watchedConsumer) Nack(ctx context.Context, m *transport.Message) error {
	c.broker.note("nack %s %s", c.topic, m.Properties["messageType"])
	return c.Consumer.Nack(ctx, m)
}

// A lateConsumer acknowledges later, as a consumer with a socket does.
type lateConsumer struct{ *watchedConsumer }

func (c *lateConsumer) AckLater(m *transport.Message, _ bool) {
	c.broker.note("ack later %s %s", c.topic, m.Properties["messageType"])
	_ = c.Consumer.Ack(context.Background(), m)
}

type watchedProducer struct {
	transport.Producer
	broker *watchedBroker
	topic  string
	closed atomic.Bool

	mu      sync.Mutex
	tickets uint64
	started map[uint64]context.CancelCauseFunc
	wg      sync.WaitGroup
}

// Start and Stop are those of the producers that have a socket.
func (p *watchedProducer) Start(m *transport.Message, then func(error)) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() {
		return 0, transport.ErrClosed
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	p.tickets++
	ticket := p.tickets
	if p.started == nil {
		p.started = map[uint64]context.CancelCauseFunc{}
	}
	p.started[ticket] = cancel
	sent := *m // Start keeps neither m nor its properties
	sent.Properties = maps.Clone(m.Properties)
	p.wg.Go(func() {
		err := p.Send(ctx, &sent)
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		p.Stop(ticket, nil)
		then(err)
	})
	return ticket, nil
}

func (p *watchedProducer) Stop(ticket uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cancel := p.started[ticket]; cancel != nil {
		cancel(err)
		delete(p.started, ticket)
	}
}

func (p *watchedProducer) Send(ctx context.Context, m *transport.Message) error {
	if p.broker.lose != nil && p.broker.lose(p.topic, m) {
		return nil
	}
	if p.broker.stall != nil {
		if err := p.broker.stall(ctx, m); err != nil {
			return err
		}
	}
	err := p.Producer.Send(ctx, m)
	p.broker.note("sent %s %s", p.topic, m.Properties["messageType"])
	return err
}

func (p *watchedProducer) Close() error {
	if p.closed.CompareAndSwap(false, true) {
		p.broker.mu.Lock()
		p.broker.open[p.topic]--
		p.broker.mu.Unlock()
	}
	err := p.Producer.Close()
	p.mu.Lock()
	for _, cancel := range p.started {
		cancel(transport.ErrClosed)
	}
	p.mu.Unlock()
	p.wg.Wait()
	return err
}

// django is the Delivery of dasf-broker-django.
func django(d transport.Delivery) transport.Delivery {
	d.FanOut = true
	return d
}

// A rawPeer speaks the wire itself, as a Python client does.
type rawPeer struct {
	t     *testing.T
	b     transport.Broker
	topic string // of the backend
	reply string
	in    transport.Consumer
	out   transport.Producer
}

func newRawPeer(t *testing.T, b transport.Broker, topic string) *rawPeer {
	t.Helper()
	p := &rawPeer{t: t, b: b, topic: topic, reply: topic + "_aroEhfGH"}
	var err error
	if p.in, err = b.Consume(t.Context(), p.reply, transport.ConsumeOptions{Subscription: "python-backend"}); err != nil {
		t.Fatal(err)
	}
	if p.out, err = b.Produce(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.in.Close(); p.out.Close() })
	return p
}

// send sends a message of a type with more properties on top of the usual.
func (p *rawPeer) send(kind, id, payload string, more ...string) {
	p.t.Helper()
	m := &transport.Message{Properties: map[string]string{
		"response_topic": p.reply, "requestContext": id, "messageType": kind,
	}}
	for i := 0; i < len(more); i += 2 {
		if more[i+1] == "" {
			delete(m.Properties, more[i])
		} else {
			m.Properties[more[i]] = more[i+1]
		}
	}
	if payload != "" {
		m.SetBytes([]byte(payload))
	}
	if err := p.out.Send(p.t.Context(), m); err != nil {
		p.t.Fatal(err)
	}
}

// receive returns the properties and the text of the next message.
func (p *rawPeer) receive() (map[string]string, string) {
	p.t.Helper()
	m, err := p.in.Receive(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.in.Ack(p.t.Context(), m); err != nil {
		p.t.Fatal(err)
	}
	text, err := m.Decode()
	if err != nil {
		p.t.Fatal(err)
	}
	return maps.Clone(m.Properties), string(text)
}

// A settlingProducer is one of the embedded broker.
type settlingProducer struct{ *watchedProducer }

func (p *settlingProducer) StartLate(m, settles *transport.Message, then func(settled bool, err error)) (uint64, error) {
	return p.Start(m, func(err error) { then(err == nil && settles != nil && p.broker.settle(settles), err) })
}

func (p *settlingProducer) Forget(uint64) {}
func (p *settlingProducer) Hurry()        {}
