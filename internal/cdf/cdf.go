// Package cdf reads and writes the NetCDF classic file formats: CDF-1
// (classic), CDF-2 (64-bit offset) and CDF-5 (64-bit data), from the format's
// specification ("NetCDF Classic Format Specification", NetCDF User's Guide,
// appendix B, and PnetCDF's "CDF-5 Format Specification").
//
// It knows dimensions, attributes, variables and their bytes, and nothing of
// what they mean: that is package netcdf's. What it reads is foreign: every
// count and offset is checked against the size of the data before anything is
// allocated for it, so that what a file makes us allocate stays in proportion
// to its length.
package cdf

import (
	"errors"
	"fmt"
)

// Format is the fourth byte of a file.
type Format uint8

// The classic formats.
const (
	// Classic is CDF-1: offsets of 32 bits.
	Classic Format = 1
	// Offset64 is CDF-2: offsets of 64 bits, counts of 32.
	Offset64 Format = 2
	// Data64 is CDF-5: offsets and counts of 64 bits, and five more types.
	// SciPy and netcdfjs do not read it.
	Data64 Format = 5
)

// String gives the format's usual name, "CDF-1" and so on.
func (f Format) String() string { return fmt.Sprintf("CDF-%d", uint8(f)) }

func (f Format) valid() bool { return f == Classic || f == Offset64 || f == Data64 }

// Type is an external data type, with the number that it has in a file.
type Type uint32

// The external types. Those from UByte on exist in CDF-5 only.
const (
	Byte   Type = 1 + iota // signed, 8 bits
	Char                   // text, 8 bits
	Short                  // signed, 16 bits
	Int                    // signed, 32 bits
	Float                  // IEEE 754, 32 bits
	Double                 // IEEE 754, 64 bits
	UByte
	UShort
	UInt
	Int64
	UInt64
)

var typeInfo = [...]struct {
	name string
	size int64
}{
	Byte: {"byte", 1}, Char: {"char", 1}, Short: {"short", 2}, Int: {"int", 4}, Float: {"float", 4}, Double: {"double", 8},
	UByte: {"ubyte", 1}, UShort: {"ushort", 2}, UInt: {"uint", 4}, Int64: {"int64", 8}, UInt64: {"uint64", 8},
}

// Size is the number of bytes of one value, 0 for a number that is no type.
func (t Type) Size() int64 {
	if int64(t) >= int64(len(typeInfo)) {
		return 0
	}
	return typeInfo[t].size
}

// String gives the type's name in the specification, "float" and so on.
func (t Type) String() string {
	if t.Size() == 0 {
		return fmt.Sprintf("type %d", uint32(t))
	}
	return typeInfo[t].name
}

// In reports whether files of format f can hold values of type t.
func (t Type) In(f Format) bool { return t.Size() > 0 && (t <= Double || f == Data64) }

// Dim is a dimension. The one that is Unlimited, the record dimension, has
// the number of records as its Len.
type Dim struct {
	Name      string
	Len       int64
	Unlimited bool
}

// Attr is an attribute. Its Value is one of the slices that [TypeOf] knows;
// text is [Chars].
type Attr struct {
	Name  string
	Value any
}

// Var is a variable, without its values. Dims are indices into the header's
// dimensions, the slowest varying first; the record dimension may only be the
// first of them.
type Var struct {
	Name  string
	Dims  []int
	Attrs []Attr
	Type  Type
}

// Header is what a file says of itself before its values.
type Header struct {
	Format Format
	Dims   []Dim
	Attrs  []Attr
	Vars   []Var
}

// The reasons why data is refused that a caller may want to tell apart.
var (
	// ErrFormat is wrapped by the error for data that does not begin as one
	// of the classic formats does.
	ErrFormat = errors.New("not a NetCDF classic file")
	// ErrHDF5 is wrapped by the error for a NetCDF-4 file.
	ErrHDF5 = errors.New("a NetCDF-4 (HDF5) file, while only the classic formats are read: convert it with nccopy -k classic IN.nc OUT.nc")
	// ErrTooLarge is wrapped by the error for what another format could hold.
	ErrTooLarge = errors.New("too large for the format")
)

// The tags of the header's lists.
const (
	tagDimension = 0x0A
	tagVariable  = 0x0B
	tagAttribute = 0x0C
)

// recordDim is the index of the record dimension, or -1.
func (h *Header) recordDim() int {
	for i, d := range h.Dims {
		if d.Unlimited {
			return i
		}
	}
	return -1
}

// isRecord reports whether v's values are interleaved record by record.
func (h *Header) isRecord(v *Var) bool {
	return len(v.Dims) > 0 && h.Dims[v.Dims[0]].Unlimited
}

// shape gives the lengths of v's dimensions.
func (h *Header) shape(v *Var) []int64 {
	s := make([]int64, len(v.Dims))
	for i, d := range v.Dims {
		s[i] = h.Dims[d].Len
	}
	return s
}
