package broker_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/heaptest"
)

// What counts against MaxBytes is what the messages take, with their places in
// queues and tables: a million small messages are bounded as a thousand large.
func TestMaxBytesBoundsTheHeap(t *testing.T) {
	small := []byte(`{"properties": {"response_topic": "answers_aroEhfGH", "requestContext": 0, "messageType": "request", "dasf": "1"}, "payload": "e30=", "context": 0}`)
	const most = 24 << 20
	payload := func(n int) []byte {
		return bytes.Replace(small, []byte("e30="), bytes.Repeat([]byte("QUJD"), n/4), 1)
	}
	for _, tt := range []struct {
		name          string
		text          []byte
		subscriptions int
		query         string // of the subscriptions
		twoFrames     bool
		stored        bool
	}{
		{name: "small, kept", text: small},
		{name: "small, waiting", text: small, subscriptions: 1, query: "?subscriptionType=Shared&receiverQueueSize=1"},
		{name: "small, delivered", text: small, subscriptions: 1},
		{name: "small, delivered to three", text: small, subscriptions: 3},
		{name: "large, delivered", text: payload(64 << 10), subscriptions: 1},
		{name: "of 9,000 bytes", text: payload(9000), subscriptions: 1},
		{name: "of 9,000 bytes in two frames", text: payload(9000), subscriptions: 1, twoFrames: true},
		{name: "small, stored, kept", text: small, stored: true},
		{name: "small, stored, delivered", text: small, subscriptions: 1, stored: true},
		{name: "with unknown members", text: []byte(`{"payload":"","` + strings.Repeat("x", 1000) + `":""}`), subscriptions: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := broker.Config{MaxBytes: most, MaxMessage: 1 << 20, QueueMessages: 1e9, QueueBytes: 1 << 40, KeptMessages: 1e9, KeptBytes: 1 << 40}
			producer, consumer := "/ws/topic", "/ws/topic"
			if tt.stored {
				c.Dir = t.TempDir()
				producer, consumer = "/ws/v2/producer/persistent/public/default/topic", "/ws/v2/consumer/persistent/public/default/topic"
			}
			b, url := serve(t, c)
			for i := range tt.subscriptions {
				go discard(dialFast(t, fmt.Sprintf("%s%s/s%d%s", url, consumer, i, tt.query)))
			}
			out := dialFast(t, url+producer)
			before := heaptest.Live()
			taken := 0
			for full := false; !full; {
				const batch = 100
				for range batch {
					if tt.twoFrames {
						out.sendInTwo(tt.text)
					} else {
						out.send(tt.text)
					}
				}
				if err := out.flush(); err != nil {
					t.Fatal(err)
				}
				for range batch {
					answer, err := out.receive()
					if err != nil {
						t.Fatal(err)
					}
					if bytes.Contains(answer, []byte(`"ok"`)) {
						taken++
					} else {
						full = true
					}
				}
			}
			grown, counted := heaptest.Live()-before, b.Stats().Bytes
			if counted > most || counted < most/2*9/10 { // half of it is for what is kept
				t.Errorf("%d bytes are counted, MaxBytes is %d", counted, most)
			}
			t.Logf("%d messages count %d bytes, and the heap grew by %d", taken, counted, grown)
			if grown > counted*5/4 {
				t.Errorf("the heap grew by %d, %.2f times what is counted", grown, float64(grown)/float64(counted))
			}
			runtime.KeepAlive(b)
		})
	}
}
