package transporttest

import (
	"fmt"
	"sync"

	"github.com/dasf-go/dasf/transport"
)

func cuts(_ transport.Delivery, c Caps) bool { return c.Cut != nil }

// failureRules are about connections that break.
var failureRules = []rule{
	{
		name:    "Reconnect",
		about:   "a consumer and a producer whose connections broke go on by themselves, the consumer first",
		applies: cuts,
		test: func(s *suite) {
			o := transport.ConsumeOptions{Subscription: "reconnect"}
			c, p := s.consume("reconnect", o), s.produce("reconnect")
			sent := make(map[string]bool)
			for round := range 5 {
				s.sendUntilReceived(c, p, fmt.Sprint("before ", round), sent)
				s.Cut()
				s.sendUntilReceived(c, p, fmt.Sprint("after ", round), sent)
			}
		},
	},
	{
		name:    "NothingIsLost",
		about:   "each message whose Send returned nil arrives at least once, however often connections break",
		applies: func(d transport.Delivery, c Caps) bool { return c.Cut != nil && d.Redelivers && (c.Durable || c.Keeps) },
		test: func(s *suite) {
			const senders, each = 8, 50
			o := transport.ConsumeOptions{Subscription: "lossless", Type: transport.Shared}
			c, p := s.consume("lossless", o), s.produce("lossless")
			var wg sync.WaitGroup
			defer wg.Wait()
			for i := range senders {
				wg.Go(func() {
					for n := range each {
						s.send(p, text(fmt.Sprint("message ", i*each+n)))
						if n%10 == 9 && i == 0 {
							s.Cut()
						}
					}
				})
			}
			seen := make(map[string]bool)
			for len(seen) < senders*each {
				seen[s.next(c)] = true
			}
		},
	},
	{
		name:    "OldAck",
		about:   "acknowledging a message of a connection that broke is no error; the message comes again where the broker redelivers",
		applies: func(d transport.Delivery, c Caps) bool { return c.Cut != nil && d.Redelivers },
		test: func(s *suite) {
			c, p := s.consume("oldack", transport.ConsumeOptions{Subscription: "oldack"}), s.produce("oldack")
			s.sendAll(p, "message")
			m := s.receive(c)
			s.Cut()
			s.sendAll(p, "after") // by now both are connected again
			s.ack(c, m)
			s.expect(c, "message", "after")
		},
	},
}

// sendUntilReceived sends a text and receives until it has come. On a broker
// that redelivers an earlier one may come before it, since an acknowledgement
// may be lost with its connection.
func (s *suite) sendUntilReceived(c transport.Consumer, p transport.Producer, t string, sent map[string]bool) {
	s.Helper()
	s.sendAll(p, t)
	for {
		got := s.next(c)
		if got == t {
			sent[t] = true
			return
		}
		if !s.delivery.Redelivers || !sent[got] {
			s.Fatalf("received %q, want %q", got, t)
		}
	}
}
