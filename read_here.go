package dasf

import (
	"context"
	"time"
)

// Where calls come one after the other the caller reads its response: to be
// woken for it would take longer.
const (
	soon        = 500 * time.Microsecond // between two calls
	serialCalls = 16                     // in a row until the next one is expected to follow, too
)

// A hereReader is a consumer whose messages may be read by who waits for them;
// see ReadHere in the transport package.
type hereReader interface {
	Leave(needed func() bool)
	ReadHere(done func() bool) bool
	ReadOn()
}

// noteCall notes that p begins. r.mu is held.
func (r *remote) noteCall(p *pending) {
	if len(r.calls) == 0 && p.sent.Sub(r.lastEnd) <= soon {
		r.serial++
	} else {
		r.serial = 0
	}
	p.serial = r.serial >= serialCalls
}

// readHere reads what comes for p, if nobody else does and it comes soon.
func (r *remote) readHere(ctx context.Context, p *pending) {
	if r.hereReader == nil || !p.serial {
		return
	}
	if !r.hereReader.ReadHere(func() bool { return len(p.woken) > 0 || ctx.Err() != nil }) {
		r.mu.Lock()
		r.serial = 0
		r.mu.Unlock()
	}
}

// leave has nobody read for a moment if p is over and the next call is expected
// to read. r.mu is held.
func (r *remote) leave(p *pending) {
	if r.hereReader == nil || r.serial < serialCalls || len(r.calls) > 1 {
		return
	}
	if _, over := p.ended(); over {
		r.hereReader.Leave(r.awaits)
	}
}

// awaits reports whether somebody waits for a message.
func (r *remote) awaits() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.calls {
		if _, over := p.ended(); !over {
			return true
		}
	}
	return false
}

// readOn has somebody read who does nothing else.
func (r *remote) readOn() {
	if r.hereReader != nil {
		r.hereReader.ReadOn()
	}
}
