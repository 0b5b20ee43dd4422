// Package typed is the compiled edge between JSON and Go types: a decoder, an
// encoder, rule checks and schemas, each compiled once for a type and then
// used for every request. It is the only package of the project that imports
// reflect and a JSON library.
package typed

import (
	"encoding"
	stdjson "encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Kind is how a Go type looks on the wire. Decoder, encoder and schema all
// go by it, so that they cannot disagree.
type Kind int

// The kinds. The comment names the JSON form.
const (
	KindInvalid  Kind = iota
	KindBool          // true, false
	KindInt           // integer in the range of the Go type
	KindUint          // integer in the range of the Go type
	KindFloat         // number; NaN and infinities leave as null
	KindString        // string
	KindBytes         // []byte: string, base64
	KindTime          // time.Time: string, ISO 8601
	KindDate          // a Date of the root package: string, 2024-02-29
	KindDuration      // time.Duration: string, ISO 8601, P1DT2H
	KindUUID          // a [16]byte named UUID with text methods: string
	KindDecimal       // a type named Decimal with text methods: string, number taken too
	KindBigInt        // big.Int: integer of any size
	KindNumber        // json.Number: number as it stands
	KindAny           // any: any JSON value, numbers as json.Number
	KindRaw           // json.RawMessage: any JSON value as it stands
	KindNone          // an empty struct named None: no parameters; null as a result
	KindPointer       // Optional: null or the element
	KindStruct        // object
	KindSlice         // array
	KindArray         // array of exactly Len elements
	KindMap           // object
	KindSet           // map[K]struct{}: array of distinct elements
	KindTuple         // array, one type an element
	KindUnion         // one of the alternatives
	KindJSON          // the type's own JSON methods
	KindText          // the type's own text methods: string
)

// A shape is what a type is on the wire.
type shape struct {
	Kind Kind
	Type reflect.Type
	// Elem is the type of the elements (pointer, slice, array, map, set).
	Elem reflect.Type
	// Key is the type of a map's keys.
	Key reflect.Type
	// Len is the length of an array.
	Len int
	// Alternatives are the types of a union's alternatives or a tuple's elements.
	Alternatives []reflect.Type
	// Enum holds the values of the type's method Enum() []any, as string,
	// int64, uint64, float64 or bool; nil without the method.
	Enum []any
	// Description is the result of the type's method Description() string.
	Description string
	// Schema is the result of the type's method JSONSchemaBytes() ([]byte, error)
	// (the convention of swaggest/jsonschema-go), for KindJSON and KindText.
	Schema []byte
}

// Markers make the generic types of the root package known here without
// exported methods: each is the type of a blank field of theirs.
type (
	// Union2 marks a union. The struct has one more field, Value of type any.
	Union2[A, B any] struct{}
	// Union3 marks a union. The struct has one more field, Value of type any.
	Union3[A, B, C any] struct{}
	// Union4 marks a union. The struct has one more field, Value of type any.
	Union4[A, B, C, D any] struct{}
	// Tuple marks a tuple: the struct's exported fields in order.
	Tuple struct{}
	// Date marks a date: the struct has the fields Year int, Month time.Month, Day int.
	Date struct{}
)

func (Union2[A, B]) alternatives() []reflect.Type {
	return []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B]()}
}

func (Union3[A, B, C]) alternatives() []reflect.Type {
	return []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B](), reflect.TypeFor[C]()}
}

func (Union4[A, B, C, D]) alternatives() []reflect.Type {
	return []reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B](), reflect.TypeFor[C](), reflect.TypeFor[D]()}
}

// Naive is the location of a time that came without a zone and leaves without one.
var Naive = time.FixedZone("naive", 0)

