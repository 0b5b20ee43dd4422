package netcdf

import "math"

type signed interface{ int8 | int16 | int32 | int64 }

type unsigned interface {
	uint8 | uint16 | uint32 | uint64
}

type integer interface{ signed | unsigned }

type float interface{ float32 | float64 }

// quietNaN has NumPy's bits for NaN; math.NaN has one more.
var quietNaN = math.Float64frombits(0x7FF8 << 48)

// Number is a type that values are stored as, apart from text.
type Number interface{ integer | float }

// number is a number of an attribute, of whatever type.
type number struct {
	float float64
	// bits is the number as an int64, or as a uint64 if it has no place there;
	// it counts where exact is true.
	bits  uint64
	exact bool
}

// numbers gives the numbers that an attribute holds; none if it is text.
func numbers(value any) []number {
	values, err := attrValues(value)
	if err != nil {
		return nil
	}
	switch v := values.(type) {
	case []int8:
		return integers(v)
	case []int16:
		return integers(v)
	case []int32:
		return integers(v)
	case []int64:
		return integers(v)
	case []uint8:
		return integers(v)
	case []uint16:
		return integers(v)
	case []uint32:
		return integers(v)
	case []uint64:
		return integers(v)
	case []float32:
		return floats(v)
	case []float64:
		return floats(v)
	}
	return nil
}

func integers[T integer](values []T) []number {
	out := make([]number, len(values))
	for i, v := range values {
		out[i] = number{float: float64(v), bits: uint64(v), exact: true}
	}
	return out
}

func floats[T float](values []T) []number {
	out := make([]number, len(values))
	for i, v := range values {
		f := float64(v)
		out[i] = number{float: f}
		if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
			out[i].bits, out[i].exact = uint64(int64(f)), true
		}
	}
	return out
}

// as gives n in another type, and whether it has a place there. A float32 is
// rounded to.
func as[T Number](n number) (T, bool) {
	var zero T
	switch any(zero).(type) {
	case float32, float64:
		return T(n.float), !math.IsNaN(n.float)
	}
	t := T(n.bits)
	return t, n.exact && float64(t) == n.float
}
