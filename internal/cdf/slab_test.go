package cdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/cdf"
)

// cube is a file with two record variables, and one that has no records but
// the same values as the second.
func cube(t testing.TB) (file []byte, values []int16, shape [4]int64) {
	shape = [4]int64{5, 4, 3, 7}
	values = make([]int16, 5*4*3*7)
	for i := range values {
		values[i] = int16(i)
	}
	h := &cdf.Header{
		Format: cdf.Offset64,
		Dims:   []cdf.Dim{{Name: "t", Len: 5, Unlimited: true}, {Name: "z", Len: 4}, {Name: "y", Len: 3}, {Name: "x", Len: 7}, {Name: "fixed", Len: 5}},
		Vars: []cdf.Var{
			{Name: "step", Dims: []int{0}, Type: cdf.Double},
			{Name: "records", Dims: []int{0, 1, 2, 3}, Type: cdf.Short},
			{Name: "fixed", Dims: []int{4, 1, 2, 3}, Type: cdf.Short},
		},
	}
	file, err := encode(h, []any{make([]float64, 5), values, values})
	if err != nil {
		t.Fatal(err)
	}
	return file, values, shape
}

// pick takes the values of a hyperslab out of all values, one by one.
func pick(values []int16, shape [4]int64, s []cdf.Span) []int16 {
	out := []int16{}
	for a := range s[0].Count {
		for b := range s[1].Count {
			for c := range s[2].Count {
				for d := range s[3].Count {
					i := s[0].Start + a*s[0].Step
					i = i*shape[1] + s[1].Start + b*s[1].Step
					i = i*shape[2] + s[2].Start + c*s[2].Step
					i = i*shape[3] + s[3].Start + d*s[3].Step
					out = append(out, values[i])
				}
			}
		}
	}
	return out
}

func TestHyperslabs(t *testing.T) {
	file, values, shape := cube(t)
	r := open(t, file)
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		spans := make([]cdf.Span, 4)
		for d, n := range shape {
			s := cdf.Span{Start: random.Int64N(n), Step: 1 + random.Int64N(3)}
			s.Count = random.Int64N((n-1-s.Start)/s.Step + 2)
			if random.IntN(2) == 0 {
				s = cdf.Span{Count: n, Step: 1}
			}
			spans[d] = s
		}
		want := pick(values, shape, spans)
		for v := 1; v <= 2; v++ {
			got, err := r.Read(v, spans)
			if err != nil {
				t.Fatalf("%s %v: %v", r.Vars[v].Name, spans, err)
			}
			if !cmp.Equal(got, any(want)) {
				t.Fatalf("%s %v:\n%v, want\n%v", r.Vars[v].Name, spans, got, want)
			}
		}
	}
}

