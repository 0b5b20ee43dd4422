package broker_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
)

// The memory of a large message is used again once nobody reads it. These are
// some who still do.
func TestMemoryIsNotUsedAgainWhileSomebodyReadsIt(t *testing.T) {
	const messages, length = 24, 400_000 // more than the connections hold
	payload := func(fill byte, i int) string { return strings.Repeat(fmt.Sprintf("%c%03d", fill, i), length/4) }
	text := func(fill byte, i int) string {
		return `{"payload":"` + payload(fill, i) + fmt.Sprintf(`","context":"%d","properties":{"n":"%d"}}`, i, i)
	}
	const consumer, producer = "/ws/v2/consumer/non-persistent/public/default/", "/ws/v2/producer/non-persistent/public/default/"
	send := func(ws *websocket.Conn, fill byte) {
		t.Helper()
		for i := range messages {
			if err := writeInFrames(ws, text(fill, i)); err != nil {
				t.Fatal(err)
			}
			if answer := receive(t, ws); !strings.Contains(answer, `"ok"`) {
				t.Fatal(answer)
			}
		}
	}
	check := func(ws *websocket.Conn, fill byte, i int) string {
		t.Helper()
		got := receive(t, ws)
		if !strings.Contains(got, `"`+payload(fill, i)+`"`) {
			t.Errorf("message %d came out wrong: %.300s", i, got)
		}
		return got
	}
	// overwrite passes other messages on, which nobody else may see.
	overwrite := func(base string) {
		t.Helper()
		in, out := dial(t, base+consumer+"other/s"), dial(t, base+producer+"other")
		for i := range messages {
			if err := writeInFrames(out, text('X', i)); err != nil {
				t.Fatal(err)
			}
			receive(t, out)
			acknowledgeText(in, receive(t, in))
		}
	}

	t.Run("another subscription", func(t *testing.T) {
		_, base := serve(t, broker.Config{})
		fast, slow, out := dial(t, base+consumer+"t/fast"), dial(t, base+consumer+"t/slow"), dial(t, base+producer+"t")
		send(out, 'A')
		for i := range messages {
			acknowledgeText(fast, check(fast, 'A', i))
		}
		overwrite(base)
		for i := range messages {
			acknowledgeText(slow, check(slow, 'A', i))
		}
	})

	t.Run("a consumer whose messages somebody else acknowledges", func(t *testing.T) {
		_, base := serve(t, broker.Config{})
		const shared = "t/s?subscriptionType=Shared&receiverQueueSize=1000"
		slow := dial(t, base+consumer+shared)
		out := dial(t, base+producer+"t")
		send(out, 'B')
		helper := dial(t, base+consumer+shared)
		id := func(text string) string {
			_, rest, _ := strings.Cut(text, `"messageId":"`)
			return rest[:36]
		}
		first := id(check(slow, 'B', 0))
		var n uint64
		fmt.Sscanf(first[24:], "%x", &n)
		for i := range uint64(messages) {
			err := helper.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"messageId":"%s%012x"}`, first[:24], n+i))
			if err != nil {
				t.Fatal(err)
			}
		}
		overwrite(base)
		for i := 1; i < messages; i++ {
			check(slow, 'B', i)
		}
	})

	t.Run("dead letters", func(t *testing.T) {
		_, base := serve(t, broker.Config{})
		in := dial(t, base+consumer+"t/s?subscriptionType=Shared&maxRedeliverCount=1&negativeAckRedeliveryDelay=0")
		dead := dial(t, base+consumer+"t-s-DLQ/s")
		out := dial(t, base+producer+"t")
		send(out, 'C')
		refuse := func(text string) {
			_, rest, _ := strings.Cut(text, `"messageId":"`)
			err := in.WriteMessage(websocket.TextMessage, []byte(`{"type":"negativeAcknowledge","messageId":"`+rest[:36]+`"}`))
			if err != nil {
				t.Fatal(err)
			}
		}
		for range 2 * messages {
			refuse(receive(t, in))
		}
		overwrite(base)
		for i := range messages {
			acknowledgeText(dead, check(dead, 'C', i))
		}
	})
}
