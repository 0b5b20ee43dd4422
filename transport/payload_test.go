package transport_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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

// What is lent has nothing of the message that was lent before.
func TestALentMessageIsTheNextOne(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		many := map[string]string{}
		for i := range 100 {
			many[fmt.Sprint(i)] = "x"
		}
		manyText, err := json.Marshal(many)
		if err != nil {
			t.Fatal(err)
		}
		cases := []struct {
			text string
			want transport.Message
		}{
			{`"key":"k","redeliveryCount":2,"context":"c","properties":{"a":"1","b":"2"},"payload":"QUFB","publishTime":"2026-11-29T00:00:00.000Z"`,
				transport.Message{Key: "k", Context: "c", RedeliveryCount: 2, Properties: map[string]string{"a": "1", "b": "2"}, Payload: []byte("QUFB"),
					PublishTime: time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)}},
			{`"properties":{"b":"3"}`, transport.Message{Properties: map[string]string{"b": "3"}}},
			{`"properties":` + string(manyText), transport.Message{Properties: many}},
			{`"payload":""`, transport.Message{Properties: map[string]string{}, Payload: []byte{}}},
			{`"properties":{"c":{}}`, transport.Message{}}, // is ignored
			{`"properties":{"d":"4"}`, transport.Message{Properties: map[string]string{"d": "4"}}},
		}
		got := 0
		for _, c := range cases {
			lent := false
			consumer.(interface {
				Lend(func(*transport.Message))
			}).Lend(func(m *transport.Message) {
				lent = true
				c.want.ID = m.ID
				if d := cmp.Diff(c.want, *m, cmpopts.IgnoreUnexported(transport.Message{})); d != "" {
					t.Errorf("%.100s: -want +got:\n%s", c.text, d)
				}
			})
			broker.write(`{"messageId":"%d",%s}`, got, c.text)
			synctest.Wait()
			if got++; lent != (c.want.Properties != nil) {
				t.Errorf("%.100s: lent %v", c.text, lent)
			}
		}
	})
}
