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
	// widest is how many requests a backend asks for at most, unless it has more
	// workers.
	widest = 128

	// A request was over soon if its run ended within soonEnd of its arrival.
	// soonRuns of them in a row, within soonTime, make the window wider.
	soonEnd  = 5 * time.Millisecond
	soonRuns = 64
	soonTime = 64 * time.Millisecond

	// The window becomes smaller again when a request waits for a worker for
	// longer than tooLong, or no more than seldomRuns are over in an interval
	// of announce.
	tooLong    = 20 * time.Millisecond
	seldomRuns = 16

	// strayTime is by when a request has come that was on its way then.
	strayTime = time.Second
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
	c, ok := consumer.(resizer)
	if !ok || c.Resize(size) {
		return
	}
	// After a new connection, to an older broker: another one is not to be asked
	// for what this one does not know.
	c.Resize(r.cfg.Workers)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.window.size = r.cfg.Workers
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
	for _, j := range r.entering {
		if j.surplus { // about to be handed back
			waiting--
		}
	}
	collected := 0
	for _, j := range r.pieces {
		if len(j.messages) > 0 { // the first piece, which the broker counts
			collected++
		}
	}
	return r.cfg.Workers - r.running - waiting - len(r.parked) - collected
}

// mayHandBack reports whether another backend may run j: nobody was told that
// this one has it, it came whole, and its caller has not given it up. r.mu is
// held.
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
// and returns them, the oldest first. r.mu is held.
func (r *backend) takeSurplus() []*job {
	n := -r.spare()
	parked, surplus := splitLast(r.parked, n)
	r.cfg.Observer.Held(-len(surplus), 0)
	r.parked = nil // so that drop lets in none of them
	var queued []*job
	for len(r.queue) > 0 {
		select {
		case j := <-r.queue:
			queued = append(queued, j)
		default: // a worker was faster
		}
	}
	queued, older := splitLast(queued, n-len(surplus))
	for _, j := range queued {
		r.queue <- j // there is room, since only who holds r.mu puts jobs in
	}
	for _, j := range older {
		r.drop(j)
	}
	surplus = append(older, surplus...)
	_, oldest := splitLast(r.entering, n-len(surplus))
	for _, j := range oldest {
		j.surplus = true // the worker that has it hands it back
	}
	r.free.Broadcast()
	r.parked = parked
	r.unpark()
	return surplus
}

// splitLast takes up to n jobs that may be handed back out of a list, the last
// ones.
func splitLast(jobs []*job, n int) (rest, last []*job) {
	for _, j := range slices.Backward(jobs) {
		if len(last) < n && j.mayHandBack() {
			last = append(last, j)
		} else {
			rest = append(rest, j)
		}
	}
	slices.Reverse(rest)
	slices.Reverse(last)
	return rest, last
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

// A holder is a consumer that knows whether the broker counts a message as being
// with it; see Holds in the transport package.
type holder interface {
	Holds(m *transport.Message) bool
}

// isElsewhere reports whether j is no longer this backend's: the connection over
// which it came is gone, so that the broker delivers it again, perhaps to another
// one. r.mu is held.
func (r *backend) isElsewhere(j *job) bool {
	if !r.brokerQueues() || !j.mayHandBack() {
		return false
	}
	c, ok := j.messages[0].from.(holder)
	return ok && !c.Holds(j.messages[0].Message)
}
