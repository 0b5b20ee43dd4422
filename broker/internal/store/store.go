package store

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// Errors that callers tell apart.
var (
	// ErrFull refuses a Put beyond Options.MaxBytes.
	ErrFull = errors.New("the store is full")
	// ErrClosed is for what comes after Close.
	ErrClosed = errors.New("the store is closed")
	// ErrLocked is Open's while another process has the store.
	ErrLocked = errors.New("another process is using it: stop that, or take another folder")
	// ErrDamaged is for what is on the disk, and not as it was written.
	ErrDamaged = errors.New("the store is damaged")
	// ErrNotFound is for a key that is not there, or has no body.
	ErrNotFound = errors.New("the store has no such key")
)

// Options is what a store can be told. A field that is zero takes the default
// named beside it.
type Options struct {
	// MaxBytes bounds what the store takes on the disk. Default 16 GiB.
	MaxBytes int64
	// SegmentBytes is the size of a segment. Default 64 MiB, or a sixteenth
	// of MaxBytes if that is less.
	SegmentBytes int64
	// IndexAfter is how many bytes of the log the index may be behind.
	// Default 16 MiB.
	IndexAfter int64
	// Logger receives what was found damaged. Nil means no log.
	Logger *slog.Logger
	// EpochOf says in which epoch a key was made, 0 for not known. It is asked
	// when the index is lost, so that the epochs after it are new ones.
	EpochOf func(key string) uint64
	// Fault, if it is not nil, is asked before each step that the disk can
	// refuse, and what it returns is taken for the disk's error. For tests.
	Fault func(Fault) error
}

// A Fault is a step that the disk can refuse.
type Fault string

// The steps.
const (
	FaultCreate Fault = "create a segment"
	FaultWrite  Fault = "write"
	FaultSync   Fault = "sync"
	FaultIndex  Fault = "write the index"
)

// A Store is a map on the disk. Its methods may be called concurrently.
type Store struct {
	dir   string
	o     Options
	log   *slog.Logger
	db    *bbolt.DB
	id    [8]byte
	epoch uint64

	rebuilt bool   // the index was made anew from the log
	seen    uint64 // the largest epoch in the log, while it is

	files    sync.RWMutex // held to read a segment, locked to remove one
	indexing sync.Mutex   // held to write the index

	mu         sync.Mutex
	queue      []*op    // in the order of the log
	queued     int64    // their bytes
	committing bool     // somebody writes the log, or is about to
	lingering  bool     // linger runs
	closing    bool     // nothing more may be queued but moves
	ending     bool     // neither may moves
	active     overlay  // changes since the frozen ones
	frozen     overlay  // those being written to the index, nil when none are
	position   position // behind the last change that active has
	frozenAt   position // behind the last that frozen has
	behind     int64    // bytes of the log since the overlay was frozen last
	segments   map[uint32]*segment
	indexSize  int64
	counters

	linger  *time.Timer   // calls lingered
	wake    chan struct{} // something is queued
	index   chan struct{} // the index is far behind
	stop    chan struct{} // the indexer shall end
	indexer sync.WaitGroup
	writer  sync.WaitGroup

	tail tail // of the committer
}

type counters struct {
	syncs, records, failures int64
}

// A position is a place in the log.
type position struct {
	segment uint32
	offset  int64
}

// Open opens the store in dir and makes it when there is none. Close ends it.
func Open(dir string, o Options) (*Store, error) {
	s, err := open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("opening the store in %s: %w", dir, err)
	}
	return s, nil
}

func open(dir string, o Options) (_ *Store, err error) {
	o.MaxBytes = cmp.Or(o.MaxBytes, 16<<30)
	o.SegmentBytes = cmp.Or(o.SegmentBytes, min(64<<20, o.MaxBytes/16))
	o.IndexAfter = cmp.Or(o.IndexAfter, 16<<20)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, o: o, log: o.Logger,
		active: make(overlay), segments: make(map[uint32]*segment),
		wake: make(chan struct{}, 1), index: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	if s.db, err = s.openIndex(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.closeFiles()
		}
	}()
	if err := s.begin(); err != nil {
		return nil, err
	}
	if err := s.recoverLog(); err != nil {
		return nil, err
	}
	if s.rebuilt {
		if err := s.endRebuild(); err != nil {
			return nil, err
		}
	}
	s.measureIndex()
	s.linger = time.AfterFunc(time.Hour, s.lingered)
	s.linger.Stop()
	s.writer.Go(s.commitLoop)
	s.indexer.Go(s.indexLoop)
	return s, nil
}

