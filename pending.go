package dasf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dasf-go/dasf/fragment"
	"github.com/dasf-go/dasf/transport"
)

// A pending call waits for its outcome. Its fields belong to remote.mu, but for
// those of which something else is said.
type pending struct {
	context string
	kind    string
	options *callOptions
	woken   chan struct{} // takes one; there is an outcome, or something to deliver or to send
	serial  bool          // follows other calls at once, and may read its response

	sender starter // the caller's own, as the ticket; nil where Send is waited for
	ticket uint64

	ending sync.Mutex // of over and out
	over   bool
	out    outcome

	deadline time.Time
	trace    Trace
	sent     time.Time // last
	request  []byte
	cut      bool // into pieces
	pieces   fragment.Pieces
	missing  []int // pieces to be sent
	again    int   // times that it was sent again

	accepted bool
	inbox    string    // of the backend that holds it; "" on a broker without inboxes
	heard    time.Time // when that backend was last heard to hold it
	asked    time.Time // when it was last asked for what did not come
	arrived  arrivals  // for the caller, not yet delivered
	piece    time.Time // when the last piece of the response came
	gaps     int       // times that missing pieces were asked for

	anyAnswer bool // a ping that the answer to another one ends as well
}

type outcome struct {
	payload json.RawMessage
	text    string // of info and api_info
	err     error
}

// end gives the call its outcome; the first one counts.
func (p *pending) end(o outcome) {
	p.ending.Lock()
	first := !p.over
	if first {
		p.over, p.out = true, o
	}
	p.ending.Unlock()
	if first {
		p.wake()
	}
}

// ended returns the outcome, if it is there. Who ended the call has woken it.
func (p *pending) ended() (out outcome, over bool) {
	p.ending.Lock()
	defer p.ending.Unlock()
	return p.out, p.over
}

func (p *pending) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// forgetSending notes that the request has arrived, since there is a response.
func (p *pending) forgetSending() {
	if late, ok := p.sender.(lateStarter); ok {
		late.Forget(p.ticket)
	}
}

// giveUpSending ends the sending of the request, if it is not over.
func (p *pending) giveUpSending(err error) {
	if p.sender != nil {
		p.sender.Stop(p.ticket, err)
	}
}

// deliver calls the caller's functions with what came for them.
func (p *pending) deliver(r *remote) {
	r.mu.Lock()
	arrived := p.arrived.take()
	r.mu.Unlock()
	if len(arrived.list) > 0 {
		p.options.deliver(arrived, r.log.With("requestContext", p.context))
	}
}

// receive takes what arrives on the client's response topic.
func (r *remote) receive() {
	if c, ok := r.consumer.(lender); ok {
		c.Lend(r.receiveOne)
	}
	for {
		m, err := r.consumer.Receive(r.ctx)
		if err != nil {
			if r.ctx.Err() == nil {
				r.fail(fmt.Errorf("receiving: %w", err))
			}
			return
		}
		r.receiveOne(m)
	}
}

func (r *remote) receiveOne(m *transport.Message) {
	r.take(m)
	if c, ok := r.consumer.(lateAcker); ok {
		kind := m.Properties[propType]
		c.AckLater(m, kind != typeProgress && kind != typeLog)
	} else if err := r.consumer.Ack(r.ctx, m); err != nil && r.ctx.Err() == nil {
		r.log.Warn("acknowledging a message", "messageId", m.ID, "err", err)
	}
}

// A lateAcker is a consumer that can acknowledge several messages at once; see
// AckLater in the transport package.
type lateAcker interface {
	AckLater(m *transport.Message, again bool)
}

// A lender is a consumer that hands messages over where they are read, for as
// long as the call takes; see Lend in the transport package.
type lender interface {
	Lend(take func(*transport.Message))
}

// fail ends all calls.
func (r *remote) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.calls {
		p.end(outcome{err: &Error{code: CodeUnavailable, err: err}})
	}
}

// take handles one message. It never waits, and keeps nothing but texts of the
// properties.
func (r *remote) take(m *transport.Message) {
	id := m.Properties[propContext]
	news := r.readNews(m)
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.calls[id]
	switch m.Properties[propType] {
	case typeAlive:
		r.takeAlive(m)
	case typeAccepted:
		r.takeAccepted(id, p, m)
	case typePong:
		r.takePong(p, m)
	case typeResponse:
		if p != nil {
			r.takeResponse(p, m)
			r.leave(p)
		} else {
			r.settle(id)
		}
	case typeProgress, typeLog:
		if p != nil && p.kind == typeRequest {
			r.hear(p, m)
			if news != nil && p.options.listens() {
				p.arrived.add(*news)
				p.wake()
			}
		}
	case typeResend:
		if p != nil {
			p.missing = p.whichPieces(m.Properties[propMissing])
			r.hear(p, m)
			p.wake()
		}
	case typeAPIInfo, typePing:
		// dasf-broker-django greets each consumer of a topic that exists so,
		// that of a response topic too.
	default:
		r.seldom.Warn("ignored a message of a type that a client does not take", "messageType", m.Properties[propType], "messageId", m.ID)
	}
}

func (p *pending) whichPieces(text string) []int {
	if !p.cut {
		return nil
	}
	var pieces []int
	for _, i := range parseNumbers(text) {
		if i >= 0 && i < p.pieces.Count() {
			pieces = append(pieces, i)
		}
	}
	return pieces
}

