package transport

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
)

// A memorySub is one subscription; its broker's mutex guards it.
type memorySub struct {
	topic     *memoryTopic
	name      string
	kind      SubscriptionType
	durable   bool
	queue     []*memoryMessage // in the order of seq
	consumers []*memoryConsumer
	wake      chan struct{} // closed when there may be something to receive
}

func (s *memorySub) wakeAll() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// take removes and returns the next message for c, nil if there is none.
func (s *memorySub) take(c *memoryConsumer) *memoryMessage {
	if len(c.unacked) >= c.prefetch || s.kind == Failover && s.consumers[0] != c {
		return nil
	}
	for i, m := range s.queue {
		if s.kind == KeyShared && m.m.Key != "" && s.keeper(m.m.Key) != c {
			continue
		}
		if i > 0 {
			s.queue = slices.Delete(s.queue, i, i+1)
		} else {
			s.queue[0] = nil
			s.queue = s.queue[1:]
		}
		return m
	}
	return nil
}

// keeper is the consumer on which the messages of a key stay together.
func (s *memorySub) keeper(key string) *memoryConsumer {
	h := fnv.New32a()
	h.Write([]byte(key))
	return s.consumers[h.Sum32()%uint32(len(s.consumers))]
}

// giveBack puts m where it was before.
func (s *memorySub) giveBack(m *memoryMessage) {
	m.redelivered++
	at, _ := slices.BinarySearchFunc(s.queue, m.seq, func(q *memoryMessage, seq uint64) int {
		return int(int64(q.seq - seq))
	})
	s.queue = slices.Insert(s.queue, at, m)
}

// drop takes m out of the topic's account.
func (s *memorySub) drop(m *memoryMessage) {
	s.topic.held--
	s.topic.heldBytes -= m.size
}

type memoryConsumer struct {
	broker   *memoryBroker
	sub      *memorySub
	prefetch int
	unacked  map[uint64]*memoryMessage // by seq
	closed   chan struct{}
}

func (c *memoryConsumer) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

func (c *memoryConsumer) Receive(ctx context.Context) (*Message, error) {
	for {
		m, wake, err := c.tryReceive(ctx)
		if m != nil || err != nil {
			return m, err
		}
		select {
		case <-wake:
		case <-c.closed:
		case <-ctx.Done():
		}
	}
}

// tryReceive returns a message, or an error, or what to wait for.
func (c *memoryConsumer) tryReceive(ctx context.Context) (*Message, <-chan struct{}, error) {
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	if c.isClosed() {
		return nil, nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	held := c.sub.take(c)
	if held == nil {
		return nil, c.sub.wake, nil
	}
	c.unacked[held.seq] = held
	m := cloneMessage(held.m)
	m.RedeliveryCount = held.redelivered
	m.receipt = receipt{consumer: c, delivery: held.seq}
	return m, nil, nil
}

func (c *memoryConsumer) Ack(ctx context.Context, m *Message) error {
	return c.settle(ctx, m, c.sub.drop)
}

func (c *memoryConsumer) Nack(ctx context.Context, m *Message) error {
	return c.settle(ctx, m, c.sub.giveBack)
}

// Return is [consumer.Return].
func (c *memoryConsumer) Return(ctx context.Context, m *Message) error {
	return c.settle(ctx, m, func(held *memoryMessage) {
		c.sub.giveBack(held)
		held.redelivered--
	})
}

func (c *memoryConsumer) settle(ctx context.Context, m *Message, what func(*memoryMessage)) error {
	if m.receipt.consumer != c {
		return errForeign
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	if c.isClosed() {
		return ErrClosed
	}
	if held := c.unacked[m.receipt.delivery]; held != nil {
		delete(c.unacked, held.seq)
		what(held)
		c.sub.wakeAll()
	}
	return nil
}

func (c *memoryConsumer) Delivery() Delivery {
	return Delivery{Redelivers: true, DistinctIDs: true, CountsDeliveries: true, MaxFrame: memoryMaxFrame}
}

func (c *memoryConsumer) Close() error {
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	if c.isClosed() {
		return nil
	}
	close(c.closed)
	s, t := c.sub, c.sub.topic
	s.consumers = slices.DeleteFunc(s.consumers, func(other *memoryConsumer) bool { return other == c })
	for _, m := range c.unacked {
		s.giveBack(m)
	}
	if !s.durable && len(s.consumers) == 0 {
		for _, m := range s.queue {
			s.drop(m)
		}
		delete(t.subs, s.name)
	}
	s.wakeAll()
	c.broker.release(t)
	return nil
}

// errForeign is for a mistake in the program.
var errForeign = errors.New("message was not received from this consumer")
