package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// allocation is how much space a segment takes in advance: a sync that needs
// not change the file's length is many times faster.
const allocation = 4 << 20

// A segment is one file of the log. Its numbers are guarded by the store's
// mutex, its file by the store's files.
type segment struct {
	number  uint32
	file    *os.File
	size    int64 // on the disk
	live    int64 // bytes of records with a live body
	indexed int64 // those that the index knows of
	sealed  bool  // nothing is appended any more
	stuck   bool  // moving its bodies was tried
}

func segmentPath(dir string, number uint32) string {
	return filepath.Join(dir, fmt.Sprintf("%08d.seg", number))
}

// segmentNumber reads the number from a file's name, 0 for another file.
func segmentNumber(name string) uint32 {
	digits, ok := strings.CutSuffix(name, ".seg")
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || filepath.Base(segmentPath("", uint32(n))) != name {
		return 0
	}
	return uint32(n)
}

// createSegment makes an empty segment and syncs it with its folder.
func (s *Store) createSegment(number uint32) (*segment, error) {
	if err := s.fault(FaultCreate); err != nil {
		return nil, err
	}
	path := segmentPath(s.dir, number)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	g := &segment{number: number, file: f, size: headerLen}
	err = func() error {
		if _, err := f.WriteAt(appendHeader(nil, s.id, number), 0); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		return syncDir(s.dir)
	}()
	if err != nil {
		f.Close()
		os.Remove(path)
		return nil, err
	}
	return g, nil
}

// scan calls fn with each record of a segment from offset on, and returns where
// the log of the segment ends and why: errEnd, errTorn, an error of fn or of
// the disk. A record's slices are fn's to keep.
func scan(f io.ReaderAt, size int64, number uint32, offset int64, fn func(offset int64, r *record, length int64) error) (int64, error) {
	in := bufio.NewReaderSize(io.NewSectionReader(f, offset, size-offset), 1<<20)
	for {
		header, err := in.Peek(recordHeader)
		if err == io.EOF {
			for _, b := range header {
				if b != 0 {
					return offset, errTorn
				}
			}
			return offset, errEnd
		}
		if err != nil {
			return offset, err
		}
		n, err := payloadLen(header)
		if err != nil {
			return offset, err
		}
		length := int64(recordHeader + n)
		if length > size-offset {
			return offset, errTorn
		}
		text := make([]byte, length)
		if _, err := io.ReadFull(in, text); err != nil {
			return offset, err
		}
		r, err := parseRecord(number, text)
		if err != nil {
			return offset, err
		}
		if err := fn(offset, &r, length); err != nil {
			return offset, err
		}
		offset += length
	}
}

// readHeader checks that a file is the segment that its name says.
func (s *Store) readHeader(f *os.File, number uint32) error {
	var header [headerLen]byte
	if _, err := f.ReadAt(header[:], 0); err != nil {
		if errors.Is(err, io.EOF) {
			return errTorn
		}
		return err
	}
	return checkHeader(header[:], s.id, number)
}

// readRecord reads the record at l; the caller holds files.
func (s *Store) readRecord(l location) (record, error) {
	s.mu.Lock()
	g := s.segments[l.segment]
	s.mu.Unlock()
	if g == nil {
		return record{}, fmt.Errorf("%w: segment %d is missing", ErrDamaged, l.segment)
	}
	text := make([]byte, l.length)
	if _, err := g.file.ReadAt(text, l.offset); err == io.EOF {
		return record{}, fmt.Errorf("%w: segment %d ends before %d", ErrDamaged, l.segment, l.offset+l.length)
	} else if err != nil {
		return record{}, err
	}
	r, err := parseRecord(l.segment, text)
	if err != nil {
		return record{}, fmt.Errorf("%w: segment %d at %d: %w", ErrDamaged, l.segment, l.offset, err)
	}
	return r, nil
}
