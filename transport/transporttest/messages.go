package transporttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/dasf-go/dasf/transport"
)

// messageRules are about what happens to a message on its way.
var messageRules = []rule{
	{
		name:  "Order",
		about: "what one goroutine sends to a topic arrives in the order in which it was sent",
		test: func(s *suite) {
			c, p := s.consume("order", transport.ConsumeOptions{}), s.produce("order")
			texts := numbered("message", min(300, s.Messages))
			var wg sync.WaitGroup
			defer wg.Wait()
			w := s.window()
			wg.Go(func() { w.sendAll(s, p, texts...) })
			for _, want := range texts {
				if got := w.next(s, c); got != want {
					s.Fatalf("received %q, want %q", got, want)
				}
			}
		},
	},
	{
		name:  "ConcurrentSends",
		about: "many goroutines may Send at once; each message arrives once, those of one goroutine in order",
		test: func(s *suite) {
			const senders = 16
			each := min(40, max(s.Messages/senders, 2))
			c, p := s.consume("concurrent", transport.ConsumeOptions{}), s.produce("concurrent")
			w := s.window()
			var wg sync.WaitGroup
			defer wg.Wait()
			for i := range senders {
				wg.Go(func() { w.sendAll(s, p, numbered(fmt.Sprint("sender ", i), each)...) })
			}
			next := make(map[string]int)
			for range senders * each {
				sender, n := number(w.next(s, c))
				if n != next[sender] {
					s.Fatalf("%s: message %d came, want %d", sender, n, next[sender])
				}
				next[sender]++
			}
		},
	},
	{
		name:  "Thousands",
		about: "nothing is lost, doubled or mixed up in thousands of messages",
		test: func(s *suite) {
			c, p := s.consume("thousands", transport.ConsumeOptions{}), s.produce("thousands")
			w := s.window()
			var wg sync.WaitGroup
			defer wg.Wait()
			for i := range 8 {
				wg.Go(func() {
					for n := i; n < s.Messages; n += 8 {
						w.sendAll(s, p, fmt.Sprint("message ", n))
					}
				})
			}
			seen := make([]bool, s.Messages)
			for range s.Messages {
				_, n := number(w.next(s, c))
				if seen[n] {
					s.Fatalf("message %d came twice", n)
				}
				seen[n] = true
			}
		},
	},
	{
		name:  "Payload",
		about: "every byte of a payload arrives; an empty payload is there and empty",
		test: func(s *suite) {
			c, p := s.consume("payload", transport.ConsumeOptions{}), s.produce("payload")
			all := make([]byte, 256*3)
			for i := range all {
				all[i] = byte(i)
			}
			texts := []string{"", "a", "ab", "abc", string(all), "日本 😀 é", strings.Repeat("x", 30_000)}
			for _, t := range texts {
				s.send(p, text(t))
				m := s.receive(c)
				s.ack(c, m)
				if got := s.textOf(m); got != t || m.Payload == nil {
					s.Errorf("payload %.50q arrived as %.50q, nil: %v", t, got, m.Payload == nil)
				}
			}
		},
	},
	{
		name:  "Properties",
		about: "names and values of properties arrive as they are, whatever characters they have",
		test: func(s *suite) {
			c, p := s.consume("properties", transport.ConsumeOptions{}), s.produce("properties")
			want := map[string]string{
				"response_topic": s.topic("response"), "requestContext": "0", "messageType": "request",
				"quote\"backslash\\": "\"\\/\b\f\n\r\t\x00\x1f\x7f", "ü": "日本 😀 é \u2028 \u00a0",
				"empty": "", "": "empty name", "number": "12345678901234567890", "json": `{"a": [1, "b"]}`,
				"long": strings.Repeat("0123456789", 2_000),
			}
			m := text("payload")
			m.Properties = want
			s.send(p, m)
			got := s.receive(c)
			s.ack(c, got)
			for name, value := range want {
				if v, ok := got.Properties[name]; v != value || !ok {
					s.Errorf("property %q arrived as %.60q, there: %v, want %.60q", name, v, ok, value)
				}
			}
			for name, value := range got.Properties {
				if _, ok := want[name]; !ok {
					s.Errorf("property %q: %.60q was never sent", name, value)
				}
			}
			m = text("none")
			m.Properties = nil
			s.send(p, m)
			if got := s.receive(c); len(got.Properties) > 0 {
				s.Errorf("a message without properties arrived with %q", got.Properties)
			}
		},
	},
	{
		name:  "Envelope",
		about: "a message has an id and a time of publication; its key arrives; no property travels as context",
		test: func(s *suite) {
			c, p := s.consume("envelope", transport.ConsumeOptions{}), s.produce("envelope")
			ids := make(map[string]bool)
			for range 3 {
				m := text("with key")
				m.Key = `K1 "ü"`
				s.send(p, m)
				got := s.receive(c)
				s.ack(c, got)
				if got.ID == "" || got.PublishTime.IsZero() || got.Key != m.Key {
					s.Errorf("ID %q, PublishTime %v, Key %q, want all of them, the key %q", got.ID, got.PublishTime, got.Key, m.Key)
				}
				ids[got.ID] = true
			}
			if s.delivery.DistinctIDs && len(ids) != 3 {
				s.Errorf("three messages have the ids %v, Delivery says that ids are distinct", ids)
			}
		},
	},
	{
		name:  "LargeMessage",
		about: "an envelope of up to MaxFrame, or of 1,048,576 bytes if that is less, arrives whole; a larger one than MaxFrame is refused before it is sent, and the next message is not harmed",
		test: func(s *suite) {
			c, p := s.consume("large", transport.ConsumeOptions{}), s.produce("large")
			limit := min(s.delivery.MaxFrame, 1<<20) - 150 // room for the envelope
			if s.delivery.PieceSize > 0 {
				limit = min(limit, s.delivery.PieceSize)
			}
			body := strings.Repeat("0123456789ab", limit/16)
			s.sendAll(p, body, "small", body)
			s.expect(c, body, "small", body)
			ctx, cancel := s.within()
			defer cancel()
			if err := p.Send(ctx, text(strings.Repeat("x", s.delivery.MaxFrame))); !errors.Is(err, transport.ErrTooLarge) {
				s.Errorf("Send of more than MaxFrame: %v, want ErrTooLarge", err)
			}
			s.sendAll(p, "after")
			s.expect(c, "after")
		},
	},
	{
		name:  "NoBase64",
		about: "a payload that would break the JSON around it is refused before it is sent",
		test: func(s *suite) {
			c, p := s.consume("nobase64", transport.ConsumeOptions{}), s.produce("nobase64")
			for _, payload := range []string{`a"b`, `a\b`, "a\nb", "é", "\xff"} {
				ctx, cancel := s.within()
				defer cancel()
				if err := p.Send(ctx, &transport.Message{Payload: []byte(payload)}); err == nil {
					s.Errorf("Send of the payload %q: no error", payload)
				}
			}
			s.sendAll(p, "after")
			s.expect(c, "after")
		},
	},
	{
		name:  "NoSharing",
		about: "a message that was sent, and one that was received, may be changed without effect on others",
		test: func(s *suite) {
			one, two := s.consume("sharing", transport.ConsumeOptions{}), s.consume("sharing", transport.ConsumeOptions{})
			p := s.produce("sharing")
			m := text("original")
			s.send(p, m)
			m.SetBytes([]byte("changed!"))
			m.Properties["messageType"] = "changed"
			for _, c := range []transport.Consumer{one, two} {
				got := s.receive(c)
				if t := s.textOf(got); t != "original" || got.Properties["messageType"] != "request" {
					s.Errorf("received %q, %q", t, got.Properties)
				}
				got.SetBytes([]byte("CHANGED!"))
				got.Properties["messageType"] = "CHANGED"
			}
		},
	},
	{
		name:  "SendContext",
		about: "the end of a Send's context ends that Send only",
		test: func(s *suite) {
			c, p := s.consume("sendcontext", transport.ConsumeOptions{}), s.produce("sendcontext")
			ctx, cancel := context.WithCancel(s.ctx)
			cancel()
			if err := p.Send(ctx, text("never")); !errors.Is(err, context.Canceled) {
				s.Errorf("Send with an ended context: %v", err)
			}
			s.sendAll(p, "after")
			s.expect(c, "after")
		},
	},
	{
		name:  "Names",
		about: "a topic or a subscription that would change the path of a URL is an error that says so",
		test: func(s *suite) {
			for _, name := range []string{"", "a/b", "..", ".", "a\nb", "\xff"} {
				if _, err := s.broker.Produce(s.ctx, name); err == nil || !strings.Contains(err.Error(), "topic") {
					s.Errorf("Produce(%q): %v", name, err)
				}
				_, err := s.broker.Consume(s.ctx, name, transport.ConsumeOptions{Subscription: "s"})
				if err == nil || !strings.Contains(err.Error(), "topic") {
					s.Errorf("Consume(%q): %v", name, err)
				}
				_, err = s.broker.Consume(s.ctx, s.topic("t"), transport.ConsumeOptions{Subscription: name})
				if err == nil || !strings.Contains(err.Error(), "subscription") {
					s.Errorf("Consume of subscription %q: %v", name, err)
				}
			}
			_, err := s.broker.Consume(s.ctx, s.topic("t"), transport.ConsumeOptions{Subscription: "s", Type: "shared"})
			if err == nil || !strings.Contains(err.Error(), `subscription type "shared"`) {
				s.Errorf("Consume with the type shared, in lower case: %v", err)
			}
			_, err = s.broker.Consume(s.ctx, s.topic("t"), transport.ConsumeOptions{Subscription: "s", Prefetch: -1})
			if err == nil || !strings.Contains(err.Error(), "prefetch") {
				s.Errorf("Consume with a negative prefetch: %v", err)
			}
		},
	},
	{
		name:    "OddNames",
		about:   "names of topics and subscriptions are escaped in URLs",
		applies: func(_ transport.Delivery, c Caps) bool { return c.AnyName },
		test: func(s *suite) {
			for _, name := range []string{"a b", "ü日本", "a@b:c*d", "50%", "a?b#c", "a+b&c=d;e,f"} {
				c := s.consume(name, transport.ConsumeOptions{Subscription: "sub " + name})
				s.sendAll(s.produce(name), "to "+name)
				s.expect(c, "to "+name)
			}
		},
	},
}
