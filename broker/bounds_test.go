package broker

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sendUntilFull publishes until a message is refused and returns how many were
// taken and the refusal.
func (e *engine) sendUntilFull(t *topic, word string) (int, error) {
	e.t.Helper()
	for n := range 10_000 {
		if err := e.publish(t, testMessage(word)); err != nil {
			return n, err
		}
	}
	e.t.Fatal("10,000 messages were taken")
	return 0, nil
}

func (e *engine) wantFull(err error, text string) {
	e.t.Helper()
	var full *fullError
	if !errors.As(err, &full) || !strings.Contains(err.Error(), text) {
		e.t.Errorf("refused with %v, want a text with %q", err, text)
	}
}

var large = strings.Repeat("A", 1024-messageOverhead-len(`{"payload":""}`))

func TestAFullSubscriptionRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config Config
		taken  int
	}{
		{"messages", Config{QueueMessages: 7}, 7},
		{"bytes", Config{MaxMessage: 1024, QueueBytes: 5 * 1024}, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, tt.config)
			topic := e.topic("t")
			c := e.join(topic, "workers", consumerOptions{kind: Shared, window: 2})
			n, err := e.sendUntilFull(topic, large)
			e.wantFull(err, "workers")
			if n != tt.taken {
				t.Errorf("%d messages were taken, want %d", n, tt.taken)
			}
			e.wantHeld(int64(tt.taken))
			c.ack(large)
			e.send(topic, large)
			e.wantHeld(int64(tt.taken))
		})
	}
}

func TestATopicWithoutSubscriptionRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config Config
		taken  int
		want   string
	}{
		{"messages", Config{KeptMessages: 7}, 7, "nobody has subscribed"},
		{"bytes", Config{MaxMessage: 1024, KeptBytes: 5 * 1024}, 5, "nobody has subscribed"},
		{"bytes of all topics", Config{MaxMessage: 1024, MaxBytes: 8 * 1024}, 4, "waiting for somebody to subscribe"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, tt.config)
			topic := e.topic("t")
			n, err := e.sendUntilFull(topic, large)
			e.wantFull(err, tt.want)
			if n != tt.taken {
				t.Errorf("%d messages were taken, want %d", n, tt.taken)
			}
			// Others go on.
			busy := e.topic("busy")
			c := e.join(busy, "s", consumerOptions{kind: Exclusive})
			e.send(busy, "1")
			e.want("the consumer of another topic", c, "1")
		})
	}
}

func TestAFullBrokerRefuses(t *testing.T) {
	e := newEngine(t, Config{MaxMessage: 1024, MaxBytes: 5 * 1024})
	topic := e.topic("t")
	c := e.join(topic, "s", consumerOptions{kind: Exclusive})
	n, err := e.sendUntilFull(topic, large)
	e.wantFull(err, "the broker is full")
	if n != 5 {
		t.Errorf("%d messages were taken, want 5", n)
	}
	c.ack(large)
	e.send(topic, large)
}

// A message to four subscriptions is in memory once, and has a place in each.
func TestBytesAreCountedOnce(t *testing.T) {
	e := newEngine(t, Config{MaxMessage: 1024, MaxBytes: 8 * 1024})
	topic := e.topic("t")
	for i := range 4 {
		e.join(topic, fmt.Sprint(i), consumerOptions{})
	}
	if n, _ := e.sendUntilFull(topic, large); n != 6 {
		t.Errorf("%d messages were taken, want 6", n)
	}
	if n, want := e.Stats().Bytes, int64(6*(1024+3*entryOverhead)); n != want {
		t.Errorf("%d bytes are counted, want %d", n, want)
	}
}

func TestASlowConsumerDoesNotStopTheOthers(t *testing.T) {
	for _, tt := range []struct {
		name string
		slow consumerOptions
		gone bool // it has no consumer any more
	}{
		{"a plain consumer that acknowledges nothing", consumerOptions{}, false},
		{"a durable subscription that nobody reads", consumerOptions{kind: Exclusive, durable: true}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, Config{QueueMessages: 10})
			topic := e.topic("t")
			slow := e.join(topic, "slow", tt.slow)
			if tt.gone {
				slow.leave()
			}
			fast := e.join(topic, "fast", consumerOptions{})
			for i := range 25 {
				e.send(topic, fmt.Sprint(i))
				fast.ack(fmt.Sprint(i))
			}
			if n := len(fast.got); n != 25 {
				t.Errorf("the fast consumer has got %d messages, want 25", n)
			}
			if !tt.gone && slow.closed == "" {
				t.Error("the slow consumer was not told that it lags behind")
			}
			e.wantHeld(0)
		})
	}
}

