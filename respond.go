package dasf

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/dasf-go/dasf/fragment"
	"github.com/dasf-go/dasf/transport"
)

// smallPayload is the number of bytes whose base64 has 65,536 characters, the
// largest message that Pulsar's non-persistent topics were never seen to lose.
const smallPayload = 49_152

// serve is one worker.
func (r *backend) serve() {
	for j := range r.queue {
		r.work1(j)
	}
}

// work1 runs one job and answers it.
func (r *backend) work1(j *job) {
	defer j.cancel(nil)
	if !r.occupy(j) {
		r.handBack(j)
		return
	}
	defer r.vacate()
	fatal := r.delivery.CountsDeliveries && *r.cfg.MaxRedeliveries > 0 && j.again > *r.cfg.MaxRedeliveries
	if (j.confirm || fatal) && j.extended && !r.confirmed(j) || j.ctx.Err() != nil {
		r.mu.Lock()
		r.drop(j)
		r.mu.Unlock()
		if context.Cause(j.ctx) == errShutdown {
			r.handBack(j)
			return
		}
		r.ackAll(j.messages)
		r.cfg.Observer.Request(RequestEvent{Code: CodeOf(context.Cause(j.ctx)), RequestBytes: int(j.size)})
		return
	}
	if fatal {
		r.forget(j)
		r.refuse(j, CodeExecution, fmt.Sprintf("error executing request: the request was delivered %d times before and never answered; it seems to end the processes that run it (Config.MaxRedeliveries is %d)", j.again, *r.cfg.MaxRedeliveries))
		return
	}
	start := time.Now()
	r.mu.Lock()
	if r.isElsewhere(j) {
		r.drop(j)
		r.mu.Unlock()
		return
	}
	j.running = true
	late := r.wide() && !j.confirm && start.Sub(j.ready) > tooLong
	r.mu.Unlock()
	if late {
		r.narrow()
		start = time.Now()
	}
	r.cfg.Observer.Held(-1, 1)
	a := &answer{call: j.call, hash: j.hash, count: j.count, extended: j.extended, trace: j.trace}
	a.payload, a.status, a.code = r.compute(j)
	end := time.Now()
	run := end.Sub(start)
	j.payload, j.message = nil, nil
	if a.code == "" && len(r.cfg.Middleware) == 0 { // which may keep what it sees
		a.memory = memoryOf(a.payload)
	}

	cause := context.Cause(j.ctx)
	r.mu.Lock()
	r.drop(j)
	r.noteRun(run)
	wider := r.noteEnd(j, end)
	redeliver := cause == errShutdown && a.code == CodeUnavailable && r.delivery.Redelivers && r.afterResponse()
	unwanted := CodeOf(cause) == CodeCanceled && !errors.Is(cause, ErrClientGone)
	var kept *answer
	if !redeliver {
		a.at = end
		kept = r.answers.add(a)
		kept.sending = !unwanted
		r.wake()
	}
	messages := j.messages
	r.mu.Unlock()
	if wider {
		r.tellWindow()
	}
	if !redeliver {
		r.cfg.Observer.Request(RequestEvent{
			Member: j.named(), Code: a.code, Wait: start.Sub(j.arrived), Run: run,
			RequestBytes: j.length, ResponseBytes: len(a.payload),
		})
	}
	switch {
	case redeliver:
		r.handBackAll(messages)
	case unwanted:
		r.ackAll(messages)
	default:
		r.answerJob(a, kept, messages)
	}
}

// confirmed asks the caller of a request that was sent before whether it is
// still wanted: it may have been run by another worker meanwhile. A caller
// that does not want it cancels it.
func (r *backend) confirmed(j *job) bool {
	r.tellAccepted(j)
	wait := time.NewTimer(confirmTime)
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-j.ctx.Done():
		return false
	}
}

const confirmTime = time.Second

