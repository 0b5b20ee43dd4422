package netcdf

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/dasf-go/dasf/internal/cdf"
)

// Get gives the values of the variable of that name as [Values] does. The
// bounds of a time coordinate (the variable that its attribute bounds names)
// are decoded with the units and calendar of the coordinate where they have
// none of their own, as CF wants it.
func Get[T Value](ds *Dataset, name string) ([]T, error) {
	v, err := ds.Var(name)
	if err != nil {
		return nil, err
	}
	return Values[T](ds.withUnits(v))
}

// Values gives a copy of the values of v in row-major order, decoded by the CF
// conventions into T:
//
//   - float32, float64: values that _FillValue or missing_value name are NaN,
//     scale_factor and add_offset are applied, _Unsigned is heeded. Rounding
//     to float32 is silent, overflow is not.
//   - integers: as floats are, but a value that is missing, has a fraction or
//     does not fit is an error.
//   - bool: from integers, where nothing but 0 and 1 may occur unless the
//     attribute dtype says "bool", as xarray writes it.
//   - string: from char, the last dimension being the length of the strings;
//     NUL characters at the end are dropped. The attribute _Encoding is
//     heeded for utf-8, ascii and latin-1.
//   - time.Time: from numbers with units such as "days since 1970-01-01" and
//     the attribute calendar, see [NewTimeVariable]. Times are UTC. A missing
//     value is the zero Time.
//   - time.Duration: from numbers with units such as "hours".
//
// An error names the variable, its dimensions and where it can the place.
func Values[T Value](v *Variable) ([]T, error) {
	if err := v.usable(); err != nil {
		return nil, err
	}
	var out []T
	var err error
	switch p := any(&out).(type) {
	case *[]float32:
		*p, err = decodeFloats[float32](v)
	case *[]float64:
		*p, err = decodeFloats[float64](v)
	case *[]int:
		var wide []int64
		wide, err = decodeIntegers[int64](v)
		*p = make([]int, len(wide))
		for i, x := range wide {
			(*p)[i] = int(x)
		}
	case *[]int8:
		*p, err = decodeIntegers[int8](v)
	case *[]int16:
		*p, err = decodeIntegers[int16](v)
	case *[]int32:
		*p, err = decodeIntegers[int32](v)
	case *[]int64:
		*p, err = decodeIntegers[int64](v)
	case *[]uint8:
		*p, err = decodeIntegers[uint8](v)
	case *[]uint16:
		*p, err = decodeIntegers[uint16](v)
	case *[]uint32:
		*p, err = decodeIntegers[uint32](v)
	case *[]uint64:
		*p, err = decodeIntegers[uint64](v)
	case *[]bool:
		*p, err = v.bools()
	case *[]string:
		*p, err = v.strings()
	case *[]time.Time:
		*p, err = v.times()
	case *[]time.Duration:
		*p, err = v.durations()
	}
	if err != nil {
		return nil, v.errorf("%w", err)
	}
	return out, nil
}

// Raw gives the values of v as they are stored, in row-major order, without a
// copy: changing them changes the variable. T must be the type that they are
// stored as; text is given as uint8.
func Raw[T Number](v *Variable) ([]T, error) {
	if err := v.usable(); err != nil {
		return nil, err
	}
	if values, ok := v.data.([]T); ok {
		return values, nil
	}
	var out []T
	if p, ok := any(&out).(*[]uint8); ok && v.Type() == Char {
		*p = v.data.(cdf.Chars)
		return out, nil
	}
	t, _, _ := cdf.TypeOf(out)
	return nil, v.errorf("it is stored as %s, not as %s: take Values for a conversion", v.Type(), Type(t))
}

// packing is what the attributes say of how numbers are stored.
type packing struct {
	data          any
	fills         []number // stored values that mean "missing"; NaN needs no mention
	scale, offset float64
	packed        bool // scale or offset are there
}

// unpack reads the attributes of numbers.
func (v *Variable) unpack() (packing, error) {
	p := packing{data: v.data, scale: 1}
	if v.Type() == Char {
		return p, fmt.Errorf("it holds text: take strings")
	}
	for _, name := range []string{"_FillValue", "missing_value"} {
		value, _ := v.Attrs.Get(name)
		p.fills = append(p.fills, numbers(value)...)
	}
	if err := p.factor(v.Attrs, "scale_factor", &p.scale); err != nil {
		return p, err
	}
	if err := p.factor(v.Attrs, "add_offset", &p.offset); err != nil {
		return p, err
	}
	if text, _ := v.Attrs.Text("_Unsigned"); text == "true" {
		p.reinterpret()
	}
	return p, nil
}

func (p *packing) factor(attrs Attrs, name string, to *float64) error {
	value, ok := attrs.Get(name)
	if !ok {
		return nil
	}
	n := numbers(value)
	if len(n) != 1 {
		return fmt.Errorf("its attribute %s is %v, not a number", name, value)
	}
	*to, p.packed = n[0].float, true
	return nil
}

// reinterpret takes the bits of signed integers for those of unsigned ones.
func (p *packing) reinterpret() {
	switch s := p.data.(type) {
	case []int8:
		p.data, p.fills = unsignedOf[uint8](s, p.fills)
	case []int16:
		p.data, p.fills = unsignedOf[uint16](s, p.fills)
	case []int32:
		p.data, p.fills = unsignedOf[uint32](s, p.fills)
	case []int64:
		p.data, p.fills = unsignedOf[uint64](s, p.fills)
	}
}