func TestHyperslabsOutsideTheVariable(t *testing.T) {
	file, _, shape := cube(t)
	r := open(t, file)
	for name, s := range map[string]cdf.Span{
		"start behind the end":  {Start: 7, Count: 1, Step: 1},
		"negative start":        {Start: -1, Count: 1, Step: 1},
		"negative count":        {Start: 0, Count: -1, Step: 1},
		"count too large":       {Start: 0, Count: 8, Step: 1},
		"step too large":        {Start: 0, Count: 3, Step: 4},
		"step of zero":          {Start: 0, Count: 1, Step: 0},
		"count that overflows":  {Start: 1, Count: math.MaxInt64, Step: math.MaxInt64},
		"step that overflows":   {Start: 6, Count: 2, Step: math.MaxInt64},
		"negative step":         {Start: 6, Count: 2, Step: -1},
		"start that overflows ": {Start: math.MaxInt64, Count: 1, Step: 1},
	} {
		spans := r.All(1)
		spans[3] = s
		if v, err := r.Read(1, spans); err == nil || !strings.Contains(err.Error(), `dimension "x" has 7 indices`) {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
	if _, err := r.Read(1, r.All(1)[:3]); err == nil || !strings.Contains(err.Error(), `"records" has 4 dimensions, not 3`) {
		t.Errorf("three spans: %v", err)
	}
	spans := r.All(1)
	spans[0] = cdf.Span{Start: shape[0], Count: 0, Step: 1}
	if v, err := r.Read(1, spans); err != nil || !cmp.Equal(v, any([]int16{})) {
		t.Errorf("no indices: %v, %v", v, err)
	}
}

// counter counts what is read of a file.
type counter struct {
	src          io.ReaderAt
	calls, bytes int
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.src.ReadAt(p, off)
	c.calls++
	c.bytes += n
	return n, err
}

func TestOneVariableIsReadWithoutTheRest(t *testing.T) {
	const n = 1 << 20
	h := &cdf.Header{
		Format: cdf.Classic,
		Dims:   []cdf.Dim{{Name: "y", Len: 1024}, {Name: "x", Len: 1024}},
		Vars:   []cdf.Var{{Name: "a", Dims: []int{0, 1}, Type: cdf.Float}, {Name: "b", Dims: []int{0, 1}, Type: cdf.Float}},
	}
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i)
	}
	file := write(t, h, make([]float32, n), values)
	tests := []struct {
		name             string
		y, x             cdf.Span
		maxCalls, maxLen int
	}{
		{"all", cdf.Span{Count: 1024, Step: 1}, cdf.Span{Count: 1024, Step: 1}, 90, 4 << 20},
		{"one row", cdf.Span{Start: 512, Count: 1, Step: 1}, cdf.Span{Count: 1024, Step: 1}, 1, 4096},
		{"one value", cdf.Span{Start: 512, Count: 1, Step: 1}, cdf.Span{Start: 9, Count: 1, Step: 1}, 1, 4},
		{"one column", cdf.Span{Count: 1024, Step: 1}, cdf.Span{Start: 9, Count: 1, Step: 1}, 90, 4 << 20},
		{"a window", cdf.Span{Start: 100, Count: 16, Step: 1}, cdf.Span{Start: 100, Count: 16, Step: 1}, 2, 16 * 4096},
		{"far apart", cdf.Span{Count: 4, Step: 256}, cdf.Span{Start: 9, Count: 2, Step: 1}, 4, 4 * 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &counter{src: bytes.NewReader(file)}
			r, err := cdf.NewReader(c, int64(len(file)))
			if err != nil {
				t.Fatal(err)
			}
			if c.bytes > 16<<10 {
				t.Errorf("%d bytes read for the header", c.bytes)
			}
			c.calls, c.bytes = 0, 0
			got, err := r.Read(1, []cdf.Span{tt.y, tt.x})
			if err != nil {
				t.Fatal(err)
			}
			if c.calls > tt.maxCalls || c.bytes > tt.maxLen {
				t.Errorf("%d bytes in %d calls, want at most %d in %d", c.bytes, c.calls, tt.maxLen, tt.maxCalls)
			}
			i := 0
			for y := range tt.y.Count {
				for x := range tt.x.Count {
					want := float32((tt.y.Start+y*tt.y.Step)*1024 + tt.x.Start + x*tt.x.Step)
					if v := got.([]float32)[i]; v != want {
						t.Fatalf("value %d is %v, want %v", i, v, want)
					}
					i++
				}
			}
		})
	}
}

// shortened ends before its size says so.
type shortened struct{ io.ReaderAt }

func TestReadErrorNamesTheVariable(t *testing.T) {
	file, _, _ := cube(t)
	r, err := cdf.NewReader(shortened{bytes.NewReader(file[:len(file)-200])}, int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(2, r.All(2)); err != nil {
		t.Errorf("the fixed variable lies before the cut: %v", err)
	}
	if _, err := r.Read(1, r.All(1)); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), `reading variable "records"`) {
		t.Errorf("error %v", err)
	}
}

