package dasf

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/dasf-go/dasf/fragment"
	"github.com/dasf-go/dasf/transport"
)

// clientQueue bounds the messages about calls (cancel, resend, ping) that
// wait to be sent.
const clientQueue = 1024

var errClientClosed = errors.New("the client is closed")

// A remote is the client's side of a broker. One goroutine receives, unless a
// caller does that itself (readHere), one
// watches over the calls, one sends what is not a call's own.
type remote struct {
	topic, replyTopic string
	o                 dialOptions
	log, seldom       *slog.Logger
	broker            transport.Broker
	consumer          transport.Consumer
	hereReader        hereReader // the consumer, if it is one
	delivery          transport.Delivery
	out               transport.Producer
	producers         *producers // to the inboxes of backends
	messages          messagePool
	control           chan outgoing
	inFlight          chan struct{} // nil where there is no bound

	ctx  context.Context // ends with close
	stop context.CancelFunc
	wg   sync.WaitGroup
	busy chan struct{} // told when a call begins

	mu        sync.Mutex
	next      int64
	calls     map[string]*pending
	abandoned map[string]time.Time // calls given up before a backend said that it holds them
	assembler *fragment.Assembler
	peer      peer
	serial    int       // calls in a row, each begun a moment after the one before ended
	lastEnd   time.Time // of a call
	closed    bool
	settled   chan struct{} // set by close, and closed when abandoned is empty
}

type outgoing struct {
	topic   string
	message *transport.Message
	flushed chan struct{} // closed when all before it was sent; then there is no message
}

func dialRemote(ctx context.Context, b transport.Broker, topic string, o dialOptions) (*remote, error) {
	r := &remote{
		topic: topic, replyTopic: topic + "_" + randomLetters(), o: o,
		log:    o.logger.With(slog.String("topic", topic)),
		broker: b, control: make(chan outgoing, clientQueue), busy: make(chan struct{}, 1),
		calls: map[string]*pending{}, abandoned: map[string]time.Time{},
		assembler: &fragment.Assembler{MaxBytes: o.assemblyBytes, MaxOpen: o.assemblyCount, MaxAge: o.assemblyAge},
	}
	r.seldom = seldom(r.log)
	var err error
	r.consumer, err = b.Consume(ctx, r.replyTopic, transport.ConsumeOptions{
		Subscription: "dasf-client", Type: transport.Exclusive, NonDurable: true,
	})
	if err != nil {
		return nil, err
	}
	if r.out, err = b.Produce(ctx, topic); err != nil {
		_ = r.consumer.Close()
		return nil, err
	}
	r.delivery = r.consumer.Delivery()
	r.hereReader, _ = r.consumer.(hereReader)
	if n := r.bound(); n > 0 {
		r.inFlight = make(chan struct{}, n)
	}
	r.producers = newProducers(b, o.keepAlive, o.liveness, 1000)
	r.ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	r.wg.Go(r.receive)
	r.wg.Go(r.sendControl)
	r.wg.Go(r.watch)
	return r, nil
}

// bound is how many calls may be under way at once, 0 for no bound: a broker
// that drops, or withholds, what a consumer has not taken yet must not be
// brought to it.
func (r *remote) bound() int {
	n := 0
	if r.delivery.DropsWhenFull {
		n = r.o.inFlight
	}
	if half := r.delivery.Backlog / 2; half > 0 {
		n = min(r.o.inFlight, half)
	}
	return n
}

func (r *remote) close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	cancels := r.cancels()
	for id, p := range r.calls {
		p.end(outcome{err: &Error{code: CodeUnavailable, err: errClientClosed}})
		if p.kind == typeRequest && !p.accepted && p.request != nil {
			r.abandoned[id] = time.Now()
			delete(r.calls, id)
		}
	}
	var settled chan struct{}
	if len(r.abandoned) > 0 && !r.peer.extended && !r.peer.known {
		settled = make(chan struct{})
		r.settled = settled
	}
	r.mu.Unlock()
	if settled != nil {
		wait := time.NewTimer(closeTime)
		select {
		case <-settled:
		case <-wait.C:
		}
		wait.Stop()
	}
	r.flush(cancels)
	r.stop()
	err := errors.Join(r.out.Close(), r.consumer.Close())
	r.producers.close()
	r.wg.Wait()
	return err
}

// settle notes that a call which was given up is cancelled or over. r.mu is
// held.
func (r *remote) settle(id string) {
	delete(r.abandoned, id)
	if r.settled != nil && len(r.abandoned) == 0 {
		close(r.settled)
		r.settled = nil
	}
}

// closeTime bounds what Close takes to tell backends, and before that to hear
// which one holds a call that was begun a moment ago: a backend says so after
// 100 ms.
const closeTime = 2 * time.Second

// cancels are the messages that tell backends that nobody waits for calls any
// more. Of a call that is not known to be held every backend is told that was
// heard of. r.mu is held.
func (r *remote) cancels() []outgoing {
	var list []outgoing
	tell := func(id, inbox string) {
		m := r.aboutCall(map[string]string{propType: typeCancel, propContext: id})
		list = append(list, outgoing{topic: inbox, message: m})
	}
	tellAll := func(id string) {
		if r.delivery.FanOut {
			tell(id, "")
			return
		}
		for _, inbox := range r.peer.inboxes {
			tell(id, inbox)
		}
	}
	for id, p := range r.calls {
		switch {
		case p.kind != typeRequest:
		case p.accepted:
			tell(id, p.inbox)
		case r.peer.extended:
			tellAll(id)
		}
	}
	for id := range r.abandoned {
		if r.peer.extended {
			tellAll(id)
		}
	}
	return list
}

