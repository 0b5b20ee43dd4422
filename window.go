package dasf

import (
	"slices"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// A backend asks for no more requests than it has workers, so that it does not
// hoard what another one could run. Where requests take little time that makes
// it wait: for the broker to hear that some are done, and for a few new ones,
// each time. So it asks for twice as many, and again, while calls are many and
// each is over soon. When one waits for a worker after all, it takes back what
// it asked for, and hands back what it has not begun.
const (
	widest = 128 // requests that a backend has at once, unless it has more workers

	soonRuns = 64                    // that end soon, one after the other,
	soonTime = 64 * time.Millisecond // within this time, until it asks for more
	soonEnd  = 5 * time.Millisecond  // from a request's arrival to the end of its run

	tooLong    = 20 * time.Millisecond // that a request waits for a worker
	seldomRuns = 16                    // in an interval of announce, or fewer, for which the workers will do

	strayTime = time.Second // in which a request comes that was on its way
)

// A window is how many requests the broker delivers before one is acknowledged.
// It belongs to the backend's mutex.
type window struct {
	resizes  bool      // the broker lets it be changed
	size     int       // Config.Workers, or more
	narrowed time.Time // when it became smaller
	strays   int       // requests that were on their way then, at most
	soon     int       // requests in a row that were over soon,
	since    time.Time // and when the first of them was
	ended    int       // requests since the last watch
}

// A resizer is a consumer whose window can be changed; see Resize in the
// transport package.
type resizer interface {
	Resize(n int) bool
}

// newWindow is that of a consumer that was just opened.
func (r *backend) newWindow(consumer transport.Consumer) window {
	c, ok := consumer.(resizer)
	return window{
		resizes: ok && r.afterResponse() && c.Resize(r.cfg.Workers),
		size:    r.cfg.Workers,
	}
}

// wide reports whether the broker may deliver more requests than there are
// workers. r.mu is held.
func (r *backend) wide() bool { return r.window.size > r.cfg.Workers }

// noteEnd is told that the run of a job is over. It reports whether the window
// is to be told to the broker, since it has become wider. r.mu is held.
func (r *backend) noteEnd(j *job, now time.Time) bool {
	w := &r.window
	w.ended++
	switch {
	case now.Sub(j.ready) > soonEnd:
		w.soon = 0
		return false
	case w.soon == 0 || now.Sub(w.since) > soonTime:
		w.soon, w.since = 1, now
		return false
	}
	most := min(widest, r.cfg.QueueSize)
	if w.soon++; w.soon < soonRuns || w.size >= most || !w.resizes || r.stopping {
		return false
	}
	w.soon, w.strays = 0, 0
	w.size = min(2*w.size, most)
	return true
}

// tellWindow tells the broker how large the window is.
func (r *backend) tellWindow() {
	r.telling.Lock()
	defer r.telling.Unlock()
	r.mu.Lock()
	size, consumer := r.window.size, r.consumer
	r.mu.Unlock()
	if consumer.(resizer).Resize(size) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.window.size = r.cfg.Workers // after a new connection, to an older broker
}

// narrow takes back that the broker may deliver more requests than there are
// workers, and hands back those that would have to wait.
func (r *backend) narrow() {
	r.mu.Lock()
	was := r.window.size
	if !r.wide() || r.stopping {
		r.mu.Unlock()
		return
	}
	r.window.size, r.window.soon = r.cfg.Workers, 0
	r.mu.Unlock()
	r.tellWindow() // first, else what is handed back comes again
	r.mu.Lock()
	var surplus []*job
	if !r.wide() && !r.stopping {
		r.window.narrowed = time.Now()
		r.window.strays = max(was-r.count-len(r.parked)-len(r.pieces), 0)
		surplus = r.takeSurplus()
	}
	r.mu.Unlock()
	for _, j := range surplus {
		r.handBack(j)
	}
}

// spare is for how many more requests there would be a worker, less than 0 for
// how many there is none. r.mu is held.
func (r *backend) spare() int {
	waiting := r.count - r.begun
	return r.cfg.Workers - r.running - waiting - len(r.parked) - len(r.pieces)
}

// mayHandBack reports whether another backend may run j: nobody was told that
// this one has it, all of it is there to be handed back, and somebody waits for
// it. r.mu is held.
func (j *job) mayHandBack() bool {
	return !j.accepted && j.count == 0 && j.ctx.Err() == nil
}

// isStray reports whether a request that comes now is to be handed back: it was
// on its way when the window became smaller, and there is no worker for it. What
// comes later is the broker's to count, which may know less than this backend
// holds, after a broken connection for example. r.mu is held.
func (r *backend) isStray(now time.Time) bool {
	w := &r.window
	if w.strays == 0 || now.Sub(w.narrowed) > strayTime {
		w.strays = 0
		return false
	}
	w.strays--
	return r.spare() <= 0
}

// takeSurplus forgets jobs for which there is no worker, those that came last,
// and returns them. r.mu is held.
func (r *backend) takeSurplus() (surplus []*job) {
	n := -r.spare()
	var parked []*job
	for _, j := range slices.Backward(r.parked) {
		if len(surplus) < n && j.mayHandBack() {
			surplus = append(surplus, j)
			r.cfg.Observer.Held(-1, 0)
		} else {
			parked = append(parked, j)
		}
	}
	r.parked = nil // so that drop lets in none of them
	var queued []*job
	for len(r.queue) > 0 {
		select {
		case j := <-r.queue:
			queued = append(queued, j)
		default: // a worker was faster
		}
	}
	var kept []*job
	for _, j := range slices.Backward(queued) {
		if len(surplus) < n && j.mayHandBack() {
			surplus = append(surplus, j)
			r.drop(j)
		} else {
			kept = append(kept, j)
		}
	}
	for _, j := range slices.Backward(kept) {
		r.queue <- j // there is room, since only who holds r.mu puts jobs in
	}
	for _, j := range slices.Backward(r.entering) {
		if len(surplus) < n && j.mayHandBack() {
			j.surplus = true // its worker hands it back
			n--
		}
	}
	r.free.Broadcast()
	for _, j := range slices.Backward(parked) {
		r.parked = append(r.parked, j)
	}
	r.unpark()
	return surplus
}

// stale reports whether the window is wider than it should be: a job waits for
// too long, or so few come that the workers will do. It is asked once in each
// interval of announce.
func (r *backend) stale(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
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
			if !j.begun && now.Sub(j.ready) > tooLong {
				return true
			}
		}
	}
	return false
}
