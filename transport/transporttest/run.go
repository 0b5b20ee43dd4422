package transporttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// Caps says what a broker can do beyond what its [transport.Delivery] says, and
// what the test may do to it.
type Caps struct {
	// Cut breaks all connections to the broker of the running test, if it
	// is not nil.
	Cut func()
	// Keeps: a message for a topic without a subscription is kept for the
	// first one.
	Keeps bool
	// Nacks: a message that was handed back comes again while its consumer
	// stays.
	Nacks bool
	// Types: the broker knows the types of subscriptions and a prefetch.
	Types bool
	// Durable: a subscription that is not NonDurable collects messages while
	// it has no consumer.
	Durable bool
	// AnyName: topics may have names like "a b", "ü" and "a@b:c".
	AnyName bool
	// Backlog is how many messages may wait at a consumer; 0 means 256. Above
	// 1,000 a non-persistent topic of Pulsar drops messages; above 100 Django
	// does, with channels' InMemoryChannelLayer, until the consumer connects
	// again.
	Backlog int
	// Messages is how many messages "thousands" are, and the most that
	// another rule sends; 0 means 3000. Django takes about 25 a second.
	Messages int
	// Wait bounds one step of a test; 0 means 20 s.
	Wait time.Duration
}

// A rule is one promise of the contract.
type rule struct {
	name string
	// about is what a failure means.
	about string
	// applies says for which brokers the rule holds; nil for all.
	applies func(d transport.Delivery, c Caps) bool
	test    func(s *suite)
}

// Run tests brokers that newBroker returns, a new one for each rule. It may be
// the same broker behind them: every rule uses topics of its own.
func Run(t *testing.T, newBroker func(t *testing.T) transport.Broker, caps Caps) {
	if caps.Messages == 0 {
		caps.Messages = 3000
	}
	if caps.Backlog == 0 {
		caps.Backlog = 256
	}
	if caps.Wait == 0 {
		caps.Wait = 20 * time.Second
	}
	d := delivery(t, newBroker, caps)
	for _, list := range [][]rule{messageRules, consumerRules, subscriptionRules, failureRules} {
		for _, r := range list {
			if r.applies != nil && !r.applies(d, caps) {
				continue
			}
			t.Run(r.name, func(t *testing.T) {
				t.Cleanup(func() {
					if t.Failed() {
						t.Logf("the rule: %s", r.about)
					}
				})
				ctx, cancel := context.WithCancel(t.Context())
				t.Cleanup(cancel)
				r.test(&suite{T: t, Caps: caps, delivery: d, broker: newBroker(t), ctx: ctx, run: suffix()})
			})
		}
	}
}

// delivery asks a broker what it does.
func delivery(t *testing.T, newBroker func(t *testing.T) transport.Broker, caps Caps) transport.Delivery {
	s := &suite{T: t, Caps: caps, broker: newBroker(t), ctx: t.Context(), run: suffix()}
	c := s.consume("delivery", transport.ConsumeOptions{NonDurable: true})
	d := c.Delivery()
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if d.MaxFrame <= 0 {
		t.Fatalf("MaxFrame is %d: Delivery must say how large an envelope may be", d.MaxFrame)
	}
	return d
}

// suffix makes the names of one run its own.
func suffix() string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 8)
	for i := range b {
		b[i] = letters[rand.IntN(len(letters))]
	}
	return string(b)
}

// A suite is what the test of one rule works with.
type suite struct {
	*testing.T
	Caps
	delivery transport.Delivery
	broker   transport.Broker
	ctx      context.Context
	run      string
}

// topic makes a name unique.
func (s *suite) topic(name string) string { return name + "-" + s.run }

// within bounds one step.
func (s *suite) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.ctx, s.Wait)
}

// soon returns what comes from c, which must be within the suite's time.
func soon[T any](s *suite, c <-chan T) T {
	s.Helper()
	ctx, cancel := s.within()
	defer cancel()
	select {
	case v := <-c:
		return v
	case <-ctx.Done():
		s.Fatalf("nothing came in %v", s.Wait)
		panic("not reached")
	}
}

// consume opens a consumer that is closed with the test. Without a
// subscription it gets one of its own. A broker may need a moment to see that
// an earlier consumer of the subscription has gone.
func (s *suite) consume(topic string, o transport.ConsumeOptions) transport.Consumer {
	s.Helper()
	if o.Subscription == "" {
		o.Subscription = "sub-" + suffix()
	}
	ctx, cancel := s.within()
	defer cancel()
	for {
		c, err := s.broker.Consume(ctx, s.topic(topic), o)
		if err == nil {
			s.Cleanup(func() { c.Close() })
			return c
		}
		var refused *transport.HandshakeError
		if !errors.As(err, &refused) || refused.Status != http.StatusConflict {
			s.Fatalf("Consume: %v", err)
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			s.Fatalf("Consume: %v", err)
		}
	}
}