// Workers that share a subscription are not cut off for being busy: a message
// too many is refused, and so it is when all subscriptions are full.
func TestABusySubscriptionRefuses(t *testing.T) {
	e := newEngine(t, Config{QueueMessages: 10})
	topic := e.topic("t")
	busy := e.join(topic, "workers", consumerOptions{kind: Shared})
	fast := e.join(topic, "fast", consumerOptions{})
	for i := range 10 {
		e.send(topic, fmt.Sprint(i))
		fast.ack(fmt.Sprint(i))
	}
	e.wantFull(e.publish(topic, testMessage("10")), "workers")
	if busy.closed != "" {
		t.Errorf("the busy worker was disconnected: %s", busy.closed)
	}
	busy.leave()

	topic = e.topic("u")
	a, b := e.join(topic, "a", consumerOptions{}), e.join(topic, "b", consumerOptions{})
	n, err := e.sendUntilFull(topic, "x")
	e.wantFull(err, "unacknowledged")
	if n != 10 || a.closed != "" || b.closed != "" {
		t.Errorf("%d messages were taken, want 10; one was closed %q, the other %q", n, a.closed, b.closed)
	}
}

func TestTooManyTopicsAndSubscriptions(t *testing.T) {
	e := newEngine(t, Config{MaxTopics: 2, MaxSubscriptions: 2})
	topic := e.topic("a")
	e.topic("b")
	_, err := e.acquire("c")
	wantStatus(t, "a third topic", err, http.StatusServiceUnavailable)
	if _, err := e.acquire("a"); err != nil {
		t.Errorf("a topic that is there: %v", err)
	}
	e.join(topic, "1", consumerOptions{kind: Shared})
	e.join(topic, "2", consumerOptions{})
	_, err = e.tryJoin(topic, "3", consumerOptions{})
	wantStatus(t, "a third subscription", err, http.StatusServiceUnavailable)
	e.join(topic, "1", consumerOptions{kind: Shared})
}

func wantStatus(t *testing.T, what string, err error, status int) {
	t.Helper()
	var r *refusal
	if !errors.As(err, &r) || r.status != status {
		t.Errorf("%s: %v, want a refusal with %d", what, err, status)
	}
}

func TestConfigMistakes(t *testing.T) {
	for _, tt := range []struct {
		config Config
		want   string
	}{
		{Config{MaxMessage: -1}, "MaxMessage"},
		{Config{MaxMessage: 10}, "MaxMessage"},
		{Config{Prefetch: -1}, "Prefetch"},
		{Config{KeptBytes: 1}, "KeptBytes"},
		{Config{QueueBytes: 16 * mib}, "QueueBytes"},
		{Config{PingInterval: -time.Second}, "PingInterval"},
		{Config{Origins: []string{"[a"}}, "Origins"},
	} {
		b, err := New(tt.config)
		if err == nil {
			b.Close()
			t.Errorf("%+v was taken, want an error that names %s", tt.config, tt.want)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %q, want one that names %s", err, tt.want)
		}
	}
	// A large message makes the bounds that were left out larger.
	b, err := New(Config{MaxMessage: 200 * mib})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if b.config.KeptBytes < 200*mib {
		t.Errorf("KeptBytes is %d by default and can't hold one message of MaxMessage", b.config.KeptBytes)
	}
}

func TestRepeatedWarningsAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		j := newJournal(slog.New(slog.NewTextHandler(&text, nil)))
		for range 500 {
			j.warn("full", "topic", "t")
			j.warn("refused")
		}
		time.Sleep(time.Second)
		j.warn("full", "topic", "u")
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		if len(lines) != 3 {
			t.Fatalf("%d lines, want 3:\n%s", len(lines), &text)
		}
		if !strings.Contains(lines[2], "left_out=499") {
			t.Errorf("last line %q, want one that says left_out=499", lines[2])
		}
	})
}
