package store

import (
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

const (
	// format is the version of the files that is written and read.
	format = 1
	// maxChanges is how many changes the overlay may hold.
	maxChanges = 16 << 10
	// indexEvery is how long a change may wait for the index. That removes
	// the segments of a broker that has become quiet.
	indexEvery = 5 * time.Second
)

var (
	metaBucket     = []byte("meta")
	dataBucket     = []byte("data")
	segmentsBucket = []byte("segments")

	formatKey   = []byte("format")
	idKey       = []byte("id")
	epochKey    = []byte("epoch")
	positionKey = []byte("position")
	// rebuildingKey is there while the index is made from the log.
	rebuildingKey = []byte("rebuilding")
)

// begin reads the index's meta data, makes it in a new index, and counts the
// epoch. It is the first write, so a disk that takes none is found here.
func (s *Store) begin() error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(metaBucket)
		if meta == nil {
			var err error
			if meta, err = s.create(tx); err != nil {
				return err
			}
		}
		version := number(meta.Get(formatKey))
		if version != format {
			return fmt.Errorf("its format is %d, this program knows %d: it was written by another version", version, format)
		}
		copy(s.id[:], meta.Get(idKey))
		s.epoch = number(meta.Get(epochKey)) + 1
		text := meta.Get(positionKey)
		if len(text) != 16 {
			return fmt.Errorf("index.db: its position has %d bytes", len(text))
		}
		s.position = position{uint32(number(text[:8])), int64(number(text[8:]))}
		err := tx.Bucket(segmentsBucket).ForEach(func(k, v []byte) error {
			n := uint32(number(k))
			live := int64(number(v))
			s.segments[n] = &segment{number: n, live: live, indexed: live}
			return nil
		})
		if err != nil {
			return err
		}
		return meta.Put(epochKey, bytesOf(s.epoch))
	})
}

// create makes the buckets of a new index.
func (s *Store) create(tx *bbolt.Tx) (*bbolt.Bucket, error) {
	for _, name := range [][]byte{dataBucket, segmentsBucket} {
		if _, err := tx.CreateBucket(name); err != nil {
			return nil, err
		}
	}
	meta, err := tx.CreateBucket(metaBucket)
	if err != nil {
		return nil, err
	}
	first, id, err := s.firstSegment()
	if err != nil {
		return nil, err
	}
	pairs := [][2][]byte{
		{formatKey, bytesOf(format)}, {idKey, id[:]}, {epochKey, bytesOf(0)},
		{positionKey, append(bytesOf(uint64(max(first, 1))), bytesOf(0)...)},
	}
	if first > 0 {
		s.rebuilt = true
		pairs = append(pairs, [2][]byte{rebuildingKey, {1}})
	}
	for _, kv := range pairs {
		if err := meta.Put(kv[0], kv[1]); err != nil {
			return nil, err
		}
	}
	return meta, nil
}

func bytesOf(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func number(text []byte) uint64 {
	if len(text) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(text)
}

// indexHas reports whether the index has a key.
func (s *Store) indexHas(key string) (found bool) {
	s.db.View(func(tx *bbolt.Tx) error {
		found = tx.Bucket(dataBucket).Get([]byte(key)) != nil
		return nil
	})
	return found
}

// indexLoop brings the index up to date when it is far behind, and every now
// and then; and keeps the segments from being mostly dead.
func (s *Store) indexLoop() {
	ticker := time.NewTicker(indexEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-s.index:
		case <-ticker.C:
		}
		if err := s.tidy(); err != nil {
			s.log.Error("store: the index could not be written", "reason", err)
		}
	}
}

// tidy brings the index up to date and wins back space.
func (s *Store) tidy() error {
	s.indexing.Lock()
	defer s.indexing.Unlock()
	if err := s.updateIndex(); err != nil {
		return err
	}
	return s.compact()
}

