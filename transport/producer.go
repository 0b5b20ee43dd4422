package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/internal/jsonscan"
)

const (
	// maxUnanswered bounds the messages that are on the wire; the others
	// wait in Send.
	maxUnanswered = 1000
	// paceTime is how long a message may keep others back where the bytes that
	// are under way are bounded. A broker that delivers answers sooner.
	paceTime = 250 * time.Millisecond
	// maxBlame is how often a broker may close the connection over a
	// message before the message is given up.
	maxBlame = 3
)

// A sending is one Send that is under way.
type sending struct {
	context  uint64
	head     []byte
	payload  []byte
	size     int        // of head and payload
	counted  time.Time  // when its size was added to what is under way; zero if it is not
	result   chan error // gets one value; nil where then is called instead
	then     func(settled bool, err error)
	late     bool   // its answer may be late
	settles  string // reference of what is acknowledged with it
	answered bool
	gone     bool // the Send has returned, and what is on the wire is orphaned
	blame    int
}

// A finished sending is told of outside of the producer's lock.
type finished struct {
	then    func(settled bool, err error)
	settled bool
	err     error
}

// A producer is a [Producer] with a socket.
type producer struct {
	link  *link
	gate  *gate
	topic string

	mu         sync.Mutex
	closed     bool
	socket     *socket // nil while there is none
	maxFrame   int
	late       bool                // the broker answers late what says so
	mostBytes  int                 // under way at once, but for a single message; 0 for no bound
	bytes      int                 // under way
	last       uint64              // context of the newest sending
	waiting    []*sending          // to be written, in order
	unanswered []*sending          // written, in order; may begin before one that is answered
	byContext  map[uint64]*sending // the unanswered ones
	finished   []finished          // to be called once mu is free
	spare      []finished          // the same, once they were called
	flush      *socket             // to be flushed once mu is free
	hurry      *socket             // whose broker is to answer now, once mu is free
	probation  int                 // how many more are sent one at a time
	overdue    *time.Timer         // runs while there are unanswered ones
	pace       *time.Timer         // runs while the bytes under way keep others back
	pacing     bool                // it runs

	scratch envelope.Frame // of the goroutine that reads
}

func newProducer(b *socketBroker, t *target, topic string) *producer {
	p := &producer{gate: &b.gate, topic: topic, byContext: make(map[uint64]*sending)}
	p.link = newLink(b, p, t, topic, "", func() {})
	p.overdue = time.AfterFunc(b.o.AckTimeout, p.judgeAnswers)
	p.overdue.Stop()
	p.pace = time.AfterFunc(paceTime, p.giveWay)
	p.pace.Stop()
	return p
}

func (p *producer) Send(ctx context.Context, m *Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := &sending{payload: m.Payload, result: make(chan error, 1)}
	if err := p.accept(s, m); err != nil {
		return err
	}
	select {
	case err := <-s.result:
		return err
	case <-ctx.Done():
		return p.abandon(s, ctx.Err())
	}
}

// Start is Send without the wait: then is called with what Send would have
// returned, once and from a goroutine of the connection, so that it must not
// wait. After an error of Start it is not called. The ticket is for Stop. m and
// its properties, but not its payload, may be used again when Start returns. The
// root package asks for this method: what waits for a broker's acknowledgement
// has to be woken for it.
func (p *producer) Start(m *Message, then func(error)) (ticket uint64, err error) {
	s := &sending{payload: m.Payload, then: func(_ bool, err error) { then(err) }}
	if err := p.accept(s, m); err != nil {
		return 0, err
	}
	return s.context, nil
}

// Stop is the end of the context of a Send that was begun by Start. It does
// nothing once that is over.
func (p *producer) Stop(ticket uint64, err error) {
	is := func(s *sending) bool { return s.context == ticket && s.then != nil && !s.answered && !s.gone }
	p.mu.Lock()
	var s *sending
	for _, list := range [][]*sending{p.waiting, p.unanswered} {
		if i := slices.IndexFunc(list, is); i >= 0 {
			s = list[i]
		}
	}
	var then func(bool, error)
	if s != nil {
		then = s.then
		p.forget(s)
	}
	p.mu.Unlock()
	if then != nil {
		then(false, err)
	}
}

