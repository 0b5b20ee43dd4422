package transporttest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/dasf-go/dasf/transport"
)

func redelivers(d transport.Delivery, _ Caps) bool { return d.Redelivers }

// consumerRules are about one consumer: receiving, acknowledging, closing.
var consumerRules = []rule{
	{
		name:  "ReceiveContext",
		about: "the end of a Receive's context ends that Receive only; the consumer stays usable",
		test: func(s *suite) {
			c, p := s.consume("receivecontext", transport.ConsumeOptions{}), s.produce("receivecontext")
			ended, cancel := context.WithCancel(s.ctx)
			cancel()
			if m, err := c.Receive(ended); m != nil || !errors.Is(err, context.Canceled) {
				s.Errorf("Receive with an ended context: %v, %v", m, err)
			}
			for range 3 { // Django greets a consumer, so one Receive may be answered
				short, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
				defer cancel()
				if m, err := c.Receive(short); err != nil && !errors.Is(err, context.DeadlineExceeded) || m != nil && !isGreeting(m) {
					s.Errorf("Receive with a short context: %v, %v", m, err)
				}
			}
			s.sendAll(p, "one", "two")
			s.expect(c, "one", "two")
		},
	},
	{
		name:  "ConcurrentReceives",
		about: "many goroutines may Receive at once; each message reaches one of them",
		test: func(s *suite) {
			c, p := s.consume("receives", transport.ConsumeOptions{}), s.produce("receives")
			texts := numbered("message", min(200, s.Messages))
			got := make(chan string, len(texts))
			var wg sync.WaitGroup
			ctx, cancel := context.WithCancel(s.ctx)
			for range 8 {
				wg.Go(func() {
					for {
						m, err := c.Receive(ctx)
						if err != nil {
							return
						}
						s.ack(c, m)
						if !isGreeting(m) {
							got <- s.textOf(m)
						}
					}
				})
			}
			s.sendAll(p, texts...)
			var list []string
			for range texts {
				select {
				case t := <-got:
					list = append(list, t)
				case <-time.After(s.Wait):
					s.Fatalf("%d messages came, want %d", len(list), len(texts))
				}
			}
			cancel()
			wg.Wait()
			slices.Sort(list)
			slices.Sort(texts)
			if !slices.Equal(list, texts) {
				s.Errorf("received %q", list)
			}
		},
	},
	{
		name:  "Close",
		about: "Close makes Receive and Send return ErrClosed, may be called again, and leaves the broker usable",
		test: func(s *suite) {
			c, p := s.consume("close", transport.ConsumeOptions{}), s.produce("close")
			result := make(chan error)
			go func() {
				for {
					if _, err := c.Receive(s.ctx); err != nil {
						result <- err
						return
					}
				}
			}()
			for range 2 {
				if err := c.Close(); err != nil {
					s.Errorf("Close: %v", err)
				}
				if err := p.Close(); err != nil {
					s.Errorf("Close: %v", err)
				}
			}
			select {
			case err := <-result:
				if !errors.Is(err, transport.ErrClosed) {
					s.Errorf("Receive after Close: %v, want ErrClosed", err)
				}
			case <-time.After(s.Wait):
				s.Error("Receive does not return after Close")
			}
			if _, err := c.Receive(s.ctx); !errors.Is(err, transport.ErrClosed) {
				s.Errorf("Receive on a closed consumer: %v, want ErrClosed", err)
			}
			if err := p.Send(s.ctx, text("never")); !errors.Is(err, transport.ErrClosed) {
				s.Errorf("Send on a closed producer: %v, want ErrClosed", err)
			}
			again, to := s.consume("close2", transport.ConsumeOptions{}), s.produce("close2")
			s.sendAll(to, "after")
			s.expect(again, "after")
		},
	},
	{
		name:  "ForeignAck",
		about: "a message is acknowledged at the consumer that it came from, and an acknowledgement after Close is an error",
		test: func(s *suite) {
			one, two := s.consume("foreign", transport.ConsumeOptions{}), s.consume("foreign", transport.ConsumeOptions{})
			s.sendAll(s.produce("foreign"), "message")
			m := s.receive(one)
			s.receive(two)
			if err := two.Ack(s.ctx, m); err == nil {
				s.Error("a consumer acknowledged a message of another one")
			}
			if err := two.Nack(s.ctx, &transport.Message{ID: m.ID}); err == nil {
				s.Error("a consumer handed back a message that it never had")
			}
			s.ack(one, m)
			s.ack(one, m) // twice does no harm
			one.Close()
			if err := one.Ack(s.ctx, m); !errors.Is(err, transport.ErrClosed) {
				s.Errorf("Ack on a closed consumer: %v, want ErrClosed", err)
			}
		},
	},
	{
		name:    "Redelivery",
		about:   "what a consumer has not acknowledged when it goes comes again, what it has acknowledged does not",
		applies: redelivers,
		test: func(s *suite) {
			o := transport.ConsumeOptions{Subscription: "redelivery"}
			c, p := s.consume("redelivery", o), s.produce("redelivery")
			s.sendAll(p, "one", "two", "three")
			s.receive(c)
			s.ack(c, s.receive(c))
			s.receive(c)
			if err := c.Close(); err != nil {
				s.Fatal(err)
			}
			again := s.consume("redelivery", o)
			s.expect(again, "one", "three")
			s.sendAll(p, "four")
			s.expect(again, "four")
		},
	},
	{
		name:    "Nack",
		about:   "what is handed back comes again while the consumer stays",
		applies: func(_ transport.Delivery, c Caps) bool { return c.Nacks },
		test: func(s *suite) {
			c, p := s.consume("nack", transport.ConsumeOptions{Type: transport.Shared}), s.produce("nack")
			s.sendAll(p, "handed back")
			first := s.receive(c)
			if err := c.Nack(s.ctx, first); err != nil {
				s.Fatalf("Nack: %v", err)
			}
			again := s.receive(c)
			s.ack(c, again)
			if got := s.textOf(again); got != "handed back" || again.ID != first.ID {
				s.Errorf("received %q with the id %s, want the message with the id %s again", got, again.ID, first.ID)
			}
			if again.RedeliveryCount <= first.RedeliveryCount {
				s.Errorf("RedeliveryCount is %d after %d, want more", again.RedeliveryCount, first.RedeliveryCount)
			}
		},
	},
	{
		name:    "NackDoesNoHarm",
		about:   "where nothing comes again, handing a message back is no error, and the next one arrives",
		applies: func(_ transport.Delivery, c Caps) bool { return !c.Nacks },
		test: func(s *suite) {
			c, p := s.consume("nonack", transport.ConsumeOptions{}), s.produce("nonack")
			s.sendAll(p, "one")
			if err := c.Nack(s.ctx, s.receive(c)); err != nil {
				s.Errorf("Nack: %v", err)
			}
			s.sendAll(p, "two")
			s.expect(c, "two")
		},
	},
	{
		name:  "SlowConsumer",
		about: "a consumer that does not receive keeps nothing from another subscription",
		test: func(s *suite) {
			s.consume("slow", transport.ConsumeOptions{})
			c, p := s.consume("slow", transport.ConsumeOptions{}), s.produce("slow")
			for _, t := range numbered("message", min(200, s.Messages)) {
				s.sendAll(p, t)
				s.expect(c, t)
			}
		},
	},
}