// hear notes that somebody works on the call.
func (r *remote) hear(p *pending, m *transport.Message) {
	p.heard = time.Now()
	if inbox := m.Properties[propInbox]; inbox != "" {
		p.inbox = inbox
		p.accepted = true
	}
}

// takeAccepted learns who holds a call. The holder of a call that is over, or
// that another backend holds already, is told to leave it.
func (r *remote) takeAccepted(id string, p *pending, m *transport.Message) {
	inbox := m.Properties[propInbox]
	if p == nil {
		r.cancel(id, inbox)
		r.settle(id)
		return
	}
	if p.accepted && p.inbox != inbox && time.Since(p.heard) < r.o.liveness {
		r.cancel(id, inbox)
		return
	}
	fresh := !p.accepted || p.inbox != inbox
	p.accepted, p.inbox, p.heard = true, inbox, time.Now()
	r.peer.learn(m)
	if fresh && p.cut {
		p.missing = p.missing[:0]
		for i := 1; i < p.pieces.Count(); i++ {
			p.missing = append(p.missing, i)
		}
		p.wake()
	}
}

func (r *remote) takeAlive(m *transport.Message) {
	now := time.Now()
	if m.Properties[propWatch] != "" {
		r.about(m.Properties[propInbox], map[string]string{propType: typeAlive})
	}
	for _, n := range parseNumbers(m.Properties[propContexts]) {
		id := fmt.Sprint(n)
		if p := r.calls[id]; p != nil {
			if !p.accepted || p.inbox == m.Properties[propInbox] {
				p.accepted, p.inbox, p.heard = true, m.Properties[propInbox], now
			}
		} else if _, ok := r.abandoned[id]; ok {
			r.cancel(id, m.Properties[propInbox])
			r.settle(id)
		}
	}
}

// takeResponse takes a response, or a piece of one.
func (r *remote) takeResponse(p *pending, m *transport.Message) {
	switch p.kind {
	case typeInfo:
		p.end(outcome{text: m.Properties[propInfo]})
		return
	case typeAPIInfo:
		p.end(outcome{text: m.Properties[propAPIInfo]})
		return
	}
	r.hear(p, m)
	r.peer.learn(m)
	index, count, ok := fragmentOf(m)
	switch {
	case !ok:
		p.end(outcome{err: Errorf(CodeProcessing, "the response says fragment %q of num_fragments %q, which are no numbers",
			m.Properties[propFragment], m.Properties[propNumFragments])})
	case count == 0:
		payload, err := m.Decode()
		if err != nil {
			p.end(outcome{err: Errorf(CodeProcessing, "decoding the response: %w", err)})
			return
		}
		p.end(answered(payload, m))
	default:
		if p.piece.IsZero() && count > largeAnswer/max(len(m.Payload), 1) {
			r.wg.Go(func() { collect(largeAnswer) }) // an earlier result, before there is room to be made for this one
		}
		p.piece, p.gaps = p.heard, 0
		payload, done, err := r.assembler.Add(p.context, index, count, m.Payload, p.heard)
		if err != nil {
			p.end(outcome{err: Errorf(CodeProcessing, "assembling the response from its pieces: %w", err)})
		} else if done {
			p.end(answered(payload, m))
			if p.inbox != "" { // the backend need not keep it
				r.cancel(p.context, p.inbox)
			}
		}
	}
}

// answered is the outcome that a complete response gives.
func answered(payload []byte, m *transport.Message) outcome {
	if m.Properties[propStatus] == statusError {
		return outcome{err: remoteError(string(payload), Code(m.Properties[propCode]))}
	}
	return outcome{payload: payload}
}

// ask sends a ping, info or api_info and returns the text of the answer.
func (r *remote) ask(ctx context.Context, kind string) (string, error) {
	p, err := r.begin(kind, nil)
	if err != nil {
		return "", err
	}
	return r.awaitAnswer(ctx, p)
}

// awaitAnswer sends what ask has begun, and ends it.
func (r *remote) awaitAnswer(ctx context.Context, p *pending) (string, error) {
	defer r.finish(p)
	if err := r.sendOut(ctx, p, &transport.Message{Properties: r.properties(p, time.Time{})}); err != nil {
		return "", err
	}
	r.readOn()
	for {
		select {
		case <-p.woken:
			if out, over := p.ended(); over {
				return out.text, out.err
			}
		case <-ctx.Done():
			err := context.Cause(ctx)
			if errors.Is(err, context.DeadlineExceeded) {
				err = fmt.Errorf("no backend answered on topic %s: %w", r.topic, err)
			}
			return "", &Error{code: CodeOf(ctx.Err()), err: err}
		}
	}
}

// reassembles reports whether the backend is known to take a request in
// pieces, and asks it where that is not known yet.
func (r *remote) reassembles(ctx context.Context) (bool, error) {
	r.mu.Lock()
	known, extended := r.peer.known && r.peer.extended, r.peer.extended
	r.mu.Unlock()
	if known {
		return extended, nil
	}
	// A broker that keeps the ping may do so until a worker is free, or a
	// backend comes; the answer to another ping will do as well.
	if !r.delivery.Redelivers {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.o.liveness)
		defer cancel()
	}
	p, err := r.begin(typePing, nil)
	if err != nil {
		return false, err
	}
	r.mu.Lock()
	p.anyAnswer = true
	r.mu.Unlock()
	if _, err := r.awaitAnswer(ctx, p); err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peer.extended, nil
}