// compute runs the member. It returns the payload of the response.
func (r *backend) compute(j *job) (payload []byte, status string, code Code) {
	fail := func(code Code, text string) ([]byte, string, Code) { return []byte(text), statusError, code }
	ctx := j.ctx
	if !j.deadline.IsZero() {
		if !time.Now().Before(j.deadline) {
			return fail(CodeDeadlineExceeded, "error executing request: the call's time was over before it was started")
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, j.deadline)
		defer cancel()
	}
	request := j.payload
	if j.message != nil {
		var err error
		if request, err = j.message.Decode(); err != nil {
			return fail(CodeInvalidRequest, fmt.Sprintf("error validating request: the payload is not base64: %v", err))
		}
	}
	j.length = len(request)
	response, err := r.module.handle(r.contextOf(ctx, j), request)
	if err == nil {
		return response, statusSuccess, ""
	}
	code = localCode(err)
	if context.Cause(j.ctx) == errShutdown && (code == CodeCanceled || code == CodeDeadlineExceeded) {
		return fail(CodeUnavailable, "error executing request: "+errShutdown.Error())
	}
	if code == CodeCanceled && errors.Is(context.Cause(j.ctx), ErrClientGone) {
		return fail(code, "error executing request: "+ErrClientGone.Error()) // in case that it comes back
	}
	return fail(code, wireText(err))
}

// A callContext is a handler's context, with what it holds of the request.
type callContext struct {
	context.Context
	backend *backend
	job     *job
	sink    sink
}

type callContextKey struct{}

func (r *backend) contextOf(ctx context.Context, j *job) context.Context {
	c := &callContext{Context: ctx, backend: r, job: j}
	c.sink = r.sinkOf(j, c)
	return c
}

// String keeps fmt from what changes.
func (c *callContext) String() string { return "dasf.call" }

// Value implements [context.Context].
func (c *callContext) Value(key any) any {
	switch key.(type) {
	case callContextKey:
		return c
	case sinkKey:
		return &c.sink
	}
	return c.Context.Value(key)
}

// names notes which member the request of ctx is for.
func names(ctx context.Context, member *string) {
	if c, _ := ctx.Value(callContextKey{}).(*callContext); c != nil {
		c.job.member.CompareAndSwap(nil, member) // not that of a call within the call
	}
}

func (j *job) named() string {
	if name := j.member.Load(); name != nil {
		return *name
	}
	return ""
}

// RequestKey returns a key of the request that a handler's context belongs
// to, the same whenever a broker delivers the request again, and unique among
// the requests of all clients. It is empty outside of a broker's request.
func RequestKey(ctx context.Context) string {
	c, _ := ctx.Value(callContextKey{}).(*callContext)
	if c == nil {
		return ""
	}
	return c.job.call.topic + "/" + c.job.call.context
}

// MessageID returns the broker's name of the message that brought the request
// which a handler's context belongs to; of the piece that came first where the
// request came in pieces. It is empty outside of a broker's request.
func MessageID(ctx context.Context) string {
	c, _ := ctx.Value(callContextKey{}).(*callContext)
	if c == nil {
		return ""
	}
	return c.job.id
}

// answered is what follows when an answer was sent, or could not be.
func (r *backend) answered(kept *answer, messages []*delivered, err error) {
	if r.postpone(kept, messages, err) {
		return
	}
	done := r.settled(kept, err)
	r.mu.Lock()
	messages = append(messages, kept.copies...)
	kept.copies, kept.sending = nil, false
	r.mu.Unlock()
	if done && r.afterResponse() {
		r.ackAll(messages)
	}
}

// settled reports whether the request is over, now that sending its answer
// ended with err.
func (r *backend) settled(a *answer, err error) bool {
	if err == nil {
		return true
	}
	log := r.logOf(a.call, a.trace)
	var refused *transport.SendError
	if errors.As(err, &refused) && refused.Unstored() && r.stopped() {
		log.Warn("handing back a request whose response the broker could not store", "err", err)
		return !r.delivery.Redelivers
	}
	if errors.As(err, &refused) || isRefusal(err) {
		r.cfg.Observer.Count(CountDropped, 1)
		log.Error("the broker refused a response", "err", err)
		return true
	}
	log.Error("sending a response", "err", err)
	if r.delivery.Redelivers {
		return false
	}
	r.cfg.Observer.Count(CountDropped, 1)
	return true
}