// accept queues s.
func (p *producer) accept(s *sending, m *Message) error {
	if !jsonscan.IsPlain(m.Payload) {
		return errPayload
	}
	p.mu.Lock()
	defer p.unlock()
	if p.closed {
		return ErrClosed
	}
	p.last++
	s.context = p.last
	var digits [20]byte
	context := strconv.AppendUint(digits[:0], s.context, 10)
	if s.late && p.late {
		room := headLength(m) + len(s.settles)
		s.head = envelope.AppendLateHead(make([]byte, 0, room), m.Properties, m.Key, string(context), s.settles)
	} else {
		s.head = envelope.AppendMessageHead(make([]byte, 0, headLength(m)), m.Properties, m.Key, string(context))
	}
	if size := len(s.head) + len(s.payload) + len(envelope.Tail); size > p.maxFrame {
		return tooLarge(size, p.maxFrame)
	}
	s.size = len(s.head) + len(s.payload)
	p.waiting = append(p.waiting, s)
	p.pumpLocked()
	return nil
}

// headLength is how long the envelope of m is without its payload, unless there
// is something in it to escape.
func headLength(m *Message) int {
	n := 112 + len(m.Key)
	for name, value := range m.Properties {
		n += len(name) + len(value) + len(`"":"",`)
	}
	return n
}

// abandon takes back a Send whose context has ended, unless its answer was
// faster.
func (p *producer) abandon(s *sending, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case answer := <-s.result:
		return answer
	default:
	}
	p.forget(s)
	return err
}

// forget gives up a sending that nobody waits for any more.
func (p *producer) forget(s *sending) {
	s.giveUp()
	if i := slices.Index(p.waiting, s); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
}

// giveUp lets go of all that hangs on s, which waits for its answer yet.
func (s *sending) giveUp() {
	s.gone = true
	s.head, s.payload = nil, nil
	if s.then != nil {
		s.then = func(bool, error) {}
	}
}

// end tells who waits for s what has become of it.
func (p *producer) end(s *sending, settled bool, err error) {
	s.answered = true
	switch {
	case s.then == nil:
		s.result <- err
	case !s.gone:
		p.finished = append(p.finished, finished{s.then, settled, err})
	}
}

// unlock frees mu, writes what was queued, and tells of what has ended.
func (p *producer) unlock() {
	list, flush, hurry := p.finished, p.flush, p.hurry
	p.flush, p.hurry = nil, nil
	if len(list) > 0 {
		p.finished, p.spare = p.spare, nil
	}
	p.mu.Unlock()
	if flush != nil {
		flush.flushSoon()
	}
	if hurry != nil {
		hurry.probeNow()
	}
	for _, f := range list {
		f.then(f.settled, f.err)
	}
	if len(list) > 0 && cap(list) <= maxSpare {
		clear(list)
		p.mu.Lock()
		p.spare = list[:0]
		p.mu.Unlock()
	}
}

// pump writes what waits, as far as it may.
func (p *producer) pump() {
	p.mu.Lock()
	defer p.unlock()
	p.pumpLocked()
}

func (p *producer) pumpLocked() {
	window := maxUnanswered
	if p.probation > 0 {
		window = 1
	}
	n := 0
	for p.socket != nil && n < len(p.waiting) && len(p.byContext) < window && p.gate.open() {
		s := p.waiting[n]
		if p.mostBytes > 0 {
			if p.bytes > 0 && p.bytes+s.size > p.mostBytes {
				if !p.pacing {
					p.pacing = true
					p.pace.Reset(paceTime)
				}
				break
			}
			s.counted = time.Now()
			p.bytes += s.size
		}
		n++
		if len(p.byContext) == 0 {
			p.overdue.Reset(p.link.broker.o.AckTimeout)
		}
		p.byContext[s.context] = s
		p.unanswered = append(p.unanswered, s)
		if p.socket.queueFrame(outgoing{head: s.head, payload: s.payload, tail: envelope.Tail}) {
			p.flush = p.socket
		}
		if p.probation > 0 && p.late && s.late {
			p.hurry = p.socket
		}
	}
	p.waiting = slices.Delete(p.waiting, 0, n)
}

func (p *producer) connected(s *socket, h http.Header, again bool) {
	w := welcomeOf(p.link.broker.form, h)
	if again {
		p.gate.doubt()
	} else {
		p.gate.add(p)
	}
	p.mu.Lock()
	defer p.unlock()
	p.socket, p.maxFrame, p.mostBytes = s, w.MaxFrame, w.PieceSize
	p.late = w.late && p.link.broker.o.AckTimeout >= leastAckTimeout
	p.pumpLocked()
}

// disconnected puts back what had no answer.
func (p *producer) disconnected(err error) {
	p.mu.Lock()
	defer p.unlock()
	p.socket = nil
	p.blame(err)
	for _, s := range p.unanswered {
		p.discount(s)
	}
	again := slices.DeleteFunc(p.unanswered, func(s *sending) bool { return s.answered || s.gone })
	if closed, ok := err.(*closedByBroker); ok && closed.overMessage() {
		p.probation = len(again)
	}
	p.waiting = append(again, p.waiting...)
	p.unanswered = nil
	clear(p.byContext)
	p.overdue.Stop()
	p.pace.Stop()
	p.pacing = false
}

