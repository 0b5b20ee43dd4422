package dasf

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// injectedReports are the types of parameters that the framework fills. What
// they are encoded as is the default of a parameter that has none in its tag.
func injectedReports() []any {
	return []any{NewProgressReport("Working", 0), NewPrintReport()}
}

// A report is a root: what travels in one message.
type report interface {
	tracked() *track
	// snapshot returns the JSON of the present state, of at most limit bytes.
	// With more, another state is to be sent at once.
	snapshot(limit int) (payload []byte, status ReportStatus, more bool)
	close(err error)
	reopen()
}

// A track knows whether a report has changed since it was last sent, and who
// sends it.
type track struct {
	dirty atomic.Bool
	owner atomic.Pointer[reports]
}

// changed has the report sent. Nearly all calls come while it waits to be sent
// already, so that one costs no more than a look.
func (t *track) changed() {
	if t.dirty.Load() || !t.dirty.CompareAndSwap(false, true) {
		return
	}
	if r := t.owner.Load(); r != nil {
		r.wake()
	}
}

// A sink is where the reports and log records of one call go.
type sink struct {
	// ctx ends when nothing can be sent any more.
	ctx context.Context
	messenger
	// timeout bounds what the end of a call waits for.
	timeout time.Duration
	// limit is the longest payload, in bytes.
	limit int
	// level is what the caller wants of the log; nil if nothing.
	level *slog.Level
}

// A messenger sends what is about one call.
type messenger interface {
	// send sends one message and returns when it has arrived.
	send(ctx context.Context, m sinkMessage) error
	// unwanted reports whether nobody waits for what comes before the end of
	// the call, which is err.
	unwanted(err error) bool
}

type sinkMessage struct {
	kind    string // typeProgress or typeLog
	status  ReportStatus
	payload []byte
}

type sinkKey struct{}

// withSink gives the call that ctx belongs to a place for its reports. A nil
// one keeps those of a call within another from going to the outer one's
// caller.
func withSink(ctx context.Context, s *sink) context.Context {
	return context.WithValue(ctx, sinkKey{}, s)
}

// reports are those of one call, and the records of its log. One goroutine
// sends them, which is started by the first change and ends in finish: a
// handler never waits for a client.
//
// They are the context of the call's handler.
type reports struct {
	context.Context
	sink     *sink // nil: nobody is there to see them
	interval time.Duration
	config   *Config

	// Of the goroutine, once it is started.
	woken   chan struct{} // takes one
	closing chan struct{}
	ended   chan struct{}
	cancel  context.CancelFunc

	mu      sync.Mutex
	list    []*outgoingReport
	records records
	started bool
	closed  bool
}

// An outgoingReport is a report and when it goes out. Both times belong to the
// goroutine that sends.
type outgoingReport struct {
	report
	due  time.Time // not before
	last []byte    // what was sent
}

type reportsKey struct{}

// withReports prepares a call for reports.
func (m *Module) withReports(ctx context.Context) (context.Context, *reports) {
	s, _ := ctx.Value(sinkKey{}).(*sink)
	r := &reports{Context: ctx, sink: s, interval: m.cfg.ProgressInterval, config: &m.cfg}
	return r, r
}

// String keeps fmt from what changes.
func (r *reports) String() string { return "dasf.call" }

// Value implements [context.Context].
func (r *reports) Value(key any) any {
	if _, ok := key.(reportsKey); ok {
		return r
	}
	return r.Context.Value(key)
}

// injector returns what takes hold of the reports among decoded parameters.
func injector(ctx context.Context) func(any) {
	r, _ := ctx.Value(reportsKey{}).(*reports)
	if r == nil {
		return nil
	}
	return func(field any) {
		switch f := field.(type) {
		case **ProgressReport:
			r.takeTree(*f)
		case *ProgressReport:
			r.takeTree(f)
		case **PrintReport:
			r.takePrint(*f)
		case *PrintReport:
			r.takePrint(f)
		}
	}
}

func (r *reports) takeTree(p *ProgressReport) {
	if n := p.live(); n != nil {
		r.add(n.tree)
	}
}

