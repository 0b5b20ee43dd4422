package dasf

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// A job is one request from its arrival to its answer.
type job struct {
	call     callKey
	id       string // of its first message
	hash     uint64
	messages []*delivered // acknowledged once the job is done
	payload  []byte       // decoded already when the request came in pieces
	message  *transport.Message
	size     int64 // of the payload
	weight   int64 // against Config.QueueBytes
	trace    Trace
	extended bool
	confirm  bool // sent before: run only if the caller does not object
	arrived  time.Time
	ready    time.Time // when all of it was there
	deadline time.Time // zero: none
	cancel   context.CancelCauseFunc
	ctx      context.Context
	accepted bool        // the caller was told that the job is held
	watched  bool        // the caller tells that it is there when it is asked
	logLevel *slog.Level // what the caller wants of the handler's log
	count    int         // pieces of the request; 0: it came whole

	again   int                    // times that the broker has delivered it before
	running bool                   // its handler runs, or has run
	begun   bool                   // a worker has it, and perhaps asks for it first
	surplus bool                   // to be handed back by the worker that waits to begin with it
	length  int                    // of the decoded payload
	member  atomic.Pointer[string] // that it names

	lastPiece time.Time
	asked     int // times that missing pieces were asked for
}

var hashSeed = maphash.MakeSeed()

func (r *backend) newJob(d *delivered) *job {
	now := time.Now()
	j := &job{
		call:     callKey{callerTopic(d.Message), requestContext(d.Message)},
		id:       d.ID,
		messages: []*delivered{d},
		message:  d.Message,
		extended: extended(d.Message),
		confirm:  d.Properties[propAgain] != "",
		arrived:  now,
		ready:    now,
		size:     int64(len(d.Payload)),
		weight:   d.weight,
		trace:    traceIn(d.Message),
		again:    d.RedeliveryCount,
	}
	if j.extended {
		j.logLevel = parseLevel(d.Properties[propLog])
		j.watched = r.cfg.CancelOnDisconnect && d.Properties[propWatch] != ""
	}
	if text := d.Properties[propTimeout]; text != "" {
		if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms < int64(1<<53) {
			j.deadline = now.Add(time.Duration(min(ms, int64(1<<62/time.Millisecond))) * time.Millisecond)
		} else {
			r.seldom.Warn("ignored a timeout that is no number of milliseconds", "timeout", text, "messageId", d.ID)
		}
	}
	ctx := r.work
	if j.trace != (Trace{}) {
		ctx = WithTrace(ctx, j.trace)
	}
	j.ctx, j.cancel = context.WithCancelCause(ctx)
	return j
}

// takeRequest takes a request, or a piece of one.
func (r *backend) takeRequest(d *delivered) {
	index, count, ok := fragmentOf(d.Message)
	switch {
	case !ok:
		r.refuseMessage(d, CodeInvalidRequest, fmt.Sprintf("error validating request: fragment %q of num_fragments %q are no numbers",
			d.Properties[propFragment], d.Properties[propNumFragments]))
	case count == 0:
		d.Payload = bytes.Clone(d.Payload) // it is valid only now
		j := r.newJob(d)
		j.hash = maphash.Bytes(hashSeed, d.Payload)
		r.admit(j)
	default:
		r.takePiece(d, index, count)
	}
}

// admit lets a complete request in, unless it is known or there is no room.
func (r *backend) admit(j *job) {
	r.mu.Lock()
	if r.stopping {
		r.mu.Unlock()
		r.handBackLater(j)
		return
	}
	for _, held := range r.known(j.call) {
		if held.hash == j.hash && held.count == j.count {
			copies := held.keep(j.messages)
			accepted := held.accepted
			r.mu.Unlock()
			r.cfg.Observer.Count(CountDuplicates, 1)
			if r.afterResponse() {
				r.ackAll(copies)
			}
			if accepted {
				r.tellAccepted(held)
			}
			r.ackEarly(j)
			return
		}
	}
	if old := r.answers.of(j.call, time.Now()); old != nil && old.hash == j.hash && old.count == j.count {
		r.mu.Unlock()
		r.answerAgain(j, old)
		return
	}
	if r.isStray(j.ready) && j.mayHandBack() {
		r.mu.Unlock()
		r.handBack(j)
		return
	}
	if from := r.runsAside(j); from != nil {
		r.mu.Unlock()
		r.runAside(from, j)
		return
	}
	room := r.enter(j)
	parked := !room && r.brokerQueues()
	if parked {
		r.parked = append(r.parked, j) // no more than the window
		r.cfg.Observer.Held(1, 0)
	}
	r.mu.Unlock()
	switch {
	case room:
		r.ackEarly(j)
	case parked:
		r.narrow()
	default:
		r.refuse(j, CodeBusy, busyText)
	}
}

