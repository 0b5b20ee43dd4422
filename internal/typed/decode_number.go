package typed

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// maxDigits bounds the digits of an integer, as Python does; conversions of
// longer ones take quadratic time.
const maxDigits = 4300

// Errors of an integer's text.
var (
	errFraction = errors.New("got a number with a fractional part")
	errSize     = errors.New("exceeded maximum size")
	errParse    = errors.New("unable to parse")
)

func decodeBool(d *decoding, v reflect.Value) {
	start := d.pos
	switch c := d.src[d.pos]; {
	case c == 't' || c == 'f':
		v.SetBool(c == 't')
		d.skipPlain()
		return
	case d.strict || c == 'n' || c == '{' || c == '[':
		d.wrong("bool_type", "Input should be a valid boolean")
		return
	case c == '"':
		switch strings.ToLower(string(d.str())) {
		case "1", "true", "t", "yes", "y", "on":
			v.SetBool(true)
			return
		case "0", "false", "f", "no", "n", "off":
			v.SetBool(false)
			return
		}
	default:
		f, _ := strconv.ParseFloat(string(d.value()), 64) // valid syntax; what is out of range is not 0 or 1
		if f == 0 || f == 1 {
			v.SetBool(f == 1)
			return
		}
		if f != math.Trunc(f) {
			d.fail(start, "bool_type", "Input should be a valid boolean")
			return
		}
	}
	d.fail(start, "bool_parsing", "Input should be a valid boolean, unable to interpret input")
}

// intDecoder decodes into any signed or unsigned kind.
func intDecoder(t reflect.Type) decodeFunc {
	bits := t.Bits()
	if t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uintptr {
		most := fmt.Sprint(uint64(math.MaxUint64) >> (64 - bits))
		return func(d *decoding, v reflect.Value) {
			start := d.pos
			if digits := d.integer(); digits != nil {
				n, err := strconv.ParseUint(bare(digits), 10, bits)
				if err != nil && !isZero(digits) {
					d.outOfRange(start, digits, "0", most)
					return
				}
				v.SetUint(n)
			}
		}
	}
	least, most := fmt.Sprint(math.MinInt64>>(64-bits)), fmt.Sprint(math.MaxInt64>>(64-bits))
	return func(d *decoding, v reflect.Value) {
		start := d.pos
		if digits := d.integer(); digits != nil {
			n, err := strconv.ParseInt(bare(digits), 10, bits)
			if err != nil {
				d.outOfRange(start, digits, least, most)
				return
			}
			v.SetInt(n)
		}
	}
}

func isZero(digits []byte) bool { return len(bytes.Trim(digits, "-0")) == 0 }

// outOfRange reports an integer outside the range of its Go type in the words that
// pydantic has for a bounded integer.
func (d *decoding) outOfRange(start int, digits []byte, least, most string) {
	e := FieldError{Type: "less_than_equal", Message: "Input should be less than or equal to " + most}
	if digits[0] == '-' {
		e = FieldError{Type: "greater_than_equal", Message: "Input should be greater than or equal to " + least}
	}
	e.overflow = string(digits)
	d.report(e, start)
}

// integer moves past a value and returns the decimal digits of the integer that
// it stands for, with a minus sign if need be; nil if it has reported an error.
func (d *decoding) integer() []byte {
	start := d.pos
	c := d.src[start]
	if !isNumberStart(c) {
		return d.integerFrom(c)
	}
	d.skipPlain()
	raw := d.src[start:d.pos]
	whole := true
	for _, c := range raw {
		whole = whole && c != '.' && c != 'e' && c != 'E'
	}
	if whole && len(raw) <= maxDigits {
		return raw
	}
	if d.strict && !whole {
		d.fail(start, "int_type", "Input should be a valid integer")
		return nil
	}
	digits, err := exactInteger(raw)
	return d.integerResult(start, digits, err)
}

// integerFrom takes what lax mode takes for an integer besides numbers.
func (d *decoding) integerFrom(c byte) []byte {
	start := d.pos
	if d.strict || c != '"' && c != 't' && c != 'f' {
		d.wrong("int_type", "Input should be a valid integer")
		return nil
	}
	if c != '"' {
		d.skipPlain()
		if c == 't' {
			return []byte("1")
		}
		return []byte("0")
	}
	digits, err := integerString(d.str())
	return d.integerResult(start, digits, err)
}

func (d *decoding) integerResult(start int, digits []byte, err error) []byte {
	switch err {
	case nil:
		return digits
	case errFraction:
		d.fail(start, "int_from_float", "Input should be a valid integer, got a number with a fractional part")
	case errSize:
		d.fail(start, "int_parsing_size", "Unable to parse input string as an integer, exceeded maximum size")
	default:
		d.fail(start, "int_parsing", "Input should be a valid integer, unable to parse string as an integer")
	}
	return nil
}

