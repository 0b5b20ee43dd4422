package store

import (
	"errors"
	"fmt"
	"time"
)

// An op is one change on its way into the log, or, of kind 0, a wait for those
// before it.
type op struct {
	record
	name string // the key
	size int64
	done func(error)
}

// needsSync reports whether somebody waits for o to be durable, or another
// segment is removed because of it. What remains, changes without done, is
// written within lingerTime, so that it survives the end of the process, and
// synced with what comes next, or by way of the index.
func (o *op) needsSync() bool { return o.kind == move || o.kind != 0 && o.done != nil }

// maxRun is how much is written with one sync.
const maxRun = 8 << 20

// Put stores a new key with a body. It is only queued: Commit or Wake has it
// written. done is called, by the goroutine that writes the log and in the order
// of the calls, once it is on the disk or the disk has refused it; it must not
// block, and not be nil. Value and body must not change. After an error of Put
// itself, which is ErrFull or ErrClosed, done is not called.
func (s *Store) Put(key string, value, body []byte, done func(error)) error {
	o := &op{record: record{kind: put, key: []byte(key), value: value, body: body}, name: key, done: done}
	o.size = recordSize(&o.record)
	return s.enqueue(o)
}

// Set changes the value of a key, or stores a new key without a body. Without
// done the change is the store's from now on, and if the disk refuses it, it is
// tried again.
func (s *Store) Set(key string, value []byte, done func(error)) error {
	o := &op{record: record{kind: set, key: []byte(key), value: value}, name: key, done: done}
	o.size = recordSize(&o.record)
	return s.enqueue(o)
}

// Delete removes a key, which need not be there. For done see Set.
func (s *Store) Delete(key string, done func(error)) error {
	o := &op{record: record{kind: remove, key: []byte(key)}, name: key, done: done}
	o.size = recordSize(&o.record)
	return s.enqueue(o)
}

// Flush waits until everything that was queued before is in the log, or was
// refused by the disk.
func (s *Store) Flush() error {
	done := make(chan error, 1)
	if err := s.enqueue(&op{done: func(err error) { done <- err }}); err != nil {
		return err
	}
	return <-done
}

// Notify calls done when everything that was queued before is in the log, or
// was refused by the disk. After an error, which is ErrClosed, it is not called.
func (s *Store) Notify(done func()) error {
	return s.enqueue(&op{done: func(error) { done() }})
}

func (s *Store) enqueue(o *op) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return ErrClosed
	}
	return s.enqueueLocked(o)
}

func (s *Store) enqueueLocked(o *op) error {
	if o.kind == put {
		// Two segments are left for what makes room again.
		if most := s.o.MaxBytes - 2*s.o.SegmentBytes; s.used()+s.queued+o.size > most {
			s.want(s.index)
			return fmt.Errorf("%w: it may take %d bytes", ErrFull, s.o.MaxBytes)
		}
	}
	s.queued += o.size
	s.queue = append(s.queue, o)
	switch {
	case o.kind == put || s.committing:
	case o.kind != 0 && !o.needsSync():
		// It may go with what somebody waits for, who then need not wait for
		// it to be written first.
		if !s.lingering {
			s.lingering = true
			s.linger.Reset(lingerTime)
		}
	default:
		s.committing = true
		s.want(s.wake)
	}
	return nil
}

// lingerTime is how long a change waits for company that nobody waits for.
const lingerTime = 2 * time.Millisecond

// lingered is called when it has waited.
func (s *Store) lingered() {
	s.mu.Lock()
	s.lingering = false
	s.mu.Unlock()
	s.Wake()
}

// Wake has what is queued written by the store's own goroutine.
func (s *Store) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) > 0 && !s.committing {
		s.committing = true
		s.want(s.wake)
	}
}

// Commit writes what is queued, unless somebody does already. It is for those
// who have nothing else to do until it is written: a change of goroutines takes
// as long as a fast disk.
func (s *Store) Commit() {
	s.mu.Lock()
	if len(s.queue) == 0 || s.committing {
		s.mu.Unlock()
		return
	}
	s.committing = true
	batch := s.queue
	s.queue = nil
	s.mu.Unlock()
	s.commit(batch)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) > 0 || s.ending {
		s.want(s.wake) // the store's goroutine goes on
		return
	}
	if s.queue == nil {
		clear(batch)
		s.queue = batch[:0]
	}
	s.committing = false
}

// used is what the files take but for the space that is not written yet.
func (s *Store) used() int64 { return s.disk() - s.tail.spare.Load() }

// want signals a goroutine without waiting for it.
func (s *Store) want(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// commitLoop writes the log while there is something to write. All that is
// queued while the disk is busy goes with one sync. Who sets committing writes,
// or wakes this goroutine to do so.
func (s *Store) commitLoop() {
	var spare []*op
	for range s.wake {
		for {
			s.mu.Lock()
			batch := s.queue
			if len(batch) == 0 {
				ending := s.ending
				s.committing = ending
				s.mu.Unlock()
				if ending {
					s.tail.retry(s)
					s.tail.seal(s)
					return
				}
				break
			}
			s.queue = spare[:0]
			s.mu.Unlock()
			s.commit(batch)
			clear(batch)
			spare = batch
		}
	}
}

// stopped reports whether the indexer shall end.
func (s *Store) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// commit writes a batch, in as many runs as there are segments to write to.
func (s *Store) commit(batch []*op) {
	s.tail.retry(s)
	for len(batch) > 0 {
		n, err := s.tail.encode(s, batch)
		if err == nil {
			err = s.tail.write(s)
		}
		s.finish(batch[:n], err)
		batch = batch[n:]
	}
}

// finish enters the ops of a run, whose places are the tail's, and tells those
// who wait.
func (s *Store) finish(run []*op, err error) {
	t := &s.tail
	s.mu.Lock()
	if err != nil {
		s.failures++
	}
	for i, o := range run {
		s.queued -= o.size
		switch {
		case o.kind == 0:
		case err == nil:
			s.apply(o.kind, o.name, o.value, t.places[i], func() bool { return s.hasLocked(o.name) })
			delete(t.kept, o.name)
			s.records++
			s.behind += o.size
		case o.done == nil && o.kind != move:
			// What is true stays true, whether or not the disk takes it.
			s.apply(o.kind, o.name, o.value, location{}, nil)
			t.keep(o)
		}
	}
	if err == nil {
		s.position = t.position()
	}
	late := s.behind >= s.o.IndexAfter || len(s.active) >= maxChanges
	s.mu.Unlock()
	if err != nil {
		t.abandon(s, err)
	}
	if late {
		s.want(s.index)
	}
	for _, o := range run {
		switch {
		case o.done == nil:
		case o.kind == 0:
			o.done(nil)
		default:
			o.done(err)
		}
	}
}

// hasLocked reports whether a key that the active overlay does not name is in
// the frozen one or in the index; mu is held.
func (s *Store) hasLocked(key string) bool {
	if c := s.frozen[key]; c != nil {
		return !c.deleted
	}
	return s.indexHas(key)
}

var errSealed = errors.New("there is no segment to write to")
