package typed

import (
	"reflect"
	"unsafe"
)

// All use of unsafe is in this file.

// bare is b as a string without a copy, for calls that do not keep it.
func bare(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is s as bytes without a copy, for reading.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// sliceOf is the memory of v, a slice whose elements are of E's kind.
func sliceOf[E any](v reflect.Value) []E {
	return unsafe.Slice((*E)(v.UnsafePointer()), v.Len())
}

// setSlice sets v, an addressable slice whose elements are of E's kind, to s.
func setSlice[E any](v reflect.Value, s []E) {
	*(*[]E)(v.Addr().UnsafePointer()) = s
}

// valueAt is *p as a value of type t, which is of E's kind.
func valueAt[E any](p *E, t reflect.Type) reflect.Value {
	return reflect.NewAt(t, unsafe.Pointer(p)).Elem()
}
