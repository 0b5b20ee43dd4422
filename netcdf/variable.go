package netcdf

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dasf-go/dasf/internal/cdf"
)

// Dim is a dimension.
type Dim struct {
	Name string
	Len  int
	// Unlimited marks the dimension along which a file can grow. It must be
	// the first of each variable that has it, and no other may have the length
	// 0. A dataset that travels has fixed dimensions only.
	Unlimited bool
}

// Type is how values are stored.
type Type uint8

// The types of values. Those from UInt8 on have a place in CDF-5 files only;
// elsewhere, and on the wire, they are stored as xarray does: as the int8,
// int16 or int32 that holds them.
const (
	Int8    = Type(cdf.Byte)
	Char    = Type(cdf.Char)
	Int16   = Type(cdf.Short)
	Int32   = Type(cdf.Int)
	Float32 = Type(cdf.Float)
	Float64 = Type(cdf.Double)
	UInt8   = Type(cdf.UByte)
	UInt16  = Type(cdf.UShort)
	UInt32  = Type(cdf.UInt)
	Int64   = Type(cdf.Int64)
	UInt64  = Type(cdf.UInt64)
)

var typeNames = [...]string{
	Int8: "int8", Char: "char", Int16: "int16", Int32: "int32", Float32: "float32", Float64: "float64",
	UInt8: "uint8", UInt16: "uint16", UInt32: "uint32", Int64: "int64", UInt64: "uint64",
}

// String gives the type's name in Go and NumPy; text is "char".
func (t Type) String() string {
	if int(t) >= len(typeNames) || t == 0 {
		return fmt.Sprintf("type %d", uint8(t))
	}
	return typeNames[t]
}

// Value is a type that variables are made from and give.
type Value interface {
	Number | int | bool | string | time.Time | time.Duration
}

// Variable is an array of values with named dimensions and attributes, as a
// file stores it. Reading it is safe from many goroutines, changing its
// attributes is not.
type Variable struct {
	// Attrs are the attributes, those of the CF conventions among them.
	Attrs Attrs

	name string
	dims []Dim
	data any // a slice that cdf.TypeOf knows
	err  error
}

// NewVariable makes a variable from values in row-major order, the last
// dimension varying fastest; without dimensions it holds one value. Numbers
// are not copied, so the variable changes with them. Other types are encoded
// as xarray does:
//
//   - int becomes int64.
//   - bool becomes int8 with the attribute dtype = "bool".
//   - string becomes char in UTF-8 with a further dimension stringN and the
//     attribute _Encoding.
//   - time.Time becomes numbers with the attributes units ("days since
//     2024-01-01 00:00:00", as coarse as is exact) and calendar; the zero Time
//     is a missing value. [NewTimeVariable] lets choose the units.
//   - time.Duration becomes numbers with the attributes units and dtype.
//
// A mistake, such as values that do not fill the dimensions, is reported by
// Check and by whatever uses the variable.
func NewVariable[T Value](name string, values []T, dims ...Dim) *Variable {
	v := &Variable{name: name, dims: slices.Clone(dims)}
	switch x := any(values).(type) {
	case []int:
		v.data = widen(x)
	case []bool:
		v.setBools(x)
	case []string:
		v.setStrings(x)
	case []time.Time:
		v.setTimes(x, "", "")
	case []time.Duration:
		v.setDurations(x)
	default:
		v.data = x
	}
	return v
}

// Name gives the variable's name. That of a [DataArray] may be empty.
func (v *Variable) Name() string { return v.name }

// Dims gives the dimensions, the slowest varying first.
func (v *Variable) Dims() []Dim { return slices.Clone(v.dims) }

// Shape gives the lengths of the dimensions.
func (v *Variable) Shape() []int {
	shape := make([]int, len(v.dims))
	for i, d := range v.dims {
		shape[i] = d.Len
	}
	return shape
}

// Len is the number of values.
func (v *Variable) Len() int {
	_, n, _ := cdf.TypeOf(v.data)
	return int(n)
}

// Type is how the values are stored.
func (v *Variable) Type() Type {
	t, _, _ := cdf.TypeOf(v.data)
	return Type(t)
}

// SetAttr sets an attribute and gives the variable, so that calls can be
// chained. See [Attr] for the types of values.
func (v *Variable) SetAttr(name string, value any) *Variable {
	v.Attrs.Set(name, value)
	return v
}

