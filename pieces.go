package dasf

import (
	"errors"
	"fmt"
	"time"

	"github.com/dasf-go/dasf/fragment"
)

func pieceKey(call callKey) string { return call.topic + "\x00" + call.context }

// takePiece takes a piece of a request. The first one that comes makes the
// job; it enters the queue when all are there.
func (r *backend) takePiece(d *delivered, index, count int) {
	call := callKey{callerTopic(d.Message), requestContext(d.Message)}
	now := time.Now()
	r.cfg.Observer.Count(CountFragmentsReceived, 1)
	r.mu.Lock()
	if r.stopping {
		r.mu.Unlock()
		if index == 0 {
			r.handBackLater(r.newJob(d))
		} else {
			r.ack(d)
		}
		return
	}
	for _, held := range r.known(call) {
		if held.count == count { // the first piece of a request in hand, once more
			if index == 0 && r.afterResponse() && len(held.keep([]*delivered{d})) == 0 {
				d = nil
			}
			r.mu.Unlock()
			if d != nil {
				r.ack(d)
			}
			r.tellAccepted(held)
			return
		}
	}
	if old := r.answers.of(call, now); old != nil && old.count == count {
		r.mu.Unlock()
		if index == 0 {
			r.answerAgain(r.newJob(d), old)
		} else {
			r.ack(d)
		}
		return
	}
	j := r.pieces[call]
	first := j == nil
	tooMany := index == 0 && (r.isStray(now) || r.wide() && r.spare() <= 0)
	if first && tooMany && extended(d.Message) {
		// Now: once its caller sends the others here, it can't be handed back.
		r.mu.Unlock()
		r.narrow()
		r.handBack(r.newJob(d))
		return
	}
	if first {
		j = r.newJob(d)
		j.call = call.alone()
		j.messages, j.message, j.size = nil, nil, 0
		j.count = count
		r.pieces[j.call] = j
		r.wake()
	}
	j.lastPiece = now
	payload, done, err := r.assembler.Add(pieceKey(call), index, count, d.Payload, now)
	if index == 0 && r.afterResponse() {
		d = d.bare()
		if len(j.messages) == 0 {
			j.messages = append(j.messages, d)
			d = nil
		} else if len(j.keep([]*delivered{d})) == 0 {
			d = nil
		}
	}
	if done || err != nil {
		delete(r.pieces, call)
	}
	if err != nil {
		r.assembler.Drop(pieceKey(call))
	}
	r.mu.Unlock()

	if d != nil {
		r.ack(d)
	}
	switch {
	case err != nil:
		r.refusePieces(j, err)
	case done:
		j.payload, j.size, j.ready = payload, int64(len(payload)), now
		j.weight = j.size + requestOverhead
		r.admit(j)
	case first:
		r.tellAccepted(j)
	}
}

func (r *backend) refusePieces(j *job, err error) {
	code, prefix := CodeInvalidRequest, "error validating request: "
	if errors.Is(err, fragment.ErrFull) {
		code, prefix = CodeBusy, "error processing request: "
	}
	r.refuse(j, code, fmt.Sprintf("%sthe pieces of the request: %v", prefix, err))
}

// askForPieces asks callers for what did not come, less and less often, and
// gives up requests that are too old. r.mu is held.
func (r *backend) askForPieces(now time.Time) (ask, expired []*job) {
	old := map[string]bool{}
	for _, open := range r.assembler.Expire(now) {
		old[open.Key] = true
	}
	for call, j := range r.pieces {
		switch {
		case old[pieceKey(call)]:
			delete(r.pieces, call)
			expired = append(expired, j)
		case j.extended && now.Sub(j.lastPiece) > pieceGap<<min(j.asked, 6):
			j.asked++
			ask = append(ask, j)
		}
	}
	return ask, expired
}

// pieceGap is the silence after which missing pieces are asked for.
const pieceGap = time.Second
