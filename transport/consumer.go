package transport

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

// A consumer is a [Consumer] with a socket.
type consumer struct {
	link    *link
	gate    *gate
	topic   string
	options ConsumeOptions

	mu         sync.Mutex
	socket     *socket // nil while there is none
	connection uint64  // number of the present, or last, socket
	what       Delivery
	takesNacks bool
	token      string // see envelope.Reference; "" where the broker gives none
	window     int    // how many messages the embedded broker lets it have
	resizes    bool   // the broker lets it have another number
	resized    int    // that Resize has asked for; 0 before
	closed     chan struct{}
	deliver    func(*Message) // instead of queue; nil until Deliver
	lends      atomic.Bool    // deliver keeps nothing
	queue      []*Message
	queued     int64         // bytes in queue
	room       chan struct{} // closed when queue is shorter; nil while nobody waits

	ready chan struct{} // holds a token while queue may not be empty

	scratch envelope.Frame // of the goroutine that reads, as what it lends
	lent    *Message
}

func newConsumer(b *socketBroker, t *target, topic string, o ConsumeOptions) *consumer {
	c := &consumer{gate: &b.gate, topic: topic, options: o, closed: make(chan struct{}), ready: make(chan struct{}, 1)}
	c.link = newLink(b, c, t, topic, o.Subscription, func() { c.gate.set(c, true) })
	return c
}

func (c *consumer) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

func (c *consumer) Receive(ctx context.Context) (*Message, error) {
	for {
		m, err := c.take(ctx)
		if m != nil || err != nil {
			return m, err
		}
		select {
		case <-c.ready:
		case <-c.closed:
		case <-ctx.Done():
		}
	}
}

// Deliver hands messages to take instead of to Receive, which from then on
// returns only errors: in order, and one after the other but for Aside; those
// that have come already before it returns, the others from the goroutine that
// reads from the socket. take must not wait, and not close the consumer. A payload
// is valid only during the call. The root package asks for this method, since to
// wake another goroutine costs more than to take a message.
func (c *consumer) Deliver(take func(*Message)) { c.deliverTo(take, false) }

// Lend is Deliver for who keeps nothing: the message, too, and its properties
// are valid only during the call.
func (c *consumer) Lend(take func(*Message)) { c.deliverTo(take, true) }

func (c *consumer) deliverTo(take func(*Message), lend bool) {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.deliver = take
			c.lends.Store(lend)
			c.mu.Unlock()
			return
		}
		m := c.next()
		c.mu.Unlock()
		take(m)
	}
}

