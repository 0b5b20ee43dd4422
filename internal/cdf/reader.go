package cdf

import (
	"fmt"
	"io"
)

// Reader reads the values of a file, of which it has read the header. Its
// methods may be called concurrently if the source may be read so, which an
// [io.ReaderAt] promises.
type Reader struct {
	Header
	src    io.ReaderAt
	size   int64
	layout *layout
}

// NewReader reads the header of a file of size bytes and checks that all
// values that it announces lie inside the file and do not overlap.
func NewReader(src io.ReaderAt, size int64) (*Reader, error) {
	p := newParser(src, size)
	p.version()
	records := p.records()
	r := &Reader{src: src, size: size}
	r.Format = p.format
	r.Dims = p.dims()
	r.Attrs = p.attrs("the file")
	var begins []int64
	r.Vars, begins = p.vars(r.Dims)
	if p.err != nil {
		return nil, p.err
	}
	if err := r.place(records, begins); err != nil {
		return nil, err
	}
	if err := r.checkExtents(p.pos); err != nil {
		return nil, err
	}
	return r, nil
}

// place lays the variables out.
func (r *Reader) place(records int64, begins []int64) error {
	known := records
	if records == streaming {
		known = 1
	}
	if err := unlimit(&r.Header, known); err != nil {
		return err
	}
	var err error
	if r.layout, err = newLayout(&r.Header, known); err != nil {
		return err
	}
	for i, b := range begins {
		r.layout.vars[i].begin = b
	}
	if records == streaming {
		r.layout.records = r.layout.countRecords(r.size)
		if d := r.recordDim(); d >= 0 {
			r.Dims[d].Len = r.layout.records
		}
	}
	return nil
}

// countRecords finds the number of records from the size of the file. The last
// record may lack its last padding.
func (l *layout) countRecords(size int64) int64 {
	var first, last *extent
	for i := range l.vars {
		e := &l.vars[i]
		if !e.record {
			continue
		}
		if first == nil || e.begin < first.begin {
			first = e
		}
		if last == nil || e.begin > last.begin {
			last = e
		}
	}
	if first == nil || l.recordSize == 0 || first.begin > size {
		return 0
	}
	return (size - first.begin + last.padded - last.size) / l.recordSize
}

func (r *Reader) checkExtents(header int64) error {
	for i := range r.layout.vars {
		e := &r.layout.vars[i]
		end, ok := r.layout.end(e)
		if ok && end == e.begin { // no values, and in a file of no records an offset behind its end
			continue
		}
		if !ok || end > r.size {
			return fmt.Errorf("variable %q: its values reach beyond the end of the data at %d bytes", r.Vars[i].Name, r.size)
		}
		if e.begin < header {
			return fmt.Errorf("variable %q: its values begin at offset %d, inside the header of %d bytes", r.Vars[i].Name, e.begin, header)
		}
	}
	if total, ok := r.layout.total(); !ok || total > r.size-header {
		return fmt.Errorf("the values of all variables do not fit in %d bytes: variables overlap", r.size-header)
	}
	return nil
}

// Shape gives the lengths of the dimensions of variable i.
func (r *Reader) Shape(i int) []int64 { return r.shape(&r.Vars[i]) }

// Span selects Count indices of a dimension: Start, Start+Step and so on.
type Span struct{ Start, Count, Step int64 }

// All selects every index of each dimension of variable i.
func (r *Reader) All(i int) []Span {
	spans := make([]Span, len(r.Vars[i].Dims))
	for k, n := range r.Shape(i) {
		spans[k] = Span{Count: n, Step: 1}
	}
	return spans
}

// Read reads the hyperslab of variable i that spans, one a dimension, select.
// It allocates the values and 48 KiB, and reads no more of the source than the
// pages between values that lie close together. The result is one of the
// slices of [TypeOf], row-major.
func (r *Reader) Read(i int, spans []Span) (any, error) {
	v, e := &r.Vars[i], &r.layout.vars[i]
	shape := r.Shape(i)
	if len(spans) != len(shape) {
		return nil, fmt.Errorf("variable %q has %d dimensions, not %d", v.Name, len(shape), len(spans))
	}
	n := int64(1)
	for k, s := range spans {
		if s.Start < 0 || s.Count < 0 || s.Step < 1 || s.Count > 0 && (s.Start >= shape[k] || (s.Count-1) > (shape[k]-1-s.Start)/s.Step) {
			return nil, fmt.Errorf("variable %q: dimension %q has %d indices, which start %d, count %d, step %d leaves",
				v.Name, r.Dims[v.Dims[k]].Name, shape[k], s.Start, s.Count, s.Step)
		}
		n *= s.Count // at most the product of the shape, which is no larger than the file
	}
	values := makeValues(v.Type, n)
	if n == 0 {
		return values, nil
	}
	s := newSlab(e, r.layout.recordSize, v.Type.Size(), shape, spans)
	if err := s.read(r.src, values); err != nil {
		return nil, fmt.Errorf("reading variable %q: %w", v.Name, err)
	}
	return values, nil
}
