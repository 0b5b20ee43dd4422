package cdf

import (
	"encoding/binary"
	"math"
)

// encode writes values[from:] in type t, big-endian, until dst is full.
// len(dst) is a multiple of the type's size and dst asks for no more values
// than there are. t may be the narrowed type of values that fit it.
func encode(dst []byte, t Type, values any, from int64) {
	switch v := values.(type) {
	case []int8:
		for i, x := range v[from : from+int64(len(dst))] {
			dst[i] = byte(x)
		}
	case Chars:
		copy(dst, v[from:])
	case []uint8: // the same byte whether it is stored as ubyte or as byte
		copy(dst, v[from:])
	case []int16:
		put16(dst, v[from:])
	case []uint16:
		put16(dst, v[from:])
	case []int32:
		put32(dst, v[from:])
	case []uint32:
		put32(dst, v[from:])
	case []int64:
		if t == Int {
			put32(dst, v[from:])
		} else {
			put64(dst, v[from:])
		}
	case []uint64:
		if t == Int {
			put32(dst, v[from:])
		} else {
			put64(dst, v[from:])
		}
	case []float32:
		putFloat32(dst, v[from:])
	case []float64:
		putFloat64(dst, v[from:])
	}
}

// decode reads all of src into values[at:].
func decode(values any, at int64, src []byte) {
	switch v := values.(type) {
	case []int8:
		for i, b := range src {
			v[at+int64(i)] = int8(b)
		}
	case Chars:
		copy(v[at:], src)
	case []uint8:
		copy(v[at:], src)
	case []int16:
		get16(v[at:], src)
	case []uint16:
		get16(v[at:], src)
	case []int32:
		get32(v[at:], src)
	case []uint32:
		get32(v[at:], src)
	case []int64:
		get64(v[at:], src)
	case []uint64:
		get64(v[at:], src)
	case []float32:
		getFloat32(v[at:], src)
	case []float64:
		getFloat64(v[at:], src)
	}
}

// The loops below take several values a round: the compiler then checks the
// bounds once a round and turns each pair of shift and store into one swap.

func put16[T int16 | uint16](dst []byte, src []T) {
	for len(dst) >= 8 && len(src) >= 4 {
		binary.BigEndian.PutUint16(dst[0:2], uint16(src[0]))
		binary.BigEndian.PutUint16(dst[2:4], uint16(src[1]))
		binary.BigEndian.PutUint16(dst[4:6], uint16(src[2]))
		binary.BigEndian.PutUint16(dst[6:8], uint16(src[3]))
		dst, src = dst[8:], src[4:]
	}
	for i := 0; 2*i+2 <= len(dst); i++ {
		binary.BigEndian.PutUint16(dst[2*i:], uint16(src[i]))
	}
}

func get16[T int16 | uint16](dst []T, src []byte) {
	for len(src) >= 8 && len(dst) >= 4 {
		dst[0] = T(binary.BigEndian.Uint16(src[0:2]))
		dst[1] = T(binary.BigEndian.Uint16(src[2:4]))
		dst[2] = T(binary.BigEndian.Uint16(src[4:6]))
		dst[3] = T(binary.BigEndian.Uint16(src[6:8]))
		dst, src = dst[4:], src[8:]
	}
	for i := 0; 2*i+2 <= len(src); i++ {
		dst[i] = T(binary.BigEndian.Uint16(src[2*i:]))
	}
}

func put32[T int32 | uint32 | int64 | uint64](dst []byte, src []T) {
	for len(dst) >= 16 && len(src) >= 4 {
		binary.BigEndian.PutUint32(dst[0:4], uint32(src[0]))
		binary.BigEndian.PutUint32(dst[4:8], uint32(src[1]))
		binary.BigEndian.PutUint32(dst[8:12], uint32(src[2]))
		binary.BigEndian.PutUint32(dst[12:16], uint32(src[3]))
		dst, src = dst[16:], src[4:]
	}
	for i := 0; 4*i+4 <= len(dst); i++ {
		binary.BigEndian.PutUint32(dst[4*i:], uint32(src[i]))
	}
}