// flush sends what waits, and more, but takes no longer than closeTime.
func (r *remote) flush(more []outgoing) {
	deadline := time.NewTimer(closeTime)
	defer deadline.Stop()
	flushed := make(chan struct{})
	for _, o := range append(more, outgoing{flushed: flushed}) {
		select {
		case r.control <- o:
		case <-deadline.C:
			return
		}
	}
	select {
	case <-flushed:
	case <-deadline.C:
	}
}

// begin registers a call.
func (r *remote) begin(kind string, o *callOptions) (*pending, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, &Error{code: CodeUnavailable, err: errClientClosed}
	}
	p := &pending{
		context: strconv.FormatInt(r.next, 10), kind: kind, options: o,
		woken: make(chan struct{}, 1), sent: time.Now(),
	}
	r.next++
	r.noteCall(p)
	r.calls[p.context] = p
	select {
	case r.busy <- struct{}{}:
	default:
	}
	return p, nil
}

func (r *remote) finish(p *pending) {
	r.mu.Lock()
	delete(r.calls, p.context)
	r.assembler.Drop(p.context)
	r.lastEnd = time.Now()
	others := len(r.calls) > 0
	r.mu.Unlock()
	if others {
		r.readOn()
	}
}

// call sends a request and waits for what comes of it.
func (r *remote) call(ctx context.Context, request []byte, o *callOptions) (json.RawMessage, error) {
	if err := ctx.Err(); err != nil {
		return nil, &Error{code: CodeOf(err), err: context.Cause(ctx)}
	}
	if r.inFlight != nil {
		select {
		case r.inFlight <- struct{}{}:
			defer func() { <-r.inFlight }()
		case <-ctx.Done():
			return nil, &Error{code: CodeOf(ctx.Err()), err: context.Cause(ctx)}
		case <-r.ctx.Done():
			return nil, &Error{code: CodeUnavailable, err: errClientClosed}
		}
	}
	p, err := r.begin(typeRequest, o)
	if err != nil {
		return nil, err
	}
	defer r.finish(p)
	if err := r.dispatch(ctx, p, request); err != nil {
		return nil, err
	}
	return r.await(ctx, p)
}

// await waits for the outcome of a call, and does meanwhile what the call
// needs from the caller's goroutine.
func (r *remote) await(ctx context.Context, p *pending) (json.RawMessage, error) {
	for {
		r.readHere(ctx, p)
		select {
		case <-p.woken:
			out, over := p.ended()
			switch {
			case out.err != nil:
				p.giveUpSending(out.err) // it may wait for a broker that is away
			case over:
				p.forgetSending()
			}
			p.deliver(r)
			if over {
				return out.payload, out.err
			}
			if err := r.sendMissing(ctx, p); err != nil {
				return nil, err
			}
		case <-ctx.Done():
			p.giveUpSending(ctx.Err())
			r.abandon(p)
			return nil, &Error{code: CodeOf(ctx.Err()), err: context.Cause(ctx)}
		}
	}
}

// properties are those of every message about a call.
func (r *remote) properties(p *pending, deadline time.Time) map[string]string {
	m := make(map[string]string)
	r.addProperties(m, p, deadline)
	return m
}

func (r *remote) addProperties(m map[string]string, p *pending, deadline time.Time) {
	m[propResponseTopic] = r.replyTopic
	m[propContext] = p.context
	m[propType] = p.kind
	m[propExtensions] = extensionsVersion
	if p.kind == typeRequest {
		m[propWatch] = "1"
	}
	p.trace.properties(m)
	if !deadline.IsZero() {
		m[propTimeout] = strconv.FormatInt(max(0, time.Until(deadline).Milliseconds()), 10)
	}
	if p.options != nil && p.options.log != nil {
		m[propLog] = p.options.logLevel.String()
	}
}

// abandon tells whoever holds the call that nobody waits for it any more.
func (r *remote) abandon(p *pending) {
	if p.kind != typeRequest {
		return
	}
	r.mu.Lock()
	inbox := p.inbox
	held := p.accepted
	if !held && len(r.abandoned) < clientQueue {
		r.abandoned[p.context] = time.Now()
	}
	r.mu.Unlock()
	if held {
		r.cancel(p.context, inbox)
	}
}

func (r *remote) cancel(id, inbox string) {
	r.about(inbox, map[string]string{propType: typeCancel, propContext: id})
}

// about sends a message about a call to the inbox of the backend that holds
// it, or to the topic where backends have no inbox.
func (r *remote) about(inbox string, properties map[string]string) {
	r.enqueue(inbox, r.aboutCall(properties))
}

func (r *remote) aboutCall(properties map[string]string) *transport.Message {
	properties[propCaller] = r.replyTopic
	properties[propExtensions] = extensionsVersion
	return &transport.Message{Properties: properties}
}

func (r *remote) enqueue(topic string, m *transport.Message) {
	select {
	case r.control <- outgoing{topic: topic, message: m}:
	default:
		r.seldom.Warn("too many messages wait to be sent; one was dropped", "messageType", m.Properties[propType], "limit", clientQueue)
	}
}

// sendControl sends what is not a call's own, one after the other.
func (r *remote) sendControl() {
	for {
		select {
		case o := <-r.control:
			if o.flushed != nil {
				close(o.flushed)
				continue
			}
			var err error
			if o.topic == "" || o.topic == r.topic {
				ctx, cancel := context.WithTimeout(r.ctx, r.o.liveness)
				err = r.out.Send(ctx, o.message)
				cancel()
			} else {
				err = r.producers.send(r.ctx, o.topic, o.message)
			}
			if err != nil && r.ctx.Err() == nil {
				r.log.Info("sending", "messageType", o.message.Properties[propType], "to", o.topic, "err", err)
			}
		case <-r.ctx.Done():
			return
		}
	}
}
