package dasf

import "github.com/dasf-go/dasf/transport"

// answerJob sends the answer and acknowledges the request, and what came again
// of it meanwhile, unless the answer could not be sent and the broker delivers
// the request again. kept is where the answer is kept. A short answer leaves
// without waiting for the broker, so that its worker is free.
func (r *backend) answerJob(a, kept *answer, messages []*delivered) {
	n := len(a.payload)
	if n <= smallPayload && r.maySend(n) {
		if r.startAnswer(a, kept, messages) {
			return
		}
		r.sent(n)
	}
	err := collectWhile(n, func() error { return r.sendAnswer(r.background, a) })
	a.memory.giveBack()
	a.payload, a.memory = nil, nil
	r.answered(kept, messages, err)
	collect(n)
}

// The bounds of the short answers that may be on their way to the broker
// without a worker that waits for them. The embedded broker answers late.
const (
	maxSending      = 512
	maxSendingLate  = recent
	maxSendingBytes = 24 << 20
)

// maySend reports whether one more of n bytes may. When the backend stops, none
// may: the broker has time to say that it has taken one.
func (r *backend) maySend(n int) bool {
	most := maxSending
	if r.delivery.CountsDeliveries {
		most = maxSendingLate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping || r.sending >= most || r.sendBytes+n > maxSendingBytes {
		return false
	}
	r.sending++
	r.sendBytes += n
	return true
}

// sent is the end of what maySend has begun.
func (r *backend) sent(n int) {
	r.mu.Lock()
	r.sending--
	r.sendBytes -= n
	r.mu.Unlock()
}

// startAnswer begins to send an answer that is not cut. It is called by a
// worker, which the end of the run waits for, and counts itself in.
func (r *backend) startAnswer(a, kept *answer, messages []*delivered) bool {
	if r.cut(a).Count() > 1 {
		return false
	}
	var settles *transport.Message
	if !r.afterResponse() {
		messages = nil // are acknowledged already, or are just being so
	} else if len(messages) > 0 {
		settles = messages[0].Message
	}
	for _, d := range messages {
		d.Payload, d.Properties = nil, bareRequest // of a request that is done
	}
	n := len(a.payload)
	r.waiting.Add(1)
	m := r.messages.take()
	defer r.messages.giveBack(m)
	r.fillAnswer(m, a)
	started := r.producers.startLate(a.call.topic, m, settles, func(settled bool, err error) {
		left := messages
		if settled && settles != nil {
			left = messages[1:]
		}
		r.answered(kept, left, err)
		r.sent(n)
		r.waiting.Done()
	})
	if !started {
		r.waiting.Done()
	}
	return started
}