func unsignedOf[U unsigned, S signed](values []S, fills []number) ([]U, []number) {
	out := make([]U, len(values))
	for i, x := range values {
		out[i] = U(x)
	}
	for i, n := range fills {
		if s, ok := as[S](n); ok { // else it is given as an unsigned number
			fills[i] = integers([]U{U(s)})[0]
		}
	}
	return out, fills
}

func decodeFloats[F float](v *Variable) ([]F, error) {
	p, err := v.unpack()
	if err != nil {
		return nil, err
	}
	var out []F
	overflow := -1
	switch s := p.data.(type) {
	case []int8:
		out, overflow = toFloats[F](s, &p)
	case []int16:
		out, overflow = toFloats[F](s, &p)
	case []int32:
		out, overflow = toFloats[F](s, &p)
	case []int64:
		out, overflow = toFloats[F](s, &p)
	case []uint8:
		out, overflow = toFloats[F](s, &p)
	case []uint16:
		out, overflow = toFloats[F](s, &p)
	case []uint32:
		out, overflow = toFloats[F](s, &p)
	case []uint64:
		out, overflow = toFloats[F](s, &p)
	case []float32:
		out, overflow = toFloats[F](s, &p)
	case []float64:
		out, overflow = toFloats[F](s, &p)
	}
	if overflow >= 0 {
		return nil, fmt.Errorf("the value at %s does not fit float32: take float64", v.index(overflow))
	}
	return out, nil
}

// toFloats also gives the index of a finite value that became infinite, or -1.
func toFloats[F float, S Number](src []S, p *packing) ([]F, int) {
	out := make([]F, len(src))
	overflow := -1
	if p.packed {
		for i, x := range src {
			out[i] = F(float64(x)*p.scale + p.offset)
		}
	} else {
		for i, x := range src {
			out[i] = F(x)
		}
	}
	if narrowing[F, S](p) {
		for i, x := range out {
			if math.IsInf(float64(x), 0) && !math.IsInf(float64(src[i])*p.scale+p.offset, 0) && !missing(src[i], fillsOf[S](p)) {
				overflow = i
				break
			}
		}
	}
	for _, fill := range fillsOf[S](p) {
		for i, x := range src {
			if x == fill {
				out[i] = F(quietNaN)
			}
		}
	}
	return out, overflow
}

// narrowing reports whether the conversion may overflow.
func narrowing[F float, S Number](p *packing) bool {
	_, to32 := any(F(0)).(float32)
	_, from64 := any(S(0)).(float64)
	return to32 && (from64 || p.packed)
}

// fillsOf gives the missing values in the type of the stored ones.
func fillsOf[S Number](p *packing) []S {
	var fills []S
	for _, n := range p.fills {
		if s, ok := as[S](n); ok {
			fills = append(fills, s)
		}
	}
	return fills
}

func missing[S Number](x S, fills []S) bool { return slices.Contains(fills, x) }

func decodeIntegers[I integer](v *Variable) ([]I, error) {
	p, err := v.unpack()
	if err != nil {
		return nil, err
	}
	if p.packed {
		f, err := decodeFloats[float64](v)
		if err != nil {
			return nil, err
		}
		return toIntegers[I](v, f, &packing{})
	}
	switch s := p.data.(type) {
	case []int8:
		return toIntegers[I](v, s, &p)
	case []int16:
		return toIntegers[I](v, s, &p)
	case []int32:
		return toIntegers[I](v, s, &p)
	case []int64:
		return toIntegers[I](v, s, &p)
	case []uint8:
		return toIntegers[I](v, s, &p)
	case []uint16:
		return toIntegers[I](v, s, &p)
	case []uint32:
		return toIntegers[I](v, s, &p)
	case []uint64:
		return toIntegers[I](v, s, &p)
	case []float32:
		return toIntegers[I](v, s, &p)
	default:
		return toIntegers[I](v, s.([]float64), &p)
	}
}

func toIntegers[I integer, S Number](v *Variable, src []S, p *packing) ([]I, error) {
	out := make([]I, len(src))
	fills := fillsOf[S](p)
	for i, x := range src {
		switch {
		case x != x || missing(x, fills):
			return nil, fmt.Errorf("the value at %s is missing: take floats, which have NaN, or Raw", v.index(i))
		case !fits[I](x):
			return nil, fmt.Errorf("the value at %s is %v, which is no %s", v.index(i), x, typeOf[I]())
		}
		out[i] = I(x)
	}
	return out, nil
}

// fits reports whether x is a whole number in the range of I.
func fits[I integer, S Number](x S) bool {
	switch x := any(x).(type) {
	case float32:
		return floatFits[I](float64(x))
	case float64:
		return floatFits[I](x)
	}
	return S(I(x)) == x && (I(x) < 0) == (x < 0)
}

func floatFits[I integer](f float64) bool {
	if f != math.Trunc(f) || math.Abs(f) > 1<<64 { // of what is out of range a conversion may make anything
		return false
	}
	var limit float64
	switch any(I(0)).(type) {
	case int64:
		limit = 1 << 63
	case uint64:
		limit = 1 << 64
	default:
		return float64(I(int64(f))) == f
	}
	low := -limit
	if _, isUnsigned := any(I(0)).(uint64); isUnsigned {
		low = 0
	}
	return low <= f && f < limit
}

func typeOf[T Number]() Type {
	t, _, _ := cdf.TypeOf([]T(nil))
	return Type(t)
}