// integerString reads an integer out of a string as Python's int() does, and
// "7.0" with it: white space around, a sign, single underscores between digits.
func integerString(s []byte) ([]byte, error) {
	s = bytes.TrimFunc(s, unicode.IsSpace)
	negative := false
	if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
		negative = s[0] == '-'
		s = s[1:]
	}
	if whole, zeros, ok := bytes.Cut(s, []byte(".")); ok && len(zeros) > 0 && len(bytes.Trim(zeros, "0")) == 0 {
		s = whole
	}
	digits, ok := dropUnderscores(s)
	if !ok || len(digits) == 0 {
		return nil, errParse
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return nil, errParse
		}
	}
	if digits = bytes.TrimLeft(digits, "0"); len(digits) == 0 {
		return []byte("0"), nil
	}
	if len(digits) > maxDigits {
		return nil, errSize
	}
	if negative {
		digits = append([]byte("-"), digits...)
	}
	return digits, nil
}

// dropUnderscores takes out the underscores of a number; each must stand
// between two digits.
func dropUnderscores(s []byte) ([]byte, bool) {
	if bytes.IndexByte(s, '_') < 0 {
		return s, true
	}
	digit := func(i int) bool { return i >= 0 && i < len(s) && '0' <= s[i] && s[i] <= '9' }
	out := make([]byte, 0, len(s))
	for i, c := range s {
		switch {
		case c != '_':
			out = append(out, c)
		case !digit(i-1) || !digit(i+1):
			return nil, false
		}
	}
	return out, true
}

// exactInteger returns the digits of a JSON number that has a fraction or an
// exponent, if it is an integer: by its digits, never by way of a float.
func exactInteger(raw []byte) ([]byte, error) {
	negative := raw[0] == '-'
	raw = bytes.TrimLeft(raw, "-")
	mantissa, exponent := raw, 0
	if i := bytes.IndexAny(raw, "eE"); i >= 0 {
		mantissa = raw[:i]
		n, err := strconv.Atoi(string(raw[i+1:]))
		if err != nil { // digits, so it is too large
			n = math.MaxInt32
			if raw[i+1] == '-' {
				n = -n
			}
		}
		exponent = max(-math.MaxInt32, min(n, math.MaxInt32))
	}
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	digits := bytes.TrimLeft(append(bytes.Clone(whole), fraction...), "0")
	if len(digits) == 0 {
		return []byte("0"), nil
	}
	significant := bytes.TrimRight(digits, "0")
	zeros := exponent - len(fraction) + len(digits) - len(significant)
	switch {
	case zeros < 0:
		return nil, errFraction
	case zeros+len(significant) > maxDigits:
		return nil, errSize
	}
	out := make([]byte, 0, len(significant)+zeros+1)
	if negative {
		out = append(out, '-')
	}
	out = append(out, significant...)
	return append(out, bytes.Repeat([]byte("0"), zeros)...), nil
}

func decodeBigInt(d *decoding, v reflect.Value) {
	digits := d.integer()
	if digits == nil {
		return
	}
	n, _ := reflect.TypeAssert[*big.Int](v.Addr())
	n.SetString(string(digits), 10) // digits, so it cannot fail
}

// floatDecoder decodes into a float of either size. Where null stands for NaN
// (elements of slices, arrays and maps) orNull is set.
func floatDecoder(t reflect.Type, orNull bool) decodeFunc {
	bits := t.Bits()
	return func(d *decoding, v reflect.Value) {
		if f, ok := d.float(bits, orNull); ok {
			v.SetFloat(f)
		}
	}
}

// float moves past a value and returns the number that it stands for; false if
// it has reported an error.
func (d *decoding) float(bits int, orNull bool) (float64, bool) {
	start := d.pos
	switch c := d.src[d.pos]; {
	case isNumberStart(c):
		f, ok := d.number(bits)
		if !ok {
			d.infinite(start, bits)
		}
		return f, ok
	case c == 'n' && (orNull || d.result):
		d.skipPlain()
		return math.NaN(), true
	case d.strict || c == 'n' || c == '{' || c == '[':
		d.wrong("float_type", "Input should be a valid number")
		return 0, false
	case c == '"':
		f, err := floatString(d.str(), bits)
		if errors.Is(err, strconv.ErrRange) {
			d.infinite(start, bits)
			return 0, false
		}
		if err != nil {
			d.fail(start, "float_parsing", "Input should be a valid number, unable to parse string as a number")
			return 0, false
		}
		return f, true
	default:
		d.skipPlain()
		if c == 't' {
			return 1, true
		}
		return 0, true
	}
}

// infinite reports a number beyond the type's range, which would become infinity.
func (d *decoding) infinite(start, bits int) {
	message := "Input should be a finite number"
	if bits == 32 {
		message += " in the range of 32 bits"
	}
	d.fail(start, "finite_number", message)
}

// floatString reads a number out of a string as Python's float() does.
func floatString(s []byte, bits int) (float64, error) {
	s = bytes.TrimFunc(s, unicode.IsSpace)
	plain, ok := dropUnderscores(s)
	if !ok || bytes.ContainsAny(plain, "xXpP") {
		return 0, errParse
	}
	return strconv.ParseFloat(string(plain), bits)
}
