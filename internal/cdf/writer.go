package cdf

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// Plan is a file whose sizes and offsets are known, ready to be written.
type Plan struct {
	h      *Header
	layout *layout
	header []byte
	size   int64
}

// NewPlan checks the header and computes where each value goes. What the
// format cannot hold is an error that wraps [ErrTooLarge] where a later format
// could. The header must not change until the plan has been written.
func NewPlan(h *Header) (*Plan, error) {
	if err := check(h); err != nil {
		return nil, err
	}
	h = recorded(h)
	records := int64(0)
	if d := h.recordDim(); d >= 0 {
		records = h.Dims[d].Len
	}
	l, err := newLayout(h, records)
	if err != nil {
		return nil, err
	}
	p := &Plan{h: h, layout: l}
	if p.header, err = appendHeader(nil, h, l); err != nil { // for its length
		return nil, err
	}
	if err := p.place(); err != nil {
		return nil, err
	}
	p.header, err = appendHeader(p.header[:0], h, l)
	return p, err
}

// recorded gives the header with a dimension of length zero as the record
// dimension that readers take it for: the C library refuses a file in which
// variables of it lie before fixed ones.
func recorded(h *Header) *Header {
	i := slices.IndexFunc(h.Dims, func(d Dim) bool { return d.Len == 0 && !d.Unlimited })
	if i < 0 {
		return h
	}
	out := *h
	out.Dims = slices.Clone(h.Dims)
	out.Dims[i].Unlimited = true
	return &out
}

// place lays the fixed variables behind the header and the records behind
// those, in the order of the header.
func (p *Plan) place() error {
	at := int64(len(p.header))
	ok := true
	for _, records := range []bool{false, true} {
		for i := range p.layout.vars {
			if e := &p.layout.vars[i]; e.record == records && ok {
				e.begin = at
				at, ok = add(at, e.padded)
			}
		}
	}
	if ok && p.layout.records == 0 {
		at -= p.layout.recordSize
	} else if ok {
		var rest int64
		if rest, ok = mul(p.layout.recordSize, p.layout.records-1); ok {
			at, ok = add(at, rest)
		}
	}
	p.size = at
	if limit := p.h.Format.maxSize(); !ok || at > limit {
		return fmt.Errorf("%w: %s holds %d bytes", ErrTooLarge, p.h.Format, limit)
	}
	return nil
}

// maxSize is the length of the longest file that every reader of the format
// can be expected to take. (The last variable of CDF-1 may reach further; not
// all readers follow.)
func (f Format) maxSize() int64 {
	if f == Classic {
		return math.MaxInt32
	}
	return math.MaxInt64
}

// Size is the number of bytes that WriteTo writes.
func (p *Plan) Size() int64 { return p.size }

// WriteTo writes the file in one pass. data holds the values of each variable
// in the header's order: a slice of its type, or of one whose narrowed type is
// its type. Apart from a buffer of 48 KiB nothing is allocated.
func (p *Plan) WriteTo(w io.Writer, data []any) error {
	if err := p.checkData(data); err != nil {
		return err
	}
	b := &buffer{dst: w, buf: make([]byte, 0, min(chunk, p.size))}
	b.bytes(p.header)
	for i := range p.h.Vars {
		if !p.layout.vars[i].record {
			p.values(b, i, data[i], 0)
		}
	}
	if p.layout.recordSize > 0 {
		for r := range p.layout.records {
			for i := range p.h.Vars {
				if p.layout.vars[i].record {
					p.values(b, i, data[i], r)
				}
			}
		}
	}
	b.flush()
	return b.err
}

// values writes record r of variable i, or all of one that has no records,
// with its padding.
func (p *Plan) values(b *buffer, i int, values any, r int64) {
	v, e := &p.h.Vars[i], &p.layout.vars[i]
	size := v.Type.Size()
	from := r * (e.size / size)
	for left := e.size; left > 0 && b.err == nil; {
		n := min(left, int64(cap(b.buf)-len(b.buf))/size*size)
		if n == 0 {
			b.flush()
			continue
		}
		encode(b.room(n), v.Type, values, from)
		from += n / size
		left -= n
	}
	if e.padded > e.size {
		b.bytes(padding(v, e.padded-e.size))
	}
}

// padding gives n bytes of the variable's own fill value or of its type's.
func padding(v *Var, n int64) []byte {
	fill := fillValue(v.Type)
	for _, a := range v.Attrs {
		if t, count, _ := TypeOf(a.Value); a.Name == "_FillValue" && count == 1 && t.Size() == v.Type.Size() {
			fill = make([]byte, v.Type.Size())
			encode(fill, v.Type, a.Value, 0)
		}
	}
	var b []byte
	for int64(len(b)) < n {
		b = append(b, fill...)
	}
	return b[:n]
}

