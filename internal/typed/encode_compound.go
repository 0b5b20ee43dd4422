package typed

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
)

// compoundEncoder encodes what has parts.
func (c *Compiler) compoundEncoder(s shape) (encodeFunc, error) {
	switch s.Kind {
	case KindStruct:
		return c.structEncoder(s.Type)
	case KindUnion:
		return c.unionEncoder(s)
	case KindTuple:
		return c.tupleEncoder(s)
	}
	if s.Elem == nil {
		return nil, fmt.Errorf("%s has no JSON form", s.Type)
	}
	elem, err := c.encoder(s.Elem)
	if err != nil {
		return nil, err
	}
	switch s.Kind {
	case KindPointer:
		return deeper(func(e *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
			if v.IsNil() {
				return append(dst, "null"...), nil
			}
			return elem(e, dst, v.Elem())
		}), nil
	case KindSlice:
		es, err := shapeOf(s.Elem)
		if err == nil && es.Kind == KindFloat {
			if s.Elem.Kind() == reflect.Float32 {
				return appendFloats[float32], nil
			}
			return appendFloats[float64], nil
		}
		return deeper(sequenceEncoder(elem)), nil
	case KindArray:
		return deeper(sequenceEncoder(elem)), nil
	case KindSet:
		return deeper(setEncoder(elem)), nil
	case KindMap:
		return c.mapEncoder(s, elem)
	}
	return nil, fmt.Errorf("%s has no JSON form", s.Type)
}

// deeper bounds the depth, so that a value which contains itself is an error.
func deeper(f encodeFunc) encodeFunc {
	return func(e *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
		if e.depth++; e.depth > maxDepth {
			return dst, errDepth
		}
		dst, err := f(e, dst, v)
		e.depth--
		return dst, err
	}
}

// appendFloats encodes a slice of floats without reflection on its elements.
func appendFloats[F float32 | float64](_ *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
	bits := v.Type().Elem().Bits()
	floats := sliceOf[F](v)
	dst = append(dst, '[')
	for i, f := range floats {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFloat(dst, float64(f), bits)
	}
	return append(dst, ']'), nil
}

func sequenceEncoder(elem encodeFunc) encodeFunc {
	return func(e *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = elem(e, dst, v.Index(i)); err != nil {
				return dst, inside(strconv.Itoa(i), err)
			}
		}
		return append(dst, ']'), nil
	}
}

// A pathError is an error at a place inside the value that is encoded.
type pathError struct {
	path []string // innermost first
	err  error
}

func (e *pathError) Error() string {
	var b []byte
	for _, step := range slices.Backward(e.path) {
		b = append(b, step...)
		b = append(b, '.')
	}
	return string(b[:len(b)-1]) + ": " + e.err.Error()
}

func (e *pathError) Unwrap() error { return e.err }

// inside puts a step before the path of err. A path stays short: of a value
// that contains itself it would have 10,000 steps.
func inside(step string, err error) error {
	p, ok := err.(*pathError)
	if !ok {
		p = &pathError{err: err}
	}
	if len(p.path) < 100 {
		p.path = append(p.path, step)
	}
	return p
}

func (c *Compiler) tupleEncoder(s shape) (encodeFunc, error) {
	elems := make([]encodeFunc, len(s.Alternatives))
	for i, t := range s.Alternatives {
		var err error
		if elems[i], err = c.encoder(t); err != nil {
			return nil, err
		}
	}
	return deeper(func(e *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
		dst = append(dst, '[')
		for i, elem := range elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = elem(e, dst, v.Field(i+1)); err != nil {
				return dst, inside(strconv.Itoa(i), err)
			}
		}
		return append(dst, ']'), nil
	}), nil
}

func (c *Compiler) unionEncoder(s shape) (encodeFunc, error) {
	byType := map[reflect.Type]encodeFunc{}
	nullable := false
	for _, t := range s.Alternatives {
		f, err := c.encoder(t)
		if err != nil {
			return nil, err
		}
		byType[t] = f
		nullable = nullable || t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface
	}
	return deeper(func(e *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
		held := v.Field(1).Elem()
		if !held.IsValid() {
			if nullable {
				return append(dst, "null"...), nil
			}
			return dst, fmt.Errorf("%s holds no value: set Value to one of its alternatives", s.Type)
		}
		f := byType[held.Type()]
		if f == nil {
			return dst, fmt.Errorf("%s holds a %s, which is none of its alternatives", s.Type, held.Type())
		}
		return f(e, dst, held)
	}), nil
}

// setEncoder writes the elements in order, so that equal sets look equal.
func setEncoder(elem encodeFunc) encodeFunc {
	return func(e *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
		dst = append(dst, '[')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = elem(e, dst, k); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	}
}