var (
	timeType        = reflect.TypeFor[time.Time]()
	durationType    = reflect.TypeFor[time.Duration]()
	bigIntType      = reflect.TypeFor[big.Int]()
	numberType      = reflect.TypeFor[stdjson.Number]()
	rawType         = reflect.TypeFor[stdjson.RawMessage]()
	rawTextType     = reflect.TypeFor[jsontext.Value]()
	tupleMarker     = reflect.TypeFor[Tuple]()
	dateMarker      = reflect.TypeFor[Date]()
	unmarshaler     = reflect.TypeFor[stdjson.Unmarshaler]()
	marshaler       = reflect.TypeFor[stdjson.Marshaler]()
	unmarshalerFrom = reflect.TypeFor[json.UnmarshalerFrom]()
	marshalerTo     = reflect.TypeFor[json.MarshalerTo]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
)

// has reports whether t or a pointer to it implements one of the interfaces.
func has(t reflect.Type, interfaces ...reflect.Type) bool {
	p := reflect.PointerTo(t)
	for _, i := range interfaces {
		if t.Implements(i) || p.Implements(i) {
			return true
		}
	}
	return false
}

// shapeOf classifies t. The error says which type is not supported and what to
// take instead.
func shapeOf(t reflect.Type) (shape, error) {
	s, err := classify(t)
	if err != nil {
		return s, err
	}
	return s, s.describe()
}

func classify(t reflect.Type) (shape, error) {
	s := shape{Type: t}
	if s.wellKnown() || s.marked() {
		return s, nil
	}
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		text := has(t, textUnmarshaler) && has(t, textMarshaler)
		switch {
		case text && t.Name() == "UUID" && t.Kind() == reflect.Array && t.Len() == 16 && t.Elem().Kind() == reflect.Uint8:
			s.Kind = KindUUID
			return s, nil
		case text && t.Name() == "Decimal":
			s.Kind = KindDecimal
			return s, nil
		case has(t, unmarshaler, unmarshalerFrom, marshaler, marshalerTo):
			s.Kind = KindJSON
			return s, nil
		case has(t, textUnmarshaler, textMarshaler):
			s.Kind = KindText
			return s, nil
		}
	}
	return structural(t)
}

// wellKnown recognises the types of the standard library that have a form of their own.
func (s *shape) wellKnown() bool {
	switch t := s.Type; {
	case t.Kind() == reflect.Struct && t.ConvertibleTo(timeType):
		s.Kind = KindTime
	case t == durationType:
		s.Kind = KindDuration
	case t == bigIntType:
		s.Kind = KindBigInt
	case t == numberType:
		s.Kind = KindNumber
	case t == rawType, t == rawTextType:
		s.Kind = KindRaw
	case t.Kind() == reflect.Struct && t.NumField() == 0 && t.Name() == "None":
		s.Kind = KindNone
	}
	return s.Kind != KindInvalid
}

// marked recognises the types of the root package by their blank field.
func (s *shape) marked() bool {
	t := s.Type
	if t.Kind() != reflect.Struct || t.NumField() == 0 || t.Field(0).Name != "_" {
		return false
	}
	mark := t.Field(0).Type
	if u, ok := reflect.Zero(mark).Interface().(interface{ alternatives() []reflect.Type }); ok {
		s.Kind, s.Alternatives = KindUnion, u.alternatives()
		return true
	}
	switch mark {
	case dateMarker:
		s.Kind = KindDate
	case tupleMarker:
		s.Kind = KindTuple
		for i := 1; i < t.NumField(); i++ {
			s.Alternatives = append(s.Alternatives, t.Field(i).Type)
		}
	}
	return s.Kind != KindInvalid
}

// structural classifies t by its Go kind alone, without looking at methods.
func structural(t reflect.Type) (shape, error) {
	s := shape{Type: t}
	switch t.Kind() {
	case reflect.Bool:
		s.Kind = KindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.Kind = KindInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		s.Kind = KindUint
	case reflect.Float32, reflect.Float64:
		s.Kind = KindFloat
	case reflect.String:
		s.Kind = KindString
	case reflect.Pointer:
		s.Kind, s.Elem = KindPointer, t.Elem()
	case reflect.Struct:
		s.Kind = KindStruct
	case reflect.Array:
		s.Kind, s.Elem, s.Len = KindArray, t.Elem(), t.Len()
	case reflect.Slice:
		s.Kind, s.Elem = KindSlice, t.Elem()
		if t.Elem().Kind() == reflect.Uint8 && t.Elem().PkgPath() == "" {
			s.Kind = KindBytes
		}
	case reflect.Map:
		return mapShape(t)
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return s, fmt.Errorf("%s is an interface with methods: JSON cannot tell which type to make, use a struct or dasf.OneOf2", t)
		}
		s.Kind = KindAny
	default:
		return s, fmt.Errorf("%s has no JSON form: use a number, string, bool, struct, slice or map, or give the type MarshalJSON and UnmarshalJSON", t)
	}
	return s, nil
}

