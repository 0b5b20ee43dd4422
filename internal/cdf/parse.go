package cdf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// parser reads a header. The first error ends it: later calls give zeros.
type parser struct {
	src    *bufio.Reader
	pos    int64 // bytes read
	size   int64 // bytes of the whole file
	format Format
	err    error
}

// The fewest bytes that one entry of each list takes. They bound what a count
// may claim.
const (
	minDim  = 12 // length of the name, one padded character, length
	minAttr = 16 // length of the name, one padded character, type, count
	minVar  = 32 // name, number of dimensions, empty list of attributes, type, size, offset
)

// maxDims is how many dimensions a variable may have, here and in the C library
// (NC_MAX_VAR_DIMS). NumPy has 64.
const maxDims = 1024

// prealloc bounds what is allocated for a list before its entries were read.
const prealloc = 256

func newParser(r io.ReaderAt, size int64) *parser {
	buffer := min(max(size, 16), 16<<10)
	return &parser{src: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), int(buffer)), size: size}
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// bytes reads n bytes, having checked that the file has them.
func (p *parser) bytes(n int64) []byte {
	if p.err == nil && n > p.size-p.pos {
		p.fail("header is cut short: %d bytes wanted at offset %d of %d", n, p.pos, p.size)
	}
	if p.err != nil {
		return nil
	}
	b := make([]byte, n)
	p.read(b)
	return b
}

func (p *parser) read(b []byte) {
	n, err := io.ReadFull(p.src, b)
	p.pos += int64(n)
	if err != nil {
		p.fail("reading the header at offset %d: %w", p.pos, err)
	}
}

func (p *parser) skip(n int64) {
	d, err := p.src.Discard(int(n))
	p.pos += int64(d)
	if err != nil {
		p.fail("reading the header at offset %d: %w", p.pos, err)
	}
}

func (p *parser) uint32() uint32 {
	var b [4]byte
	if p.err == nil {
		p.read(b[:])
	}
	return binary.BigEndian.Uint32(b[:])
}

func (p *parser) uint64() uint64 {
	var b [8]byte
	if p.err == nil {
		p.read(b[:])
	}
	return binary.BigEndian.Uint64(b[:])
}

// number reads a NON_NEG: 32 bits, in CDF-5 64.
func (p *parser) number(what string) int64 {
	if p.format != Data64 {
		return int64(p.uint32())
	}
	n := p.uint64()
	if n > math.MaxInt64 {
		p.fail("%s at offset %d is negative", what, p.pos-8)
		return 0
	}
	return int64(n)
}

// count reads the length of a list whose entries take at least size bytes.
func (p *parser) count(what string, size int64) int64 {
	n := p.number(what)
	if left := p.size - p.pos; p.err == nil && n > left/size {
		p.fail("%s is %d, for which %d bytes are too few", what, n, left)
	}
	if p.err != nil {
		return 0
	}
	return n
}

func (p *parser) name(what string) string {
	n := p.number("length of the name of " + what)
	b := p.bytes(n)
	if p.err == nil {
		p.skip(pad(n))
	}
	if len(b) == 0 {
		p.fail("%s at offset %d has no name", what, p.pos)
	}
	return string(b)
}

// list reads the tag and the length of a list; absent lists have no tag and
// the length zero.
func (p *parser) list(what string, tag uint32, size int64) int64 {
	got := p.uint32()
	n := p.count("number of "+what, size)
	if p.err == nil && got != tag && (got != 0 || n != 0) {
		p.fail("list of %s: tag %#x instead of %#x at offset %d", what, got, tag, p.pos)
		return 0
	}
	return n
}

// version reads the first four bytes.
func (p *parser) version() {
	const hdf5 = "\x89HDF"
	b := p.bytes(min(p.size, 4))
	switch {
	case p.err != nil:
	case string(b) == hdf5:
		p.err = ErrHDF5
	case len(b) < 4 || string(b[:3]) != "CDF" || !Format(b[3]).valid():
		p.fail("%w: it begins with %q, not with CDF and 1, 2 or 5", ErrFormat, b)
	default:
		p.format = Format(b[3])
	}
}

// streaming is the number of records of a file whose writer did not know it.
const streaming = -1

func (p *parser) records() int64 {
	if p.format != Data64 {
		if n := p.uint32(); n != math.MaxUint32 {
			return int64(n)
		}
		return streaming
	}
	n := p.uint64()
	if n == math.MaxUint64 {
		return streaming
	}
	if n > math.MaxInt64 {
		p.fail("number of records is negative")
	}
	return int64(n)
}

