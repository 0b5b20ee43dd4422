package typed

import (
	"bytes"
	"encoding"
	"encoding/base64"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"unicode"

	"github.com/go-json-experiment/json"
)

func decodeString(d *decoding, v reflect.Value) {
	if d.src[d.pos] != '"' {
		d.wrong("string_type", "Input should be a valid string")
		return
	}
	s := d.str()
	if d.result && len(s) >= sharedString && len(s) > len(d.src)/2 {
		v.SetString(bare(s)) // nobody else has the text of a result
		return
	}
	v.SetString(string(s))
}

// sharedString is the least length of a string that shares the memory of the
// result it is in, if it is most of that.
const sharedString = 64 << 10

// decodeBytes decodes base64 with the standard alphabet and padding; line
// breaks are skipped, as Python's decoder does.
func decodeBytes(d *decoding, v reflect.Value) {
	start := d.pos
	if d.src[start] != '"' {
		d.wrong("bytes_type", "Input should be a valid bytes")
		return
	}
	s := d.str()
	out := make([]byte, base64.StdEncoding.DecodedLen(len(s)))
	n, err := base64.StdEncoding.Decode(out, s)
	if err != nil {
		problem := "Only base64 data is allowed"
		if len(bytes.ReplaceAll(s, []byte("\n"), nil))%4 != 0 {
			problem = "Incorrect padding"
		}
		d.fail(start, "base64_decode", "Base64 decoding error: '"+problem+"'")
		return
	}
	v.SetBytes(out[:n])
}

// textDecoder calls UnmarshalText.
func textDecoder(t reflect.Type) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		start := d.pos
		if d.src[start] != '"' {
			d.wrong("string_type", "Input should be a valid string")
			return
		}
		if err := d.unmarshalText(t, v, d.str()); err != nil {
			d.fail(start, "value_error", "Value error, "+err.Error())
		}
	}
}

func (d *decoding) unmarshalText(t reflect.Type, v reflect.Value, s []byte) error {
	defer d.guard(t, "UnmarshalText")
	u, _ := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr())
	return u.UnmarshalText(bytes.Clone(s))
}

// jsonDecoder calls the type's own JSON method. null reaches it only where its
// JSONSchemaBytes admits null: by convention such methods ignore null, which
// would be a silent zero.
func jsonDecoder(s shape) decodeFunc {
	t, nullable := s.Type, admitsNull(s.Schema)
	plain := reflect.PointerTo(t).Implements(unmarshaler)
	unmarshal := func(d *decoding, v reflect.Value, raw []byte) error {
		defer d.guard(t, "UnmarshalJSON")
		if plain {
			u, _ := reflect.TypeAssert[stdjson.Unmarshaler](v.Addr())
			return u.UnmarshalJSON(raw)
		}
		return json.Unmarshal(raw, v.Addr().Interface())
	}
	return func(d *decoding, v reflect.Value) {
		start := d.pos
		if d.src[start] == 'n' && !nullable {
			d.wrong("value_error", "Value error, null is no "+t.Name())
			return
		}
		raw := d.value()
		err := unmarshal(d, v, raw[:len(raw):len(raw)])
		var inside *Invalid
		switch {
		case errors.As(err, &inside):
			d.adopt(inside)
		case err != nil:
			d.fail(start, "value_error", "Value error, "+err.Error())
		}
	}
}

// admitsNull reports whether a schema says "type": "null", alone, in a list or
// in an alternative.
func admitsNull(schema []byte) bool {
	if len(schema) == 0 {
		return false
	}
	var s struct {
		Type  any                  `json:"type"`
		AnyOf []stdjson.RawMessage `json:"anyOf"`
		OneOf []stdjson.RawMessage `json:"oneOf"`
	}
	if stdjson.Unmarshal(schema, &s) != nil {
		return false
	}
	switch t := s.Type.(type) {
	case string:
		return t == "null"
	case []any:
		for _, name := range t {
			if name == "null" {
				return true
			}
		}
	}
	for _, alternative := range append(s.AnyOf, s.OneOf...) {
		if admitsNull(alternative) {
			return true
		}
	}
	return false
}

func decodeNumber(d *decoding, v reflect.Value) {
	start := d.pos
	c := d.src[start]
	if isNumberStart(c) {
		v.SetString(string(d.value()))
		return
	}
	if d.strict || c != '"' {
		d.wrong("float_type", "Input should be a valid number")
		return
	}
	s := bytes.TrimFunc(d.str(), unicode.IsSpace)
	if !isNumber(s) {
		d.fail(start, "float_parsing", "Input should be a valid number, unable to parse string as a number")
		return
	}
	v.SetString(string(s))
}

