package store

import (
	"fmt"
	"sync/atomic"
	"time"
)

// tail is the end of the log: the segment that is written to. It belongs to the
// committer.
type tail struct {
	segment   *segment
	next      uint32 // the number of the next segment
	offset    int64
	allocated int64 // space up to here is taken
	buffer    []byte
	places    []location // of the ops in buffer
	sync      bool       // the buffer must be synced
	unsynced  bool       // what was written last was not
	doubtful  bool       // the last write may or may not have reached the disk
	kept      map[string]*op
	refused   time.Time    // when the last refusal was logged
	spare     atomic.Int64 // allocated and not written
}

func (t *tail) position() position {
	if t.segment == nil {
		return position{segment: t.next}
	}
	return position{t.segment.number, t.offset}
}

// encode fills the buffer with as many ops as belong into one run, and returns
// how many these are. After an error it is all of them: none can be written.
func (t *tail) encode(s *Store, ops []*op) (int, error) {
	t.buffer, t.places, t.sync = t.buffer[:0], t.places[:0], false
	for i, o := range ops {
		if o.kind == 0 {
			t.places = append(t.places, location{})
			continue
		}
		end := t.offset + int64(len(t.buffer))
		if t.segment == nil || end+o.size > s.o.SegmentBytes && end > headerLen {
			if len(t.buffer) > 0 {
				return i, nil
			}
			if err := t.rotate(s); err != nil {
				return len(ops), err
			}
			end = t.offset
		}
		if len(t.buffer) > 0 && int64(len(t.buffer))+o.size > maxRun {
			return i, nil
		}
		t.sync = t.sync || o.needsSync()
		t.buffer = appendRecord(t.buffer, t.segment.number, &o.record)
		t.places = append(t.places, location{t.segment.number, end, o.size, int64(len(o.body))})
	}
	return len(ops), nil
}

// rotate begins a new segment.
func (t *tail) rotate(s *Store) error {
	t.seal(s)
	g, err := s.createSegment(t.next)
	if err != nil {
		return fmt.Errorf("beginning a segment: %w", err)
	}
	t.next++
	t.segment, t.offset, t.allocated = g, headerLen, headerLen
	s.mu.Lock()
	s.segments[g.number] = g
	s.mu.Unlock()
	return nil
}

// write appends the buffer and syncs it.
func (t *tail) write(s *Store) error {
	if len(t.buffer) == 0 {
		return nil
	}
	if t.segment == nil {
		return errSealed
	}
	end := t.offset + int64(len(t.buffer))
	if end > t.allocated {
		t.allocate(s, end)
	}
	t.doubtful = false
	if err := t.writeAt(s); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	t.doubtful = true
	if t.sync {
		if err := t.syncSegment(s); err != nil {
			return err
		}
	}
	t.unsynced = !t.sync
	t.offset = end
	t.spare.Store(max(0, t.allocated-end))
	s.mu.Lock()
	t.segment.size = max(t.allocated, end)
	s.mu.Unlock()
	if cap(t.buffer) > 2*maxRun {
		t.buffer = nil
	}
	return nil
}

func (t *tail) writeAt(s *Store) error {
	if err := s.fault(FaultWrite); err != nil {
		return err
	}
	_, err := t.segment.file.WriteAt(t.buffer, t.offset)
	return err
}

func (t *tail) syncSegment(s *Store) error {
	if err := s.fault(FaultSync); err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	if err := syncData(t.segment.file); err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	s.mu.Lock()
	s.syncs++
	s.mu.Unlock()
	return nil
}

// allocate takes space up to end and more. That it can't is told by the write
// that follows.
func (t *tail) allocate(s *Store, end int64) {
	want := max(end, min(t.offset+allocation, s.o.SegmentBytes))
	t.allocated, _ = allocate(t.segment.file, t.allocated, want)
}

// seal gives back the space that the segment did not need.
func (t *tail) seal(s *Store) {
	g := t.segment
	if g == nil {
		return
	}
	if t.unsynced {
		t.unsynced = false
		// What is lost here left no gap: the index has it, or a message that
		// was acknowledged is delivered again.
		if err := t.syncSegment(s); err != nil {
			s.log.Error("store: a segment could not be synced", "segment", g.number, "reason", err)
		}
	}
	t.segment = nil
	t.spare.Store(0)
	err := g.file.Truncate(t.offset)
	s.mu.Lock()
	defer s.mu.Unlock()
	g.sealed = true
	if err == nil {
		g.size = t.offset
	} else {
		s.log.Error("store: a segment could not be cut to its length", "segment", g.number, "reason", err)
	}
}

// abandon cuts off what could not be written and gives the segment up. After a
// failed sync nobody knows what of it reached the disk, and a second sync would
// not tell; on a full disk it can be removed once all in it is acknowledged.
// An empty one is tried again.
func (t *tail) abandon(s *Store, reason error) {
	if now := time.Now(); now.Sub(t.refused) > time.Second {
		s.log.Error("store: the disk refused a write", "reason", reason)
		t.refused = now
	}
	if t.segment != nil && t.offset == headerLen && !t.doubtful && t.segment.file.Truncate(t.offset) == nil {
		t.allocated = t.offset
		t.spare.Store(0)
		s.mu.Lock()
		t.segment.size = t.offset
		s.mu.Unlock()
		return
	}
	t.seal(s)
}

// keep remembers a change that the disk refused.
func (t *tail) keep(o *op) {
	if t.kept == nil {
		t.kept = make(map[string]*op)
	}
	t.kept[o.name] = o
}

// retry writes again what the disk has refused. A later change of a key
// replaces an earlier one, so that what is kept is bounded by the keys.
func (t *tail) retry(s *Store) {
	if len(t.kept) == 0 {
		return
	}
	ops := make([]*op, 0, len(t.kept))
	for _, o := range t.kept {
		ops = append(ops, o)
	}
	for len(ops) > 0 {
		n, err := t.encode(s, ops)
		if err == nil {
			err = t.write(s)
		}
		if err != nil {
			t.abandon(s, err)
			return
		}
		for _, o := range ops[:n] {
			delete(t.kept, o.name)
		}
		ops = ops[n:]
	}
	s.mu.Lock()
	s.position = t.position()
	s.mu.Unlock()
}