// Epoch is how often the store has been opened, this time included.
func (s *Store) Epoch() uint64 { return s.epoch }

// ID is the store's own, made when it was.
func (s *Store) ID() [8]byte { return s.id }

// recoverLog reads the segments: those that the index is past are opened, the
// others read to their end.
func (s *Store) recoverLog() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var numbers []uint32
	for _, e := range entries {
		if n := segmentNumber(e.Name()); n != 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	from := s.position
	last := from.segment
	if from.offset == 0 {
		last-- // it was never begun
	}
	for _, n := range numbers {
		last = max(last, n)
		if n < from.segment && (s.segments[n] == nil || s.segments[n].indexed == 0) {
			// Whoever wanted to remove it was interrupted.
			if err := os.Remove(segmentPath(s.dir, n)); err != nil {
				return err
			}
			delete(s.segments, n)
			continue
		}
		if err := s.recoverSegment(n, from); err != nil {
			return fmt.Errorf("segment %d: %w", n, err)
		}
		if s.rebuilt { // all of it may be more than the memory takes
			s.position = position{segment: n + 1}
			if err := s.updateIndex(); err != nil {
				return err
			}
		}
	}
	for n, g := range s.segments {
		if g.file == nil {
			// The index learns late that a segment was removed.
			if g.live > 0 {
				s.log.Error("store: a segment is missing, its bodies are lost", "segment", n, "bytes", g.live)
			}
			delete(s.segments, n)
		}
	}
	s.position = position{segment: last + 1}
	s.tail.next = last + 1
	return nil
}

func (s *Store) recoverSegment(n uint32, from position) error {
	f, err := os.OpenFile(segmentPath(s.dir, n), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	g := s.segments[n]
	if g == nil {
		g = &segment{number: n}
		s.segments[n] = g
	}
	g.file, g.sealed = f, true
	info, err := f.Stat()
	if err != nil {
		return err
	}
	g.size = info.Size()
	if n < from.segment {
		return nil
	}
	if err := s.readHeader(f, n); err != nil {
		if !errors.Is(err, errTorn) {
			// Nothing tells whose records these are.
			s.log.Error("store: a segment can't be read, what it has is lost", "segment", n, "reason", err)
		}
		return s.cut(g, 0)
	}
	begin := int64(headerLen)
	if n == from.segment {
		begin = max(begin, from.offset)
	}
	// The index may be further than a log that was not synced.
	end, err := scan(f, g.size, n, min(begin, g.size), func(offset int64, r *record, length int64) error {
		place := location{segment: n, offset: offset, length: length, body: int64(len(r.body))}
		key := string(r.key)
		if s.rebuilt && s.o.EpochOf != nil {
			s.seen = max(s.seen, s.o.EpochOf(key))
		}
		s.apply(r.kind, key, slices.Clone(r.value), place, func() bool { return s.indexHas(key) })
		s.behind += length
		return nil
	})
	if !errors.Is(err, errEnd) && !errors.Is(err, errTorn) {
		s.log.Error("store: the log can't be read further", "segment", n, "offset", end, "reason", err)
	}
	return s.cut(g, end)
}

// cut ends a segment where its log ends.
func (s *Store) cut(g *segment, end int64) error {
	if g.size == end {
		return nil
	}
	if err := g.file.Truncate(end); err != nil {
		return err
	}
	g.size = end
	return g.file.Sync()
}

// An Item is one key and what the store has of it.
type Item struct {
	Key   string
	Value []byte
	Body  int64 // the length of the body
}

// Get returns the value of a key. It does not see what is still queued; Flush
// waits for that.
func (s *Store) Get(key string) ([]byte, error) {
	value, _, err := s.find(key)
	return value, err
}

// find looks a key up.
func (s *Store) find(key string) ([]byte, location, error) {
	s.mu.Lock()
	active, frozen := s.active[key], s.frozen[key]
	var overlay [2]change
	if frozen != nil {
		overlay[0] = *frozen
		frozen = &overlay[0]
	}
	if active != nil {
		overlay[1] = *active
		active = &overlay[1]
	}
	// The transaction begins before the frozen changes can vanish.
	tx, err := s.db.Begin(false)
	s.mu.Unlock()
	if err != nil {
		return nil, location{}, err
	}
	defer tx.Rollback()
	var value []byte
	var place location
	ok := false
	if text := tx.Bucket(dataBucket).Get([]byte(key)); text != nil {
		if place, value, err = parseIndexed(text); err != nil {
			return nil, location{}, err
		}
		value, ok = slices.Clone(value), true
	}
	value, place, ok = frozen.over(value, place, ok)
	value, place, ok = active.over(value, place, ok)
	if !ok {
		return nil, location{}, ErrNotFound
	}
	return value, place, nil
}

// Body reads the body of a key and checks it.
func (s *Store) Body(key string) ([]byte, error) {
	s.files.RLock()
	defer s.files.RUnlock()
	_, place, err := s.find(key)
	if err != nil {
		return nil, err
	}
	if place.segment == 0 {
		return nil, ErrNotFound
	}
	r, err := s.readRecord(place)
	if err != nil {
		return nil, err
	}
	if string(r.key) != key {
		return nil, fmt.Errorf("%w: segment %d at %d has another key", ErrDamaged, place.segment, place.offset)
	}
	return r.body, nil
}

// Scan returns all items whose keys begin with prefix, in the order of their
// keys. It does not see what is still queued; Flush waits for that.
func (s *Store) Scan(prefix string) ([]Item, error) {
	return s.scanRange(prefix, "")
}

// ScanUntil is Scan for the keys before limit.
func (s *Store) ScanUntil(prefix, limit string) ([]Item, error) {
	return s.scanRange(prefix, limit)
}

func (s *Store) scanRange(prefix, limit string) ([]Item, error) {
	within := func(key string) bool {
		return strings.HasPrefix(key, prefix) && (limit == "" || key < limit)
	}
	type pair struct{ frozen, active *change }
	changed := make(map[string]pair)
	s.mu.Lock()
	for key, c := range s.frozen {
		if within(key) {
			copied := *c
			changed[key] = pair{frozen: &copied}
		}
	}
	for key, c := range s.active {
		if within(key) {
			copied := *c
			changed[key] = pair{changed[key].frozen, &copied}
		}
	}
	tx, err := s.db.Begin(false)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	var items []Item
	add := func(key string, value []byte, place location, ok bool) {
		p := changed[key]
		value, place, ok = p.frozen.over(value, place, ok)
		value, place, ok = p.active.over(value, place, ok)
		if ok {
			items = append(items, Item{key, value, place.body})
		}
	}
	c := tx.Bucket(dataBucket).Cursor()
	for k, text := c.Seek([]byte(prefix)); k != nil && within(string(k)); k, text = c.Next() {
		place, value, err := parseIndexed(text)
		if err != nil {
			return nil, err
		}
		key := string(k)
		add(key, slices.Clone(value), place, true)
		delete(changed, key)
	}
	for key := range changed {
		add(key, nil, location{}, false)
	}
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(a.Key, b.Key) })
	return items, nil
}

