package typed

import (
	"encoding"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"sync"
	"time"

	"encoding/base64"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/dasf-go/dasf/internal/jsonscan"
)

// An encodeFunc appends the JSON of v to dst.
type encodeFunc func(e *encodeState, dst []byte, v reflect.Value) ([]byte, error)

// An encodeState is the state of one call.
type encodeState struct {
	depth   int
	dynamic *dynamic
}

var errDepth = errors.New("nested deeper than 10,000 levels, or a value that contains itself")

// dynamic compiles encoders of types that are known only when a value is there:
// what an any holds. It is safe for concurrent use.
type dynamic struct {
	done     sync.Map // reflect.Type → encodeFunc
	mu       sync.Mutex
	injected []any
}

// encoder returns the encoder of t.
func (y *dynamic) encoder(t reflect.Type) (encodeFunc, error) {
	if f, ok := y.done.Load(t); ok {
		f, _ := f.(encodeFunc)
		return f, nil
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	f, err := newCompiler(Options{Injected: y.injected}).encoder(t)
	if err == nil {
		y.done.Store(t, f)
	}
	return f, err
}

// append appends the JSON of a value of any type. It never panics.
func (y *dynamic) append(dst []byte, v reflect.Value) (out []byte, err error) {
	f, err := y.encoder(v.Type())
	if err != nil {
		return dst, err
	}
	return run(f, y, dst, v)
}

// run calls f; a panic of a user's method becomes an error.
func run(f encodeFunc, y *dynamic, dst []byte, v reflect.Value) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = dst, fmt.Errorf("encoding %s panicked: %v", v.Type(), p)
		}
	}()
	return f(&encodeState{dynamic: y}, dst, v)
}

// encoder compiles t, once.
func (c *Compiler) encoder(t reflect.Type) (encodeFunc, error) {
	if p := c.encoders[t]; p != nil {
		return func(e *encodeState, dst []byte, v reflect.Value) ([]byte, error) { return (*p)(e, dst, v) }, nil
	}
	p := new(encodeFunc)
	c.encoders[t] = p
	s, err := shapeOf(t)
	if err != nil {
		return nil, err
	}
	f, err := c.plainEncoder(s)
	*p = f
	return f, err
}

func (c *Compiler) plainEncoder(s shape) (encodeFunc, error) {
	switch s.Kind {
	case KindBool:
		return func(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
			return strconv.AppendBool(dst, v.Bool()), nil
		}, nil
	case KindInt:
		return func(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
			return strconv.AppendInt(dst, v.Int(), 10), nil
		}, nil
	case KindUint:
		return func(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
			return strconv.AppendUint(dst, v.Uint(), 10), nil
		}, nil
	case KindFloat:
		bits := s.Type.Bits()
		return func(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
			return appendFloat(dst, v.Float(), bits), nil
		}, nil
	case KindString:
		return func(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
			return appendString(dst, v.String())
		}, nil
	case KindBytes:
		return func(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
			dst = append(dst, '"')
			dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
			return append(dst, '"'), nil
		}, nil
	case KindTime:
		return func(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
			t, _ := reflect.TypeAssert[time.Time](v.Convert(timeType))
			return appendTime(dst, t)
		}, nil
	case KindDate:
		return func(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) { return appendDate(dst, v) }, nil
	case KindDuration:
		return func(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
			return appendDuration(dst, time.Duration(v.Int())), nil
		}, nil
	case KindBigInt:
		return appendBigInt, nil
	case KindNumber:
		return appendNumber, nil
	case KindAny:
		return appendAny, nil
	case KindRaw:
		return appendRaw, nil
	case KindNone:
		return func(_ *encodeState, dst []byte, _ reflect.Value) ([]byte, error) { return append(dst, "null"...), nil }, nil
	case KindUUID, KindDecimal, KindText, KindJSON:
		return c.methodEncoder(s)
	}
	return c.compoundEncoder(s)
}

// methodEncoder encodes by the type's own method, or else by its structure.
func (c *Compiler) methodEncoder(s shape) (encodeFunc, error) {
	switch t := s.Type; {
	case s.Kind == KindJSON && has(t, marshaler, marshalerTo):
		return appendMarshaled, nil
	case has(t, textMarshaler) && (s.Kind != KindJSON || !has(t, unmarshaler, unmarshalerFrom)):
		return func(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
			text, err := marshalText(v)
			if err != nil {
				return dst, err
			}
			return appendString(dst, string(text))
		}, nil
	}
	plain, err := structural(s.Type)
	if err != nil {
		return nil, err
	}
	return c.plainEncoder(plain)
}

// addressable returns v, or a copy of it that methods with pointer receivers can be called on.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	n := reflect.New(v.Type()).Elem()
	n.Set(v)
	return n
}