// take returns a message, or an error, or neither.
func (c *consumer) take(ctx context.Context) (*Message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed() {
		return nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(c.queue) == 0 {
		return nil, nil
	}
	m := c.next()
	if len(c.queue) > 0 {
		c.wake() // another Receive
	}
	return m, nil
}

// next takes a message out of the queue, which is not empty.
func (c *consumer) next() *Message {
	m := c.queue[0]
	c.queue[0] = nil
	c.queue = c.queue[1:]
	c.queued -= m.receipt.weight
	c.makeRoom()
	return m
}

// wake lets one Receive look at the queue.
func (c *consumer) wake() {
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

func (c *consumer) makeRoom() {
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

// weight is about what a message holds in memory. An empty property of a short
// name takes seven bytes of text, and ten times as much in a table.
func weight(f *envelope.Frame, properties int) int64 {
	return int64(len(f.Payload)+len(f.Properties)) + 64*int64(properties) + 1024
}

func (c *consumer) connected(s *socket, h http.Header, again bool) {
	c.mu.Lock()
	c.socket = s
	c.connection++
	w := welcomeOf(c.link.broker.form, h)
	c.what, c.takesNacks, c.token, c.window, c.resizes = w.Delivery, w.takesNacks, w.token, w.window, w.resizes
	if c.what.DropsWhenFull && c.options.Prefetch > 0 {
		c.what.Backlog = min(c.what.Backlog, c.options.Prefetch)
	}
	mine := c.resizes && c.resized > 0 && s.queueFrame(windowOf(c.resized)) // before any other Resize
	c.mu.Unlock()
	if mine {
		s.flushSoon()
	}
	if again {
		c.gate.set(c, true)
	} else {
		c.gate.enter(c)
	}
}

// disconnected forgets what has not been received yet where it comes again.
func (c *consumer) disconnected(error) {
	c.gate.set(c, false)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.socket = nil
	if c.what.Redelivers {
		c.queue, c.queued = nil, 0
		c.makeRoom()
	}
}

// refused takes another name for a subscription that only this consumer can
// have meant: Exclusive, so that nobody shares it, and NonDurable, so that
// nothing waits in it. A broker that has not noticed that the old connection is
// dead (Pulsar takes up to 300 s) answers 409 as long.
func (c *consumer) refused(err error) *target {
	e, ok := asHandshakeError(err)
	private := c.options.NonDurable && (c.options.Type == "" || c.options.Type == Exclusive)
	if !ok || e.Status != http.StatusConflict || !private {
		return nil
	}
	o := c.options
	o.Subscription += "-" + strconv.FormatUint(rand.Uint64N(1<<32), 36)
	address, err := c.link.broker.form.consumerURL(c.topic, o)
	if err != nil {
		return nil
	}
	t, err := newTarget(address, c.link.broker.o.Header)
	if err != nil {
		return nil
	}
	return t
}

// prove makes the consumer tell the gate that it is there, if it is: the answer
// to a ping does, or a new connection.
func (c *consumer) prove() {
	c.mu.Lock()
	s := c.socket
	c.mu.Unlock()
	if s != nil {
		s.probeNow()
	}
}

// frame reads a message.
func (c *consumer) frame(s *socket, text []byte) {
	f := &c.scratch
	if err := scan(text, f); err != nil {
		c.link.bad(err, text)
		return
	}
	if f.MessageID == nil {
		c.link.bad(errors.New("message without a messageId"), text)
		return
	}
	m, err := c.message(f)
	id := f.MessageID
	*f = envelope.Frame{} // holds on to text, which is used again
	if err != nil {
		// Not acknowledged it would come again and again.
		c.link.bad(err, text)
		s.send(outgoing{head: envelope.AppendAck(nil, string(id))})
		return
	}
	c.put(s, m)
	if c.lends.Load() {
		m.Payload = nil // the same
	}
}

// message copies what f holds, but for the payload.
func (c *consumer) message(f *envelope.Frame) (*Message, error) {
	m := c.emptyMessage()
	properties := m.Properties
	if err := envelope.AddProperties(properties, f.Properties); err != nil {
		return nil, err
	}
	*m = Message{
		ID:              string(f.MessageID),
		Context:         string(f.ContextText()),
		Key:             string(f.Key),
		Properties:      properties,
		RedeliveryCount: f.RedeliveryCount,
		receipt:         receipt{consumer: c, delivery: c.connection, weight: weight(f, len(properties))},
	}
	if f.HasPayload {
		m.Payload = slices.Clip(f.Payload)
	}
	if t, err := time.Parse(time.RFC3339, string(f.PublishTime)); err == nil {
		m.PublishTime = t
	}
	return m, nil
}

// emptyMessage returns a message with properties to fill.
func (c *consumer) emptyMessage() *Message {
	if !c.lends.Load() {
		return &Message{Properties: make(map[string]string)}
	}
	if c.lent == nil || len(c.lent.Properties) > mostLent {
		c.lent = &Message{Properties: make(map[string]string)}
	}
	clear(c.lent.Properties)
	return c.lent
}

// mostLent is how many properties the map has that is lent again: one that was
// large stays so.
const mostLent = 32

// put hands m over, or queues it. While the program does not receive, it waits,
// and with it the broker.
func (c *consumer) put(s *socket, m *Message) {
	for copied := false; ; copied = true {
		c.mu.Lock()
		if deliver := c.deliver; deliver != nil {
			c.mu.Unlock()
			if !c.isClosed() {
				deliver(m)
			}
			return
		}
		if !copied {
			c.mu.Unlock()
			m.Payload = bytes.Clone(m.Payload)
			continue
		}
		if c.queued < c.link.broker.o.ReceiveBuffer || len(c.queue) == 0 {
			c.queue = append(c.queue, m)
			c.queued += m.receipt.weight
			c.wake()
			c.mu.Unlock()
			return
		}
		if c.room == nil {
			c.room = make(chan struct{})
		}
		room := c.room
		c.mu.Unlock()
		s.pause(true)
		s.wire.reader.During(func() {
			select {
			case <-room:
			case <-c.closed:
			}
		})
		if c.isClosed() {
			return
		}
		s.pause(false)
	}
}

func (c *consumer) Ack(ctx context.Context, m *Message) error {
	return c.settle(ctx, m, envelope.AppendAck)
}

// AckLater is Ack for a consumer that nobody else shares, or with a large window:
// acknowledgements leave together, up to 5 ms late. With again, which says that it
// does no harm if m is delivered once more, it is up to 500 ms to the embedded
// broker, unless that holds much until then or lets the consumer have only a few.
// The root package asks for it.
func (c *consumer) AckLater(m *Message, again bool) {
	c.mu.Lock()
	s := c.socket
	if m.receipt.consumer != c || m.receipt.delivery != c.connection || c.isClosed() {
		s = nil
	}
	embedded, wait := c.token != "", laterTime
	if embedded && again && c.window >= 2*enoughAcks {
		wait = muchLaterTime
	}
	c.mu.Unlock()
	if s != nil {
		s.acknowledgeLater(m.ID, m.receipt.weight, embedded, wait)
	}
}

// ackLength is as long as most acknowledgements are.
const ackLength = 64

func (c *consumer) Nack(ctx context.Context, m *Message) error {
	c.mu.Lock()
	takesNacks := c.takesNacks
	c.mu.Unlock()
	if !takesNacks {
		return c.settle(ctx, m, nil)
	}
	return c.settle(ctx, m, envelope.AppendNack)
}

// Return hands m back as [Consumer.Nack] does, and says that nobody has begun
// with it: the embedded broker then delivers it again at once, and does not
// count the delivery. The backend of the root package asks for it.
func (c *consumer) Return(ctx context.Context, m *Message) error {
	c.mu.Lock()
	counts := c.what.CountsDeliveries
	c.mu.Unlock()
	if !counts {
		return c.Nack(ctx, m)
	}
	return c.settle(ctx, m, envelope.AppendReturn)
}

// Resize lets the broker deliver n messages before one is acknowledged, instead
// of [ConsumeOptions.Prefetch], from now on and over later connections. It
// returns false where the present broker does not know this: only the embedded
// one does, which never goes below Prefetch, and gives a consumer of a Shared
// subscription more than that only while all others have theirs. The backend of
// the root package asks for it.
func (c *consumer) Resize(n int) bool {
	c.mu.Lock()
	c.resized = n
	s := c.socket
	known := c.resizes && !c.isClosed()
	mine := known && s != nil && s.queueFrame(windowOf(n))
	c.mu.Unlock()
	if mine {
		s.flushSoon()
	}
	return known
}

// Holds reports whether m came over the present connection: then the broker counts
// it as delivered to this consumer, if it is not acknowledged; one that redelivers
// has given it to somebody else otherwise, or will. The backend of the root package
// asks for it.
func (c *consumer) Holds(m *Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return m.receipt.consumer == c && m.receipt.delivery == c.connection && c.socket != nil && !c.isClosed()
}

func windowOf(n int) outgoing { return outgoing{head: envelope.AppendWindow(nil, n)} }

// settle sends the answer to a message, if it came over the present socket and
// there is a text for it.
func (c *consumer) settle(ctx context.Context, m *Message, text func(dst []byte, id string) []byte) error {
	if m.receipt.consumer != c {
		return errForeign
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	s := c.socket
	if m.receipt.delivery != c.connection {
		s = nil
	}
	reading := c.deliver != nil
	c.mu.Unlock()
	if c.isClosed() {
		return ErrClosed
	}
	if s == nil || text == nil {
		return nil
	}
	f := outgoing{head: text(make([]byte, 0, ackLength), m.ID)}
	if reading { // the broker's window bounds how many there are
		s.send(f)
		return nil
	}
	return s.sendWhenRoom(ctx, f)
}

// Connected reports whether the socket is up, and since when it is or is not.
// The client of the root package asks for it.
func (c *consumer) Connected() (up bool, since time.Time) { return c.link.connected() }

func (c *consumer) Delivery() Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.what
}

func (c *consumer) Close() error {
	c.mu.Lock()
	if !c.isClosed() {
		close(c.closed)
		c.queue = nil
	}
	c.mu.Unlock()
	c.gate.leave(c)
	c.link.close()
	return nil
}
