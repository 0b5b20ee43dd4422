package broker

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

// buryAgain is when a message that could not be put among the dead letters is
// offered again.
const buryAgain = 10 * time.Second

// graves are the messages on their way to a dead-letter topic.
type graves struct {
	gravesMu sync.Mutex
	waiting  []grave
	dug      chan struct{} // something waits
}

type grave struct {
	topic        *topic
	subscription *subscription
	entry        *entry
	target       string
}

// deadLettersOf is the dead-letter topic of a subscription that named none, as
// in Pulsar. A subscription's name may have slashes, a topic's may not.
func deadLettersOf(topic, subscription string) string {
	return topic + "-" + strings.ReplaceAll(subscription, "/", "_") + "-DLQ"
}

// authorizeDeadLetters keeps a consumer from putting messages into a topic to
// which it may not produce. What an administrator has set needs no right of the
// consumer's.
func (b *Broker) authorizeDeadLetters(u *User, topic, subscription string, o *consumerOptions) error {
	if b.open() || u.Admin || o.maxRedeliveries == 0 && o.deadLetters == "" {
		return nil
	}
	target := o.deadLetters
	if target == "" {
		if s := b.settingsOf(topic); s != nil && s.DeadLetterTopic != "" {
			return nil
		}
		target = deadLettersOf(topic, subscription)
	}
	switch s := b.settingsOf(target); {
	case s != nil && b.allows(s, u, toProduce):
		return nil
	case s == nil && (o.deadLetters == "" || b.mayCreate(u)):
		return nil
	}
	return denied(u, "%s may not produce to the dead-letter topic %q", described(u), target)
}

// bury has an entry moved to a dead-letter topic; t.mu is held. Until it is
// there its subscription holds it, and delivers it to nobody.
func (t *topic) bury(s *subscription, e *entry, target string) {
	b := t.broker
	t.busy++
	e.msg.memory.lend() // for good: the message may be dropped while it is copied
	b.gravesMu.Lock()
	b.graves.waiting = append(b.graves.waiting, grave{t, s, e, target})
	b.gravesMu.Unlock()
	select {
	case b.graves.dug <- struct{}{}:
	default:
	}
}

// dig moves messages to dead-letter topics until the broker closes. What is
// left then is delivered once more after the next start.
func (b *Broker) dig() {
	for {
		select {
		case <-b.stop:
			return
		case <-b.graves.dug:
		}
		b.gravesMu.Lock()
		waiting := b.graves.waiting
		b.graves.waiting = nil
		b.gravesMu.Unlock()
		for _, g := range waiting {
			g.move()
		}
	}
}

// move publishes the message among the dead letters, and then takes it from its
// subscription: a crash in between leaves it in both.
func (g *grave) move() {
	b := g.topic.broker
	err := g.publish()
	g.topic.mu.Lock()
	g.topic.busy--
	switch e := g.entry; {
	case e.done:
	case err != nil:
		g.subscription.delayed.add(g.subscription, e, buryAgain)
		g.subscription.dispatch()
	default:
		e.msg.acked = true
		g.subscription.settle(e.msg.seq)
		g.subscription.drop(e)
		b.deadLetters.Add(1)
	}
	g.topic.unlock()
	if err != nil {
		b.log.warn("message not moved to the dead letters", "topic", g.topic.name, "target", g.target, "reason", err)
	}
	b.mu.Lock()
	b.removeUnused(g.topic)
	b.mu.Unlock()
}

func (g *grave) publish() error {
	b := g.topic.broker
	from := g.entry.msg
	c, err := from.open(b)
	if err != nil {
		return err
	}
	text := deadLetter(c, g.topic.name, g.subscription.name, from.id)
	f := envelope.Frame{KeepUnknown: true}
	if err := envelope.Scan(text, &f); err != nil {
		return err
	}
	t, err := b.acquire(g.target)
	if err != nil {
		return err
	}
	defer b.release(t)
	m := newMessage(text, &f, envelope.Summarize(f.Properties), time.Now())
	m.durable = from.durable
	done := make(chan error, 1)
	later, err := t.publish(m, func(err error) { done <- err })
	if later {
		b.store.Commit()
		return <-done
	}
	return err
}

// deadLetter is the text of a message with Pulsar's properties of a dead letter
// (RetryMessageUtil: the odd name is one of them).
func deadLetter(c *content, topic, subscription, id string) []byte {
	properties := bytes.TrimSpace(c.properties)
	if len(properties) == 0 {
		properties = []byte("{}")
	}
	properties = bytes.TrimSpace(properties[:len(properties)-1])
	text := append([]byte(`{"properties":`), properties...)
	separator := ","
	if len(properties) == 1 {
		separator = ""
	}
	for _, p := range [][2]string{
		{"REAL_TOPIC", fullName(topic)}, {"REAL_SUBSCRIPTION", subscription},
		{"ORIGIN_MESSAGE_ID", id}, {"ORIGIN_MESSAGE_IDY_TIME", id},
	} {
		text = fmt.Appendf(text, `%s"%s":`, separator, p[0])
		text = envelope.AppendString(text, p[1])
		separator = ","
	}
	text = append(text, '}')
	if len(c.key) > 0 {
		text = envelope.AppendString(append(text, `,"key":`...), string(c.key))
	}
	if len(c.context) > 0 {
		text = append(append(text, `,"context":`...), c.context...)
	}
	text = append(text, c.unknown...)
	if !c.hasPayload {
		return append(text, '}')
	}
	text = append(text, `,"payload":`...)
	if c.plain {
		return append(append(append(text, '"'), c.payload...), envelope.Tail...)
	}
	return append(envelope.AppendString(text, string(c.payload)), '}')
}

// fullName is a topic's name as Pulsar writes it.
func fullName(topic string) string {
	if !strings.Contains(topic, "/") {
		topic = "public/default/" + topic
	}
	return "persistent://" + topic
}