// Renamed gives a variable with another name and the same values. Its
// attributes are a copy.
func (v *Variable) Renamed(name string) *Variable {
	out := *v
	out.name = name
	out.Attrs = v.Attrs.Clone()
	return &out
}

// String gives a line such as "float32 t2m (time: 4, lat: 3)".
func (v *Variable) String() string {
	return fmt.Sprintf("%s %s %s", v.Type(), v.name, shapeText(v.dims))
}

func shapeText(dims []Dim) string {
	return "(" + listed(dims, func(d Dim) string { return fmt.Sprintf("%s: %d", d.Name, d.Len) }) + ")"
}

// listed joins the first of things, of which a foreign file may have very many.
func listed[T any](things []T, text func(T) string) string {
	const most = 20
	var b strings.Builder
	for i, x := range things {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(things)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(text(x))
	}
	return b.String()
}

// Check reports the first thing that makes the variable unfit for a file:
// values that do not fill its dimensions, a name that no file can hold, an
// attribute of a type that has no place in one, values that could not be
// encoded.
func (v *Variable) Check() error {
	if err := cdf.CheckName(v.name); err != nil {
		return v.errorf("%w", err)
	}
	for _, d := range v.dims {
		if err := cdf.CheckName(d.Name); err != nil {
			return v.errorf("dimension %q: %w", d.Name, err)
		}
	}
	if err := v.usable(); err != nil {
		return err
	}
	if err := v.Attrs.validate(); err != nil {
		return v.errorf("%w", err)
	}
	return nil
}

// usable reports what stands in the way of reading the values. Files of others
// have names that could not be written again.
func (v *Variable) usable() error {
	if v.err != nil {
		return v.errorf("%w", v.err)
	}
	want := 1
	for _, d := range v.dims {
		if d.Len < 0 {
			return v.errorf("dimension %q has the length %d", d.Name, d.Len)
		}
		if d.Len > 0 && want > math.MaxInt/d.Len {
			return v.errorf("its dimensions make more values than there can be")
		}
		want *= d.Len
	}
	if n := v.Len(); n != want {
		return v.errorf("its dimensions want %d values, and it has %d", want, n)
	}
	return nil
}

// errorf is an error that names the variable and its dimensions.
func (v *Variable) errorf(format string, args ...any) error {
	return fmt.Errorf("variable %q %s: %w", v.name, shapeText(v.dims), fmt.Errorf(format, args...))
}

// index gives the place of the i-th value as it is written in Go, "[1 0 2]".
func (v *Variable) index(i int) string {
	at := make([]int, len(v.dims))
	for d := len(v.dims) - 1; d >= 0; d-- {
		at[d] = i % v.dims[d].Len
		i /= v.dims[d].Len
	}
	return fmt.Sprint(at)
}

// Equal reports whether two variables have the same name, dimensions of the
// same names and lengths, attributes in the same order, and values of the same
// type; NaN equals NaN.
func (v *Variable) Equal(w *Variable) bool {
	if v == nil || w == nil {
		return v == w
	}
	sameDim := func(a, b Dim) bool { return a.Name == b.Name && a.Len == b.Len }
	return v.name == w.name && slices.EqualFunc(v.dims, w.dims, sameDim) && v.Attrs.equal(w.Attrs) && equalValues(v.data, w.data)
}

func equalValues(a, b any) bool {
	switch x := a.(type) {
	case cdf.Chars:
		y, ok := b.(cdf.Chars)
		return ok && string(x) == string(y)
	case []int8:
		return sameValues(x, b)
	case []int16:
		return sameValues(x, b)
	case []int32:
		return sameValues(x, b)
	case []int64:
		return sameValues(x, b)
	case []uint8:
		return sameValues(x, b)
	case []uint16:
		return sameValues(x, b)
	case []uint32:
		return sameValues(x, b)
	case []uint64:
		return sameValues(x, b)
	case []float32:
		return sameValues(x, b)
	case []float64:
		return sameValues(x, b)
	}
	return false
}

func sameValues[T Number](x []T, b any) bool {
	y, ok := b.([]T)
	return ok && slices.EqualFunc(x, y, func(p, q T) bool { return p == q || p != p && q != q })
}
