package dasf

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// A peer is what a client knows of the backends behind its topic. It belongs
// to remote.mu.
type peer struct {
	known    bool      // some backend has answered
	extended bool      // and knows the extensions
	pinged   time.Time // last
	silent   time.Time // when the first ping was sent that has no answer yet
	ponged   time.Time
	inboxes  []string // of backends that were heard of, the last one first
}

// maxInboxes bounds the inboxes that a client remembers.
const maxInboxes = 16

// learn notes what a message of a backend tells about it.
func (p *peer) learn(m *transport.Message) {
	if extended(m) {
		p.known, p.extended = true, true
	}
	inbox := m.Properties[propInbox]
	if inbox == "" || len(p.inboxes) > 0 && p.inboxes[0] == inbox {
		return
	}
	p.inboxes = slices.DeleteFunc(p.inboxes, func(known string) bool { return known == inbox })
	p.inboxes = slices.Insert(p.inboxes, 0, inbox)
	p.inboxes = p.inboxes[:min(len(p.inboxes), maxInboxes)]
}

// takePong takes the answer to a ping: of the caller when pending is set, else
// of the watch.
func (r *remote) takePong(p *pending, m *transport.Message) {
	r.peer.silent = time.Time{}
	r.peer.ponged = time.Now()
	r.peer.known = true
	r.peer.extended = extended(m)
	if p != nil && p.kind == typePing {
		p.end(outcome{})
	}
	for _, other := range r.calls {
		if other.anyAnswer {
			other.end(outcome{})
		}
	}
}

// connection is implemented by consumers that know whether their socket is
// up, and since when.
type connection interface {
	Connected() (up bool, since time.Time)
}

// watch looks after the calls while there are any.
func (r *remote) watch() {
	interval := min(max(r.o.liveness/30, 10*time.Millisecond), time.Second)
	for {
		select {
		case <-r.busy:
		case <-r.ctx.Done():
			return
		}
		ticker := time.NewTicker(interval)
		for active := true; active; {
			select {
			case now := <-ticker.C:
				active = r.check(now)
			case <-r.ctx.Done():
				active = false
			}
		}
		ticker.Stop()
	}
}