func (s *suite) produce(topic string) transport.Producer {
	s.Helper()
	ctx, cancel := s.within()
	defer cancel()
	p, err := s.broker.Produce(ctx, s.topic(topic))
	if err != nil {
		s.Fatalf("Produce: %v", err)
	}
	s.Cleanup(func() { p.Close() })
	return p
}

// text makes a message whose payload is the text.
func text(s string) *transport.Message {
	m := &transport.Message{Properties: map[string]string{"messageType": "request"}}
	m.SetBytes([]byte(s))
	return m
}

func (s *suite) send(p transport.Producer, m *transport.Message) {
	s.Helper()
	ctx, cancel := s.within()
	defer cancel()
	if err := p.Send(ctx, m); err != nil {
		s.Fatalf("Send: %v", err)
	}
}

// sendAll sends one message for each text.
func (s *suite) sendAll(p transport.Producer, texts ...string) {
	s.Helper()
	for _, t := range texts {
		s.send(p, text(t))
	}
}

// sendUntil sends a text again and again until c has something to receive, for
// as long as the suite waits for one thing. What it receives it sends once more.
func (s *suite) sendUntil(p transport.Producer, c transport.Consumer, t string) {
	s.Helper()
	whole, cancel := s.within()
	defer cancel()
	for whole.Err() == nil {
		ctx, cancel := context.WithTimeout(whole, s.Wait/20)
		m, err := c.Receive(ctx)
		cancel()
		s.sendAll(p, t)
		if err == nil {
			s.ack(c, m)
			return
		}
	}
}

// isGreeting reports whether a message is dasf-broker-django's own: it asks
// each consumer of a topic that it knows for a sign of life and for its API.
func isGreeting(m *transport.Message) bool {
	kind := m.Properties["messageType"]
	return kind == "api_info" || kind == "ping"
}

// receive returns the next message that is no greeting.
func (s *suite) receive(c transport.Consumer) *transport.Message {
	s.Helper()
	ctx, cancel := s.within()
	defer cancel()
	for {
		m, err := c.Receive(ctx)
		if err != nil {
			s.Fatalf("Receive: %v", err)
		}
		if !isGreeting(m) {
			return m
		}
		s.ack(c, m)
	}
}

func (s *suite) ack(c transport.Consumer, m *transport.Message) {
	s.Helper()
	ctx, cancel := s.within()
	defer cancel()
	if err := c.Ack(ctx, m); err != nil {
		s.Fatalf("Ack: %v", err)
	}
}

// next receives and acknowledges a message and returns its text.
func (s *suite) next(c transport.Consumer) string {
	s.Helper()
	m := s.receive(c)
	s.ack(c, m)
	return s.textOf(m)
}

func (s *suite) textOf(m *transport.Message) string {
	s.Helper()
	p, err := m.Decode()
	if err != nil {
		s.Fatalf("Decode: %v", err)
	}
	return string(p)
}

// expect receives and acknowledges messages with these texts, in this order.
func (s *suite) expect(c transport.Consumer, want ...string) {
	s.Helper()
	for i, w := range want {
		if got := s.next(c); got != w {
			s.Fatalf("message %d of %d is %.80q, want %.80q", i+1, len(want), got, w)
		}
	}
}

// numbered returns n texts.
func numbered(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(prefix, " ", i)
	}
	return list
}

// A window bounds the messages that are sent and not yet received.
type window chan struct{}

func (s *suite) window() window { return make(window, s.Backlog) }

// sendAll is suite.sendAll, and waits for room before each message.
func (w window) sendAll(s *suite, p transport.Producer, texts ...string) {
	s.Helper()
	for _, t := range texts {
		select {
		case w <- struct{}{}:
		case <-s.ctx.Done():
			return
		}
		s.sendAll(p, t)
	}
}

// next is suite.next, and makes room.
func (w window) next(s *suite, c transport.Consumer) string {
	s.Helper()
	t := s.next(c)
	<-w
	return t
}

// number is what numbered put into a text.
func number(text string) (prefix string, n int) {
	at := strings.LastIndexByte(text, ' ')
	fmt.Sscan(text[at+1:], &n)
	return text[:at], n
}
