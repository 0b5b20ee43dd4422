package typed

import "reflect"

// intsDecoder decodes a slice of integers of t's kind, as floatsDecoder does
// floats. elem decodes what is no plain integer.
func intsDecoder(t reflect.Type, elem decodeFunc) decodeFunc {
	switch t.Kind() {
	case reflect.Int:
		return readInts[int](elem)
	case reflect.Int8:
		return readInts[int8](elem)
	case reflect.Int16:
		return readInts[int16](elem)
	case reflect.Int32:
		return readInts[int32](elem)
	case reflect.Int64:
		return readInts[int64](elem)
	case reflect.Uint:
		return readInts[uint](elem)
	case reflect.Uint8:
		return readInts[uint8](elem)
	case reflect.Uint16:
		return readInts[uint16](elem)
	case reflect.Uint32:
		return readInts[uint32](elem)
	case reflect.Uint64:
		return readInts[uint64](elem)
	}
	return readInts[uintptr](elem)
}

type integerKind interface {
	int | int8 | int16 | int32 | int64 | uint | uint8 | uint16 | uint32 | uint64 | uintptr
}

func readInts[I integerKind](elem decodeFunc) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		if d.src[d.pos] != '[' {
			d.wrong("list_type", "Input should be a valid array")
			return
		}
		out := make([]I, 0, d.countElements())
		for d.pos++; d.next(); {
			start := d.pos
			if n, ok := d.plainInteger(); ok && n >= 0 == (I(n) >= 0) && int64(I(n)) == n {
				out = append(out, I(n))
				continue
			}
			d.pos = start
			var one I
			d.enterIndex(len(out))
			elem(d, valueAt(&one, v.Type().Elem())) // a wrong one is reported, and the place kept
			d.leave()
			if d.giveUp() {
				return
			}
			out = append(out, one)
		}
		setSlice(v, out)
	}
}

// plainInteger moves past an integer of up to 18 digits and returns it; false
// if something else stands here.
func (d *decoding) plainInteger() (int64, bool) {
	src, i := d.src, d.pos
	negative := src[i] == '-'
	if negative {
		i++
	}
	first := i
	var n int64
	for ; i < len(src) && src[i]-'0' <= 9; i++ {
		n = n*10 + int64(src[i]-'0')
	}
	if i == first || i-first > 18 || i < len(src) && (src[i] == '.' || src[i]|0x20 == 'e') {
		return 0, false
	}
	if d.pos = i; negative {
		n = -n
	}
	return n, true
}