// isRefusal reports whether the broker said no at the handshake, in a way
// that will not change by itself.
func isRefusal(err error) bool {
	var h *transport.HandshakeError
	return errors.As(err, &h) && !h.Temporary()
}

// cut cuts the payload of an answer where it must be: as demessaging does,
// and for a peer that reassembles, on a broker that loses what is large, into
// pieces that arrive.
func (r *backend) cut(a *answer) fragment.Pieces {
	size := r.cfg.MaxPayloadSize
	if a.extended && r.delivery.PieceSize > 0 {
		size = min(size, safeSize(len(a.payload), r.delivery.PieceSize))
	}
	return fragment.Split(a.payload, size)
}

// safeSize is the size of piece for a payload of n bytes on a broker that
// delivers pieces of so many characters for certain. A payload stays whole up
// to as many bytes as the size says, and is then longer in characters.
func safeSize(n, pieceSize int) int {
	if n <= pieceSize {
		return min(pieceSize, smallPayload)
	}
	return pieceSize
}

// sendAnswer sends a response, in pieces where it is long.
func (r *backend) sendAnswer(ctx context.Context, a *answer) error {
	pieces := r.cut(a)
	if pieces.Count() == 1 {
		return r.producers.send(ctx, a.call.topic, r.answerMessage(a))
	}
	// On a broker that drops, each piece waits for the one before; elsewhere
	// one is made while others travel.
	under := make([]*sentPiece, 1, piecesUnderWay)
	if !r.delivery.DropsWhenFull {
		under = under[:piecesUnderWay]
	}
	for i := range pieces.Count() + len(under) {
		slot := &under[i%len(under)]
		if *slot == nil {
			*slot = &sentPiece{sent: make(chan error, 1)}
		} else if err := <-(*slot).sent; err != nil {
			return fmt.Errorf("piece %d of %d: %w", i-len(under)+1, pieces.Count(), err)
		}
		if i >= pieces.Count() {
			(*slot).sent <- nil // of a slot that is not used again
			continue
		}
		(*slot).text = pieces.Append((*slot).text[:0], i)
		r.startPiece(ctx, a, *slot, i, pieces.Count())
	}
	return nil
}

// piecesUnderWay is how many pieces of one answer may be on their way to the
// broker at once.
const piecesUnderWay = 3

// A sentPiece is a piece on its way. Its buffer is used again once it is sent.
type sentPiece struct {
	text []byte
	sent chan error // takes one
}

// startPiece sends a piece, and does not wait for it where that can be.
func (r *backend) startPiece(ctx context.Context, a *answer, p *sentPiece, i, count int) {
	m := r.pieceMessage(a, p.text, i, count)
	r.cfg.Observer.Count(CountFragmentsSent, 1)
	if !r.producers.start(a.call.topic, m, func(err error) { p.sent <- err }) {
		p.sent <- r.producers.send(ctx, a.call.topic, m)
	}
}

// answerMessage is an answer that is not cut.
func (r *backend) answerMessage(a *answer) *transport.Message {
	m := &transport.Message{Properties: make(map[string]string)}
	r.fillAnswer(m, a)
	return m
}

func (r *backend) fillAnswer(m *transport.Message, a *answer) {
	m.Context = a.call.context
	r.addAnswerProperties(m.Properties, a)
	m.SetBytes(a.payload)
}

func (r *backend) sendPiece(ctx context.Context, a *answer, text []byte, i, count int) error {
	r.cfg.Observer.Count(CountFragmentsSent, 1)
	return r.producers.send(ctx, a.call.topic, r.pieceMessage(a, text, i, count))
}

func (r *backend) pieceMessage(a *answer, text []byte, i, count int) *transport.Message {
	m := &transport.Message{Properties: r.answerProperties(a), Context: a.call.context}
	m.Properties[propFragment] = strconv.Itoa(i)
	m.Properties[propNumFragments] = strconv.Itoa(count)
	m.Payload = text
	return m
}

