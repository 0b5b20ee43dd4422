package transport

import (
	"strconv"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

// StartLate is Start for what nobody waits for: the embedded broker tells that
// it has taken the message up to 250 ms late, together with others, and nothing
// is different elsewhere. What settles is not nil the embedded broker
// acknowledges once it has taken m, and settled says that it did; then need not
// be acknowledged any more. As after Start, m and its properties may be
// used again when it returns.
func (p *producer) StartLate(m, settles *Message, then func(settled bool, err error)) (ticket uint64, err error) {
	s := &sending{payload: m.Payload, then: then, late: true}
	if settles != nil {
		s.settles = settles.reference()
	}
	if err := p.accept(s, m); err != nil {
		return 0, err
	}
	return s.context, nil
}

// leastAckTimeout is from which AckTimeout on answers may be late.
const leastAckTimeout = time.Second

// Hurry has the broker answer now what it may answer late.
func (p *producer) Hurry() {
	p.mu.Lock()
	s := p.socket
	waits := s != nil && len(p.byContext) > 0
	p.mu.Unlock()
	if waits {
		s.probeNow()
	}
}

// Forget says that a message begun by StartLate has done what it was sent for:
// then is not called any more, and the message not sent again.
func (p *producer) Forget(ticket uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.byContext[ticket]; s != nil && s.then != nil {
		s.giveUp()
		return
	}
	for _, s := range p.waiting { // for another connection, perhaps
		if s.context == ticket && s.then != nil {
			p.forget(s)
			return
		}
	}
}

// reference names m to the broker, if it came over the present connection and
// the broker knows references.
func (m *Message) reference() string {
	c, ok := m.receipt.consumer.(*consumer)
	if !ok {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == "" || c.socket == nil || m.receipt.delivery != c.connection || c.isClosed() {
		return ""
	}
	return envelope.Reference(c.token, m.ID)
}

// answerAll takes the answer to several messages in a row.
func (p *producer) answerAll(f *envelope.Frame) {
	from, err := strconv.ParseUint(string(f.From), 10, 64)
	to, errTo := strconv.ParseUint(string(f.ContextText()), 10, 64)
	if err != nil || errTo != nil || to < from || to-from >= maxUnanswered {
		return // as for any context that is none of ours
	}
	for n := from; n <= to; n++ {
		if s := p.byContext[n]; s != nil {
			p.answer(s, f.Settled, nil)
		}
	}
}