// updateIndex writes the overlay to the index, and removes the segments that
// nobody needs after that. One goroutine at a time may call it.
func (s *Store) updateIndex() error {
	s.mu.Lock()
	if len(s.frozen) == 0 {
		if len(s.active) == 0 && s.behind == 0 {
			s.mu.Unlock()
			return nil
		}
		s.frozen, s.active = s.active, make(overlay)
	} else {
		// The last time failed. The frozen changes are those of an older
		// position; what is newer than them waits.
		s.mu.Unlock()
		if err := s.writeFrozen(s.frozenAt); err != nil {
			return err
		}
		return s.updateIndex()
	}
	s.frozenAt = s.position
	s.behind = 0
	at := s.frozenAt
	s.mu.Unlock()
	if err := s.writeFrozen(at); err != nil {
		return err
	}
	return s.removeDead(at)
}

// writeFrozen writes the frozen changes with the position up to which they go.
func (s *Store) writeFrozen(at position) error {
	if err := s.fault(FaultIndex); err != nil {
		return err
	}
	moved := make(map[uint32]int64)  // what the index gains and loses, by segment
	buried := make(map[uint32]int64) // what it loses
	err := s.db.Update(func(tx *bbolt.Tx) error {
		clear(moved)
		clear(buried)
		data := tx.Bucket(dataBucket)
		// Nothing changes frozen but this goroutine.
		for _, key := range slices.Sorted(maps.Keys(s.frozen)) {
			if err := s.writeChange(data, []byte(key), s.frozen[key], moved, buried); err != nil {
				return err
			}
		}
		if err := s.writeSegments(tx.Bucket(segmentsBucket), moved); err != nil {
			return err
		}
		return tx.Bucket(metaBucket).Put(positionKey, append(bytesOf(uint64(at.segment)), bytesOf(uint64(at.offset))...))
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, bytes := range moved {
		if g := s.segments[n]; g != nil {
			g.indexed += bytes
		}
	}
	for n, bytes := range buried {
		if g := s.segments[n]; g != nil {
			g.live -= bytes
		}
	}
	s.frozen = nil
	s.measureIndex()
	return nil
}

// writeChange writes one change to the index.
func (s *Store) writeChange(data *bbolt.Bucket, key []byte, c *change, moved, buried map[uint32]int64) error {
	var value []byte
	var old location
	text := data.Get(key)
	if text != nil {
		var err error
		if old, value, err = parseIndexed(text); err != nil {
			return err
		}
	}
	value, place, ok := c.over(value, old, text != nil)
	if old.segment != 0 && (!ok || place != old) {
		moved[old.segment] -= old.length
		buried[old.segment] += old.length
	}
	if !ok {
		if text == nil {
			return nil
		}
		return data.Delete(key)
	}
	if place.segment != 0 && place != old {
		moved[place.segment] += place.length
	}
	return data.Put(key, appendIndexed(nil, place, value))
}

// writeSegments writes how much of each segment the index knows to be live.
func (s *Store) writeSegments(rows *bbolt.Bucket, moved map[uint32]int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var gone [][]byte
	err := rows.ForEach(func(k, _ []byte) error {
		if s.segments[uint32(number(k))] == nil {
			gone = append(gone, slices.Clone(k))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range gone {
		if err := rows.Delete(k); err != nil {
			return err
		}
	}
	for n := range moved {
		if g := s.segments[n]; g != nil {
			if err := rows.Put(bytesOf(uint64(n)), bytesOf(uint64(g.indexed+moved[n]))); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeDead removes the segments before at in which nothing is live.
func (s *Store) removeDead(at position) error {
	s.mu.Lock()
	var dead []*segment
	for n, g := range s.segments {
		if n < at.segment && g.sealed && g.live == 0 && g.indexed == 0 {
			dead = append(dead, g)
		}
	}
	s.mu.Unlock()
	for _, g := range dead {
		if err := s.removeSegment(g); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) removeSegment(g *segment) error {
	s.files.Lock()
	defer s.files.Unlock()
	s.mu.Lock()
	delete(s.segments, g.number)
	s.mu.Unlock()
	if err := g.file.Close(); err != nil {
		return err
	}
	return os.Remove(segmentPath(s.dir, g.number))
}

// measureIndex notes how large the index is.
func (s *Store) measureIndex() {
	if info, err := os.Stat(s.db.Path()); err == nil {
		s.indexSize = info.Size()
	}
}
