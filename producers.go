package dasf

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// producers keeps a producer for each topic that was sent to lately, since a
// handshake costs more than a message. It is safe for concurrent use.
type producers struct {
	broker    transport.Broker
	keepAlive time.Duration // after the last message; 0 closes at once
	connect   time.Duration // for the handshake and, each, for a send
	most      int           // open and idle at once

	base context.Context // ends with close
	stop context.CancelFunc
	wg   sync.WaitGroup // handshakes under way

	mu     sync.Mutex
	open   map[string]*producer
	all    map[*producer]struct{} // also those that are no longer in open, until their last user goes
	closed bool
}

type producer struct {
	topic string
	ready chan struct{} // closed when the handshake is over
	out   transport.Producer
	err   error
	users int
	idle  *time.Timer // runs while there are no users
	used  time.Time

	started []*started  // by start, in order; may begin before one that is over
	overdue *time.Timer // runs while there are any; nil before the first
}

// A started message is one on its way that nobody waits for.
type started struct {
	ticket uint64
	end    time.Time // of its time
	over   bool
}

// A starter is a producer that can send without anybody waiting for the
// broker's acknowledgement; see Start in the transport package.
type starter interface {
	Start(m *transport.Message, then func(error)) (ticket uint64, err error)
	Stop(ticket uint64, err error)
}

// A lateStarter is a starter that leaves the broker time to acknowledge what
// nobody waits for, and has it acknowledge a request together with its answer;
// see StartLate, Forget and Hurry in the transport package.
type lateStarter interface {
	starter
	StartLate(m, settles *transport.Message, then func(settled bool, err error)) (ticket uint64, err error)
	Forget(ticket uint64)
	Hurry()
}

// startLate begins to send m with StartLate, or with Start where there is no
// other way.
func startLate(out starter, m, settles *transport.Message, then func(settled bool, err error)) (ticket uint64, err error) {
	if late, ok := out.(lateStarter); ok {
		return late.StartLate(m, settles, then)
	}
	return out.Start(m, func(err error) { then(false, err) })
}

// A messagePool has messages for what a [starter] begins to send: that keeps
// neither a message nor its properties. The zero value is ready for use.
type messagePool struct{ pool sync.Pool }

func (p *messagePool) take() *transport.Message {
	if m, ok := p.pool.Get().(*transport.Message); ok {
		return m
	}
	return &transport.Message{Properties: make(map[string]string)}
}

func (p *messagePool) giveBack(m *transport.Message) {
	clear(m.Properties)
	*m = transport.Message{Properties: m.Properties}
	p.pool.Put(m)
}

func newProducers(b transport.Broker, keepAlive, connect time.Duration, most int) *producers {
	base, stop := context.WithCancel(context.Background())
	return &producers{broker: b, keepAlive: keepAlive, connect: connect, most: most,
		base: base, stop: stop, open: map[string]*producer{}, all: map[*producer]struct{}{}}
}

// send sends one message to topic and returns once the broker acknowledged it.
func (p *producers) send(ctx context.Context, topic string, m *transport.Message) error {
	ctx, cancel := context.WithTimeout(ctx, p.connect)
	defer cancel()
	one, err := p.acquire(ctx, topic)
	if err != nil {
		return err
	}
	err = one.out.Send(ctx, m)
	p.release(one, err)
	return err
}

// start is send without the wait: then is called once with what send would
// have returned, and must not wait. It returns false, and has done nothing,
// where that can't be done: there is no connection yet, or none that is kept.
func (p *producers) start(topic string, m *transport.Message, then func(error)) bool {
	return p.startBy(topic, func(out starter, then func(bool, error)) (uint64, error) {
		return out.Start(m, func(err error) { then(false, err) })
	}, func(_ bool, err error) { then(err) })
}

// leastConnect is from which time for a send on answers to it may be late.
const leastConnect = time.Second

// startLate is start for what nobody waits for; see [lateStarter].
func (p *producers) startLate(topic string, m, settles *transport.Message, then func(settled bool, err error)) bool {
	if p.connect < leastConnect {
		return p.start(topic, m, func(err error) { then(false, err) })
	}
	return p.startBy(topic, func(out starter, then func(bool, error)) (uint64, error) {
		return startLate(out, m, settles, then)
	}, then)
}

