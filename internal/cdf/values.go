package cdf

import "fmt"

// Chars is text: the values of type [Char]. It is a type of its own because
// []byte holds the unsigned numbers of type [UByte].
type Chars []byte

// TypeOf gives the type and the number of values. It knows []int8, [Chars],
// []int16, []int32, []float32, []float64, and what CDF-5 adds: []uint8,
// []uint16, []uint32, []int64, []uint64. Any other value is an error.
func TypeOf(values any) (Type, int64, error) {
	switch v := values.(type) {
	case []int8:
		return Byte, int64(len(v)), nil
	case Chars:
		return Char, int64(len(v)), nil
	case []int16:
		return Short, int64(len(v)), nil
	case []int32:
		return Int, int64(len(v)), nil
	case []float32:
		return Float, int64(len(v)), nil
	case []float64:
		return Double, int64(len(v)), nil
	case []uint8:
		return UByte, int64(len(v)), nil
	case []uint16:
		return UShort, int64(len(v)), nil
	case []uint32:
		return UInt, int64(len(v)), nil
	case []int64:
		return Int64, int64(len(v)), nil
	case []uint64:
		return UInt64, int64(len(v)), nil
	}
	return 0, 0, fmt.Errorf("values of Go type %T have no NetCDF type", values)
}

// makeValues allocates n values of type t.
func makeValues(t Type, n int64) any {
	switch t {
	case Byte:
		return make([]int8, n)
	case Char:
		return make(Chars, n)
	case Short:
		return make([]int16, n)
	case Int:
		return make([]int32, n)
	case Float:
		return make([]float32, n)
	case Double:
		return make([]float64, n)
	case UByte:
		return make([]uint8, n)
	case UShort:
		return make([]uint16, n)
	case UInt:
		return make([]uint32, n)
	case Int64:
		return make([]int64, n)
	default:
		return make([]uint64, n)
	}
}

// Narrowed gives the type that stands for t in CDF-1 and CDF-2: xarray's
// choice (coerce_nc3_dtype in its netcdf3.py), which holds fewer values.
func (t Type) Narrowed() Type {
	switch t {
	case UByte:
		return Byte
	case UShort:
		return Short
	case UInt, Int64, UInt64:
		return Int
	}
	return t
}

// Narrow converts values to their narrowed type. ok is false where one of them
// does not fit.
func Narrow(values any) (narrow any, ok bool) {
	if firstUnfit(values) >= 0 {
		return nil, false
	}
	switch v := values.(type) {
	case []uint8:
		return convert[int8](v), true
	case []uint16:
		return convert[int16](v), true
	case []uint32:
		return convert[int32](v), true
	case []int64:
		return convert[int32](v), true
	case []uint64:
		return convert[int32](v), true
	}
	return values, true
}

func convert[To int8 | int16 | int32, From uint8 | uint16 | uint32 | int64 | uint64](values []From) []To {
	out := make([]To, len(values))
	for i, x := range values {
		out[i] = To(x)
	}
	return out
}

// firstUnfit looks for the first of the values that their narrowed type cannot
// hold and gives its index, or -1.
func firstUnfit(values any) int {
	switch v := values.(type) {
	case []uint8:
		return firstAbove(v, 1<<7-1)
	case []uint16:
		return firstAbove(v, 1<<15-1)
	case []uint32:
		return firstAbove(v, 1<<31-1)
	case []uint64:
		return firstAbove(v, 1<<31-1)
	case []int64:
		for i, x := range v {
			if x != int64(int32(x)) {
				return i
			}
		}
	}
	return -1
}

func firstAbove[T uint8 | uint16 | uint32 | uint64](values []T, limit T) int {
	for i, x := range values {
		if x > limit {
			return i
		}
	}
	return -1
}

// fillValue gives the bytes of the default fill value of type t, with which
// data is padded (NC_FILL_BYTE and so on). Types whose size is a multiple of
// four are never padded.
func fillValue(t Type) []byte {
	switch t {
	case Byte:
		return []byte{0x81}
	case Char:
		return []byte{0}
	case Short:
		return []byte{0x80, 0x01}
	case UByte:
		return []byte{0xFF}
	case UShort:
		return []byte{0xFF, 0xFF}
	}
	return nil
}
