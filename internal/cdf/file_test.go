package cdf_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/cdf"
)

// write gives the bytes of a file.
func write(t *testing.T, h *cdf.Header, data ...any) []byte {
	t.Helper()
	b, err := encode(h, data)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encode(h *cdf.Header, data []any) ([]byte, error) {
	p, err := cdf.NewPlan(h)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := p.WriteTo(&b, data); err != nil {
		return nil, err
	}
	if int64(b.Len()) != p.Size() {
		return nil, errors.New("size announced is not size written")
	}
	return b.Bytes(), nil
}

func open(t *testing.T, b []byte) *cdf.Reader {
	t.Helper()
	r, err := cdf.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readAll(t *testing.T, r *cdf.Reader) []any {
	t.Helper()
	var data []any
	for i := range r.Vars {
		v, err := r.Read(i, r.All(i))
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, v)
	}
	return data
}

// unhex reads hexadecimal digits; what follows a # is a remark.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(s) {
		line, _, _ = strings.Cut(line, "#")
		for _, f := range strings.Fields(line) {
			digits.WriteString(f)
		}
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The same small file in the three formats, written out byte by byte from the
// specification: a fixed variable, two interleaved record variables, of which
// one is padded with its fill value.
var bySpecification = map[cdf.Format]string{
	cdf.Classic: `
		43444601          # CDF 1
		00000002          # numrecs
		0000000A 00000002 # two dimensions
		00000001 74000000 00000000 # t, unlimited
		00000001 78000000 00000003 # x
		0000000C 00000001 # one attribute
		00000001 61000000 00000002 00000002 68690000 # a = "hi"
		0000000B 00000003 # three variables
		00000001 78000000 00000001 00000001 00000000 00000000 00000006 00000018 000000BC # double x(x)
		00000001 62000000 00000002 00000000 00000001 00000000 00000000 00000001 00000004 000000D4 # byte b(t, x)
		00000001 69000000 00000001 00000000 00000000 00000000 00000004 00000004 000000D8 # int i(t)
		3FF00000 00000000 40000000 00000000 40080000 00000000
		01 02 03 81  0000000A # record 0
		04 05 06 81  0000000B # record 1`,
	cdf.Offset64: `
		43444602
		00000002
		0000000A 00000002
		00000001 74000000 00000000
		00000001 78000000 00000003
		0000000C 00000001
		00000001 61000000 00000002 00000002 68690000
		0000000B 00000003
		00000001 78000000 00000001 00000001 00000000 00000000 00000006 00000018 00000000 000000C8
		00000001 62000000 00000002 00000000 00000001 00000000 00000000 00000001 00000004 00000000 000000E0
		00000001 69000000 00000001 00000000 00000000 00000000 00000004 00000004 00000000 000000E4
		3FF00000 00000000 40000000 00000000 40080000 00000000
		01 02 03 81  0000000A
		04 05 06 81  0000000B`,
	cdf.Data64: `
		43444605
		00000000 00000002
		0000000A 00000000 00000002
		00000000 00000001 74000000 00000000 00000000
		00000000 00000001 78000000 00000000 00000003
		0000000C 00000000 00000001
		00000000 00000001 61000000 00000002 00000000 00000002 68690000
		0000000B 00000000 00000003
		00000000 00000001 78000000 00000000 00000001 00000000 00000001 00000000 00000000 00000000 00000006 00000000 00000018 00000000 00000130
		00000000 00000001 62000000 00000000 00000002 00000000 00000000 00000000 00000001 00000000 00000000 00000000 00000001 00000000 00000004 00000000 00000148
		00000000 00000001 69000000 00000000 00000001 00000000 00000000 00000000 00000000 00000000 00000004 00000000 00000004 00000000 0000014C
		3FF00000 00000000 40000000 00000000 40080000 00000000
		01 02 03 81  0000000A
		04 05 06 81  0000000B`,
}

func specified(f cdf.Format) (*cdf.Header, []any) {
	return &cdf.Header{
		Format: f,
		Dims:   []cdf.Dim{{Name: "t", Len: 2, Unlimited: true}, {Name: "x", Len: 3}},
		Attrs:  []cdf.Attr{{Name: "a", Value: cdf.Chars("hi")}},
		Vars: []cdf.Var{
			{Name: "x", Dims: []int{1}, Attrs: []cdf.Attr{}, Type: cdf.Double},
			{Name: "b", Dims: []int{0, 1}, Attrs: []cdf.Attr{}, Type: cdf.Byte},
			{Name: "i", Dims: []int{0}, Attrs: []cdf.Attr{}, Type: cdf.Int},
		},
	}, []any{[]float64{1, 2, 3}, []int8{1, 2, 3, 4, 5, 6}, []int32{10, 11}}
}

func TestFileIsAsSpecified(t *testing.T) {
	for format, text := range bySpecification {
		t.Run(format.String(), func(t *testing.T) {
			want := unhex(t, text)
			h, data := specified(format)
			if got := write(t, h, data...); !bytes.Equal(got, want) {
				t.Errorf("written:\n%swant:\n%s", hex.Dump(got), hex.Dump(want))
			}
			r := open(t, want)
			if diff := cmp.Diff(*h, r.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(data, readAll(t, r)); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoneRecordVariableIsNotPadded(t *testing.T) {
	h := &cdf.Header{
		Format: cdf.Classic,
		Dims:   []cdf.Dim{{Name: "t", Len: 3, Unlimited: true}, {Name: "x", Len: 3}},
		Vars:   []cdf.Var{{Name: "b", Dims: []int{0, 1}, Type: cdf.Byte}},
	}
	values := []int8{1, 2, 3, 4, 5, 6, 7, 8, 9}
	b := write(t, h, values)
	if tail := b[len(b)-9:]; !bytes.Equal(tail, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("records are % x", tail)
	}
	// netcdfjs takes the size in the header for the distance of two records.
	if vsize := b[len(b)-9-8 : len(b)-9-4]; !bytes.Equal(vsize, []byte{0, 0, 0, 3}) {
		t.Errorf("size of the variable is % x, want 3", vsize)
	}
	if diff := cmp.Diff([]any{values}, readAll(t, open(t, b))); diff != "" {
		t.Error(diff)
	}
	// The C library writes the padded size all the same.
	b[len(b)-9-5] = 4
	if diff := cmp.Diff([]any{values}, readAll(t, open(t, b))); diff != "" {
		t.Error(diff)
	}
}

func TestPaddingIsTheFillValue(t *testing.T) {
	attr := func(v any) []cdf.Attr { return []cdf.Attr{{Name: "_FillValue", Value: v}} }
	tests := []struct {
		name  string
		attrs []cdf.Attr
		t     cdf.Type
		value any
		want  []byte
	}{
		{"byte", nil, cdf.Byte, []int8{1}, []byte{1, 0x81, 0x81, 0x81}},
		{"byte of its own", attr([]int8{7}), cdf.Byte, []int8{1}, []byte{1, 7, 7, 7}},
		{"char", nil, cdf.Char, cdf.Chars("a"), []byte{'a', 0, 0, 0}},
		{"char of its own", attr(cdf.Chars("*")), cdf.Char, cdf.Chars("a"), []byte("a***")},
		{"short", nil, cdf.Short, []int16{1}, []byte{0, 1, 0x80, 0x01}},
		{"short of its own", attr([]int16{-1}), cdf.Short, []int16{1}, []byte{0, 1, 0xFF, 0xFF}},
		{"fill value of another size", attr([]float64{1}), cdf.Short, []int16{1}, []byte{0, 1, 0x80, 0x01}},
		{"ubyte", nil, cdf.UByte, []uint8{1}, []byte{1, 0xFF, 0xFF, 0xFF}},
		{"ushort", nil, cdf.UShort, []uint16{1}, []byte{0, 1, 0xFF, 0xFF}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := &cdf.Header{Format: cdf.Data64, Vars: []cdf.Var{{Name: "v", Attrs: tt.attrs, Type: tt.t}}}
			b := write(t, h, tt.value)
			if got := b[len(b)-4:]; !bytes.Equal(got, tt.want) {
				t.Errorf("% x, want % x", got, tt.want)
			}
		})
	}
}

func TestStreamingNumberOfRecords(t *testing.T) {
	for format := range bySpecification {
		h, data := specified(format)
		b := write(t, h, data...)
		n := 4
		if format == cdf.Data64 {
			n = 8
		}
		copy(b[4:4+n], bytes.Repeat([]byte{0xFF}, n))
		r := open(t, b)
		if got := r.Dims[0]; got != (cdf.Dim{Name: "t", Len: 2, Unlimited: true}) {
			t.Errorf("%s: dimension is %+v", format, got)
		}
		if diff := cmp.Diff(data, readAll(t, r)); diff != "" {
			t.Errorf("%s: %s", format, diff)
		}
		// The writer stopped in the middle of a record.
		if r := open(t, b[:len(b)-5]); r.Dims[0].Len != 1 {
			t.Errorf("%s: %d records of one and a half", format, r.Dims[0].Len)
		}
	}
}

func TestLastPaddingMayBeMissing(t *testing.T) {
	h := &cdf.Header{
		Format: cdf.Classic,
		Dims:   []cdf.Dim{{Name: "t", Len: 2, Unlimited: true}},
		Vars:   []cdf.Var{{Name: "i", Dims: []int{0}, Type: cdf.Int}, {Name: "b", Dims: []int{0}, Type: cdf.Byte}},
	}
	data := []any{[]int32{1, 2}, []int8{3, 4}}
	b := write(t, h, data...)
	for _, records := range []byte{0, 0xFF} { // told, and to be counted
		b := bytes.Clone(b[:len(b)-3])
		if records == 0xFF {
			copy(b[4:8], bytes.Repeat([]byte{0xFF}, 4))
		}
		if diff := cmp.Diff(data, readAll(t, open(t, b))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDimensionsOfLengthZero(t *testing.T) {
	one := func(dims ...int) []cdf.Var { return []cdf.Var{{Name: "v", Dims: dims, Type: cdf.Double}} }
	t.Run("the first is read as the record dimension", func(t *testing.T) {
		h := &cdf.Header{Format: cdf.Classic, Dims: []cdf.Dim{{Name: "x"}, {Name: "y", Len: 3}}, Vars: one(0, 1)}
		r := open(t, write(t, h, []float64{}))
		if diff := cmp.Diff([]cdf.Dim{{Name: "x", Unlimited: true}, {Name: "y", Len: 3}}, r.Dims); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]any{[]float64{}}, readAll(t, r)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("its variables lie behind the others, or the C library refuses the file", func(t *testing.T) {
		h := &cdf.Header{Format: cdf.Classic, Dims: []cdf.Dim{{Name: "x"}, {Name: "y", Len: 1}}, Vars: []cdf.Var{
			{Name: "v", Dims: []int{0, 1}, Type: cdf.Int}, {Name: "w", Dims: []int{1}, Type: cdf.Int},
		}}
		b := write(t, h, []int32{}, []int32{7})
		want := unhex(t, `43444601 00000000
			0000000A 00000002 00000001 78000000 00000000 00000001 79000000 00000001
			00000000 00000000
			0000000B 00000002
			00000001 76000000 00000002 00000000 00000001 00000000 00000000 00000004 00000004 00000088
			00000001 77000000 00000001 00000001 00000000 00000000 00000004 00000004 00000084
			00000007`)
		if !bytes.Equal(b, want) {
			t.Errorf("written:\n%swant:\n%s", hex.Dump(b), hex.Dump(want))
		}
	})
	refused := []struct {
		name, want string
		h          *cdf.Header
	}{
		{"not the first", `"x" is unlimited or of length 0 and must be the first`,
			&cdf.Header{Format: cdf.Classic, Dims: []cdf.Dim{{Name: "x"}, {Name: "y", Len: 3}}, Vars: one(1, 0)}},
		{"two", `"x" and "y" are both unlimited or of length 0`,
			&cdf.Header{Format: cdf.Classic, Dims: []cdf.Dim{{Name: "x"}, {Name: "y"}}}},
		{"beside the record dimension", `"x" and "t" are both unlimited or of length 0`,
			&cdf.Header{Format: cdf.Classic, Dims: []cdf.Dim{{Name: "x"}, {Name: "t", Len: 3, Unlimited: true}}}},
	}
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := cdf.NewPlan(tt.h); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestSciPyWritesSeveralDimensionsOfLengthZero(t *testing.T) {
	// xr.Dataset(coords={"x": np.zeros(0), "y": np.zeros(0)}), without the attributes
	b := unhex(t, `43444601 00000000
		0000000A 00000002 00000001 78000000 00000000 00000001 79000000 00000000
		00000000 00000000
		0000000B 00000002
		00000001 78000000 00000001 00000000 00000000 00000000 00000006 00000000 00000078
		00000001 79000000 00000001 00000001 00000000 00000000 00000006 00000000 00000078`)
	r := open(t, b)
	if diff := cmp.Diff([]cdf.Dim{{Name: "x", Unlimited: true}, {Name: "y"}}, r.Dims); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{[]float64{}, []float64{}}, readAll(t, r)); diff != "" {
		t.Error(diff)
	}
}

func TestNarrowing(t *testing.T) {
	file := func(typ cdf.Type) *cdf.Header {
		return &cdf.Header{Format: cdf.Classic, Dims: []cdf.Dim{{Name: "n", Len: 2}}, Vars: []cdf.Var{{Name: "v", Dims: []int{0}, Type: typ}}}
	}
	fit := []struct{ wide, narrow any }{
		{[]uint8{0, 127}, []int8{0, 127}},
		{[]uint16{0, 1<<15 - 1}, []int16{0, 1<<15 - 1}},
		{[]uint32{0, 1<<31 - 1}, []int32{0, 1<<31 - 1}},
		{[]int64{-1 << 31, 1<<31 - 1}, []int32{-1 << 31, 1<<31 - 1}},
		{[]uint64{0, 1<<31 - 1}, []int32{0, 1<<31 - 1}},
	}
	for _, tt := range fit {
		wide, _, _ := cdf.TypeOf(tt.wide)
		b := write(t, file(wide.Narrowed()), tt.wide)
		if diff := cmp.Diff([]any{tt.narrow}, readAll(t, open(t, b))); diff != "" {
			t.Errorf("%s: %s", wide, diff)
		}
		if got, ok := cdf.Narrow(tt.wide); !ok || !cmp.Equal(got, tt.narrow) {
			t.Errorf("Narrow(%v) = %v, %v", tt.wide, got, ok)
		}
	}
	for _, wide := range []any{[]uint8{0, 128}, []uint16{0, 1 << 15}, []uint32{0, 1 << 31}, []int64{0, 1 << 31}, []int64{0, -1<<31 - 1}, []uint64{0, 1 << 31}} {
		typ, _, _ := cdf.TypeOf(wide)
		_, err := encode(file(typ.Narrowed()), []any{wide})
		if err == nil || !strings.Contains(err.Error(), "value number 1 does not fit") {
			t.Errorf("%v: error %v", wide, err)
		}
		if _, ok := cdf.Narrow(wide); ok {
			t.Errorf("Narrow(%v) succeeds", wide)
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	tests := []struct {
		name, want string
		h          *cdf.Header
		data       []any
	}{
		{"format", "CDF-3 is not a format", &cdf.Header{Format: 3}, nil},
		{"type", "CDF-1 has no type int64", &cdf.Header{Format: cdf.Classic, Vars: []cdf.Var{{Name: "v", Type: cdf.Int64}}}, nil},
		{"attribute's type", `attribute "a" of variable v: CDF-2 has no type ubyte`, &cdf.Header{Format: cdf.Offset64,
			Vars: []cdf.Var{{Name: "v", Type: cdf.Int, Attrs: []cdf.Attr{{Name: "a", Value: []uint8{1}}}}}}, nil},
		{"attribute's Go type", `attribute "a" of the file: values of Go type string have no NetCDF type`,
			&cdf.Header{Format: cdf.Classic, Attrs: []cdf.Attr{{Name: "a", Value: "text"}}}, nil},
		{"two dimensions of a name", `two dimensions are called "x"`, &cdf.Header{Format: cdf.Classic, Dims: []cdf.Dim{{Name: "x", Len: 1}, {Name: "x", Len: 1}}}, nil},
		{"two variables of a name", `two variables are called "x"`, &cdf.Header{Format: cdf.Classic, Vars: []cdf.Var{{Name: "x", Type: cdf.Int}, {Name: "x", Type: cdf.Int}}}, nil},
		{"two attributes of a name", `the file has two attributes "x"`,
			&cdf.Header{Format: cdf.Classic, Attrs: []cdf.Attr{{Name: "x", Value: []int8{}}, {Name: "x", Value: []int8{}}}}, nil},
		{"dimension of negative length", `dimension "x" has the length -1`, &cdf.Header{Format: cdf.Classic, Dims: []cdf.Dim{{Name: "x", Len: -1}}}, nil},
		{"unknown dimension", "dimension number 1 of 0", &cdf.Header{Format: cdf.Classic, Vars: []cdf.Var{{Name: "x", Dims: []int{1}, Type: cdf.Int}}}, nil},
		{"overflow", "its dimensions make more than 2^63 bytes", &cdf.Header{Format: cdf.Data64, Dims: []cdf.Dim{{Name: "x", Len: 1 << 40}},
			Vars: []cdf.Var{{Name: "v", Dims: []int{0, 0}, Type: cdf.Int}}}, nil},
		{"no values", "values of 0 variables for 1", &cdf.Header{Format: cdf.Classic, Vars: []cdf.Var{{Name: "v", Type: cdf.Int}}}, []any{}},
		{"too few values", `variable "v" has 0 values, where its dimensions want 1`,
			&cdf.Header{Format: cdf.Classic, Vars: []cdf.Var{{Name: "v", Type: cdf.Int}}}, []any{[]int32{}}},
		{"values of another type", `variable "v": values of type float for a variable of type int`,
			&cdf.Header{Format: cdf.Classic, Vars: []cdf.Var{{Name: "v", Type: cdf.Int}}}, []any{[]float32{1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := encode(tt.h, tt.data)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestSizesThatNeedALaterFormat(t *testing.T) {
	tests := []struct {
		name   string
		format cdf.Format
		length int64
		fits   bool
	}{
		{"2 GiB in CDF-1", cdf.Classic, 1<<31 - 100, true},
		{"over 2 GiB in CDF-1", cdf.Classic, 1<<31 - 10, false},
		{"over 2 GiB in CDF-2", cdf.Offset64, 1<<31 - 10, true},
		{"4 GiB in CDF-2", cdf.Offset64, 1<<32 - 4, true},
		{"over 4 GiB in CDF-2", cdf.Offset64, 1<<32 - 3, false},
		{"over 4 GiB in CDF-5", cdf.Data64, 1 << 40, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := cdf.NewPlan(&cdf.Header{
				Format: tt.format,
				Dims:   []cdf.Dim{{Name: "x", Len: tt.length}},
				Vars:   []cdf.Var{{Name: "v", Dims: []int{0}, Type: cdf.Byte}},
			})
			if tt.fits && err != nil || !tt.fits && !errors.Is(err, cdf.ErrTooLarge) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"t2m": true, "_FillValue": true, "2m": true, "größe": true, "Ö": true, "a b": true, "a.b@c": true,
		"": false, "a/b": false, " a": false, "a ": false, "-a": false, "a\nb": false, "a\x7f": false, "\xff": false,
	} {
		if err := cdf.CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestErrorOfTheWriterIsTheCallers(t *testing.T) {
	h := &cdf.Header{
		Format: cdf.Classic,
		Dims:   []cdf.Dim{{Name: "x", Len: 100_000}},
		Vars:   []cdf.Var{{Name: "v", Dims: []int{0}, Type: cdf.Double}},
	}
	p, err := cdf.NewPlan(h)
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{0, 50_000, 799_999} {
		if err := p.WriteTo(&failingWriter{left}, []any{make([]float64, 100_000)}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("after %d bytes: %v", left, err)
		}
	}
}
