package dasf

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/dasf-go/dasf/fragment"
	"github.com/dasf-go/dasf/transport"
)

// dispatch sends a request: whole where it fits, else its first piece.
func (r *remote) dispatch(ctx context.Context, p *pending, request []byte) error {
	p.deadline, _ = ctx.Deadline()
	p.trace = TraceOf(ctx)
	whole, err := r.fits(ctx, len(request))
	if err != nil {
		return err
	}
	r.mu.Lock()
	p.request = request
	if !whole {
		p.pieces = cutRequest(request, r.pieceSize())
		p.cut = true
	}
	r.mu.Unlock()
	if whole {
		return r.start(ctx, p, request)
	}
	return r.sendPiece(ctx, p, 0)
}

// envelopeOverhead is more than all of an envelope but its payload takes.
const envelopeOverhead = 1024

// fits reports whether a request of n bytes goes whole. One that does not is
// an error unless the backend is known to take pieces.
func (r *remote) fits(ctx context.Context, n int) (bool, error) {
	frame := r.delivery.MaxFrame
	if frame == 0 {
		frame = maxEnvelope
	}
	limit := (frame-envelopeOverhead-len(r.replyTopic))/4*3 - 3
	if r.o.maxPayloadSize > 0 {
		limit = min(limit, r.o.maxPayloadSize)
	}
	safe := limit
	if r.delivery.PieceSize > 0 {
		safe = min(limit, smallPayload)
	}
	if n <= safe {
		return true, nil
	}
	extended, err := r.reassembles(ctx)
	if err != nil && n > limit {
		return false, err
	}
	if extended {
		return false, nil
	}
	if n <= limit {
		return true, nil
	}
	return false, Errorf(CodeTooLarge, "the request has %d bytes, and the broker takes %d in one message; the backend is not known to take a request in pieces (a Python backend does not)", n, limit)
}

// cutRequest cuts a request that does not go whole into at least two pieces.
func cutRequest(request []byte, size int) fragment.Pieces {
	return fragment.Split(request, safeSize(len(request), size))
}

func (r *remote) pieceSize() int {
	size := 512_000
	if r.o.maxPayloadSize > 0 {
		size = r.o.maxPayloadSize
	}
	if r.delivery.PieceSize > 0 {
		size = min(size, r.delivery.PieceSize)
	}
	return size
}

// sendOut sends to the backend's topic.
func (r *remote) sendOut(ctx context.Context, p *pending, m *transport.Message) error {
	return r.sendOn(ctx, p, func(ctx context.Context) error { return r.out.Send(ctx, m) })
}

// sendOn runs a send that ends early when the call has ended meanwhile: a
// response may overtake the acknowledgement of its request.
func (r *remote) sendOn(ctx context.Context, p *pending, send func(context.Context) error) error {
	err := send(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		r.abandon(p)
		return &Error{code: CodeOf(ctx.Err()), err: context.Cause(ctx)}
	}
	return sendingError(err)
}

// sendingError is what a call ends with whose request could not be sent.
func sendingError(err error) error {
	var refused *transport.SendError
	switch {
	case errors.Is(err, transport.ErrTooLarge):
		return &Error{code: CodeTooLarge, err: fmt.Errorf("sending the request: %w", err)}
	case errors.As(err, &refused) && !refused.Refused(): // full, for now
		return &Error{code: CodeBusy, err: fmt.Errorf("sending the request: %w", err)}
	}
	return &Error{code: CodeUnavailable, err: fmt.Errorf("sending the request: %w", err)}
}

// start is sendOut, but does not wait for the broker's acknowledgement where
// that can be: the caller waits for the response anyhow, and if the message is
// refused, the call ends.
func (r *remote) start(ctx context.Context, p *pending, request []byte) error {
	out, ok := r.out.(starter)
	if !ok {
		m := &transport.Message{Properties: r.properties(p, p.deadline)}
		m.SetBytes(request)
		return r.sendOut(ctx, p, m)
	}
	m := r.messages.take()
	defer r.messages.giveBack(m)
	r.addProperties(m.Properties, p, p.deadline)
	m.SetBytes(request)
	ticket, err := startLate(out, m, nil, func(_ bool, err error) {
		if err != nil {
			p.end(outcome{err: sendingError(err)})
		}
	})
	if err != nil {
		return sendingError(err)
	}
	p.sender, p.ticket = out, ticket
	return nil
}

// sendPiece sends one piece: the first to the topic, the others to the inbox
// of the backend that took the first.
func (r *remote) sendPiece(ctx context.Context, p *pending, i int) error {
	m := &transport.Message{Properties: r.properties(p, p.deadline)}
	m.Properties[propFragment] = strconv.Itoa(i)
	m.Properties[propNumFragments] = strconv.Itoa(p.pieces.Count())
	m.Payload = p.pieces.Append(nil, i)
	if i == 0 {
		return r.sendOut(ctx, p, m)
	}
	delete(m.Properties, propResponseTopic)
	m.Properties[propCaller] = r.replyTopic
	r.mu.Lock()
	inbox := p.inbox
	r.mu.Unlock()
	if inbox == "" {
		return r.sendOut(ctx, p, m)
	}
	return r.sendOn(ctx, p, func(ctx context.Context) error { return r.producers.send(ctx, inbox, m) })
}

// sendMissing sends the pieces that the backend waits for. A failure to reach
// an inbox is no end of the call: its backend may be gone, and the request
// with another one soon.
func (r *remote) sendMissing(ctx context.Context, p *pending) error {
	for {
		r.mu.Lock()
		if len(p.missing) == 0 {
			r.mu.Unlock()
			return nil
		}
		i := p.missing[0]
		p.missing = p.missing[1:]
		r.mu.Unlock()
		if err := r.sendPiece(ctx, p, i); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.log.Warn("sending a piece of a request", "requestContext", p.context, "piece", i, "err", err)
			r.mu.Lock()
			p.missing = nil
			r.mu.Unlock()
			return nil
		}
		if _, over := p.ended(); over { // in the middle
			return nil
		}
	}
}