// sortedKeys returns the keys of a map in order: numbers and strings by value,
// others in no certain order.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	if len(keys) == 0 {
		return nil
	}
	var compare func(a, b reflect.Value) int
	switch k := keys[0]; {
	case k.CanInt():
		compare = func(a, b reflect.Value) int { return cmp.Compare(a.Int(), b.Int()) }
	case k.CanUint():
		compare = func(a, b reflect.Value) int { return cmp.Compare(a.Uint(), b.Uint()) }
	case k.CanFloat():
		compare = func(a, b reflect.Value) int { return cmp.Compare(a.Float(), b.Float()) }
	case k.Kind() == reflect.String:
		compare = func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) }
	default:
		compare = func(a, b reflect.Value) int {
			return cmp.Compare(fmt.Sprint(a.Interface()), fmt.Sprint(b.Interface()))
		}
	}
	slices.SortFunc(keys, compare)
	return keys
}

// mapKeyText compiles the form of a map's keys, without quotes.
func (c *Compiler) mapKeyText(t reflect.Type) (func(*encodeState, reflect.Value) ([]byte, error), error) {
	s, err := shapeOf(t)
	if err != nil {
		return nil, err
	}
	if s.Kind == KindString || s.Kind == KindJSON && t.Kind() == reflect.String && !has(t, textMarshaler) {
		return func(_ *encodeState, v reflect.Value) ([]byte, error) { return []byte(v.String()), nil }, nil
	}
	if s.Kind == KindJSON {
		return func(_ *encodeState, v reflect.Value) ([]byte, error) { return marshalText(v) }, nil
	}
	f, err := c.encoder(t)
	if err != nil {
		return nil, err
	}
	return func(e *encodeState, v reflect.Value) ([]byte, error) {
		raw, err := f(e, nil, v)
		if err != nil || len(raw) == 0 || raw[0] != '"' {
			return raw, err
		}
		t := text{src: raw}
		return t.str(), nil
	}, nil
}

func (c *Compiler) mapEncoder(s shape, elem encodeFunc) (encodeFunc, error) {
	name, err := c.mapKeyText(s.Key)
	if err != nil {
		return nil, err
	}
	type member struct {
		key   []byte
		value reflect.Value
	}
	return deeper(func(e *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
		members := make([]member, 0, v.Len())
		for it := v.MapRange(); it.Next(); {
			key, err := name(e, it.Key())
			if err != nil {
				return dst, err
			}
			members = append(members, member{key, it.Value()})
		}
		sort.Slice(members, func(i, j int) bool { return bytes.Compare(members[i].key, members[j].key) < 0 })
		dst = append(dst, '{')
		for i, m := range members {
			if i > 0 {
				if bytes.Equal(members[i-1].key, m.key) {
					return dst, fmt.Errorf("two keys of the map are written %q", m.key)
				}
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendString(dst, string(m.key)); err != nil {
				return dst, err
			}
			dst = append(dst, ':')
			if dst, err = elem(e, dst, m.value); err != nil {
				return dst, inside(string(m.key), err)
			}
		}
		return append(dst, '}'), nil
	}), nil
}

// structEncoder writes the fields in order.
func (c *Compiler) structEncoder(t reflect.Type) (encodeFunc, error) {
	st, err := c.fieldsOf(t)
	if err != nil {
		return nil, err
	}
	type part struct {
		*field
		key    []byte // quoted, with the colon
		encode encodeFunc
		fixed  reflect.Value // the value of a const tag
	}
	parts := make([]part, len(st.Fields))
	for i := range st.Fields {
		f := &st.Fields[i]
		p := part{field: f}
		if p.key, err = appendString(nil, f.Name); err != nil {
			return nil, err
		}
		p.key = append(p.key, ':')
		if p.encode, err = c.encoder(f.Type); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, f.GoName, err)
		}
		if f.Const != nil {
			if p.fixed, err = c.constValue(f); err != nil {
				return nil, fmt.Errorf("%s.%s: %w", t, f.GoName, err)
			}
		}
		parts[i] = p
	}
	return deeper(func(e *encodeState, dst []byte, v reflect.Value) ([]byte, error) {
		dst = append(dst, '{')
		first := true
		for i := range parts {
			p := &parts[i]
			fv := peekField(v, p.Index)
			if !fv.IsValid() || p.leftOut(fv) {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(dst, p.key...)
			if p.Const != nil && !(fv.Kind() == reflect.Pointer && fv.IsNil()) {
				if !fv.IsZero() && !reflect.DeepEqual(fv.Interface(), p.fixed.Interface()) {
					return dst, inside(p.Name, fmt.Errorf("the value is always %s: leave the field zero", p.Const))
				}
				dst = append(dst, p.Const...)
				continue
			}
			var err error
			if dst, err = p.encode(e, dst, fv); err != nil {
				return dst, inside(p.Name, err)
			}
		}
		return append(dst, '}'), nil
	}), nil
}

func (c *Compiler) constValue(f *field) (reflect.Value, error) {
	v := reflect.New(f.Type).Elem()
	decode, err := c.decoder(f.Type)
	if err != nil {
		return v, err
	}
	d := newDecoding(f.Const)
	defer d.free()
	if decode(d, v); d.total > 0 {
		return v, fmt.Errorf("const tag: %s is no value of the field: %w", f.Const, firstOf(d.invalid("")))
	}
	return v, nil
}