func mapShape(t reflect.Type) (shape, error) {
	s := shape{Type: t, Kind: KindMap, Elem: t.Elem(), Key: t.Key()}
	if t.Elem() == reflect.TypeFor[struct{}]() {
		s.Kind, s.Elem, s.Key = KindSet, t.Key(), nil
		if hasInterface(t.Key()) {
			return s, fmt.Errorf("%s: a set's elements must be comparable, and an interface may hold what is not: use a slice", t)
		}
		return s, nil
	}
	switch k := t.Key(); {
	case has(k, textUnmarshaler) && has(k, textMarshaler):
	case k.Kind() == reflect.String, reflect.Int <= k.Kind() && k.Kind() <= reflect.Uintptr:
	default:
		return s, fmt.Errorf("%s: a map's keys must be strings, integers or types with text methods, not %s", t, k)
	}
	return s, nil
}

// hasInterface reports whether a comparison of two values of type t may panic.
func hasInterface(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Array:
		return hasInterface(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasInterface(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// describe asks the type's methods Enum, Description and JSONSchemaBytes.
func (s *shape) describe() (err error) {
	t := s.Type
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: Enum, Description or JSONSchemaBytes panicked on a zero value: %v", t, p)
		}
	}()
	zero := reflect.New(t).Interface()
	if d, ok := zero.(interface{ Description() string }); ok {
		s.Description = d.Description()
	}
	if e, ok := zero.(interface{ Enum() []any }); ok {
		if s.Enum, err = enumValues(t, e.Enum()); err != nil {
			return err
		}
	}
	if j, ok := zero.(interface{ JSONSchemaBytes() ([]byte, error) }); ok && (s.Kind == KindJSON || s.Kind == KindText) {
		if s.Schema, err = j.JSONSchemaBytes(); err != nil {
			return fmt.Errorf("%s: JSONSchemaBytes: %w", t, err)
		}
		if !jsontext.Value(s.Schema).IsValid() {
			return fmt.Errorf("%s: JSONSchemaBytes is not valid JSON", t)
		}
	}
	return nil
}

// enumValues brings the values of a method Enum to t's kind, so that both
// []any{"red"} and []any{Red} may be written.
func enumValues(t reflect.Type, values []any) ([]any, error) {
	if len(values) == 0 {
		return nil, fmt.Errorf("%s: Enum returns no values", t)
	}
	out := make([]any, 0, len(values))
	for _, value := range values {
		v := reflect.ValueOf(value)
		if !v.IsValid() || !sameFamily(v.Kind(), t.Kind()) {
			return nil, fmt.Errorf("%s: Enum returns %v (%T), which is no value of the type", t, value, value)
		}
		v = v.Convert(t)
		switch {
		case v.CanInt():
			out = append(out, v.Int())
		case v.CanUint():
			out = append(out, v.Uint())
		case v.CanFloat():
			out = append(out, v.Float())
		case v.Kind() == reflect.String:
			out = append(out, v.String())
		default:
			out = append(out, v.Bool())
		}
	}
	return out, nil
}

// sameFamily reports whether a value of kind a may stand for one of kind b in an enum.
func sameFamily(a, b reflect.Kind) bool {
	family := func(k reflect.Kind) int {
		switch {
		case reflect.Int <= k && k <= reflect.Uintptr:
			return 1
		case k == reflect.Float32 || k == reflect.Float64:
			return 2
		case k == reflect.String:
			return 3
		case k == reflect.Bool:
			return 4
		}
		return 0
	}
	return family(b) != 0 && (family(a) == family(b) || family(a) == 1 && family(b) == 2)
}
