package transport

import (
	"fmt"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

// A Message is one envelope. A Message is not safe for concurrent use.
type Message struct {
	// ID is the messageId, which the broker sets. See
	// [Delivery.DistinctIDs] before using it as a key.
	ID string

	// Context is what the sender wrote as the envelope's context. A broker
	// gives it back in its acknowledgement; Pulsar does not deliver it.
	// Send ignores it and uses a context of its own.
	Context string

	// Key routes a message with [KeyShared]; empty means none. Pulsar keeps
	// messages of one key on one consumer.
	Key string

	// Properties are the envelope's properties, every value as text: a
	// number, true or false is its literal text. Null and absent are the
	// same. Send writes all values as strings.
	Properties map[string]string

	// Payload is the base64 text as it travels. See [Message.Decode] and
	// [Message.SetBytes] for the bytes that it stands for. A received
	// message without a payload has a nil Payload, one with an empty
	// payload a Payload that is empty and not nil; both are sent as an empty
	// one.
	Payload []byte

	// PublishTime is when the broker took the message, zero if it does not
	// say.
	PublishTime time.Time

	// RedeliveryCount is how often the broker has delivered this message
	// before, as far as it says: Pulsar 4.2.4 leaves it 0 on Exclusive
	// subscriptions and after a reconnect.
	RedeliveryCount int

	// receipt is what Ack and Nack need; set by the consumer.
	receipt receipt
}

// A receipt says which delivery a message is, so that an acknowledgement does
// not reach a connection that knows nothing of it.
type receipt struct {
	consumer any
	delivery uint64
	weight   int64 // what the message holds in memory, about
}

// Decode returns the bytes of the payload, nil if it is empty. The error wraps
// a [encoding/base64.CorruptInputError].
func (m *Message) Decode() ([]byte, error) {
	return m.AppendDecoded(nil)
}

// AppendDecoded appends the bytes of the payload to dst. After an error dst is
// returned as it was.
func (m *Message) AppendDecoded(dst []byte) ([]byte, error) {
	out, err := envelope.DecodeBase64(dst, m.Payload)
	if err != nil {
		return dst, fmt.Errorf("payload is not base64: %w", err)
	}
	return out, nil
}

// SetBytes makes p the payload. It encodes into the buffer of the Payload that
// was there, if that is large enough.
func (m *Message) SetBytes(p []byte) {
	if m.Payload == nil {
		m.Payload = []byte{}
	}
	m.Payload = envelope.AppendBase64(m.Payload[:0], p)
}
