package transport

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a goroutine that does something else may have the turn
// to read before another one gets it, and at most twice as long.
const patience = time.Millisecond

// turns say which goroutine reads from a socket. To wake a goroutine for a
// message costs more than all that is done with a small one, so that who waits
// for a message may read it (readHere), and who has read one may do what it asks
// for (aside). Both may take longer than expected; then another goroutine reads
// on. When nobody reads, which is only where somebody is about to (leave), one
// begins after patience.
type turns struct {
	turn atomic.Uint64 // number of the one who reads, 0 for nobody; changed with mu held

	mu          sync.Mutex
	last        uint64
	away        bool // who reads does something else, and may be replaced
	waits       bool // who reads waits for a message of its own, and may be interrupted
	interrupted bool // it was
	steps       uint64
	seen        uint64 // value of steps when timer ran last
	timer       *time.Timer
	running     bool // timer
	over        bool
	err         error
	ended       chan struct{} // closed when over
	fixed       bool          // nobody can be interrupted, so that nobody reads for itself

	// Of the one who reads.
	leaving func() bool
}

// keeper is the number of the first turn: of the goroutine that keeps up the
// connection, and has it before it begins.
const keeper = 1

func (t *turns) init(fixed bool) {
	t.last, t.fixed, t.ended = keeper, fixed, make(chan struct{})
	t.turn.Store(keeper)
}

// begin gives the turn to who calls. mu is held.
func (t *turns) begin() uint64 {
	t.last++
	t.turn.Store(t.last)
	t.away, t.waits = false, false
	return t.last
}

// step notes that something goes on, and has the timer look whether it goes on
// for long. mu is held.
func (t *turns) step(s *socket) {
	t.steps++
	if t.running || t.over {
		return
	}
	t.running = true
	if t.timer == nil {
		t.timer = time.AfterFunc(patience, s.judgeTurn)
	} else {
		t.timer.Reset(patience)
	}
}

// judgeTurn is run by the timer of turns.
func (s *socket) judgeTurn() {
	t := &s.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	same := t.steps == t.seen
	t.seen = t.steps
	turn := t.turn.Load()
	switch {
	case t.over || same && turn != 0 && !t.away && !t.waits: // somebody reads on
		t.running = false
		return
	case !same:
	case turn == 0 || t.away:
		s.hire()
	case t.waits:
		t.waits = false
		t.interrupted = true
		s.wire.interrupt()
	}
	t.timer.Reset(patience)
}

// hire has a new goroutine read. turns.mu is held.
func (s *socket) hire() {
	n := s.turns.begin()
	go s.readOn(n)
}

// readAll hands each text frame to handle until the socket ends, and returns
// why. The text is valid only during the call; it is nil for a binary frame,
// which no broker sends.
func (s *socket) readAll(handle func(text []byte)) error {
	s.handle = handle
	s.readOn(keeper)
	<-s.turns.ended
	return s.reason(s.turns.err)
}

// readOn reads as long as the turn n lasts.
func (s *socket) readOn(n uint64) {
	t := &s.turns
	for {
		err := s.readOne()
		if t.turn.Load() != n {
			return // in the middle of handle
		}
		if err != nil {
			s.wire.reader.Rest()
			s.endReading(err)
			return
		}
		if t.leaving != nil && len(s.wire.come) == 0 {
			s.release()
			return
		}
	}
}

// endReading notes why nothing more can be read.
func (s *socket) endReading(err error) {
	s.turns.mu.Lock()
	defer s.turns.mu.Unlock()
	s.endReadingLocked(err)
}

func (s *socket) endReadingLocked(err error) {
	t := &s.turns
	if t.over {
		return
	}
	t.over, t.err = true, err
	t.turn.Store(t.last + 1) // nobody's
	if t.timer != nil {
		t.timer.Stop()
	}
	close(t.ended)
}

// release ends the turn of a goroutine, for somebody else to read.
func (s *socket) release() {
	t := &s.turns
	s.wire.reader.Rest()
	needed := t.leaving
	t.leaving = nil
	t.mu.Lock()
	s.free()
	t.mu.Unlock()
	if needed() {
		s.resumeReading()
	}
}

// free leaves the turn to nobody, for a moment. turns.mu is held.
func (s *socket) free() {
	s.turns.turn.Store(0)
	s.turns.step(s)
}

// resumeReading has somebody read if nobody does.
func (s *socket) resumeReading() {
	t := &s.turns
	if t.turn.Load() != 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.turn.Load() == 0 && !t.over {
		s.hire()
	}
}

// leave is called by handle. It says that nobody need read for a moment unless
// needed, which is called later, reports true.
func (s *socket) leave(needed func() bool) {
	if !s.turns.fixed {
		s.turns.leaving = needed
	}
}

// nothingMore is called by handle. It reports whether aside may be called: nothing
// more has come yet.
func (s *socket) nothingMore() bool {
	t := &s.turns
	if len(s.wire.come) > 0 {
		return false
	}
	if t.turn.Load() == keeper {
		t.leaving = func() bool { return true } // next time another one reads
		return false
	}
	return true
}

// aside is called by handle. It calls run, and has another goroutine read on if
// that takes long.
func (s *socket) aside(run func()) {
	t := &s.turns
	s.wire.reader.Rest()
	t.mu.Lock()
	n := t.turn.Load()
	t.away = true
	t.step(s)
	t.mu.Unlock()
	returned := false
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		switch {
		case t.turn.Load() != n:
		case returned:
			t.away = false
		default: // run has ended this goroutine
			s.hire()
		}
	}()
	run()
	returned = true
}

// readHere reads in the caller's goroutine until done reports true, unless
// somebody else reads. It returns false when it has given up: since that took
// long, or a message is not there as a whole, of which the rest may take long.
func (s *socket) readHere(done func() bool) bool {
	t := &s.turns
	if t.turn.Load() != 0 {
		return true
	}
	t.mu.Lock()
	if t.turn.Load() != 0 || t.over || t.fixed {
		t.mu.Unlock()
		return true
	}
	t.begin()
	t.waits = true
	t.step(s)
	t.mu.Unlock()
	whole := true
	var err error
	for whole && err == nil && !done() {
		if err = s.wire.await(); err == nil {
			if whole = s.hasFrame(); whole {
				err = s.readOne()
			}
		}
	}
	t.leaving = nil
	s.wire.reader.Rest()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waits = false
	if t.interrupted {
		t.interrupted = false
		s.wire.resume()
	}
	switch {
	case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
		s.endReadingLocked(err)
	case err != nil || !whole:
		s.hire()
	default:
		s.free()
		return true
	}
	return false
}