type atReader struct{ r io.Reader }

func (a atReader) ReadAt(p []byte, _ int64) (int, error) { return io.ReadFull(a.r, p) }

func TestHeaderErrorOfTheSource(t *testing.T) {
	file, _, _ := cube(t)
	_, err := cdf.NewReader(atReader{iotest.TimeoutReader(bytes.NewReader(file[:20]))}, int64(len(file)))
	if err == nil {
		t.Error("no error")
	}
}

// TestRoundTrip writes and reads files of all shapes and types.
func TestRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 400 {
		h, data := randomFile(random)
		b, err := encode(h, data)
		if err != nil {
			t.Fatalf("file %d: %v\n%+v", i, err, h)
		}
		r, err := cdf.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("file %d: %v\n%+v", i, err, h)
		}
		if diff := cmp.Diff(*h, r.Header); diff != "" {
			t.Fatalf("file %d: %s", i, diff)
		}
		if diff := cmp.Diff(data, readAll(t, r)); diff != "" {
			t.Fatalf("file %d: %s", i, diff)
		}
	}
}

func randomFile(random *rand.Rand) (*cdf.Header, []any) {
	h := &cdf.Header{Format: []cdf.Format{cdf.Classic, cdf.Offset64, cdf.Data64}[random.IntN(3)], Dims: []cdf.Dim{}, Vars: []cdf.Var{}}
	types := cdf.Double
	if h.Format == cdf.Data64 {
		types = cdf.UInt64
	}
	record := -1
	for i := range random.IntN(4) {
		d := cdf.Dim{Name: fmt.Sprintf("d%d", i), Len: 1 + random.Int64N(5)}
		if record < 0 && random.IntN(3) == 0 {
			record, d.Unlimited = i, true
			d.Len = random.Int64N(4)
		}
		h.Dims = append(h.Dims, d)
	}
	var data []any
	randomAttrs := func() []cdf.Attr {
		attrs := []cdf.Attr{}
		for i := range random.IntN(3) {
			attrs = append(attrs, cdf.Attr{Name: fmt.Sprintf("a%d", i), Value: randomValues(random, 1+cdf.Type(random.IntN(int(types))), random.Int64N(6))})
		}
		return attrs
	}
	h.Attrs = randomAttrs()
	for i := range random.IntN(5) {
		v := cdf.Var{Name: fmt.Sprintf("v%d", i), Dims: []int{}, Attrs: randomAttrs(), Type: 1 + cdf.Type(random.IntN(int(types)))}
		n := int64(1)
		if record >= 0 && random.IntN(2) == 0 {
			v.Dims = append(v.Dims, record)
			n = h.Dims[record].Len
		}
		for range random.IntN(3) {
			if d := random.IntN(len(h.Dims) + 1); d < len(h.Dims) && d != record {
				v.Dims = append(v.Dims, d)
				n *= h.Dims[d].Len
			}
		}
		h.Vars = append(h.Vars, v)
		data = append(data, randomValues(random, v.Type, n))
	}
	return h, data
}

func randomValues(random *rand.Rand, t cdf.Type, n int64) any {
	switch t {
	case cdf.Byte:
		return fill[int8](random, n)
	case cdf.Char:
		return cdf.Chars(fill[uint8](random, n))
	case cdf.Short:
		return fill[int16](random, n)
	case cdf.Int:
		return fill[int32](random, n)
	case cdf.Float:
		return fill[float32](random, n)
	case cdf.Double:
		return fill[float64](random, n)
	case cdf.UByte:
		return fill[uint8](random, n)
	case cdf.UShort:
		return fill[uint16](random, n)
	case cdf.UInt:
		return fill[uint32](random, n)
	case cdf.Int64:
		return fill[int64](random, n)
	default:
		return fill[uint64](random, n)
	}
}

func fill[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64](random *rand.Rand, n int64) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = T(random.Int64() >> random.IntN(64))
	}
	return out
}
