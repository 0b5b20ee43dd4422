package dasf

import (
	"slices"
	"time"
)

// Where handlers take little time, and nothing else is to be done, who reads a
// request also runs it: to wake another goroutine would take longer.
const (
	quickRun  = 100 * time.Microsecond
	quickRuns = 16 // in a row until the next one is expected to be quick, too
)

// An aside is a consumer whose reader may run a request; see Aside in the
// transport package.
type aside interface {
	NothingMore() bool
	Aside(run func())
}

// runsAside returns what runs j in the goroutine that has read it, and registers
// j then; else it returns nil. Who has read the last piece of a request may be the
// reader of another consumer than that of its first one. r.mu is held.
func (r *backend) runsAside(j *job) aside {
	if r.count > 0 || r.running > 0 || r.quick < quickRuns || j.confirm || j.again > 0 || j.count > 0 {
		return nil
	}
	from, ok := j.messages[0].from.(aside)
	if !ok || !from.NothingMore() {
		return nil
	}
	r.hold(j)
	r.waiting.Add(1)
	return from
}

func (r *backend) runAside(from aside, j *job) {
	defer r.waiting.Done()
	r.ackEarly(j)
	from.Aside(func() { r.work1(j) })
}

// occupy waits until fewer than Workers jobs are run: who reads may run one
// besides the workers. It returns false when the job is to be handed back: the
// backend stops meanwhile, or takeSurplus says so.
func (r *backend) occupy(j *job) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running >= r.cfg.Workers {
		// takeSurplus has not seen it if its worker has taken it just then.
		j.surplus = !r.wide() && !j.ready.After(r.window.narrowed)
		r.entering = append(r.entering, j)
		for r.running >= r.cfg.Workers && !r.stopping && !(j.surplus && j.mayHandBack()) {
			r.free.Wait()
		}
		r.entering = slices.DeleteFunc(r.entering, func(one *job) bool { return one == j })
		if r.running >= r.cfg.Workers {
			return false
		}
	}
	r.running++
	j.begun, j.surplus = true, false
	r.begun++
	return true
}

// vacate is the end of what occupy has begun.
func (r *backend) vacate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	r.free.Signal()
}

// noteRun is told how long a job took. r.mu is held.
func (r *backend) noteRun(run time.Duration) {
	if run <= quickRun {
		r.quick++
	} else {
		r.quick = 0
	}
}
