package dasf

import (
	"bytes"
	"sync"
	"sync/atomic"
)

// smallestReused is from how many bytes on the memory of a result's JSON is used
// again, up to largeAnswer: fresh pages, and a collection for each result, would
// cost as much as to write it.
const smallestReused = 1 << 20

// results are of *[]byte.
var results sync.Pool

// A resultSize tells how long the last result of a function was.
type resultSize struct{ last atomic.Int64 }

// encode has a result written to memory that is used again, if it is likely to
// be large.
func (s *resultSize) encode(write func(dst []byte) ([]byte, error)) ([]byte, error) {
	used := s.usedMemory()
	var dst []byte
	if used != nil {
		dst = (*used)[:0]
	}
	b, err := write(dst)
	if err != nil {
		return nil, err
	}
	s.last.Store(int64(len(b)))
	if cap(dst)-len(b) > len(b)/8 {
		b = bytes.Clone(b)
		results.Put(used)
	}
	return b, nil
}

// usedMemory returns memory that was used before and is large enough, or nil.
func (s *resultSize) usedMemory() *[]byte {
	n := s.last.Load()
	if n < smallestReused {
		return nil
	}
	used, _ := results.Get().(*[]byte)
	if used == nil || cap(*used) < int(n) {
		return nil
	}
	return used
}

// A resultMemory is what the JSON of a large result lies in. It counts who may
// read it: who sends it, and who keeps it to send it again. Who forgets to give
// it back leaves it to the collector. A nil one is never used again.
type resultMemory struct {
	json  []byte
	users atomic.Int32
}

// memoryOf returns the memory of a result that nobody else knows, with one user.
func memoryOf(json []byte) *resultMemory {
	if len(json) < smallestReused || len(json) >= largeAnswer {
		return nil
	}
	m := &resultMemory{json: json}
	m.users.Store(1)
	return m
}

func (m *resultMemory) lend() {
	if m != nil {
		m.users.Add(1)
	}
}

func (m *resultMemory) giveBack() {
	if m != nil && m.users.Add(-1) == 0 {
		results.Put(&m.json)
	}
}
