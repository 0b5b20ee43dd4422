package store

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// skippedEpochs is more than there were starts that left nothing in the log.
const skippedEpochs = 1 << 10

// Rebuilt reports whether Open has made the index anew, since it was missing
// or cut. What was only in segments that are removed is gone then: values
// without a body, and deletions, so that what was deleted may be there again.
func (s *Store) Rebuilt() bool { return s.rebuilt }

// openIndex opens the index. One that is not whole is put aside.
func (s *Store) openIndex() (*bbolt.DB, error) {
	path := filepath.Join(s.dir, "index.db")
	for {
		whole, err := indexIsWhole(path)
		if err != nil {
			return nil, fmt.Errorf("index.db: %w", err)
		}
		if !whole {
			s.log.Error("store: index.db is cut off; it becomes index.damaged, and a new one is made of the segments")
			if err := os.Rename(path, filepath.Join(s.dir, "index.damaged")); err != nil {
				return nil, err
			}
		}
		// The lock of the index is that of the store. Whoever has it keeps it, so
		// there is no point in waiting for long.
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout: 200 * time.Millisecond, FreelistType: bbolt.FreelistMapType,
		})
		if errors.Is(err, bolterrors.ErrTimeout) {
			return nil, ErrLocked
		}
		if err != nil {
			return nil, fmt.Errorf("index.db: %w", err)
		}
		var interrupted bool
		_ = db.View(func(tx *bbolt.Tx) error {
			meta := tx.Bucket(metaBucket)
			interrupted = meta != nil && meta.Get(rebuildingKey) != nil
			return nil
		})
		if !interrupted {
			return db, nil
		}
		if err := errors.Join(db.Close(), os.Remove(path)); err != nil {
			return nil, err
		}
	}
}

// indexIsWhole reports whether a file of bbolt has all the pages that it says
// it has: bbolt maps it into memory, and reading what is not there ends the
// process. An empty file, or none, is one that bbolt begins.
func indexIsWhole(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return true, err
	}
	// The second of its two meta pages is where the first one ends, which need
	// not be a page of this system. The one with the later transaction holds.
	var newest boltMeta
	for offset := int64(0); offset <= 64<<10; offset = max(1<<10, 2*offset) {
		m, err := readBoltMeta(f, offset)
		if err != nil {
			return false, err
		}
		if m.pageSize > 0 && (offset == 0 || uint64(offset) == m.pageSize) && m.transaction >= newest.transaction {
			newest = m
		}
	}
	if newest.pageSize == 0 {
		return info.Size() >= 2*int64(os.Getpagesize()), nil // it is something else, as bbolt will say
	}
	return uint64(info.Size())/newest.pageSize >= newest.pages, nil
}

// boltMeta is what a meta page of bbolt says; a page size of 0 stands for a page
// that is none.
type boltMeta struct{ pageSize, pages, transaction uint64 }

func readBoltMeta(f io.ReaderAt, offset int64) (boltMeta, error) {
	const (
		header = 16         // of each page
		length = 56         // of what the checksum is of
		magic  = 0xED0CDAED // bbolt's
	)
	var text [header + length + 8]byte
	if _, err := f.ReadAt(text[:], offset); err == io.EOF {
		return boltMeta{}, nil
	} else if err != nil {
		return boltMeta{}, err
	}
	body := text[header : header+length]
	order := binary.NativeEndian
	sum := fnv.New64a()
	sum.Write(body)
	if order.Uint32(body) != magic || order.Uint64(text[header+length:]) != sum.Sum64() {
		return boltMeta{}, nil
	}
	return boltMeta{uint64(order.Uint32(body[8:])), order.Uint64(body[40:]), order.Uint64(body[48:])}, nil
}

// firstSegment returns the number and the store's id of the first segment that
// can be read, or 0 and a new id.
func (s *Store) firstSegment() (first uint32, id [8]byte, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return 0, id, err
	}
	var numbers []uint32
	for _, e := range entries {
		if n := segmentNumber(e.Name()); n != 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		var header [headerLen]byte
		f, err := os.Open(segmentPath(s.dir, n))
		if err != nil {
			return 0, id, err
		}
		_, err = f.ReadAt(header[:], 0)
		f.Close()
		copy(id[:], header[len(magic):])
		if err == nil && checkHeader(header[:], id, n) == nil {
			return n, id, nil
		}
	}
	rand.Read(id[:])
	return 0, id, nil
}

// endRebuild writes down that the index has all that the log has.
func (s *Store) endRebuild() error {
	s.epoch = s.seen + skippedEpochs
	s.log.Warn("store: the index was made anew; what was acknowledged may come again, and settings that were written long ago may be lost")
	return s.db.Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(metaBucket)
		return errors.Join(meta.Put(epochKey, bytesOf(s.epoch)), meta.Delete(rebuildingKey))
	})
}
