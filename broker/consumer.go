package broker

import (
	"hash/maphash"
	"time"
)

// A sink takes what a consumer is sent. Its methods never block and never call
// back into the topic.
type sink interface {
	deliver(delivery)
	// unsent returns the entries that were delivered and not yet written.
	unsent() []*entry
	// disconnect ends the connection with a close code.
	disconnect(code int, reason string)
}

// A delivery is one message on its way to one consumer.
type delivery struct {
	entry       *entry
	redelivered int
	memory      *memory // lent by the socket
}

// A consumer is one socket that reads from a subscription. It is guarded by
// the topic's mutex.
type consumer struct {
	subscription *subscription // nil once detached
	out          sink
	seed         maphash.Seed // for Key_Shared

	pull       bool // messages are delivered only against permits
	permits    int
	window     int // most unacknowledged messages that it asked for, unless it pulls
	ahead      int // more than those while it says so, after all others have had theirs
	unacked    int // those that count against the window
	served     uint64
	assigned   queue // what waits for its keys
	nackDelay  time.Duration
	ackTimeout time.Duration
	ackTimer   *time.Timer
	user       string

	maxRedeliveries int // 0 for no end
	deadLetters     string
}

// consumerOptions is what a consumer asks for at its handshake.
type consumerOptions struct {
	kind       SubscriptionType
	durable    bool
	latest     bool // only messages that come after it
	pull       bool
	window     int
	nackDelay  time.Duration
	ackTimeout time.Duration
	user       string

	// What the URL did not say is the topic's to say.
	maxRedeliveries             int
	deadLetters                 string
	ownNackDelay, ownAckTimeout bool
}

// room is what is left of the window that the consumer asked for, by which
// consumers share. It is less than 0 for one that is ahead.
func (c *consumer) room() int {
	if c.pull {
		return c.permits
	}
	return c.window - c.unacked
}

// full reports whether the consumer may be given control messages at most.
func (c *consumer) full() bool { return c.room()+c.ahead <= 0 }

// asleep reports whether the consumer may not even be given a control message:
// it pulls, and has not asked for more.
func (c *consumer) asleep() bool { return c.pull && c.permits <= 0 }

// resize lets a consumer that does not pull have n messages unacknowledged, and
// no fewer than it asked for at its handshake.
func (c *consumer) resize(n int) {
	if c.pull {
		return
	}
	c.ahead = max(min(n, c.subscription.topic.broker.config.Prefetch), c.window) - c.window
}

// take counts a message that is being delivered. Control messages pass ahead
// of the window and don't fill it, else a row of pings would stop the work.
func (c *consumer) take(e *entry) {
	if c.pull {
		c.permits--
	}
	if e.msg.class != control {
		c.unacked++
	}
	if c.ackTimeout > 0 {
		e.deliveredAt = c.subscription.topic.broker.age()
	}
}

// release counts a message that the consumer no longer has.
func (c *consumer) release(e *entry) {
	if e.msg.class != control {
		c.unacked--
	}
}

// permit lets a consumer that pulls have n more messages.
func (c *consumer) permit(n int) {
	if !c.pull || n <= 0 {
		return
	}
	most := c.subscription.topic.broker.config.QueueMessages
	c.permits = min(c.permits+min(n, most), most)
}

// ackTick is how often ackTimeout is looked at; Pulsar's own redelivery comes
// up to a whole timeout late.
func (c *consumer) ackTick() time.Duration {
	return c.ackTimeout / 4
}
