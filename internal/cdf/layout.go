package cdf

import (
	"fmt"
	"math"
)

// extent says where the values of one variable lie.
type extent struct {
	record bool  // interleaved record by record
	size   int64 // bytes of all values, or of those of one record
	padded int64 // size with its padding
	begin  int64 // offset of the first value
}

// layout says where all values of a file lie.
type layout struct {
	vars       []extent
	records    int64 // number of records
	recordSize int64 // bytes from one record to the next
}

// newLayout computes the sizes from the header's dimensions; the offsets are
// the caller's. The sizes that a file states itself are redundant and, in
// variables over 4 GiB or with a lone record variable, not to be relied on.
func newLayout(h *Header, records int64) (*layout, error) {
	l := &layout{vars: make([]extent, len(h.Vars)), records: records}
	recordVars := 0
	for i := range h.Vars {
		v := &h.Vars[i]
		e := &l.vars[i]
		e.record = h.isRecord(v)
		lengths := h.shape(v)
		if e.record {
			lengths = lengths[1:]
			recordVars++
		}
		var ok bool
		if e.size, ok = product(v.Type.Size(), lengths); ok {
			e.padded, ok = add(e.size, pad(e.size))
		}
		if ok && e.record {
			l.recordSize, ok = add(l.recordSize, e.padded)
		}
		if !ok {
			return nil, fmt.Errorf("variable %q: its dimensions make more than 2^63 bytes", v.Name)
		}
	}
	if recordVars == 1 {
		l.loneRecordVariable()
	}
	return l, nil
}

// loneRecordVariable applies the specification's special case: the records of
// the only record variable follow each other without padding.
func (l *layout) loneRecordVariable() {
	for i := range l.vars {
		if e := &l.vars[i]; e.record {
			e.padded = e.size
			l.recordSize = e.size
		}
	}
}

// total is the number of bytes of all values without any padding.
func (l *layout) total() (int64, bool) {
	var sum int64
	for _, e := range l.vars {
		n, ok := e.size, true
		if e.record {
			n, ok = mul(n, l.records)
		}
		if ok {
			sum, ok = add(sum, n)
		}
		if !ok {
			return 0, false
		}
	}
	return sum, true
}

// end is the offset behind the last value of e.
func (l *layout) end(e *extent) (int64, bool) {
	if e.size == 0 || e.record && l.records == 0 {
		return e.begin, true
	}
	end, ok := add(e.begin, e.size)
	if ok && e.record {
		var skip int64
		if skip, ok = mul(l.recordSize, l.records-1); ok {
			end, ok = add(end, skip)
		}
	}
	return end, ok
}

// pad is the number of bytes from n to the next multiple of four.
func pad(n int64) int64 { return -n & 3 }

// product multiplies n with the lengths and reports whether the result fits.
// Any length of zero makes it zero.
func product(n int64, lengths []int64) (int64, bool) {
	for _, l := range lengths {
		if l == 0 {
			return 0, true
		}
	}
	ok := true
	for _, l := range lengths {
		if n, ok = mul(n, l); !ok {
			return 0, false
		}
	}
	return n, true
}

// mul and add take numbers that are not negative.
func mul(a, b int64) (int64, bool) {
	if a != 0 && b > math.MaxInt64/a {
		return 0, false
	}
	return a * b, true
}

func add(a, b int64) (int64, bool) {
	return a + b, b <= math.MaxInt64-a
}
