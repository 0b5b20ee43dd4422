package broker

import (
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/envelope"
)

const endOfTopic = `{"endOfTopic":false}`

// consume acts on one frame of a consumer. There is no answer to most of them,
// and a client would take one for a message, so that a mistake is only logged.
func (s *socket) consume(kind int, text []byte) {
	if kind == websocket.BinaryMessage {
		s.ignore("it is binary")
		return
	}
	var f envelope.Frame
	if err := envelope.Scan(text, &f); err != nil {
		if s.checkText(text) {
			s.ignore(err.Error())
		}
		return
	}
	switch string(f.Type) {
	case "permit":
		s.topic.permit(s.consumer, f.PermitMessages)
	case "window":
		s.topic.resize(s.consumer, f.PermitMessages)
	case "isEndOfTopic":
		s.queueText(endOfTopic)
	case "unsubscribe":
		s.topic.remove(s.consumer)
	case "negativeAcknowledge":
		if seq, ok := s.messageID(&f); ok {
			s.topic.nack(s.consumer, seq)
		}
	case "acknowledge":
		s.acknowledge(f.MessageIDs)
	case "return":
		if seq, ok := s.messageID(&f); ok {
			s.topic.takeReturned(s.consumer, seq)
		}
	default:
		if seq, ok := s.messageID(&f); ok {
			s.topic.ack(s.consumer, seq)
		}
	}
}

// acknowledge acknowledges all messages that a frame names.
func (s *socket) acknowledge(messageIDs []byte) {
	var room [32]uint64
	list := room[:0]
	if !envelope.VisitMessageIDs(messageIDs, func(id []byte) {
		if seq, ok := s.broker.identities.seq(id); ok {
			list = append(list, seq)
		}
	}) {
		s.ignore("messageIds must be an array of strings")
	}
	s.topic.ack(s.consumer, list...)
}

// messageID reads the id of a message of this broker. Another one, of the
// broker before a restart for example, is as good as acknowledged.
func (s *socket) messageID(f *envelope.Frame) (uint64, bool) {
	if f.MessageID == nil {
		s.ignore("messageId is missing")
		return 0, false
	}
	return s.broker.identities.seq(f.MessageID)
}

func (s *socket) ignore(reason string) {
	s.broker.log.warn("frame of a consumer ignored", "remote", s.remote,
		"topic", s.topic.name, "reason", reason)
}

// The methods below are what a consumer can ask of its topic. A consumer that
// is no longer subscribed asks in vain.

// ack reports whether it has acknowledged one of the messages.
func (t *topic) ack(c *consumer, messages ...uint64) (done bool) {
	t.mu.Lock()
	defer t.unlock()
	// dasf-broker-django, too, takes it for a sign of life (consumers.py).
	t.status.ponged.Store(time.Now().UnixNano())
	for _, seq := range messages {
		if s := c.subscription; s != nil && s.ack(seq, c.user) {
			t.broker.acknowledged.Add(1)
			done = true
		}
	}
	return done
}

func (t *topic) nack(c *consumer, seq uint64) {
	t.mu.Lock()
	defer t.unlock()
	if s := c.subscription; s != nil {
		s.nack(c, seq, c.nackDelay)
	}
}

func (t *topic) takeReturned(c *consumer, seq uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := c.subscription; s != nil {
		s.takeReturned(c, seq)
	}
}

func (t *topic) permit(c *consumer, n int) {
	t.mu.Lock()
	defer t.unlock()
	if s := c.subscription; s != nil {
		c.permit(n)
		s.dispatch()
	}
}

func (t *topic) resize(c *consumer, n int) {
	t.mu.Lock()
	defer t.unlock()
	if s := c.subscription; s != nil {
		c.resize(n)
		s.dispatch()
	}
}

// remove is unsubscribe: with its last consumer the subscription goes, and all
// that it holds with it, since nobody wants it.
func (t *topic) remove(c *consumer) {
	t.mu.Lock()
	defer t.unlock()
	s := c.subscription
	if s == nil {
		return
	}
	t.detach(c)
	if len(s.consumers) > 0 {
		s.dispatch()
		return
	}
	t.forget(s)
	for _, e := range s.outstanding() {
		s.drop(e)
	}
}