func (r *reports) takePrint(p *PrintReport) {
	if s := p.live(); s != nil {
		r.add(s)
	}
}

func (r *reports) add(one report) {
	one.reopen()
	r.mu.Lock()
	r.list = append(r.list, &outgoingReport{report: one})
	r.mu.Unlock()
	one.tracked().owner.Store(r)
}

// wake tells the sender that there is something to send, and starts it if it is
// the first time.
func (r *reports) wake() {
	if r.sink == nil {
		return
	}
	r.mu.Lock()
	if r.closed { // finish sends what is left
		r.mu.Unlock()
		return
	}
	if !r.started {
		r.started = true
		var ctx context.Context
		ctx, r.cancel = context.WithCancel(r.sink.ctx)
		r.woken, r.closing, r.ended = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
		go r.serve(ctx)
	}
	r.mu.Unlock()
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

// finish completes what the handler left open, and returns when the last state
// of each report has been sent, or could not be within the time for sending.
func (r *reports) finish(err error) {
	r.mu.Lock()
	r.closed = true
	list, started := r.list, r.started
	nothing := !started && len(list) == 0 && r.records.none()
	r.mu.Unlock()
	if nothing {
		return
	}
	unwanted := r.sink != nil && r.sink.unwanted(err)
	if unwanted && started {
		r.cancel() // before the last state is there to be sent
	}
	for _, one := range list {
		one.close(err)
	}
	switch {
	case r.sink == nil:
	case started:
		defer r.cancel()
		limit := time.AfterFunc(r.sink.timeout, r.cancel)
		defer limit.Stop()
		close(r.closing)
		<-r.ended
	case !unwanted:
		ctx, cancel := context.WithTimeout(r.sink.ctx, r.sink.timeout)
		defer cancel()
		r.sendAll(ctx)
	}
}

// serve sends what changes until the call is over.
func (r *reports) serve(ctx context.Context) {
	defer close(r.ended)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.closing:
			if ctx.Err() == nil {
				r.sendAll(ctx)
			}
			return
		case <-ctx.Done():
			<-r.closing
			return
		case <-r.woken:
		case <-timer.C:
		}
		if next := r.sendDue(ctx); !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// sendDue sends what has changed and is due. It returns when the next is; the
// zero time if nothing waits.
func (r *reports) sendDue(ctx context.Context) (next time.Time) {
	r.sendRecords(ctx)
	for _, one := range r.all() {
		if one.tracked().dirty.Load() && !time.Now().Before(one.due) {
			r.send(ctx, one)
		}
		if one.tracked().dirty.Load() && (next.IsZero() || one.due.Before(next)) {
			next = one.due
		}
	}
	return next
}

// sendAll sends the last state of all reports.
func (r *reports) sendAll(ctx context.Context) {
	r.sendRecords(ctx)
	for _, one := range r.all() {
		if one.tracked().dirty.Load() {
			r.send(ctx, one)
		}
	}
}

func (r *reports) all() []*outgoingReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}

// retryTime is how long a report is held back after one that could not be sent.
const retryTime = 5 * time.Second

func (r *reports) send(ctx context.Context, one *outgoingReport) {
	one.tracked().dirty.Store(false) // before looking: what changes now is sent next time
	for more := true; more; {
		var payload []byte
		var status ReportStatus
		payload, status, more = one.snapshot(min(r.sink.limit, reportLimit))
		if bytes.Equal(payload, one.last) {
			continue
		}
		one.due = time.Now().Add(r.interval)
		if !r.deliver(ctx, sinkMessage{typeProgress, status, payload}) {
			one.due = one.due.Add(retryTime)
			one.tracked().dirty.Store(true)
			return
		}
		one.last = payload
	}
}

// deliver sends one message. A failure is for the log alone: the response is
// what tells the caller how the call went.
func (r *reports) deliver(ctx context.Context, m sinkMessage) bool {
	err := r.sink.send(ctx, m)
	if err != nil && ctx.Err() == nil {
		r.config.Logger.Info("sending to the caller of a call that runs", "messageType", m.kind, "err", err)
	}
	return err == nil
}
