package dasf

import (
	"context"
	"errors"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// An unstored answer is one that the broker could not store. Its request is not
// acknowledged, and comes back when the backend ends.
type unstored struct {
	kept     *answer
	messages []*delivered
}

// postpone reports whether an answer, whose sending ended with err, is to be
// sent again in a second: the broker's disk may be full, or is not writable.
// That goes on for as long as answers are kept. After that, the request is
// acknowledged all the same, since what waits in the broker is perhaps what
// fills the disk.
func (r *backend) postpone(kept *answer, messages []*delivered, err error) bool {
	refused, ok := errors.AsType[*transport.SendError](err)
	if !ok || !refused.Unstored() || !r.delivery.Redelivers || !r.afterResponse() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if kept.dropped || r.stopping || time.Since(kept.at) >= r.cfg.ResendAge {
		return false
	}
	if len(r.unstored) == 0 {
		r.seldom.Warn("the broker can't store a response; it is sent again until it can", "response_topic", kept.call.topic,
			"requestContext", kept.call.context, "err", err)
	}
	r.unstored = append(r.unstored, &unstored{kept, messages})
	r.wake()
	return true
}

// sendUnstored sends what the broker could not store.
func (r *backend) sendUnstored() {
	for _, one := range taken(r, &r.unstored) {
		queued := r.enqueue(func(ctx context.Context) {
			kept, _ := r.kept(one.kept)
			r.answered(one.kept, one.messages, r.sendAnswer(ctx, kept))
			kept.memory.giveBack()
		})
		if !queued {
			r.mu.Lock()
			r.unstored = append(r.unstored, one)
			r.mu.Unlock()
		}
	}
}

// stopped reports whether the backend takes no new request any more.
func (r *backend) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopping
}