func marshalText(v reflect.Value) ([]byte, error) {
	m, ok := reflect.TypeAssert[encoding.TextMarshaler](addressable(v).Addr())
	if !ok {
		return nil, fmt.Errorf("%s has no MarshalText", v.Type())
	}
	return m.MarshalText()
}

// An appender appends its own JSON. Large values, such as datasets, have this
// beside MarshalJSON, since it saves copies of them.
type appender interface {
	AppendJSON(dst []byte) ([]byte, error)
}

func appendMarshaled(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
	p := addressable(v).Addr()
	n := len(dst)
	out, err := dst, error(nil)
	if a, ok := reflect.TypeAssert[appender](p); ok {
		out, err = a.AppendJSON(dst)
	} else if m, ok := reflect.TypeAssert[stdjson.Marshaler](p); ok {
		var raw []byte
		raw, err = m.MarshalJSON()
		out = append(dst, raw...)
	} else {
		var raw []byte
		raw, err = json.Marshal(p.Interface())
		out = append(dst, raw...)
	}
	if err != nil {
		return dst, fmt.Errorf("%s: %w", v.Type(), err)
	}
	if isPlainString(out[n:]) { // Compact makes a copy
		return out, nil
	}
	value := jsontext.Value(out[n:])
	if err := value.Compact(); err != nil {
		return dst, fmt.Errorf("%s: its JSON method: %w", v.Type(), err)
	}
	return append(out[:n], value...), nil
}

// appendFloat writes f as pydantic does: the shortest digits that read back as
// f, always with a point or an exponent; null for NaN and infinities.
func appendFloat(dst []byte, f float64, bits int) []byte {
	a := math.Abs(f)
	switch {
	case a > math.MaxFloat64 || f != f:
		return append(dst, "null"...)
	case a != 0 && (a < 1e-5 || a >= 1e16):
		dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
		if n := len(dst); dst[n-2] == '0' && dst[n-3] == '-' { // e-07
			dst[n-2] = dst[n-1]
			dst = dst[:n-1]
		}
		return dst
	}
	dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
	if f == math.Trunc(f) {
		dst = append(dst, ".0"...)
	}
	return dst
}

// appendString quotes s: only quotes, backslashes and control characters are
// escaped.
func appendString(dst []byte, s string) ([]byte, error) {
	if len(s) > copyStep && cap(dst)-len(dst) >= len(s)+2 {
		if out, ok := copyPlain(dst, s); ok {
			return out, nil
		}
	}
	if !jsonscan.IsPlain(bytesOf(s)) {
		out, err := jsontext.AppendQuote(dst, s)
		if err != nil {
			return dst, fmt.Errorf("the string %s is not UTF-8: use []byte for bytes", cut(strconv.QuoteToASCII(s), "", false))
		}
		return out, nil
	}
	// To make room for all of it first would clear it, which for a long string
	// takes as long as to copy it.
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"'), nil
}

// copyStep is how much of a long string is looked at before it is copied, while
// it lies in the fastest cache.
const copyStep = 32 << 10

// copyPlain appends a plain string, for which there is room.
func copyPlain(dst []byte, s string) ([]byte, bool) {
	dst = append(dst, '"')
	for len(s) > 0 {
		part := s[:min(len(s), copyStep)]
		if !jsonscan.IsPlain(bytesOf(part)) {
			return nil, false
		}
		dst = append(dst, part...)
		s = s[len(part):]
	}
	return append(dst, '"'), true
}

func appendBigInt(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
	n, _ := reflect.TypeAssert[*big.Int](addressable(v).Addr())
	return n.Append(dst, 10), nil
}

// appendNumber writes a json.Number as it stands; "" is 0, as in encoding/json.
func appendNumber(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
	s := v.String()
	if s == "" {
		return append(dst, '0'), nil
	}
	if !isNumber([]byte(s)) {
		return dst, fmt.Errorf("json.Number %q is no JSON number", s)
	}
	return append(dst, s...), nil
}

func appendRaw(_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
	raw := jsontext.Value(append([]byte(nil), v.Bytes()...))
	if len(raw) == 0 {
		return append(dst, "null"...), nil
	}
	if err := raw.Compact(); err != nil {
		return dst, fmt.Errorf("json.RawMessage: %w", err)
	}
	return append(dst, raw...), nil
}

// appendAny encodes what an interface holds, by its dynamic type.
func appendAny(e *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(dst, "null"...), nil
	}
	held := v.Elem()
	f, err := e.dynamic.encoder(held.Type())
	if err != nil {
		return dst, err
	}
	if e.depth++; e.depth > maxDepth {
		return dst, errDepth
	}
	dst, err = f(e, dst, held)
	e.depth--
	return dst, err
}
