package netcdf

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dasf-go/dasf/internal/cdf"
)

// Range selects indices of a dimension: Len of them from Start on, each Step
// after the one before. A Step of 0 counts as 1.
type Range struct {
	Dim              string
	Start, Len, Step int
}

// Select gives the part of a variable that the ranges select, as a copy. A
// dimension that no range names stays whole. The result has all dimensions.
func (v *Variable) Select(ranges ...Range) (*Variable, error) {
	if err := v.usable(); err != nil {
		return nil, err
	}
	spans, err := v.spansOf(ranges)
	if err != nil {
		return nil, err
	}
	out := v.Renamed(v.name)
	out.dims = slices.Clone(v.dims)
	out.data = selectValues(v.data, v.Shape(), spans)
	out.setDims(spans)
	return out, nil
}

// Select gives a dataset with the part of each variable that the ranges
// select; variables that have none of their dimensions are the same. Each
// range must name a dimension of the dataset.
func (ds *Dataset) Select(ranges ...Range) (*Dataset, error) {
	for _, r := range ranges {
		if _, ok := ds.Dim(r.Dim); !ok {
			return nil, fmt.Errorf("there is no dimension %q among %s", r.Dim, shapeText(ds.dims))
		}
	}
	out := *ds
	out.Attrs = ds.Attrs.Clone()
	out.vars = make([]*Variable, len(ds.vars))
	for i, v := range ds.vars {
		own := slices.DeleteFunc(slices.Clone(ranges), func(r Range) bool { return v.dim(r.Dim) < 0 })
		if len(own) == 0 {
			out.vars[i] = v
			continue
		}
		var err error
		if out.vars[i], err = v.Select(own...); err != nil {
			return nil, err
		}
	}
	out.dims = slices.Clone(ds.dims)
	for i, d := range out.dims {
		for _, r := range ranges {
			if r.Dim == d.Name {
				out.dims[i].Len = r.Len
			}
		}
	}
	return &out, nil
}

// Within finds the values of a one-dimensional coordinate that lie between low
// and high, both included, and gives the range of its dimension. The values
// must rise or fall throughout; latitudes often fall. Where none lies between,
// the range has the length 0.
func Within(coord *Variable, low, high float64) (Range, error) {
	values, err := Values[float64](coord)
	if err != nil {
		return Range{}, err
	}
	if len(coord.dims) != 1 {
		return Range{}, coord.errorf("it has %d dimensions, not one", len(coord.dims))
	}
	if math.IsNaN(low) || math.IsNaN(high) {
		return Range{}, coord.errorf("the bounds are %v and %v", low, high)
	}
	r := Range{Dim: coord.dims[0].Name}
	for i, x := range values {
		if math.IsNaN(x) || i > 1 && (x > values[i-1]) != (values[1] > values[0]) || i > 0 && x == values[i-1] {
			return Range{}, coord.errorf("its values neither rise nor fall throughout: see %s", coord.index(i))
		}
		if x < low || x > high {
			continue
		}
		if r.Len == 0 {
			r.Start = i
		}
		r.Len++
	}
	return r, nil
}

// dim gives the place of a dimension, or -1.
func (v *Variable) dim(name string) int {
	return slices.IndexFunc(v.dims, func(d Dim) bool { return d.Name == name })
}

// spansOf turns ranges into one span a dimension.
func (v *Variable) spansOf(ranges []Range) ([]cdf.Span, error) {
	spans := make([]cdf.Span, len(v.dims))
	for i, d := range v.dims {
		spans[i] = cdf.Span{Count: int64(d.Len), Step: 1}
	}
	named := make(map[string]bool, len(ranges))
	for _, r := range ranges {
		at := v.dim(r.Dim)
		if at < 0 {
			return nil, v.errorf("it has no dimension %q", r.Dim)
		}
		if named[r.Dim] {
			return nil, v.errorf("two ranges of dimension %q", r.Dim)
		}
		named[r.Dim] = true
		if err := r.check(v.dims[at].Len); err != nil {
			return nil, v.errorf("range of dimension %q: %w", r.Dim, err)
		}
		for i, d := range v.dims {
			if d.Name == r.Dim { // a dimension may occur twice
				spans[i] = cdf.Span{Start: int64(r.Start), Count: int64(r.Len), Step: int64(max(r.Step, 1))}
			}
		}
	}
	return spans, nil
}

func (r Range) check(n int) error {
	switch {
	case r.Start < 0 || r.Len < 0 || r.Step < 0:
		return errors.New("start, length and step are not negative")
	case r.Len > 0 && (r.Start >= n || r.Len-1 > (n-1-r.Start)/max(r.Step, 1)):
		return fmt.Errorf("start %d, length %d, step %d leaves the %d indices", r.Start, r.Len, r.Step, n)
	}
	return nil
}

func (v *Variable) setDims(spans []cdf.Span) {
	for i := range v.dims {
		v.dims[i].Len = int(spans[i].Count)
	}
}

// selectValues copies a hyperslab.
func selectValues(data any, shape []int, spans []cdf.Span) any {
	switch s := data.(type) {
	case cdf.Chars:
		return cdf.Chars(hyperslab([]uint8(s), shape, spans))
	case []int8:
		return hyperslab(s, shape, spans)
	case []int16:
		return hyperslab(s, shape, spans)
	case []int32:
		return hyperslab(s, shape, spans)
	case []int64:
		return hyperslab(s, shape, spans)
	case []uint8:
		return hyperslab(s, shape, spans)
	case []uint16:
		return hyperslab(s, shape, spans)
	case []uint32:
		return hyperslab(s, shape, spans)
	case []uint64:
		return hyperslab(s, shape, spans)
	case []float32:
		return hyperslab(s, shape, spans)
	default:
		return hyperslab(s.([]float64), shape, spans)
	}
}

func hyperslab[T any](src []T, shape []int, spans []cdf.Span) []T {
	n := 1
	for _, s := range spans {
		n *= int(s.Count)
	}
	out := make([]T, 0, n)
	if n == 0 {
		return out
	}
	return appendSlab(out, src, shape, spans)
}

// appendSlab appends the selected part of src, whose first dimension is that
// of shape and spans.
func appendSlab[T any](out, src []T, shape []int, spans []cdf.Span) []T {
	if len(shape) == 0 {
		return append(out, src[0])
	}
	s := spans[0]
	if len(shape) == 1 && s.Step == 1 {
		return append(out, src[s.Start:s.Start+s.Count]...)
	}
	size := len(src) / shape[0]
	for i := range s.Count {
		at := int(s.Start+i*s.Step) * size
		out = appendSlab(out, src[at:at+size], shape[1:], spans[1:])
	}
	return out
}
