package nowait

// A Reader is one goroutine of a [Group]. Without a Group it does nothing. Only
// that goroutine may use it.
type Reader struct {
	Group   *Group
	working bool
}

// Work says that the goroutine has something to do, and will call Rest before it
// waits for anything.
func (r *Reader) Work() {
	if r.Group != nil && !r.working {
		r.working = true
		r.Group.enter()
	}
}

// Rest says that the goroutine is about to wait, and flushes what came up. The
// caller must hold no lock that a [Flusher] needs.
func (r *Reader) Rest() {
	if r.working {
		r.working = false
		r.Group.leave()
	}
}

// During calls wait, which may wait, in the middle of what there is to do.
func (r *Reader) During(wait func()) {
	if r.working {
		r.Rest()
		defer r.Work()
	}
	wait()
}