func (p *parser) dims() []Dim {
	n := p.list("dimensions", tagDimension, minDim)
	dims := make([]Dim, 0, min(n, prealloc))
	seen := make(map[string]bool, min(n, prealloc))
	for range n {
		d := Dim{Name: p.name("a dimension")}
		d.Len = p.number("length of dimension")
		if p.err != nil {
			return nil
		}
		if seen[d.Name] {
			p.fail("two dimensions are called %q", d.Name)
		}
		seen[d.Name] = true
		dims = append(dims, d)
	}
	return dims
}

func (p *parser) attrs(of string) []Attr {
	n := p.list("attributes of "+of, tagAttribute, minAttr)
	attrs := make([]Attr, 0, min(n, prealloc))
	seen := make(map[string]bool, min(n, prealloc))
	for range n {
		a := Attr{Name: p.name("an attribute of " + of)}
		if p.err == nil && seen[a.Name] {
			p.fail("%s has two attributes %q", of, a.Name)
		}
		seen[a.Name] = true
		if a.Value = p.values(of, a.Name); p.err != nil {
			return nil
		}
		attrs = append(attrs, a)
	}
	return attrs
}

func (p *parser) values(of, name string) any {
	t := p.vtype()
	n := p.number("length of an attribute")
	size, ok := mul(n, max(t.Size(), 1))
	if p.err == nil && !ok {
		p.fail("attribute %q of %s has %d values", name, of, n)
	}
	b := p.bytes(size)
	if p.err != nil {
		p.err = fmt.Errorf("attribute %q of %s: %w", name, of, p.err)
		return nil
	}
	p.skip(pad(size))
	values := makeValues(t, n)
	decode(values, 0, b)
	return values
}

func (p *parser) vtype() Type {
	t := Type(p.uint32())
	if p.err == nil && !t.In(p.format) {
		p.fail("%s is not known to %s", t, p.format)
	}
	return t
}

// vars reads the variables and the offset of each.
func (p *parser) vars(dims []Dim) ([]Var, []int64) {
	n := p.list("variables", tagVariable, minVar)
	vars := make([]Var, 0, min(n, prealloc))
	begins := make([]int64, 0, min(n, prealloc))
	seen := make(map[string]bool, min(n, prealloc))
	for range n {
		v := Var{Name: p.name("a variable")}
		if p.err == nil && seen[v.Name] {
			p.fail("two variables are called %q", v.Name)
		}
		seen[v.Name] = true
		v.Dims = p.dimids(v.Name, dims)
		v.Attrs = p.attrs("variable " + v.Name)
		v.Type = p.vtype()
		p.vsize()
		begin := p.offset(v.Name)
		if p.err != nil {
			return nil, nil
		}
		vars = append(vars, v)
		begins = append(begins, begin)
	}
	return vars, begins
}

func (p *parser) dimids(name string, dims []Dim) []int {
	n := p.count("number of dimensions of variable "+name, 4)
	if n > maxDims {
		p.fail("variable %q has %d dimensions, more than %d", name, n, maxDims)
		return nil
	}
	ids := make([]int, 0, min(n, prealloc))
	for range n {
		id := p.number("dimension of a variable")
		if p.err == nil && id >= int64(len(dims)) {
			p.fail("variable %q: dimension number %d of %d", name, id, len(dims))
		}
		if p.err != nil {
			return nil
		}
		ids = append(ids, int(id))
	}
	return ids
}

// vsize skips a variable's size. It is redundant, and wrong where it does not
// fit its 32 bits.
func (p *parser) vsize() {
	if p.format == Data64 {
		p.uint64()
	} else {
		p.uint32()
	}
}

func (p *parser) offset(name string) int64 {
	if p.format == Classic {
		return int64(p.uint32())
	}
	n := p.uint64()
	if n > math.MaxInt64 {
		p.fail("variable %q begins at a negative offset", name)
		return 0
	}
	return int64(n)
}

// unlimit finds the record dimension among those of length zero, all of
// which are written alike, and gives it the number of records. SciPy writes
// several of them when several dimensions are empty.
func unlimit(h *Header, records int64) error {
	var zero, leading []int
	for i := range h.Dims {
		if h.Dims[i].Len != 0 {
			continue
		}
		zero = append(zero, i)
		if slices.ContainsFunc(h.Vars, func(v Var) bool { return len(v.Dims) > 0 && v.Dims[0] == i }) {
			leading = append(leading, i)
		}
	}
	if len(zero) == 0 {
		return nil
	}
	record := zero[0]
	switch {
	case len(zero) == 1 || records == 0:
	case len(leading) == 1:
		record = leading[0]
	default:
		return errors.New("more than one record dimension")
	}
	h.Dims[record].Unlimited = true
	h.Dims[record].Len = records
	for i := range h.Vars {
		v := &h.Vars[i]
		if records > 0 && len(v.Dims) > 1 && slices.Contains(v.Dims[1:], record) {
			return fmt.Errorf("variable %q: the record dimension %q is not its first", v.Name, h.Dims[record].Name)
		}
	}
	return nil
}
