package transport_test

import (
	"strings"
	"testing"

	"github.com/dasf-go/dasf/transport"
)

func TestAReleasedPayloadLeavesOtherMessagesAlone(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		other, _ := l.consume(l.plain(), "other")
		receive := func(fill string) *transport.Message {
			broker.write(`{"messageId":"1","payload":%q}`, strings.Repeat(fill, 10_000))
			return l.receive(consumer)
		}
		release := consumer.(interface{ Release(*transport.Message) }).Release
		kept := receive("AAAA")
		for _, fill := range []string{"QUJD", "Qk9C", "WFla"} {
			m := receive(fill)
			if string(m.Payload) != strings.Repeat(fill, 10_000) {
				t.Errorf("a message of %s came out wrong", fill)
			}
			release(m)
			if m.Payload != nil {
				t.Error("a released message has a payload")
			}
			release(m)
		}
		other.(interface{ Release(*transport.Message) }).Release(kept)
		if string(kept.Payload) != strings.Repeat("AAAA", 10_000) {
			t.Error("a message that is held was changed, or released by a consumer that it is not from")
		}
	})
}