// giveWay lets those go that messages kept back whose answer is late: the
// message may be lost, or the answer.
func (p *producer) giveWay() {
	p.mu.Lock()
	defer p.unlock()
	p.pacing = false
	for _, s := range p.unanswered {
		if !s.answered && !s.counted.IsZero() && time.Since(s.counted) >= paceTime {
			p.discount(s)
		}
	}
	p.pumpLocked()
}

// discount takes a message out of what is under way.
func (p *producer) discount(s *sending) {
	if !s.counted.IsZero() {
		s.counted = time.Time{}
		p.bytes -= s.size
	}
}

var errNotAcknowledged = errors.New("broker did not acknowledge a message")

// judgeAnswers is run by the timer overdue.
func (p *producer) judgeAnswers() {
	p.mu.Lock()
	s := p.socket
	late := s != nil && len(p.byContext) > 0
	if late { // unless a slow network has only now taken them
		if wait := p.link.broker.o.AckTimeout - s.sinceWritten(); wait > 0 {
			p.overdue.Reset(wait)
			late = false
		}
	}
	p.mu.Unlock()
	if late {
		s.fail(errNotAcknowledged)
	}
}

func (p *producer) refused(error) *target { return nil }

// blame gives up a message over which the broker closes the connection again
// and again. To know which one it is, after the first time messages are sent
// one at a time.
func (p *producer) blame(err error) {
	closed, ok := err.(*closedByBroker)
	if !ok || !closed.overMessage() || len(p.byContext) != 1 {
		return
	}
	for _, s := range p.byContext {
		if s.blame++; s.blame >= maxBlame {
			p.answer(s, false, &SendError{
				Result:  "closed " + strconv.Itoa(closed.code),
				Message: fmt.Sprintf("broker closed the connection %d times over this message: %s", maxBlame, closed.text),
			})
		}
	}
}

// answer completes s.
func (p *producer) answer(s *sending, settled bool, err error) {
	p.end(s, settled, err)
	delete(p.byContext, s.context)
	p.discount(s)
	// Brokers answer in order: an answer to a later message says nothing of
	// the oldest one, whose time goes on.
	oldest := len(p.unanswered) > 0 && p.unanswered[0] == s
	switch {
	case len(p.byContext) == 0:
		p.overdue.Stop()
	case oldest:
		p.overdue.Reset(p.link.broker.o.AckTimeout)
	}
	p.probation = max(p.probation-1, 0)
	if len(p.byContext)+len(p.waiting) == 0 {
		p.probation = 0 // some were abandoned
	}
	for len(p.unanswered) > 0 && p.unanswered[0].answered {
		p.unanswered[0] = nil
		p.unanswered = p.unanswered[1:]
	}
}

// frame reads an acknowledgement.
func (p *producer) frame(_ *socket, text []byte) {
	f := &p.scratch
	err := scan(text, f)
	if err == nil && f.Result == nil {
		err = fmt.Errorf("acknowledgement without a result")
	}
	if err != nil {
		p.link.bad(err, text)
		return
	}
	var refused error
	if !bytes.Equal(f.Result, []byte("ok")) {
		refused = &SendError{Result: string(f.Result), Message: string(f.ErrorMsg)}
	}
	p.mu.Lock()
	defer p.unlock()
	if f.From != nil && refused == nil {
		p.answerAll(f)
	} else if s := p.asked(f.ContextText()); s != nil { // else the Send is over
		p.answer(s, f.Settled, refused)
	}
	p.pumpLocked()
}

// asked finds the sending that an answer is for. Pulsar's send-error:3 has no
// context; it is for the oldest one then, since answers come in order.
func (p *producer) asked(context []byte) *sending {
	if context == nil {
		for _, s := range p.unanswered {
			if !s.answered {
				return s
			}
		}
		return nil
	}
	n, err := strconv.ParseUint(string(context), 10, 64)
	if err != nil {
		return nil
	}
	return p.byContext[n]
}

func (p *producer) Close() error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	if first {
		for _, s := range append(p.waiting, p.unanswered...) {
			if !s.answered && !s.gone {
				p.end(s, false, ErrClosed)
			}
		}
		p.waiting, p.unanswered = nil, nil
		clear(p.byContext)
		p.overdue.Stop()
		p.pace.Stop()
	}
	p.unlock()
	if first {
		p.gate.drop(p)
	}
	p.link.close()
	return nil
}
