package store

import (
	"errors"
	"fmt"
)

// compactStep is how many bytes of bodies are on the move at once.
const compactStep = 4 << 20

// compact moves the live bodies out of the segments that are mostly dead, while
// the dead take more than the live, or while the store is nearly full.
func (s *Store) compact() error {
	for {
		g := s.victim()
		if g == nil {
			return nil
		}
		if err := s.empty(g); err != nil {
			return fmt.Errorf("segment %d: %w", g.number, err)
		}
		if err := s.updateIndex(); err != nil {
			return err
		}
		// What can't be read stays, and must not be tried for ever.
		s.mu.Lock()
		g.stuck = true
		s.mu.Unlock()
		if s.stopped() {
			return nil
		}
	}
}

// victim is the sealed segment with the smallest share of live bytes, if it is
// worth moving them.
func (s *Store) victim() *segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var best *segment
	var size, live int64
	for _, g := range s.segments {
		size += g.size
		live += g.live
		if g.sealed && !g.stuck && (best == nil || g.live*best.size < best.live*g.size) {
			best = g
		}
	}
	// At least a quarter of a segment must be won, or this would never end.
	if best == nil || best.live > best.size*3/4 {
		return nil
	}
	crowded := s.disk() > s.o.MaxBytes/4*3
	if size > 2*live+4*s.o.SegmentBytes || crowded {
		return best
	}
	return nil
}

// empty moves all that is live in a segment to the end of the log.
func (s *Store) empty(g *segment) error {
	var pending int64
	_, err := scan(g.file, g.size, g.number, headerLen, func(offset int64, r *record, length int64) error {
		if r.kind != put && r.kind != move {
			return nil
		}
		key := string(r.key)
		_, place, err := s.find(key)
		if errors.Is(err, ErrNotFound) || err == nil && (place.segment != g.number || place.offset != offset) {
			return nil
		}
		if err != nil {
			return err
		}
		o := &op{record: record{kind: move, key: r.key, body: r.body}, name: key}
		o.size = recordSize(&o.record)
		s.mu.Lock()
		err = s.enqueueLocked(o)
		s.mu.Unlock()
		if err != nil {
			return err
		}
		if pending += length; pending < compactStep {
			return nil
		}
		pending = 0
		if s.stopped() {
			return ErrClosed
		}
		return s.await()
	})
	if errors.Is(err, errEnd) || errors.Is(err, ErrClosed) {
		err = nil
	}
	return errors.Join(err, s.await())
}

// await is Flush for the indexer, which may still queue while the store is
// being closed.
func (s *Store) await() error {
	done := make(chan struct{})
	s.mu.Lock()
	err := s.enqueueLocked(&op{done: func(error) { close(done) }})
	s.mu.Unlock()
	if err != nil {
		return err
	}
	<-done
	return nil
}
