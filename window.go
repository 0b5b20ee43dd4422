package dasf

import (
	"sync"
	"time"
)

// A backend asks for no more requests than it has workers, so that it does not
// hoard what another one could run. Where requests take little time that makes
// it wait: for the broker to hear that some are done, and for a few new ones,
// each time. So it asks for twice as many, and again, while calls are many and
// each is answered soon. When one waits for a worker after all, it takes back
// what it asked for, and hands back what it has not begun.
const (
	widest = 128 // requests that a backend has at once, unless it has more workers

	soonRuns = 64                    // that end soon, one after the other,
	soonTime = 64 * time.Millisecond // within this time, until it asks for more
	soonEnd  = 5 * time.Millisecond  // from a request's arrival to the end of its run

	tooLong    = 20 * time.Millisecond // that a request waits for a worker
	seldomRuns = 16                    // in an interval of announce, or fewer, for which the workers will do
)

// A window is how many requests the broker delivers before one is acknowledged.
// It belongs to the backend's mutex.
type window struct {
	size  int       // Config.Workers, or more
	soon  int       // requests in a row that ended soon,
	since time.Time // and when the first of them did
	ended int       // requests since the last watch

	narrowed bool // it was wider, and no consumer was opened since

	telling sync.Mutex // held while the broker is told, without the backend's mutex
}

// A resizer is a consumer whose window can be changed; see Resize in the
// transport package.
type resizer interface {
	Resize(n int) bool
}

// wide reports whether the broker may deliver more requests than there are
// workers.
func (r *backend) wide() bool { return r.window.size > r.cfg.Workers }

// noteEnd is told that the run of a job is over. It reports whether the window
// has become wider, so that resize must be called. r.mu is held.
func (r *backend) noteEnd(j *job, now time.Time) bool {
	w := &r.window
	w.ended++
	switch {
	case now.Sub(j.arrived) > soonEnd:
		w.soon = 0
		return false
	case w.soon == 0 || now.Sub(w.since) > soonTime:
		w.soon, w.since = 1, now
		return false
	}
	if w.soon++; w.soon < soonRuns || w.size >= min(widest, r.cfg.QueueSize) || r.stopping || !r.brokerQueues() {
		return false
	}
	w.soon, w.narrowed = 0, false
	w.size = min(2*w.size, widest, r.cfg.QueueSize)
	return true
}

// resize tells the broker how large the window is.
func (r *backend) resize() (known bool) {
	r.window.telling.Lock()
	defer r.window.telling.Unlock()
	r.mu.Lock()
	size, consumer := r.window.size, r.consumer
	r.mu.Unlock()
	c, ok := consumer.(resizer)
	return ok && c.Resize(size)
}

// widen has the broker deliver what noteEnd has found to be right.
func (r *backend) widen() {
	if r.resize() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.window.size = r.cfg.Workers
}

// narrow takes back that the broker may deliver more requests than there are
// workers, and hands back those that would have to wait.
func (r *backend) narrow() {
	r.mu.Lock()
	if !r.wide() || r.stopping {
		r.mu.Unlock()
		return
	}
	r.window.size, r.window.soon, r.window.narrowed = r.cfg.Workers, 0, true
	surplus := r.takeSurplus()
	r.mu.Unlock()
	r.resize()
	r.handBackSurplus(surplus)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, j := range r.entering { // not before the broker knows of the window
		j.surplus = j.ctx.Err() == nil
	}
	r.free.Broadcast()
}

// handBackSurplus gives up jobs that are not held. The broker delivers them to
// another backend, or to this one when it has a worker for them.
func (r *backend) handBackSurplus(jobs []*job) {
	for _, j := range jobs {
		j.cancel(nil)
		r.handBackAll(j.messages)
	}
}

// takeSurplus forgets the jobs that came last and for which there is no worker,
// and returns them. r.mu is held.
func (r *backend) takeSurplus() (surplus []*job) {
	var queued []*job
	for len(r.queue) > 0 {
		select {
		case j := <-r.queue:
			queued = append(queued, j)
		default: // a worker was faster
		}
	}
	room := max(r.cfg.Workers-r.running, 0)
	for i, j := range queued {
		if i >= room && j.ctx.Err() == nil {
			surplus = append(surplus, j)
			continue
		}
		// What nobody waits for any more must not be run by another backend.
		// There is room, since only who holds r.mu puts jobs in.
		r.queue <- j
	}
	parked := r.parked
	r.parked = nil // so that drop lets in none of them
	for _, j := range surplus {
		r.drop(j)
	}
	rest := min(max(room-len(queued), 0), len(parked))
	r.parked = parked[:rest]
	r.cfg.Observer.Held(rest-len(parked), 0)
	return append(surplus, parked[rest:]...)
}

// stale reports whether the window is wider than it should be: a job waits for
// too long, or so few come that the workers will do. It is asked once in each
// interval of announce. r.mu is held.
func (r *backend) stale(now time.Time) bool {
	ended := r.window.ended
	r.window.ended = 0
	if !r.wide() {
		return false
	}
	if ended <= seldomRuns {
		return true
	}
	for _, jobs := range r.held {
		for _, j := range jobs {
			if !j.running && now.Sub(j.arrived) > tooLong {
				return true
			}
		}
	}
	return false
}