func (r *backend) answerProperties(a *answer) map[string]string {
	p := make(map[string]string)
	r.addAnswerProperties(p, a)
	return p
}

func (r *backend) addAnswerProperties(p map[string]string, a *answer) {
	p[propStatus], p[propContext] = a.status, a.call.context
	p[propType], p[propSourceTopic] = typeResponse, r.cfg.Topic
	if a.extended {
		p[propExtensions] = extensionsVersion
		if a.code != "" {
			p[propCode] = string(a.code)
		}
		if r.inbox != "" {
			p[propInbox] = r.inbox
		}
	}
}

// answerAgain sends what was answered before to a request that came again. A
// slow broker delivers it again and again before it has taken the answer: that
// is sent once at a time.
func (r *backend) answerAgain(j *job, old *answer) {
	j.cancel(nil)
	r.cfg.Observer.Count(CountDuplicates, 1)
	late := r.afterResponse()
	r.mu.Lock()
	sending := old.sending
	if sending && late {
		old.copies = append(old.copies, j.messages...)
	}
	old.sending = true
	r.mu.Unlock()
	if !late {
		r.ackAll(j.messages)
	}
	if sending {
		return
	}
	r.logOf(j.call, j.trace).Info("answering a request that came again")
	queued := r.enqueue(func(ctx context.Context) {
		kept, _ := r.kept(old)
		r.answered(old, j.messages, r.sendAnswer(ctx, kept))
		kept.memory.giveBack()
	})
	if !queued {
		r.mu.Lock()
		old.sending = false
		r.mu.Unlock()
	}
}

// kept returns the answer, whose memory has to be given back, or one that says
// that it is gone.
func (r *backend) kept(a *answer) (kept *answer, gone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !a.dropped {
		copied := *a
		copied.memory.lend()
		return &copied, false
	}
	text := fmt.Sprintf("error processing request: the request was run, but its response is no longer kept (Config.ResendBytes %d, Config.ResendAge %v)",
		r.cfg.ResendBytes, r.cfg.ResendAge)
	return &answer{call: a.call, extended: a.extended, status: statusError, code: CodeProcessing, payload: []byte(text)}, true
}

// resend sends again what a client says that it did not get.
func (r *backend) resend(m *transport.Message) {
	call := callKey{callerTopic(m), requestContext(m)}
	missing := parseNumbers(m.Properties[propMissing])
	r.mu.Lock()
	jobs := r.known(call)
	if len(jobs) > 0 {
		jobs[0].accepted = true // from now on nobody else may have it
	}
	collecting := r.pieces[call]
	old := r.answers.of(call, time.Now())
	r.mu.Unlock()
	switch {
	case len(jobs) > 0:
		r.tellAccepted(jobs[0])
	case collecting != nil:
		r.tellAccepted(collecting)
	case old != nil:
		r.enqueue(func(ctx context.Context) {
			kept, gone := r.kept(old)
			if gone {
				missing = nil // the numbers are those of the pieces that were
			}
			r.sendAgain(ctx, kept, missing)
			kept.memory.giveBack()
		})
	case !r.delivery.FanOut: // on the others somebody else may hold it
		gone := &answer{call: call, extended: true, status: statusError, code: CodeUnavailable,
			payload: []byte("error processing request: the backend does not know the call, or no longer keeps its response")}
		r.enqueue(func(ctx context.Context) { r.sendAgain(ctx, gone, nil) })
	}
}

func (r *backend) sendAgain(ctx context.Context, a *answer, missing []int) {
	r.cfg.Observer.Count(CountResends, max(1, len(missing)))
	var err error
	if len(missing) == 0 {
		err = r.sendAnswer(ctx, a)
	} else {
		pieces := r.cut(a)
		for _, i := range missing {
			if i >= 0 && i < pieces.Count() && err == nil {
				err = r.sendPiece(ctx, a, pieces.Append(nil, i), i, pieces.Count())
			}
		}
	}
	if err != nil {
		r.logOf(a.call, a.trace).Warn("sending a response again", "err", err)
	}
}
