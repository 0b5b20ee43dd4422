package dasf

import (
	"context"
	"math"
)

// A ReportStatus says how far the process is that a report is about.
type ReportStatus string

// The statuses, as deprogressapi 0.4 names them (base.py, Status).
const (
	ReportRunning ReportStatus = "running"
	ReportSuccess ReportStatus = "success"
	ReportError   ReportStatus = "error"
)

// Enum lists the statuses.
func (ReportStatus) Enum() []any { return []any{ReportSuccess, ReportError, ReportRunning} }

// A ProgressReport tells the caller of a long computation where it is: a tree
// of steps. It is the ProgressReport of deprogressapi 0.4 (tree.py), which
// Python clients and backends use.
//
// A handler gets one as a parameter:
//
//	type Request struct {
//		Files  []string             `json:"files"`
//		Report *dasf.ProgressReport `json:"report" default:"{\"step_message\":\"Reading\"}"`
//	}
//
//	func Read(ctx context.Context, r Request) (int, error) {
//		r.Report.SetSteps(len(r.Files))
//		for _, file := range r.Files {
//			step := r.Report.Sub(file, 0)
//			err := read(file)
//			step.Complete(err)
//			…
//
// Each change is sent to the caller by itself, at most once in
// Config.ProgressInterval; changes in between are seen with the next one, and
// the last state is always sent before the response. A method never waits for
// the caller. When the handler returns or panics, what it left open is
// completed: with an error if the call failed.
//
// The parameter is filled when the caller leaves it out, with the default of
// its tag or else a report without a name. A caller that sends null wants no
// report: then the parameter is nil. All methods do nothing on a nil
// *ProgressReport, and on a completed report those that change it.
//
// The whole tree travels every time, in at most 64 KiB: when it grows over
// that, the oldest completed steps are folded into one line "n steps done".
//
// All methods may be called concurrently.
type ProgressReport struct{ node *progressNode }

// NewProgressReport makes a report that a client passes in a request: its
// message is what the backend's reports are headed with. steps is the number of
// steps to come, 0 if that is not known.
func NewProgressReport(message string, steps int) *ProgressReport {
	return &newProgressTree(message, steps).root.handle
}

func (r *ProgressReport) live() *progressNode {
	if r == nil {
		return nil
	}
	return r.node
}

// Sub adds a report of one step, below r. steps is the number of steps within
// it, 0 for a step without any or if that is not known. The new report counts
// as a done step of r once it is completed. Below a completed report it is nil.
func (r *ProgressReport) Sub(message string, steps int) *ProgressReport {
	n := r.live()
	if n == nil {
		return nil
	}
	return n.sub(message, steps)
}

// Step counts one more step as done, without a report of its own. It costs a
// few nanoseconds.
func (r *ProgressReport) Step() { r.Advance(1) }

// Advance counts n more steps as done, without reports of their own. An n
// below 1 does nothing.
func (r *ProgressReport) Advance(n int) {
	if node := r.live(); node != nil && n > 0 {
		node.advance(n)
	}
}

// SetMessage replaces the text that says what is being done.
func (r *ProgressReport) SetMessage(message string) {
	if n := r.live(); n != nil {
		n.change(func() { n.message = message })
	}
}

// SetSteps sets the number of steps that r will have, 0 if that is not known.
func (r *ProgressReport) SetSteps(steps int) {
	if n := r.live(); n != nil {
		n.change(func() { n.steps = max(0, steps) })
	}
}

// Submit has the present state sent although nothing changed: before the first
// step of a long computation, say.
func (r *ProgressReport) Submit() {
	if n := r.live(); n != nil {
		n.change(func() {})
	}
}

// Complete ends r, and what is still open below it: with success if err is
// nil, else with an error. Only the first call counts. The text of err is not
// sent, since deprogressapi's trees have no place for it.
func (r *ProgressReport) Complete(err error) {
	if n := r.live(); n != nil {
		n.complete(statusOf(err))
	}
}

// Do runs fn as what r is about, and completes r with its error, or with an
// error if it panics. It returns fn's error. If ctx has ended fn is not run. On
// a nil *ProgressReport it just runs fn.
//
//	err := report.Sub("reading", 0).Do(ctx, func(ctx context.Context) error { … })
func (r *ProgressReport) Do(ctx context.Context, fn func(context.Context) error) error {
	return block(ctx, r, fn)
}

// block is Do of both kinds of report.
func block(ctx context.Context, r interface {
	Submit()
	Complete(error)
}, fn func(context.Context) error) (err error) {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		r.Complete(err)
		return err
	}
	r.Submit()
	returned := false
	defer func() {
		if !returned {
			r.Complete(errPanicked)
		}
	}()
	err = fn(ctx)
	returned = true
	r.Complete(err)
	return err
}

// statusOf is the status of a report that ends with err.
func statusOf(err error) ReportStatus {
	if err != nil {
		return ReportError
	}
	return ReportSuccess
}

// ID tells the reports of one call apart, where it has several. It is "root"
// unless the parameter's default, or the client, says otherwise.
func (r *ProgressReport) ID() string {
	return read(r, func(n *progressNode) string { return n.id })
}

// Status returns how r is.
func (r *ProgressReport) Status() ReportStatus {
	if n := r.live(); n != nil {
		return n.state()
	}
	return ReportRunning
}

// Message returns what is being done.
func (r *ProgressReport) Message() string {
	return read(r, func(n *progressNode) string { return n.message })
}

// Steps returns the number of steps that r will have, 0 if that is not known.
func (r *ProgressReport) Steps() int {
	return read(r, func(n *progressNode) int { return n.steps })
}

// Done returns the number of steps of r that are over: sub-reports that are
// completed, folded or not, and what Step and Advance counted.
func (r *ProgressReport) Done() int {
	return read(r, func(n *progressNode) int {
		done, failed, _ := n.counts()
		for c := n.first; c != nil; c = c.next {
			if c.state() != ReportRunning {
				done = addCount(done, 1)
			}
		}
		return addCount(done, failed)
	})
}

// Children returns the sub-reports of r, the oldest first, without those that
// are only counted: see Folded.
func (r *ProgressReport) Children() []*ProgressReport {
	return read(r, func(n *progressNode) []*ProgressReport {
		var children []*ProgressReport
		for c := n.first; c != nil; c = c.next {
			children = append(children, &c.handle)
		}
		return children
	})
}

// Folded returns how many steps of r are only counted and have no report among
// Children: those that ended with success or without a report, those that
// failed, and those that are still running.
func (r *ProgressReport) Folded() (done, failed, running int) {
	read(r, func(n *progressNode) (_ struct{}) {
		done, failed, running = n.counts()
		return
	})
	return done, failed, running
}

// ShowMethod returns how whoever passed the report wants it to be shown: NONE,
// AUTO, PRINT, WINDOWED or JUPYTER.
func (r *ProgressReport) ShowMethod() string {
	return read(r, func(n *progressNode) string { return string(n.settings.ShowMethod) })
}

// read reads a node under the lock of its tree; nothing of a nil one.
func read[T any](r *ProgressReport, fn func(*progressNode) T) (value T) {
	n := r.live()
	if n == nil {
		return value
	}
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	return fn(n)
}

// addCount adds two counts without overflow.
func addCount(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}