// check does what is due for each call: docs/promises.md says what that is.
// It reports whether there are calls.
func (r *remote) check(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, at := range r.abandoned {
		if now.Sub(at) > 2*r.o.liveness {
			delete(r.abandoned, id)
		}
	}
	if c, ok := r.consumer.(connection); ok {
		if up, since := c.Connected(); !up && now.Sub(since) > r.o.liveness {
			for _, p := range r.calls {
				p.end(unavailable("the broker could not be reached for %v", r.o.liveness))
			}
		}
	}
	var silent []*pending // not known to be held, for too long
	for _, p := range r.calls {
		switch {
		case p.kind != typeRequest:
			if !r.delivery.Redelivers && now.Sub(p.sent) > r.o.liveness {
				p.end(unavailable("no backend answered on topic %s within %v", r.topic, r.o.liveness))
			}
		case !p.piece.IsZero():
			r.checkPieces(p, now)
		case p.accepted:
			r.checkHeld(p, now)
		case now.Sub(later(p.sent, p.heard)) > r.o.liveness:
			silent = append(silent, p)
		}
	}
	if len(silent) > 0 {
		r.checkSilent(silent, now)
	}
	return len(r.calls)+len(r.abandoned) > 0
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func unavailable(format string, args ...any) outcome {
	return outcome{err: Errorf(CodeUnavailable, format, args...)}
}

// checkPieces asks for pieces of a response that did not come.
func (r *remote) checkPieces(p *pending, now time.Time) {
	if now.Sub(p.piece) > 2*r.o.liveness {
		p.end(unavailable("pieces of the response did not come within %v", 2*r.o.liveness))
		return
	}
	gap := r.o.liveness / 30 << min(p.gaps, 5)
	if now.Sub(later(p.piece, p.asked)) < gap || p.inbox == "" && !r.delivery.FanOut {
		return
	}
	p.gaps++
	p.asked = now
	missing := r.assembler.Missing(p.context)
	r.about(p.inbox, map[string]string{propType: typeResend, propContext: p.context, propMissing: formatNumbers(missing)})
}

// checkHeld asks the backend that holds a call for a sign of life.
func (r *remote) checkHeld(p *pending, now time.Time) {
	silence := now.Sub(p.heard)
	switch {
	case silence > r.o.liveness && !r.delivery.Redelivers:
		p.end(unavailable("the backend that held the call was not heard of for %v", r.o.liveness))
	case silence > r.o.liveness: // the broker gives the request to another one
		p.accepted, p.inbox, p.sent = false, "", now
	case silence > r.o.liveness/2 && now.Sub(p.asked) > r.o.liveness/4:
		p.asked = now
		r.about(p.inbox, map[string]string{propType: typeResend, propContext: p.context})
	}
}

// checkSilent finds out why calls are not held by anybody: whether a backend
// is there at all, and whether it lost them.
func (r *remote) checkSilent(calls []*pending, now time.Time) {
	answered := now.Sub(r.peer.ponged) <= r.o.liveness
	waiting := !r.peer.silent.IsZero()
	unanswered := waiting && now.Sub(r.peer.silent) > r.o.liveness
	for _, p := range calls {
		switch {
		case answered && !r.peer.extended: // it works, or has the request in its queue
			p.heard = now
		case answered && now.Sub(p.sent) < r.patience(p): // it may find the request yet
		case answered && r.delivery.DropsWhenFull && p.again >= 2:
			p.end(unavailable("a backend answers on topic %s, but the request was lost %d times", r.topic, p.again+1))
		case answered:
			r.sendAgain(p, now)
		case unanswered && !r.delivery.Redelivers && p.again > 0:
			p.end(unavailable("no backend answered on topic %s", r.topic))
		case unanswered && !r.delivery.Redelivers:
			r.sendAgain(p, now)
		}
	}
	if now.Sub(r.peer.pinged) < r.o.liveness {
		return
	}
	// dasf-broker-django keeps an unanswered ping for ever, so there is one
	// until some backend has shown that it takes them.
	if !waiting || !r.delivery.FanOut || r.peer.extended {
		if !waiting {
			r.peer.silent = now
		}
		r.peer.pinged = now
		r.pingWaiting("")
		for _, inbox := range r.peer.inboxes { // a topic's window may be full of messages that got lost
			r.pingWaiting(inbox)
		}
	}
}

// patience is how long a request that nobody holds is left alone before it is
// sent again to backends that answer. On a broker that redelivers it may wait
// there while all are busy, and a backend that is told so looks for it first.
func (r *remote) patience(p *pending) time.Duration {
	if r.delivery.Redelivers {
		return 2 * r.o.liveness << min(p.again, 8)
	}
	return r.o.liveness
}

// pingWaiting asks for a sign of life, and says that calls wait.
func (r *remote) pingWaiting(topic string) {
	r.enqueue(topic, &transport.Message{Properties: map[string]string{
		propResponseTopic: r.replyTopic, propContext: strconv.FormatInt(r.next, 10), propType: typePing,
		propExtensions: extensionsVersion, propWaiting: "1",
	}})
	r.next++
}

// sendAgain sends a request once more with the same context. A backend that
// has it knows it; another one asks before it runs it.
func (r *remote) sendAgain(p *pending, now time.Time) {
	if p.request == nil {
		return // its first send is not over
	}
	p.again++
	p.sent = now
	r.log.Info("sending a request again", "requestContext", p.context, "times", p.again)
	m := &transport.Message{Properties: r.properties(p, p.deadline)}
	m.Properties[propAgain] = fmt.Sprint(p.again)
	if p.cut {
		m.Properties[propFragment] = "0"
		m.Properties[propNumFragments] = strconv.Itoa(p.pieces.Count())
		m.Payload = p.pieces.Append(nil, 0)
	} else {
		m.SetBytes(p.request)
	}
	r.enqueue("", m)
}
