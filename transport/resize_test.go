package transport_test

import (
	"testing"
	"testing/synctest"

	"github.com/dasf-go/dasf/transport"
)

// A resizer is a consumer whose window can be changed.
type resizer interface {
	Resize(n int) bool
}

func TestOnlyABrokerThatKnowsItIsToldOfAnotherWindow(t *testing.T) {
	for header, known := range map[string]bool{
		"": false, "1; redelivers=true; window=5; consumer=TOKEN": false, "1; resizes=false": false, "1; redelivers=true; resizes=true": true,
	} {
		t.Run(header, func(t *testing.T) {
			inLab(t, func(l *lab) {
				if header != "" {
					l.header.Set("Dasf-Broker", header)
				}
				c, broker := l.consume(l.pulsar(), "topic")
				if got := c.(resizer).Resize(7); got != known {
					t.Errorf("Resize returned %v", got)
				}
				if !known {
					broker.silent()
				} else if got := broker.read(); got != `{"type":"window","permitMessages":7}` {
					t.Errorf("the broker was sent %s", got)
				}
			})
		})
	}
}

func TestAWindowLastsOverConnections(t *testing.T) {
	inLab(t, func(l *lab) {
		l.header.Set("Dasf-Broker", "1; redelivers=true; resizes=true")
		c, broker := l.consume(l.pulsar(), "topic")
		resize := func(n int, want bool) {
			t.Helper()
			if got := c.(resizer).Resize(n); got != want {
				t.Errorf("Resize(%d) returned %v", n, got)
			}
		}
		resize(7, true)
		resize(5, true)
		broker.read()
		broker.read()
		broker.end()
		broker = l.next()
		if got := broker.read(); got != `{"type":"window","permitMessages":5}` {
			t.Errorf("after a new connection the broker was sent %s", got)
		}
		broker.end()
		l.set(func() { l.header.Set("Dasf-Broker", "1; redelivers=true") })
		broker = l.next()
		broker.silent()
		resize(3, false)
		broker.end()
		l.set(func() { l.header.Set("Dasf-Broker", "1; redelivers=true; resizes=true") })
		broker = l.next()
		if got := broker.read(); got != `{"type":"window","permitMessages":3}` {
			t.Errorf("after a broker that does not know it the next was sent %s", got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		resize(7, false)
	})
}

func TestAConsumerHoldsWhatCameOverThePresentConnection(t *testing.T) {
	type holder interface {
		Holds(m *transport.Message) bool
	}
	inLab(t, func(l *lab) {
		b := l.pulsar()
		c, broker := l.consume(b, "topic")
		other, _ := l.consume(b, "topic")
		broker.deliver("a")
		a := l.receive(c)
		if !c.(holder).Holds(a) || other.(holder).Holds(a) {
			t.Error("who has received a message does not hold it, or another one does")
		}
		broker.end()
		synctest.Wait()
		if c.(holder).Holds(a) {
			t.Error("it is held without a connection")
		}
		broker = l.next()
		broker.deliver("a")
		again := l.receive(c)
		if c.(holder).Holds(a) || !c.(holder).Holds(again) {
			t.Error("what is held is not what came over the present connection")
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if c.(holder).Holds(again) {
			t.Error("it is held by who is closed")
		}
	})
}
