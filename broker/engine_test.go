package broker

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

// An engine is a broker without sockets: topics are used directly, and what a
// consumer is sent is collected.
type engine struct {
	t *testing.T
	*Broker
}

func newEngine(t *testing.T, c Config) *engine {
	t.Helper()
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return &engine{t, b}
}

func (e *engine) topic(name string) *topic {
	e.t.Helper()
	t, err := e.acquire(name)
	if err != nil {
		e.t.Fatal(err)
	}
	return t
}

// A mailbox is the sink of a test's consumer.
type mailbox struct {
	*consumer
	topic  *topic
	got    []received
	queued []*entry // what unsent returns
	closed string
}

type received struct {
	delivery
	payload string
}

func (m *mailbox) deliver(d delivery) {
	m.got = append(m.got, received{d, payloadOf(m.topic.broker, d.entry.msg)})
}
func (m *mailbox) disconnect(_ int, text string) { m.closed = text }
func (m *mailbox) unsent() []*entry {
	q := m.queued
	m.queued = nil
	return q
}

// join adds a consumer and lets messages flow to it.
func (e *engine) join(t *topic, name string, o consumerOptions) *mailbox {
	e.t.Helper()
	m, err := e.tryJoin(t, name, o)
	if err != nil {
		e.t.Fatal(err)
	}
	return m
}

func (e *engine) tryJoin(t *topic, name string, o consumerOptions) (*mailbox, error) {
	if o.window == 0 {
		o.window = 1000
	}
	m := &mailbox{topic: t}
	c, err := t.subscribe(name, o, m)
	if err != nil {
		return nil, err
	}
	m.consumer = c
	return m, nil
}

func (m *mailbox) leave() { m.topic.unsubscribe(m.consumer) }

