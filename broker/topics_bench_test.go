package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf/internal/heaptest"
)

// BenchmarkTopics reports what 10,000 topics take in memory, each with a durable
// subscription that holds a message of 1 kB: in a broker in memory, in one with
// a store while all are in use, and in one after they were used.
func BenchmarkTopics(b *testing.B) {
	const topics = 10_000
	for _, tt := range []struct {
		name         string
		store, inUse bool
	}{{"memory", false, true}, {"store,in-use", true, true}, {"store,resting", true, false}} {
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				c := Config{}
				if tt.store {
					c.Dir = b.TempDir()
				}
				before := heaptest.InUse()
				m, err := New(c)
				if err != nil {
					b.Fatal(err)
				}
				for i := range topics {
					t, err := m.acquire(fmt.Sprintf("topic-%d", i))
					if err != nil {
						b.Fatal(err)
					}
					box := &mailbox{topic: t}
					o := consumerOptions{kind: Shared, durable: true, latest: true, window: 1}
					consumer, err := t.subscribe("workers", o, box)
					if err != nil {
						b.Fatal(err)
					}
					t.unsubscribe(consumer)
					message := testMessage(strings.Repeat("A", 1024))
					t.storing(message, persistent)
					// Nobody waits for each single sync.
					if _, err := t.publish(message, func(error) {}); err != nil {
						b.Fatal(err)
					}
					if m.store != nil {
						m.store.Wake()
					}
					if !tt.inUse {
						m.release(t)
					}
				}
				for resting := false; tt.store && !resting; time.Sleep(time.Millisecond) {
					m.mu.Lock()
					resting = m.messages.Load() == topics
					if !tt.inUse {
						resting = len(m.topics) == 0
					}
					m.mu.Unlock()
				}
				b.ReportMetric(float64(heaptest.InUse()-before)/1e6, "MB")
				b.ReportMetric(0, "ns/op")
				if n := m.Stats().Messages; n != topics {
					b.Errorf("%d messages are held, want %d", n, topics)
				}
				if err := m.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