// keep takes what was delivered again of the job's own messages, in place of
// what came over a connection that is gone, and returns the others: copies that
// the client sent. Nobody needs those, and unacknowledged they would fill the
// broker's window. The backend's mutex is held.
func (j *job) keep(messages []*delivered) (copies []*delivered) {
	for _, d := range messages {
		i := slices.IndexFunc(j.messages, func(own *delivered) bool { return own.ID == d.ID })
		if i < 0 {
			copies = append(copies, d)
		} else {
			j.messages[i] = d
		}
	}
	return copies
}

// enter puts a job into the queue if there is room. r.mu is held.
func (r *backend) enter(j *job) bool {
	if r.count > 0 && r.bytes+j.weight > r.cfg.QueueBytes {
		return false
	}
	select {
	case r.queue <- j:
	default:
		return false
	}
	r.hold(j)
	return true
}

// unpark lets in what waited for room. r.mu is held.
func (r *backend) unpark() {
	for len(r.parked) > 0 && !r.stopping && r.enter(r.parked[0]) {
		r.parked = r.parked[1:]
		r.cfg.Observer.Held(-1, 0) // hold has counted it
	}
}

// hold registers a job. r.mu is held.
func (r *backend) hold(j *job) {
	r.held[j.call] = append(r.held[j.call], j)
	r.count++
	r.bytes += j.weight
	r.cfg.Observer.Held(1, 0)
	if r.count == 1 {
		r.wake()
	}
}

func (r *backend) wake() {
	select {
	case r.busy <- struct{}{}:
	default:
	}
}

// known returns the jobs of a call, also those that have no room yet. r.mu is
// held.
func (r *backend) known(call callKey) []*job {
	jobs := r.held[call]
	for _, j := range r.parked {
		if j.call == call {
			jobs = append(slices.Clip(jobs), j)
		}
	}
	return slices.Clip(jobs)
}

// forget takes a job out of the register.
func (r *backend) forget(j *job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(j)
}

// drop is forget with r.mu held.
func (r *backend) drop(j *job) {
	jobs := r.held[j.call]
	for i, one := range jobs {
		if one != j {
			continue
		}
		jobs = append(jobs[:i:i], jobs[i+1:]...)
		if len(jobs) == 0 {
			delete(r.held, j.call)
		} else {
			r.held[j.call] = jobs
		}
		r.count--
		r.bytes -= j.weight
		if j.begun {
			r.begun--
		}
		if j.running {
			r.cfg.Observer.Held(0, -1)
		} else {
			r.cfg.Observer.Held(-1, 0)
		}
		r.unpark()
		return
	}
}

// ackEarly acknowledges a request on receipt where that is the policy.
func (r *backend) ackEarly(j *job) {
	if r.afterResponse() {
		return
	}
	for _, d := range j.messages {
		if c, ok := d.from.(lateAcker); ok && r.delivery.DropsWhenFull { // where the window has room for a few that are late
			c.AckLater(d.Message, false)
		} else {
			r.ack(d)
		}
	}
}

func (r *backend) ackAll(messages []*delivered) {
	for _, d := range messages {
		r.ack(d)
	}
}

// logOf is the log for what concerns one call.
func (r *backend) logOf(call callKey, t Trace) *slog.Logger {
	return t.traced(r.log).With("response_topic", call.topic, "requestContext", call.context)
}

// refuseMessage answers a message that can't become a job.
func (r *backend) refuseMessage(d *delivered, code Code, text string) {
	j := r.newJob(d)
	j.call = j.call.alone()
	j.messages, j.message = []*delivered{d.bare()}, nil
	r.refuse(j, code, text)
}

// refuse answers a job that is not run. A busy or broken backend must still
// answer at once, so it does not wait for a worker.
func (r *backend) refuse(j *job, code Code, text string) {
	j.cancel(nil)
	r.cfg.Observer.Request(RequestEvent{Code: code, RequestBytes: int(j.size), ResponseBytes: len(text)})
	log := j.trace.traced(r.seldom).With("response_topic", j.call.topic, "requestContext", j.call.context)
	if code == CodeBusy {
		log.Warn("refused a request, since the queue is full", "code", string(code), "QueueSize", r.cfg.QueueSize, "QueueBytes", r.cfg.QueueBytes)
	} else {
		log.Info("refused a request", "code", string(code))
	}
	r.enqueue(func(ctx context.Context) {
		err := r.sendAnswer(ctx, &answer{call: j.call, extended: j.extended, status: statusError, code: code, payload: []byte(text)})
		if err != nil {
			r.cfg.Observer.Count(CountDropped, 1)
			r.logOf(j.call, j.trace).Error("sending a refusal", "err", err)
		}
		r.ackAll(j.messages)
	})
}

// cancelCall ends the context of a call that its caller gave up.
func (r *backend) cancelCall(call callKey) {
	r.mu.Lock()
	jobs := r.known(call)
	collecting := r.pieces[call]
	if collecting != nil {
		delete(r.pieces, call)
		r.assembler.Drop(pieceKey(call))
		jobs = append(jobs, collecting)
	}
	r.answers.release(call)
	r.mu.Unlock()
	for _, j := range jobs {
		j.cancel(&Error{code: CodeCanceled, err: context.Canceled})
		if j == collecting {
			r.ackAll(j.messages)
		}
	}
}