// payloads are the payloads of all deliveries so far, with a count behind those
// that were delivered before.
func (m *mailbox) payloads() string {
	m.topic.mu.Lock()
	defer m.topic.mu.Unlock()
	var texts []string
	for _, d := range m.got {
		text := d.payload
		if d.redelivered > 0 {
			text = fmt.Sprintf("%s+%d", text, d.redelivered)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

// seq is the number of the last delivery with that payload.
func (m *mailbox) seq(payload string) uint64 {
	m.topic.mu.Lock()
	defer m.topic.mu.Unlock()
	for _, d := range slices.Backward(m.got) {
		if d.payload == payload {
			return d.entry.msg.seq
		}
	}
	return 0
}

func (m *mailbox) ack(payloads ...string) {
	for _, p := range payloads {
		m.topic.ack(m.consumer, m.seq(p))
	}
}

func (m *mailbox) nack(payload string) { m.topic.nack(m.consumer, m.seq(payload)) }

// send publishes one message for each word: PAYLOAD, PAYLOAD@KEY or
// PAYLOAD:messageType.
func (e *engine) send(t *topic, words string) {
	e.t.Helper()
	for _, w := range strings.Fields(words) {
		if err := e.publish(t, testMessage(w)); err != nil {
			e.t.Fatalf("publishing %s: %v", w, err)
		}
	}
}

// publish waits until the message is taken; it is stored if there is a store.
func (e *engine) publish(t *topic, m *message) error {
	t.storing(m, plain)
	done := make(chan error, 1)
	later, err := t.publish(m, func(err error) { done <- err })
	if later {
		e.store.Commit()
		return <-done
	}
	return err
}

func payloadOf(b *Broker, m *message) string {
	c, err := m.open(b)
	if err != nil {
		return err.Error()
	}
	return string(c.payload)
}

// testMessage makes a message of PAYLOAD[@KEY][:messageType[:source_topic]].
func testMessage(word string) *message {
	payload, kind, _ := strings.Cut(word, ":")
	payload, key, hasKey := strings.Cut(payload, "@")
	kind, source, hasSource := strings.Cut(kind, ":")
	text := fmt.Appendf(nil, `{"payload":%q`, payload)
	if hasKey {
		text = fmt.Appendf(text, `,"key":%q`, key)
	}
	if kind != "" {
		text = fmt.Appendf(text, `,"properties":{"messageType":%q`, kind)
		if hasSource {
			text = fmt.Appendf(text, `,"source_topic":%q`, source)
		}
		text = append(text, '}')
	}
	m, err := scan(append(text, '}'))
	if err != nil {
		panic(err)
	}
	return m
}

func scan(text []byte) (*message, error) {
	f := envelope.Frame{KeepUnknown: true}
	if err := envelope.Scan(text, &f); err != nil {
		return nil, err
	}
	return newMessage(text, &f, envelope.Summarize(f.Properties), time.Now()), nil
}

func scanned(t *testing.T, text string) *message {
	t.Helper()
	m, err := scan([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (e *engine) want(what string, m *mailbox, payloads string) {
	e.t.Helper()
	if got := m.payloads(); got != payloads {
		e.t.Errorf("%s has got %q, want %q", what, got, payloads)
	}
}

// wantHeld checks the numbers that the bounds rest on.
func (e *engine) wantHeld(messages int64) {
	e.t.Helper()
	st := e.Stats()
	if st.Messages != messages || (st.Bytes == 0) != (messages == 0) {
		e.t.Errorf("%d messages and %d bytes are held, want %d messages", st.Messages, st.Bytes, messages)
	}
}

func TestSharedGivesToTheConsumerWithTheMostRoom(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	small := e.join(topic, "s", consumerOptions{kind: Shared, window: 1})
	large := e.join(topic, "s", consumerOptions{kind: Shared, window: 3})
	e.send(topic, "a b c d e f")
	// large has room for three, then both have room for one: small waits longer.
	e.want("the large one", large, "a b d")
	e.want("the small one", small, "c")
	large.ack("b")
	e.want("the large one, with room again", large, "a b d e")
	small.ack("c")
	e.want("the small one, with room again", small, "c f")
}

func TestSharedTakesTurnsAmongEquals(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "s", consumerOptions{kind: Shared})
	b := e.join(topic, "s", consumerOptions{kind: Shared})
	for i := range 6 {
		e.send(topic, fmt.Sprint(i))
		a.ack(fmt.Sprint(i))
		b.ack(fmt.Sprint(i))
	}
	e.want("one", a, "0 2 4")
	e.want("the other", b, "1 3 5")
}

func TestExclusiveAllowsOneConsumer(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	first := e.join(topic, "s", consumerOptions{kind: Exclusive})
	for _, kind := range []SubscriptionType{Exclusive, Shared} {
		_, err := e.tryJoin(topic, "s", consumerOptions{kind: kind})
		var r *refusal
		if !errors.As(err, &r) || r.status != http.StatusConflict {
			t.Errorf("a second consumer of type %s: %v, want a refusal with 409", kind, err)
		}
	}
	e.join(topic, "other", consumerOptions{kind: Exclusive})
	first.leave()
	e.join(topic, "s", consumerOptions{kind: Shared})
}

func TestFailoverGivesAllToTheFirst(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "s", consumerOptions{kind: Failover, window: 2})
	b := e.join(topic, "s", consumerOptions{kind: Failover})
	e.send(topic, "1 2 3 p:ping")
	e.want("the first", a, "1 2 p")
	e.want("the second", b, "")
	a.ack("1")
	a.leave()
	e.want("the second, when the first has gone", b, "p+1 2+1 3+1")
}

func TestKeySharedKeepsTheKeysTogether(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	workers := []*mailbox{
		e.join(topic, "s", consumerOptions{kind: KeyShared}),
		e.join(topic, "s", consumerOptions{kind: KeyShared}),
		e.join(topic, "s", consumerOptions{kind: KeyShared}),
	}
	for i := range 60 {
		e.send(topic, fmt.Sprintf("%d@k%d", i, i%12))
	}
	owner := make(map[string]int)
	busy := make(map[int]bool)
	for i, w := range workers {
		last := -1
		for _, d := range w.got {
			key := string(d.entry.msg.content.Load().key)
			if o, ok := owner[key]; ok && o != i {
				t.Errorf("key %s went to workers %d and %d", key, o, i)
			}
			owner[key] = i
			busy[i] = true
			var n int
			fmt.Sscan(d.payload, &n)
			if n < last {
				t.Errorf("worker %d got %d after %d", i, n, last)
			}
			last = n
		}
	}
	if len(owner) != 12 {
		t.Errorf("%d keys were delivered, want 12", len(owner))
	}
	if len(busy) < 2 {
		t.Errorf("all 12 keys went to one of three workers")
	}
}

func TestKeySharedMovesTheKeysOfOneThatGoes(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "s", consumerOptions{kind: KeyShared, window: 1})
	b := e.join(topic, "s", consumerOptions{kind: KeyShared, window: 1})
	e.send(topic, "1@x 2@x 3@x 4@x")
	if a.payloads() == "" {
		a, b = b, a
	}
	e.want("the owner of the key", a, "1")
	e.want("the other", b, "")
	a.leave()
	e.want("the other, when the owner has gone", b, "1+1")
	b.ack("1")
	b.ack("2")
	b.ack("3")
	e.want("the other, at the end", b, "1+1 2 3 4")
}

func TestMessagesWaitForRoom(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	c := e.join(topic, "s", consumerOptions{kind: Exclusive, window: 2})
	e.send(topic, "1 2 3 4 5")
	e.want("a consumer with a window of 2", c, "1 2")
	c.ack("2")
	e.want("after an ack", c, "1 2 3")
	c.nackDelay = time.Hour
	c.nack("1")
	e.want("after a negative ack", c, "1 2 3 4")
	e.wantHeld(4)
}

func TestControlMessagesPassAhead(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "s", consumerOptions{kind: Shared, window: 1})
	b := e.join(topic, "s", consumerOptions{kind: Shared, window: 1})
	e.send(topic, "1 2 3 p:ping q:info r:api_info s:cancel t:request")
	// Both are busy; the control messages are dealt out in turns and leave
	// the windows as they are.
	e.want("one", a, "1 p r")
	e.want("the other", b, "2 q s")
	a.ack("p", "r")
	e.want("one, after its control messages", a, "1 p r")
	a.ack("1")
	e.want("one, after its request", a, "1 p r 3")
	b.ack("2")
	e.want("the other, after its request", b, "2 q s t")
}

func TestControlMessagesWaitForAConsumer(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	c := e.join(topic, "s", consumerOptions{kind: Shared, durable: true})
	c.leave()
	e.send(topic, "1 p:ping")
	c = e.join(topic, "s", consumerOptions{kind: Shared, window: 1})
	e.want("a consumer that comes later", c, "p 1")
}

func TestPullModeDeliversAgainstPermits(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	c := e.join(topic, "s", consumerOptions{kind: Exclusive, pull: true})
	e.send(topic, "1 2 p:ping 3 4 5 6")
	e.want("before a permit", c, "")
	topic.permit(c.consumer, 2)
	e.want("after 2 permits", c, "p 1")
	c.ack("1")
	e.want("after an ack, which brings nothing", c, "p 1")
	topic.permit(c.consumer, 0)
	topic.permit(c.consumer, -5)
	e.want("after permits that are none", c, "p 1")
	topic.permit(c.consumer, 1)
	topic.permit(c.consumer, math.MaxInt)
	topic.permit(c.consumer, math.MaxInt)
	e.want("after permits without end", c, "p 1 2 3 4 5 6")
	e.send(topic, "7")
	e.want("with permits left", c, "p 1 2 3 4 5 6 7")
}

func TestPermitDoesNothingInPushMode(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	c := e.join(topic, "s", consumerOptions{kind: Exclusive, window: 1})
	e.send(topic, "1 2")
	topic.permit(c.consumer, 5)
	e.want("a consumer that is pushed to", c, "1")
}

func TestAcksOfNothingAreIgnored(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "a", consumerOptions{kind: Exclusive, window: 1})
	b := e.join(topic, "b", consumerOptions{kind: Exclusive})
	e.send(topic, "1 2")
	a.ack("1")
	a.ack("1") // twice
	topic.ack(a.consumer, b.seq("2")+7)
	topic.ack(a.consumer, 0)
	topic.nack(a.consumer, b.seq("1"))
	e.want("a consumer", a, "1 2")
	a.leave()
	topic.ack(a.consumer, a.seq("2"))
	topic.nack(a.consumer, a.seq("2"))
	topic.permit(a.consumer, 1)
	e.wantHeld(2) // those of b
}

// What was taken back from one consumer and given to another counts when the
// first acknowledges it late: it has been done.
func TestALateAckCounts(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "s", consumerOptions{kind: Shared, window: 1})
	b := e.join(topic, "s", consumerOptions{kind: Shared, window: 1})
	e.send(topic, "1 2 3")
	a.nack("1")
	e.want("the first", a, "1 1+1")
	topic.ack(b.consumer, a.seq("1"))
	e.wantHeld(2)
	e.want("the first, which has room again", a, "1 1+1 3")
}

func TestDelayedNacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Config{})
		topic := e.topic("t")
		slow := consumerOptions{kind: Shared, nackDelay: time.Minute}
		a := e.join(topic, "s", slow)
		e.send(topic, "1 2 3 p:ping")
		a.nack("2")
		time.Sleep(30 * time.Second)
		a.nack("3")
		a.nack("p")
		a.nack("1")
		a.ack("1") // it was done after all
		time.Sleep(29 * time.Second)
		e.want("before the delay is over", a, "1 2 3 p")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		e.want("after the first delay", a, "1 2 3 p 2+1")
		time.Sleep(time.Minute)
		synctest.Wait()
		e.want("after the second", a, "1 2 3 p 2+1 p+1 3+1")
		a.nack("3")
		a.leave() // nobody is left when the delay ends
		time.Sleep(time.Hour)
		b := e.join(topic, "s", slow)
		e.want("the next consumer", b, "p+2 2+2 3+2")
	})
}

// The table of delays must not grow when messages are handed back and then
// acknowledged, again and again.
func TestDelaysAreBounded(t *testing.T) {
	e := newEngine(t, Config{QueueMessages: 10})
	topic := e.topic("t")
	a := e.join(topic, "s", consumerOptions{kind: Exclusive, nackDelay: time.Hour})
	for i := range 1000 {
		e.send(topic, fmt.Sprint(i))
		a.nack(fmt.Sprint(i))
		a.ack(fmt.Sprint(i))
	}
	if n := len(a.subscription.delayed.heap); n > 20 {
		t.Errorf("%d entries wait for their time, want no more than twice the queue", n)
	}
	e.wantHeld(0)
}

func TestAckTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Config{})
		topic := e.topic("t")
		a := e.join(topic, "s", consumerOptions{kind: Shared, ackTimeout: time.Second, window: 1})
		e.send(topic, "1 2")
		b := e.join(topic, "s", consumerOptions{kind: Shared, window: 1})
		time.Sleep(900 * time.Millisecond)
		synctest.Wait()
		e.want("before the timeout", a, "1")
		b.ack("2")
		time.Sleep(400 * time.Millisecond)
		synctest.Wait()
		// Both have room, the other was served longer ago.
		if got := a.payloads() + " | " + b.payloads(); got != "1 1+1 | 2" && got != "1 | 2 1+1" {
			t.Errorf("after the timeout: %s", got)
		}
		a.leave()
		b.leave()
	})
}