// Stats is what a store takes and has done.
type Stats struct {
	Disk     int64 // bytes that the files take
	MaxDisk  int64
	Live     int64 // bytes of bodies that are live, with their keys
	Segments int
	Syncs    int64 // of the log
	Records  int64 // written to it
	Failures int64 // writes that the disk refused
}

// Stats takes a snapshot.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Disk: s.disk(), MaxDisk: s.o.MaxBytes, Segments: len(s.segments),
		Syncs: s.syncs, Records: s.records, Failures: s.failures,
	}
	for _, g := range s.segments {
		st.Live += g.live
	}
	return st
}

// disk is what all files take; mu is held.
func (s *Store) disk() int64 {
	n := s.indexSize
	for _, g := range s.segments {
		n += g.size
	}
	return n
}

// Close writes what is queued, brings the index up to date and closes the
// files. An error means that the next Open has to read more of the log, or
// that deletions and values were lost which the disk had refused before.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return ErrClosed
	}
	s.closing = true
	s.mu.Unlock()
	s.linger.Stop()
	close(s.stop)
	s.indexer.Wait()
	s.mu.Lock()
	s.ending = true
	if !s.committing {
		s.committing = true
		s.want(s.wake)
	}
	s.mu.Unlock()
	s.writer.Wait()
	err := s.updateIndex()
	return errors.Join(err, s.closeFiles())
}

func (s *Store) closeFiles() error {
	var errs []error
	for _, g := range s.segments {
		if g.file != nil {
			errs = append(errs, g.file.Close())
		}
	}
	return errors.Join(append(errs, s.db.Close())...)
}

func (s *Store) fault(f Fault) error {
	if s.o.Fault == nil {
		return nil
	}
	return s.o.Fault(f)
}