func get32[T int32 | uint32](dst []T, src []byte) {
	for len(src) >= 16 && len(dst) >= 4 {
		dst[0] = T(binary.BigEndian.Uint32(src[0:4]))
		dst[1] = T(binary.BigEndian.Uint32(src[4:8]))
		dst[2] = T(binary.BigEndian.Uint32(src[8:12]))
		dst[3] = T(binary.BigEndian.Uint32(src[12:16]))
		dst, src = dst[4:], src[16:]
	}
	for i := 0; 4*i+4 <= len(src); i++ {
		dst[i] = T(binary.BigEndian.Uint32(src[4*i:]))
	}
}

func put64[T int64 | uint64](dst []byte, src []T) {
	for len(dst) >= 16 && len(src) >= 2 {
		binary.BigEndian.PutUint64(dst[0:8], uint64(src[0]))
		binary.BigEndian.PutUint64(dst[8:16], uint64(src[1]))
		dst, src = dst[16:], src[2:]
	}
	for i := 0; 8*i+8 <= len(dst); i++ {
		binary.BigEndian.PutUint64(dst[8*i:], uint64(src[i]))
	}
}

func get64[T int64 | uint64](dst []T, src []byte) {
	for len(src) >= 16 && len(dst) >= 2 {
		dst[0] = T(binary.BigEndian.Uint64(src[0:8]))
		dst[1] = T(binary.BigEndian.Uint64(src[8:16]))
		dst, src = dst[2:], src[16:]
	}
	for i := 0; 8*i+8 <= len(src); i++ {
		dst[i] = T(binary.BigEndian.Uint64(src[8*i:]))
	}
}

func putFloat32(dst []byte, src []float32) {
	for len(dst) >= 16 && len(src) >= 4 {
		binary.BigEndian.PutUint32(dst[0:4], math.Float32bits(src[0]))
		binary.BigEndian.PutUint32(dst[4:8], math.Float32bits(src[1]))
		binary.BigEndian.PutUint32(dst[8:12], math.Float32bits(src[2]))
		binary.BigEndian.PutUint32(dst[12:16], math.Float32bits(src[3]))
		dst, src = dst[16:], src[4:]
	}
	for i := 0; 4*i+4 <= len(dst); i++ {
		binary.BigEndian.PutUint32(dst[4*i:], math.Float32bits(src[i]))
	}
}

func getFloat32(dst []float32, src []byte) {
	for len(src) >= 16 && len(dst) >= 4 {
		dst[0] = math.Float32frombits(binary.BigEndian.Uint32(src[0:4]))
		dst[1] = math.Float32frombits(binary.BigEndian.Uint32(src[4:8]))
		dst[2] = math.Float32frombits(binary.BigEndian.Uint32(src[8:12]))
		dst[3] = math.Float32frombits(binary.BigEndian.Uint32(src[12:16]))
		dst, src = dst[4:], src[16:]
	}
	for i := 0; 4*i+4 <= len(src); i++ {
		dst[i] = math.Float32frombits(binary.BigEndian.Uint32(src[4*i:]))
	}
}

func putFloat64(dst []byte, src []float64) {
	for len(dst) >= 16 && len(src) >= 2 {
		binary.BigEndian.PutUint64(dst[0:8], math.Float64bits(src[0]))
		binary.BigEndian.PutUint64(dst[8:16], math.Float64bits(src[1]))
		dst, src = dst[16:], src[2:]
	}
	for i := 0; 8*i+8 <= len(dst); i++ {
		binary.BigEndian.PutUint64(dst[8*i:], math.Float64bits(src[i]))
	}
}

func getFloat64(dst []float64, src []byte) {
	for len(src) >= 16 && len(dst) >= 2 {
		dst[0] = math.Float64frombits(binary.BigEndian.Uint64(src[0:8]))
		dst[1] = math.Float64frombits(binary.BigEndian.Uint64(src[8:16]))
		dst, src = dst[2:], src[16:]
	}
	for i := 0; 8*i+8 <= len(src); i++ {
		dst[i] = math.Float64frombits(binary.BigEndian.Uint64(src[8*i:]))
	}
}
