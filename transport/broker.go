package transport

import (
	"context"
	"fmt"
)

// A Broker opens consumers and producers. Its methods may be called from any
// number of goroutines.
type Broker interface {
	// Consume subscribes to topic and returns once the broker has accepted.
	// ctx bounds the wait, not the life of the consumer. See the package
	// documentation for which failures are tried again.
	Consume(ctx context.Context, topic string, o ConsumeOptions) (Consumer, error)

	// Produce opens topic for sending and returns once the broker has
	// accepted. ctx bounds the wait, not the life of the producer.
	Produce(ctx context.Context, topic string) (Producer, error)
}

// A Consumer receives the messages of one subscription. Its methods may be
// called from any number of goroutines.
//
// Receive must be called again and again: a consumer reads ahead only as far as
// its prefetch, and on a broker that pushes all (Django) as far as
// [Options.ReceiveBuffer].
type Consumer interface {
	// Receive returns the next message. It waits until there is one, also
	// while the connection is down, and until ctx ends; the consumer stays
	// usable then. After Close it returns [ErrClosed].
	Receive(ctx context.Context) (*Message, error)

	// Ack tells the broker that m is done with. For a message that came
	// over a connection that is gone Ack does nothing: a broker that
	// redelivers sends it again. ctx bounds the wait for room in the
	// socket's queue. m must have come from this consumer.
	Ack(ctx context.Context, m *Message) error

	// Nack hands m back, and the broker delivers it again, perhaps to
	// another consumer of the subscription: the embedded broker and Memory
	// at once, Pulsar after a second. On a broker that does not redeliver
	// the message is lost; on Django, which redelivers only to a new
	// connection, Nack does nothing.
	Nack(ctx context.Context, m *Message) error

	// Delivery says what the broker of the present connection, or the last
	// one, does.
	Delivery() Delivery

	// Close ends the subscription's socket, once acknowledgements that
	// wait to be written are written, and makes Receive return. Messages
	// not acknowledged go back to the broker. Close may be called again.
	Close() error
}

// A Producer sends messages to one topic. Its methods may be called from any
// number of goroutines.
type Producer interface {
	// Send returns nil once the broker has acknowledged m with ok, and a
	// [*SendError] if it answered anything else. Any number of Sends may be
	// under way; what one goroutine sends arrives in the order in which it
	// was sent. While the connection is down Send waits; a message without
	// an answer is sent again then. After Close it returns [ErrClosed].
	//
	// m must not be changed before Send returns, and if Send returned
	// because ctx ended, its Payload must not be changed at all.
	Send(ctx context.Context, m *Message) error

	// Close closes the socket and makes each Send under way return
	// ErrClosed. Close may be called again.
	Close() error
}

// A SubscriptionType says how several consumers of one subscription share its
// messages. The names are Pulsar's.
type SubscriptionType string

// The types of a subscription.
const (
	// Exclusive allows one consumer; a second one is refused with 409.
	Exclusive SubscriptionType = "Exclusive"
	// Shared spreads the messages over all consumers.
	Shared SubscriptionType = "Shared"
	// Failover sends all to one consumer, and to the next when it goes.
	Failover SubscriptionType = "Failover"
	// KeyShared spreads the messages and keeps those of one key together.
	KeyShared SubscriptionType = "Key_Shared"
)

// check refuses what no broker knows.
func (t SubscriptionType) check() error {
	switch t {
	case "", Exclusive, Shared, Failover, KeyShared:
		return nil
	}
	return fmt.Errorf("subscription type %q is not known; use Exclusive, Shared, Failover or Key_Shared", string(t))
}

// ConsumeOptions describe a subscription.
type ConsumeOptions struct {
	// Subscription is the name of the subscription and required. Each
	// subscription of a topic gets every message; on Django
	// ([Delivery.FanOut]) each consumer does.
	Subscription string

	// Type is how consumers share the subscription. Empty means what the
	// broker does when nothing is said: Exclusive with Pulsar and Memory; in
	// the plain form each consumer has a subscription to itself, whatever
	// its name.
	Type SubscriptionType

	// Prefetch is how many messages the broker may deliver before one is
	// acknowledged. 0 leaves it to the broker: 1000 on Pulsar, which is
	// also the most that it grants. Django knows no such bound.
	Prefetch int

	// NonDurable ends the subscription with its last consumer; a durable
	// one collects messages while nobody is there.
	NonDurable bool
}

// check finds the mistakes that need no broker to be found.
func (o ConsumeOptions) check() error {
	if err := checkName("subscription", o.Subscription); err != nil {
		return err
	}
	if o.Prefetch < 0 {
		return fmt.Errorf("prefetch is %d, it must not be negative; 0 leaves it to the broker", o.Prefetch)
	}
	return o.Type.check()
}

// Delivery says what a broker does with messages.
type Delivery struct {
	// Redelivers: what is not acknowledged comes again.
	Redelivers bool
	// FanOut: every consumer of a topic gets every message, whatever its
	// subscription.
	FanOut bool
	// DistinctIDs: messageIds tell messages apart.
	DistinctIDs bool
	// CountsDeliveries: [Message.RedeliveryCount] counts the deliveries to
	// connections that ended, and not those that a consumer which stops has
	// handed back.
	CountsDeliveries bool
	// DropsWhenFull: a message is dropped, though acknowledged to its
	// producer, when its consumer does not keep up.
	DropsWhenFull bool
	// PieceSize is the largest payload, in characters of base64, that
	// arrives for certain on a broker that drops; 0 means that there is no
	// such limit. A producer has no more under way at once, but for a single
	// message that is larger; other sends wait for acknowledgements.
	PieceSize int
	// Backlog is how many messages may wait at a consumer; 0 means that there
	// is no such limit. Beyond it they are dropped (DropsWhenFull), or, on
	// Django with channels' InMemoryChannelLayer, kept from the consumer
	// until it connects again.
	Backlog int
	// MaxFrame is the largest envelope, in bytes, that the broker takes.
	MaxFrame int
}