// isNumber reports whether s is a JSON number.
func isNumber(s []byte) bool {
	s = bytes.TrimPrefix(s, []byte("-"))
	return number.Match(s) && (s[0] != '0' || len(s) == 1 || s[1] < '0' || s[1] > '9')
}

// uuidDecoder takes the forms that pydantic takes: with or without hyphens, in
// braces, as a URN, in either case.
func uuidDecoder(t reflect.Type) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		start := d.pos
		if d.src[start] != '"' {
			d.wrong("uuid_type", "UUID input should be a string, bytes or UUID object")
			return
		}
		hex, err := uuidHex(d.str())
		if err == nil {
			err = d.unmarshalText(t, v, hex)
		}
		if err != nil {
			d.fail(start, "uuid_parsing", "Input should be a valid UUID, "+err.Error())
		}
	}
}

// uuidHex brings s to the form 8-4-4-4-12.
func uuidHex(s []byte) ([]byte, error) {
	whole := s
	s = bytes.TrimPrefix(s, []byte("urn:uuid:"))
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	var groups []int
	digits := make([]byte, 0, 36)
	length := 0
	for i, c := range s {
		switch {
		case c == '-':
			groups = append(groups, length)
			length = 0
		case '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f':
			if length++; len(digits) < 36 {
				digits = append(digits, c)
			}
		default:
			return nil, fmt.Errorf("invalid character: found `%s` at %d", string(firstRune(s[i:])), i+len(whole)-len(s))
		}
	}
	groups = append(groups, length)
	if len(groups) == 1 {
		if length != 32 {
			return nil, fmt.Errorf("invalid length: found %d", length)
		}
	} else if len(groups) != 5 {
		return nil, fmt.Errorf("invalid group count: expected 5, found %d", len(groups))
	}
	for i, want := range []int{8, 4, 4, 4, 12} {
		if len(groups) == 5 && groups[i] != want {
			return nil, fmt.Errorf("invalid group length in group %d: expected %d, found %d", i, want, groups[i])
		}
	}
	out := make([]byte, 0, 36)
	for i, cut := range []int{0, 8, 12, 16, 20} {
		if i > 0 {
			out = append(out, '-')
		}
		out = append(out, bytes.ToLower(digits[cut:[]int{8, 12, 16, 20, 32}[i]])...)
	}
	return out, nil
}

func firstRune(s []byte) rune {
	for _, r := range string(s) {
		return r
	}
	return 0
}

// decimalDecoder hands the digits of a string or number to UnmarshalText as
// they stand, so that none is lost.
func decimalDecoder(t reflect.Type) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		start := d.pos
		c := d.src[start]
		var s []byte
		switch {
		case c == '"':
			s = bytes.TrimFunc(d.str(), unicode.IsSpace)
		case isNumberStart(c):
			s = d.value()
		default:
			d.wrong("decimal_type", "Decimal input should be an integer, float, string or Decimal object")
			return
		}
		plain, ok := dropUnderscores(s)
		if f, err := strconv.ParseFloat(string(plain), 64); ok && err == nil && (math.IsInf(f, 0) || math.IsNaN(f)) {
			d.fail(start, "finite_number", "Input should be a finite number")
			return
		}
		if !ok || d.unmarshalText(t, v, plain) != nil {
			d.fail(start, "decimal_parsing", "Input should be a valid decimal")
		}
	}
}

// decodeAny keeps numbers as json.Number, so that 2^53+1 stays exact.
func decodeAny(d *decoding, v reflect.Value) {
	if a := d.any(); a != nil {
		v.Set(reflect.ValueOf(a))
	} else {
		v.SetZero()
	}
}

func (d *decoding) any() any {
	switch d.src[d.pos] {
	case '{':
		m := map[string]any{}
		for d.pos++; d.next(); {
			key := string(d.key())
			m[key] = d.any()
		}
		return m
	case '[':
		a := []any{}
		for d.pos++; d.next(); {
			a = append(a, d.any())
		}
		return a
	case '"':
		return string(d.str())
	case 't', 'f', 'n':
		switch string(d.value()) {
		case "true":
			return true
		case "false":
			return false
		}
		return nil
	}
	return stdjson.Number(d.value())
}

func decodeRaw(d *decoding, v reflect.Value) { v.SetBytes(bytes.Clone(d.value())) }

// decodeNone takes an object without parameters, and null for a result.
func decodeNone(d *decoding, v reflect.Value) {
	switch c := d.src[d.pos]; {
	case c == 'n' && d.result:
		d.skipPlain()
	case c != '{':
		d.wrong("model_type", "Input should be an object")
	default:
		empty := structProgram{}
		empty.decode(d, v)
	}
}
