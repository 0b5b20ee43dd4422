package transporttest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dasf-go/dasf/transport"
)

func types(d transport.Delivery, c Caps) bool { return c.Types && !d.FanOut }

// subscriptionRules are about several consumers of one topic.
var subscriptionRules = []rule{
	{
		name:  "TwoSubscriptions",
		about: "each subscription of a topic gets every message",
		test: func(s *suite) {
			one, two := s.consume("two", transport.ConsumeOptions{}), s.consume("two", transport.ConsumeOptions{})
			texts := numbered("message", 50)
			s.sendAll(s.produce("two"), texts...)
			s.expect(one, texts...)
			s.expect(two, texts...)
		},
	},
	{
		name:    "FanOut",
		about:   "with FanOut every consumer gets every message, whatever its subscription",
		applies: func(d transport.Delivery, _ Caps) bool { return d.FanOut },
		test: func(s *suite) {
			o := transport.ConsumeOptions{Subscription: "same", Type: transport.Shared}
			one, two := s.consume("fanout", o), s.consume("fanout", o)
			texts := numbered("message", 20)
			s.sendAll(s.produce("fanout"), texts...)
			s.expect(one, texts...)
			s.expect(two, texts...)
		},
	},
	{
		name:    "Shared",
		about:   "the consumers of a Shared subscription share its messages: each message reaches one of them",
		applies: types,
		test: func(s *suite) {
			o := transport.ConsumeOptions{Subscription: "shared", Type: transport.Shared, Prefetch: 10}
			one, two := s.consume("shared", o), s.consume("shared", o)
			// Pulsar's service holds as many messages again for a consumer as
			// it has delivered; 40 leave 10 to each in any case.
			texts := numbered("message", 40)
			s.sendAll(s.produce("shared"), texts...)
			seen := make(map[string]bool)
			for _, c := range []transport.Consumer{one, two} {
				held := make([]*transport.Message, 10)
				for i := range held {
					held[i] = s.receive(c)
					seen[s.textOf(held[i])] = true
				}
				defer func() {
					for _, m := range held {
						s.ack(c, m)
					}
				}()
			}
			if len(seen) != 20 {
				s.Errorf("the consumers hold 20 messages, of which %d differ", len(seen))
			}
		},
	},
	{
		name:    "SharedRedelivery",
		about:   "what a consumer of a Shared subscription has not acknowledged when it goes reaches another one",
		applies: func(d transport.Delivery, c Caps) bool { return types(d, c) && d.Redelivers },
		test: func(s *suite) {
			o := transport.ConsumeOptions{Subscription: "shared", Type: transport.Shared, Prefetch: 5}
			one := s.consume("sharedredelivery", o)
			texts := numbered("message", 5)
			s.sendAll(s.produce("sharedredelivery"), texts...)
			for range texts {
				s.receive(one)
			}
			two := s.consume("sharedredelivery", o)
			one.Close()
			var got []string
			for range texts {
				got = append(got, s.next(two))
			}
			slices.Sort(got)
			if !slices.Equal(got, texts) {
				s.Errorf("received %q, want %q", got, texts)
			}
		},
	},
	{
		name:    "Prefetch",
		about:   "no more messages than the prefetch are with a consumer that does not acknowledge",
		applies: func(d transport.Delivery, c Caps) bool { return types(d, c) && d.Redelivers },
		test: func(s *suite) {
			o := transport.ConsumeOptions{Subscription: "prefetch", Type: transport.Shared, Prefetch: 3}
			idle := s.consume("prefetch", o)
			p := s.produce("prefetch")
			s.sendAll(p, numbered("message", 20)...)
			seen := make(map[string]bool)
			held := make([]*transport.Message, 3)
			for i := range held {
				held[i] = s.receive(idle)
				seen[s.textOf(held[i])] = true
			}
			// The others reach who comes later, but for three that Pulsar's
			// service may hold for the first.
			busy := s.consume("prefetch", o)
			for range 14 {
				seen[s.next(busy)] = true
			}
			if len(seen) != 17 {
				s.Errorf("17 messages were received, %d differ", len(seen))
			}
			short, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
			defer cancel()
			if m, err := idle.Receive(short); !errors.Is(err, context.DeadlineExceeded) {
				s.Errorf("a consumer with 3 messages in hand got another one: %v, %v", m, err)
			}
			for _, m := range held {
				s.ack(idle, m)
			}
			busy.Close()
			s.sendAll(p, "after")
			for len(seen) < 21 {
				seen[s.next(idle)] = true
			}
		},
	},
	{
		name:    "Exclusive",
		about:   "a second consumer of an Exclusive subscription is refused with 409, and welcome when the first has gone",
		applies: types,
		test: func(s *suite) {
			o := transport.ConsumeOptions{Subscription: "exclusive", Type: transport.Exclusive}
			one := s.consume("exclusive", o)
			ctx, cancel := s.within()
			defer cancel()
			_, err := s.broker.Consume(ctx, s.topic("exclusive"), o)
			var refused *transport.HandshakeError
			if !errors.As(err, &refused) || refused.Status != http.StatusConflict || !refused.Temporary() {
				s.Fatalf("a second consumer: %v, want a HandshakeError with 409, which is temporary", err)
			}
			s.sendAll(s.produce("exclusive"), "first")
			s.expect(one, "first")
			one.Close()
			for {
				two, err := s.broker.Consume(ctx, s.topic("exclusive"), o)
				if err == nil {
					s.Cleanup(func() { two.Close() })
					break
				}
				if !errors.As(err, &refused) || refused.Status != http.StatusConflict {
					s.Fatalf("when the first has gone: %v", err)
				}
			}
		},
	},
	{
		name:    "Failover",
		about:   "a Failover subscription sends all to one consumer, and to the next when that has gone",
		applies: types,
		test: func(s *suite) {
			o := transport.ConsumeOptions{Subscription: "failover", Type: transport.Failover}
			a, b := s.consume("failover", o), s.consume("failover", o)
			p := s.produce("failover")
			type arrival struct {
				c transport.Consumer
				t string
			}
			got := make(chan arrival, 20)
			for _, c := range []transport.Consumer{a, b} {
				go func() {
					for {
						m, err := c.Receive(s.ctx)
						if err != nil {
							return
						}
						c.Ack(s.ctx, m)
						select {
						case got <- arrival{c, s.textOf(m)}:
						case <-s.ctx.Done():
						}
					}
				}()
			}
			var active transport.Consumer
			for _, t := range numbered("message", 20) {
				s.sendAll(p, t)
				a := soon(s, got)
				if active == nil {
					active = a.c
				}
				if a.c != active || a.t != t {
					s.Fatalf("%q came, to the active consumer: %v; want %q", a.t, a.c == active, t)
				}
			}
			active.Close()
			s.sendAll(p, "after")
			// A broker that drops may drop it while it changes consumers.
			ctx, cancel := s.within()
			defer cancel()
			for s.delivery.DropsWhenFull && len(got) == 0 && ctx.Err() == nil {
				s.sendAll(p, "after")
				time.Sleep(s.Wait / 100)
			}
			if a := soon(s, got); a.c == active || a.t != "after" {
				s.Errorf("%q came to the consumer that is closed: %v", a.t, a.c == active)
			}
		},
	},
	{
		name:    "KeyShared",
		about:   "a Key_Shared subscription keeps the messages of one key on one consumer, in order",
		applies: types,
		test: func(s *suite) {
			o := transport.ConsumeOptions{Subscription: "keyshared", Type: transport.KeyShared}
			consumers := []transport.Consumer{s.consume("keyshared", o), s.consume("keyshared", o)}
			p := s.produce("keyshared")
			type arrival struct {
				consumer int
				key, t   string
			}
			got := make(chan arrival, 200)
			for i, c := range consumers {
				go func() {
					for {
						m, err := c.Receive(s.ctx)
						if err != nil {
							return
						}
						c.Ack(s.ctx, m)
						got <- arrival{i, m.Key, s.textOf(m)}
					}
				}()
			}
			for n := range 20 {
				for k := range 10 {
					m := text(fmt.Sprint("message ", n))
					m.Key = fmt.Sprint("key ", k)
					s.send(p, m)
				}
			}
			home, next := make(map[string]int), make(map[string]int)
			for range 200 {
				a := soon(s, got)
				if at, known := home[a.key]; known && at != a.consumer {
					s.Fatalf("%s was at consumer %d and is at %d", a.key, at, a.consumer)
				}
				home[a.key] = a.consumer
				if _, n := number(a.t); n != next[a.key] {
					s.Fatalf("%s: message %d came, want %d", a.key, n, next[a.key])
				}
				next[a.key]++
			}
		},
	},
	{
		name:    "Durable",
		about:   "a durable subscription collects messages while it has no consumer",
		applies: func(_ transport.Delivery, c Caps) bool { return c.Durable },
		test: func(s *suite) {
			s.consume("durable", transport.ConsumeOptions{}) // the topic has someone else
			o := transport.ConsumeOptions{Subscription: "durable"}
			c, p := s.consume("durable", o), s.produce("durable")
			s.sendAll(p, "one")
			s.expect(c, "one")
			c.Close()
			s.sendAll(p, "two", "three")
			again := s.consume("durable", o)
			s.expect(again, "two", "three")
		},
	},
	{
		name:    "NonDurable",
		about:   "a NonDurable subscription ends with its last consumer and begins anew with the next message",
		applies: func(d transport.Delivery, _ Caps) bool { return !d.FanOut },
		test: func(s *suite) {
			keeper := s.consume("nondurable", transport.ConsumeOptions{NonDurable: true}) // or the topic keeps
			o := transport.ConsumeOptions{Subscription: "nondurable", NonDurable: true}
			c, p := s.consume("nondurable", o), s.produce("nondurable")
			s.sendAll(p, "one")
			s.expect(c, "one")
			s.expect(keeper, "one")
			c.Close()
			s.sendAll(p, "two")
			s.expect(keeper, "two")
			again := s.consume("nondurable", o)
			s.sendAll(p, "three")
			s.expect(again, "three")
		},
	},
	{
		name:  "NoConsumer",
		about: "sending to a topic that nobody consumes succeeds, and who comes later gets what is sent then",
		test: func(s *suite) {
			p := s.produce("nobody")
			texts := numbered("before", 20)
			s.sendAll(p, texts...)
			c := s.consume("nobody", transport.ConsumeOptions{})
			if s.Keeps {
				s.expect(c, texts...)
			}
			s.sendAll(p, "after")
			if s.delivery.DropsWhenFull { // and may drop what comes while it adds the consumer
				s.sendUntil(p, c, "after")
			}
			s.expect(c, "after")
		},
	},
}