func (p *Plan) checkData(data []any) error {
	if len(data) != len(p.h.Vars) {
		return fmt.Errorf("values of %d variables for %d", len(data), len(p.h.Vars))
	}
	for i, values := range data {
		v, e := &p.h.Vars[i], &p.layout.vars[i]
		t, n, err := TypeOf(values)
		if err != nil {
			return fmt.Errorf("variable %q: %w", v.Name, err)
		}
		if t != v.Type {
			if t.Narrowed() != v.Type {
				return fmt.Errorf("variable %q: values of type %s for a variable of type %s", v.Name, t, v.Type)
			}
			if k := firstUnfit(values); k >= 0 {
				return fmt.Errorf("variable %q: value number %d does not fit %s, which stands for %s in %s: convert the values to a type that holds them",
					v.Name, k, v.Type, t, p.h.Format)
			}
		}
		want := e.size / v.Type.Size()
		if e.record {
			want *= p.layout.records
		}
		if n != want {
			return fmt.Errorf("variable %q has %d values, where its dimensions want %d", v.Name, n, want)
		}
	}
	return nil
}

// buffer collects bytes into writes of a chunk.
type buffer struct {
	dst io.Writer
	buf []byte
	err error // the first of the writer; later bytes are dropped
}

func (b *buffer) flush() {
	if b.err == nil && len(b.buf) > 0 {
		_, b.err = b.dst.Write(b.buf)
	}
	b.buf = b.buf[:0]
}

// room gives the next n bytes, for which there is room.
func (b *buffer) room(n int64) []byte {
	at := len(b.buf)
	b.buf = b.buf[:at+int(n)]
	return b.buf[at:]
}

func (b *buffer) bytes(p []byte) {
	for len(p) > 0 && b.err == nil {
		if len(b.buf) == cap(b.buf) {
			b.flush()
		}
		n := min(len(p), cap(b.buf)-len(b.buf))
		copy(b.room(int64(n)), p)
		p = p[n:]
	}
}

// appendHeader writes the header with the offsets of the layout.
func appendHeader(b []byte, h *Header, l *layout) ([]byte, error) {
	w := headerWriter{b: append(b, 'C', 'D', 'F', byte(h.Format)), format: h.Format}
	w.number(l.records)
	w.list(tagDimension, len(h.Dims))
	for _, d := range h.Dims {
		w.name(d.Name)
		if d.Unlimited {
			w.number(0)
		} else {
			w.number(d.Len)
		}
	}
	w.attrs("the file", h.Attrs)
	w.list(tagVariable, len(h.Vars))
	for i := range h.Vars {
		v, e := &h.Vars[i], &l.vars[i]
		w.name(v.Name)
		w.number(int64(len(v.Dims)))
		for _, d := range v.Dims {
			w.number(int64(d))
		}
		w.attrs("variable "+v.Name, v.Attrs)
		w.uint32(uint32(v.Type))
		// The specification wants the padded size even for a lone record
		// variable. netcdfjs takes it for the distance of two records, so it
		// is the true one that is written here, as SciPy does; the C library
		// computes it anew.
		w.number(e.padded)
		w.offset(e.begin)
	}
	return w.b, w.err
}

type headerWriter struct {
	b      []byte
	format Format
	err    error
}

func (w *headerWriter) uint32(n uint32) { w.b = binary.BigEndian.AppendUint32(w.b, n) }

func (w *headerWriter) number(n int64) {
	if w.format == Data64 {
		w.b = binary.BigEndian.AppendUint64(w.b, uint64(n))
		return
	}
	if n > maxCount && w.err == nil {
		w.err = fmt.Errorf("%w: %s counts to %d, not to %d", ErrTooLarge, w.format, int64(maxCount), n)
	}
	w.uint32(uint32(n))
}

// maxCount is the largest length, and the largest size of a variable, of CDF-1
// and CDF-2: the last multiple of four in 32 bits.
const maxCount = math.MaxUint32 - 3

func (w *headerWriter) offset(n int64) {
	if w.format == Classic {
		w.uint32(uint32(n))
	} else {
		w.b = binary.BigEndian.AppendUint64(w.b, uint64(n))
	}
}

func (w *headerWriter) list(tag uint32, n int) {
	if n == 0 {
		tag = 0
	}
	w.uint32(tag)
	w.number(int64(n))
}

func (w *headerWriter) name(s string) {
	w.number(int64(len(s)))
	w.b = append(w.b, s...)
	w.pad()
}

func (w *headerWriter) pad() {
	for len(w.b)%4 != 0 {
		w.b = append(w.b, 0)
	}
}

func (w *headerWriter) attrs(of string, attrs []Attr) {
	w.list(tagAttribute, len(attrs))
	for _, a := range attrs {
		t, n, err := TypeOf(a.Value)
		if err == nil && !t.In(w.format) {
			err = fmt.Errorf("%s has no type %s", w.format, t)
		}
		if err != nil {
			if w.err == nil {
				w.err = fmt.Errorf("attribute %q of %s: %w", a.Name, of, err)
			}
			return
		}
		w.name(a.Name)
		w.uint32(uint32(t))
		w.number(n)
		at := len(w.b)
		w.b = append(w.b, make([]byte, n*t.Size())...)
		encode(w.b[at:], t, a.Value, 0)
		w.pad()
	}
}
