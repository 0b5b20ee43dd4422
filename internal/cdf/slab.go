package cdf

import (
	"fmt"
	"io"
)

// chunk is the size of the buffer between the bytes of a file and values, a
// multiple of every type's size. It fits the second level cache.
const chunk = 48 << 10

// slab is a hyperslab as a walk over runs of adjacent bytes.
type slab struct {
	first int64   // offset of the first run
	run   int64   // bytes of a run
	count []int64 // how often to step in each of the outer dimensions
	step  []int64 // bytes from one run to the next in each of them
	size  int64   // bytes of one value
}

func newSlab(e *extent, recordSize, size int64, shape []int64, spans []Span) *slab {
	s := &slab{first: e.begin, run: size, size: size}
	stride := make([]int64, len(shape)) // bytes from one index to the next
	next := size
	for d := len(shape) - 1; d >= 0; d-- {
		if stride[d] = next; d == 0 && e.record {
			stride[d] = recordSize
		}
		next *= shape[d]
	}
	outer := len(shape)
	for outer > 0 && spans[outer-1].Step == 1 && stride[outer-1] == s.run {
		outer--
		s.run *= spans[outer].Count
	}
	for d, span := range spans {
		s.first += span.Start * stride[d]
		if d < outer {
			s.count = append(s.count, span.Count)
			s.step = append(s.step, span.Step*stride[d])
		}
	}
	return s
}

// end is the offset behind the last byte of the last run.
func (s *slab) end() int64 {
	end := s.first + s.run
	for d, n := range s.count {
		end += (n - 1) * s.step[d]
	}
	return end
}

// near is how far apart the beginnings of two runs may be so that what lies
// between them is read too.
const near = 4 << 10

// read fills values with the runs of the slab.
func (s *slab) read(src io.ReaderAt, values any) error {
	w := window{src: src, end: s.end()}
	if inner := len(s.step) - 1; inner >= 0 && s.step[inner] <= near {
		w.ahead = chunk
	}
	index := make([]int64, len(s.count))
	at := int64(0)
	for off := s.first; ; {
		for done := int64(0); done < s.run; {
			n := min(s.run-done, chunk)
			b, err := w.bytes(off+done, n)
			if err != nil {
				return err
			}
			decode(values, at, b)
			at += n / s.size
			done += n
		}
		d := len(index) - 1
		for ; d >= 0; d-- { // as an odometer does
			off += s.step[d]
			if index[d]++; index[d] < s.count[d] {
				break
			}
			off -= index[d] * s.step[d]
			index[d] = 0
		}
		if d < 0 {
			return nil
		}
	}
}

// window gives the bytes of a source, reading ahead where that saves calls.
type window struct {
	src   io.ReaderAt
	end   int64 // no byte from here on is wanted
	ahead int64 // bytes to read at once, or 0 for those asked for
	start int64 // offset of buf[0]
	held  int64 // bytes in buf
	buf   []byte
}

// bytes gives n bytes, at most a chunk, from off on. They are valid until the
// next call.
func (w *window) bytes(off, n int64) ([]byte, error) {
	if off < w.start || off+n > w.start+w.held {
		if w.buf == nil {
			w.buf = make([]byte, min(chunk, w.end-off))
		}
		w.start = off
		w.held = min(max(n, w.ahead), w.end-off, int64(len(w.buf)))
		if got, err := w.src.ReadAt(w.buf[:w.held], off); int64(got) < w.held {
			w.held = 0
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, fmt.Errorf("offset %d: %w", off+int64(got), err)
		}
	}
	i := off - w.start
	return w.buf[i : i+n], nil
}
