package typed

import (
	"bytes"
	"reflect"
	"strconv"
)

// floatsDecoder decodes a slice of floats: the elements are read out of the text
// one after the other, without reflection.
func floatsDecoder[F float32 | float64](d *decoding, v reflect.Value) {
	if d.src[d.pos] != '[' {
		d.wrong("list_type", "Input should be a valid array")
		return
	}
	setSlice(v, readFloats(d, make([]F, 0, d.countElements())))
}

// countElements guesses how many elements the array at d.pos has: as many as
// there are commas before its first closing bracket.
func (d *decoding) countElements() int {
	rest := d.src[d.pos:]
	if i := bytes.IndexByte(rest, ']'); i >= 0 {
		rest = rest[:i]
	}
	return bytes.Count(rest, []byte{','}) + 1
}

func readFloats[F float32 | float64](d *decoding, out []F) []F {
	bits := reflect.TypeFor[F]().Bits()
	d.pos++
	for d.next() {
		start := d.pos
		if isNumberStart(d.src[start]) {
			if f, ok := d.number(bits); ok {
				out = append(out, F(f))
				continue
			}
			d.pos = start
		}
		d.enterIndex(len(out))
		f, _ := d.float(bits, true) // a wrong one is reported, and the place kept
		out = append(out, F(f))
		d.leave()
		if d.giveUp() {
			return out
		}
	}
	return out
}

// powers are the powers of ten that a float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// number moves past the number at d.pos and returns it; false if it is out of
// range. Numbers of up to 15 digits without an exponent are made while their
// digits are read: both the digits and the power of ten are exact then, and the
// quotient of two exact numbers is rounded once, as it should be (Clinger, How
// to read floating point numbers accurately). All others are strconv's.
func (d *decoding) number(bits int) (float64, bool) {
	start, src := d.pos, d.src
	i := start
	if src[i] == '-' {
		i++
	}
	first := i
	var digits uint64
	for ; i < len(src) && src[i]-'0' <= 9; i++ {
		digits = digits*10 + uint64(src[i]-'0')
	}
	count, fraction := i-first, 0
	if i < len(src) && src[i] == '.' {
		i++
		point := i
		for ; i < len(src) && src[i]-'0' <= 9; i++ {
			digits = digits*10 + uint64(src[i]-'0')
		}
		fraction = i - point
		count += fraction
	}
	if i < len(src) && src[i]|0x20 == 'e' || count > 15 || bits == 32 {
		d.skipPlain()
		f, err := strconv.ParseFloat(bare(src[start:d.pos]), bits)
		return f, err == nil
	}
	d.pos = i
	f := float64(digits) / powers[fraction]
	if src[start] == '-' {
		f = -f
	}
	return f, true
}