func (p *producers) startBy(topic string, begin func(starter, func(bool, error)) (uint64, error), then func(bool, error)) bool {
	p.mu.Lock()
	one := p.open[topic]
	if one == nil || p.closed || p.keepAlive <= 0 || !one.connected() || one.err != nil {
		p.mu.Unlock()
		return false
	}
	out, ok := one.out.(starter)
	if !ok {
		p.mu.Unlock()
		return false
	}
	p.use(one)
	p.mu.Unlock()
	s := &started{end: time.Now().Add(p.connect)}
	end := func(settled bool, err error) {
		p.put(one, s, err)
		then(settled, err)
	}
	ticket, err := begin(out, end)
	if err != nil {
		end(false, err)
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.over {
		return true
	}
	s.ticket = ticket
	one.started = append(one.started, s)
	if one.overdue == nil {
		one.overdue = time.AfterFunc(p.connect, func() { p.stopOverdue(one) })
	} else if len(one.started) == 1 {
		one.overdue.Reset(p.connect)
	}
	return true
}

// stopOverdue gives up what was started and has had its time.
func (p *producers) stopOverdue(one *producer) {
	now := time.Now()
	var late []*started
	p.mu.Lock()
	for _, s := range one.started {
		if s.over {
			continue
		}
		if now.Before(s.end) {
			one.overdue.Reset(s.end.Sub(now))
			break
		}
		late = append(late, s)
	}
	p.mu.Unlock()
	for _, s := range late {
		one.out.(starter).Stop(s.ticket, context.DeadlineExceeded)
	}
}

// finish notes that a started message is over. p.mu is held.
func (one *producer) finish(s *started) {
	s.over = true
	for len(one.started) > 0 && one.started[0].over {
		one.started[0] = nil
		one.started = one.started[1:]
	}
	if len(one.started) == 0 && one.overdue != nil {
		one.overdue.Stop()
	}
}

// hurry has brokers answer now what they may answer late.
func (p *producers) hurry() {
	p.mu.Lock()
	var waiting []*producer
	for one := range p.all {
		if len(one.started) > 0 {
			waiting = append(waiting, one)
		}
	}
	p.mu.Unlock()
	for _, one := range waiting {
		if late, ok := one.out.(lateStarter); ok {
			late.Hurry()
		}
	}
}

// acquire returns the topic's producer. The first that asks starts the
// handshake; it does not end with the first one's context, since others wait
// for it too.
func (p *producers) acquire(ctx context.Context, topic string) (*producer, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, transport.ErrClosed
	}
	one := p.open[topic]
	var crowd []*producer
	if one == nil {
		one = &producer{topic: topic, ready: make(chan struct{})}
		p.open[topic] = one
		p.all[one] = struct{}{}
		crowd = p.crowd()
		p.wg.Go(func() { p.handshake(one) })
	}
	p.use(one)
	p.mu.Unlock()
	closeAll(crowd)
	select {
	case <-one.ready:
	case <-ctx.Done():
		p.release(one, nil)
		return nil, context.Cause(ctx)
	}
	if one.err != nil {
		p.release(one, one.err)
		return nil, one.err
	}
	return one, nil
}

// use counts a user. p.mu is held.
func (p *producers) use(one *producer) {
	one.users++
	if one.users == 1 && one.idle != nil {
		one.idle.Stop()
	}
}

func (p *producers) handshake(one *producer) {
	ctx, cancel := context.WithTimeout(p.base, p.connect)
	defer cancel()
	one.out, one.err = p.broker.Produce(ctx, one.topic)
	close(one.ready)
}

// release gives the producer back. It is forgotten after a failed handshake
// and after an error that may be the socket's own.
func (p *producers) release(one *producer, err error) {
	p.mu.Lock()
	last := p.leave(one, err)
	p.mu.Unlock()
	if last {
		one.close()
	}
}

// put is release after a started message, from a goroutine of the producer itself, which can't wait for
// its own end.
func (p *producers) put(one *producer, s *started, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one.finish(s)
	if p.leave(one, err) && !p.closed { // else close has closed it
		p.wg.Go(one.close)
	}
}

// leave reports whether the last user of a producer that is forgotten has
// gone. p.mu is held.
func (p *producers) leave(one *producer, err error) bool {
	_, refused := errors.AsType[*transport.SendError](err)
	broken := err != nil && !refused && !errors.Is(err, context.Canceled)
	one.users--
	one.used = time.Now()
	if broken && p.open[one.topic] == one {
		delete(p.open, one.topic)
	}
	gone := p.open[one.topic] != one
	if one.users == 0 && !gone {
		switch {
		case p.closed || p.keepAlive <= 0:
			delete(p.open, one.topic)
			gone = true
		case one.idle == nil:
			one.idle = time.AfterFunc(p.keepAlive, func() { p.expire(one) })
		default:
			one.idle.Reset(p.keepAlive)
		}
	}
	if one.users > 0 || !gone {
		return false
	}
	delete(p.all, one)
	return true
}

func (p *producers) expire(one *producer) {
	p.mu.Lock()
	stale := p.open[one.topic] == one && one.users == 0
	if stale {
		delete(p.open, one.topic)
		delete(p.all, one)
	}
	p.mu.Unlock()
	if stale {
		one.close()
	}
}

func (one *producer) connected() bool {
	select {
	case <-one.ready:
		return true
	default:
		return false
	}
}

// close closes the socket, once the handshake is over.
func (one *producer) close() {
	<-one.ready
	if one.out != nil {
		_ = one.out.Close()
	}
}

// crowd takes the longest unused producers out when there are too many.
// p.mu is held.
func (p *producers) crowd() []*producer {
	var out []*producer
	for len(p.open) > p.most {
		var oldest *producer
		for _, one := range p.open {
			if one.users == 0 && one.connected() && (oldest == nil || one.used.Before(oldest.used)) {
				oldest = one
			}
		}
		if oldest == nil {
			break
		}
		if oldest.idle != nil {
			oldest.idle.Stop()
		}
		delete(p.open, oldest.topic)
		delete(p.all, oldest)
		out = append(out, oldest)
	}
	return out
}

// close closes every producer, and ends what is still being sent.
func (p *producers) close() {
	p.mu.Lock()
	p.closed = true
	var open []*producer
	for one := range p.all {
		if one.idle != nil {
			one.idle.Stop()
		}
		open = append(open, one)
	}
	clear(p.open)
	p.mu.Unlock()
	p.stop()
	closeAll(open)
	p.wg.Wait()
}

func closeAll(producers []*producer) {
	for _, one := range producers {
		one.close()
	}
}
