package transport_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/dasf-go/dasf/transport"
)

// What is handed over lies where the next frame is read.
func TestAPayloadThatWaitsIsNotThatOfTheNextMessage(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		payload := func(i int) string { return strings.Repeat(fmt.Sprintf("QU%02d", i), 10_000) }
		deliver := func(i int) {
			broker.write(`{"messageId":"%d","payload":%q}`, i, payload(i))
			synctest.Wait()
		}
		check := func(i int, m *transport.Message) {
			t.Helper()
			if m.ID != fmt.Sprint(i) || string(m.Payload) != payload(i) {
				t.Errorf("message %d: %s of %d bytes, %.20s", i, m.ID, len(m.Payload), m.Payload)
			}
		}
		for i := range 4 {
			deliver(i)
		}
		first, second := l.receive(consumer), l.receive(consumer)
		next := 2
		consumer.(deliverer).Deliver(func(m *transport.Message) {
			check(next, m)
			next++
		})
		for i := 4; i < 8; i++ {
			deliver(i)
		}
		check(0, first)
		check(1, second)
		if next != 8 {
			t.Errorf("%d messages were handed over, want 8", next)
		}
	})
}
