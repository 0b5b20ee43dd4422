package broker

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/broker/internal/store"
)

// loseIndex closes the broker, cuts the index of its store, and opens it again.
func (e *engine) loseIndex(at int64) {
	e.t.Helper()
	if err := e.Close(); err != nil {
		e.t.Fatal(err)
	}
	e.cutIndex(at)
}

// cutIndex is loseIndex for a broker that is closed.
func (e *engine) cutIndex(at int64) {
	e.t.Helper()
	if err := os.Truncate(filepath.Join(e.config.Dir, "index.db"), at); err != nil {
		e.t.Fatal(err)
	}
	b, err := New(e.config)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { b.Close() })
	e.Broker = b
}

func TestABrokerWithoutItsIndexHasItsMessages(t *testing.T) {
	for _, at := range []int64{0, 100, 10_000, 20_000} {
		t.Run(fmt.Sprint("cut at ", at), func(t *testing.T) {
			e := newEngine(t, Config{Dir: t.TempDir()})
			durable := consumerOptions{kind: Shared, durable: true}
			e.reopen() // more than once: numbers go on
			e.reopen()
			if err := e.CreateTopic("created", TopicSettings{}); err != nil {
				t.Fatal(err)
			}
			topic := e.topic("t")
			c := e.join(topic, "workers", durable)
			e.send(topic, "1 2 3")
			c.ack("2")
			e.send(e.topic("kept"), "4")
			last := e.lastSeq.Load()
			e.loseIndex(at)
			if e.lastSeq.Load() <= last {
				t.Errorf("numbers begin at %d, and were at %d", e.lastSeq.Load(), last)
			}
			e.send(e.topic("t"), "5")
			e.want("the workers", e.join(e.topic("t"), "workers", durable), "1 3 5")
			e.want("the first consumer", e.join(e.topic("kept"), "s", consumerOptions{}), "4")
			if topics := e.CreatedTopics(); len(topics) != 1 {
				t.Errorf("topics %v, want the one that was created", topics)
			}
			e.reopen()
			e.want("the workers after a restart", e.join(e.topic("t"), "workers", durable), "1 3 5")
		})
	}
}

// A segment is gone that had the name of a topic.
func TestMessagesWithoutATopicAreDropped(t *testing.T) {
	var log strings.Builder
	e := newEngine(t, Config{Dir: t.TempDir(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	e.send(e.topic("a"), "1 2 3")
	e.send(e.topic("b"), "4")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(e.config.Dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(topicKey("a"), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	e.cutIndex(0)
	e.want("who consumes the topic whose name is lost", e.join(e.topic("a"), "s", consumerOptions{}), "")
	e.want("who consumes the other", e.join(e.topic("b"), "s", consumerOptions{}), "4")
	items, err := e.store.Scan("m")
	if err != nil || len(items) > 1 {
		t.Errorf("%d messages are left in the store, %v", len(items), err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "the store has lost the names of topics: what they had is dropped") || !strings.Contains(log.String(), "messages=3") {
		t.Errorf("the log says\n%s", log.String())
	}
}
