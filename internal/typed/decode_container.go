package typed

import (
	"fmt"
	"reflect"
	"strconv"
)

// pointerDecoder decodes Python's Optional: null is nil.
func pointerDecoder(elem decodeFunc, t reflect.Type) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		if d.src[d.pos] == 'n' {
			d.skipPlain()
			v.SetZero()
			return
		}
		n := reflect.New(t)
		elem(d, n.Elem())
		v.Set(n)
	}
}

func sliceDecoder(elem decodeFunc, t reflect.Type) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		if d.src[d.pos] != '[' {
			d.wrong("list_type", "Input should be a valid array")
			return
		}
		v.Set(reflect.MakeSlice(t, 0, 0))
		i := 0
		for d.pos++; d.next(); i++ {
			if i == v.Cap() {
				v.Grow(max(4, i)) // doubles; Grow itself would go down to 1.25
			}
			v.SetLen(i + 1)
			at := v.Index(i)
			at.SetZero()
			d.enterIndex(i)
			elem(d, at)
			d.leave()
			if d.giveUp() {
				return
			}
		}
	}
}

// arrayDecoder decodes an array of exactly the type's length.
func arrayDecoder(elem decodeFunc, t reflect.Type) decodeFunc {
	n := t.Len()
	return func(d *decoding, v reflect.Value) {
		start := d.pos
		if d.src[start] != '[' {
			d.wrong("list_type", "Input should be a valid array")
			return
		}
		i := 0
		for d.pos++; d.next(); i++ {
			if i >= n {
				d.skip()
				continue
			}
			d.enterIndex(i)
			elem(d, v.Index(i))
			d.leave()
			if d.giveUp() {
				return
			}
		}
		if i != n {
			d.fail(start, lengthType(i, n), lengthMessage("List", i, n))
		}
	}
}

func lengthType(got, want int) string {
	if got < want {
		return "too_short"
	}
	return "too_long"
}

func lengthMessage(what string, got, want int) string {
	bound := "most"
	if got < want {
		bound = "least"
	}
	return fmt.Sprintf("%s should have at %s %s after validation, not %d", what, bound, count(want, "item"), got)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func tupleDecoder(elems []decodeFunc) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		start := d.pos
		if d.src[start] != '[' {
			d.wrong("tuple_type", "Input should be a valid array")
			return
		}
		i, total, kept := 0, d.total, len(d.errs)
		for d.pos++; d.next(); i++ {
			if i >= len(elems) {
				d.skip()
				continue
			}
			d.enterIndex(i)
			elems[i](d, v.Field(i+1))
			d.leave()
			if d.giveUp() {
				return
			}
		}
		if i > len(elems) { // then nothing else is said, as by pydantic
			d.total, d.errs = total, d.errs[:kept]
			d.fail(start, "too_long", lengthMessage("Tuple", i, len(elems)))
		}
		for ; i < len(elems); i++ {
			d.enterIndex(i)
			d.fail(start, "missing", "Field required")
			d.leave()
		}
	}
}

// setDecoder drops repeated elements, as Python's set does.
func setDecoder(elem decodeFunc, t reflect.Type) decodeFunc {
	member := reflect.Zero(t.Elem())
	return func(d *decoding, v reflect.Value) {
		if d.src[d.pos] != '[' {
			d.wrong("set_type", "Input should be a valid array")
			return
		}
		v.Set(reflect.MakeMap(t))
		i := 0
		for d.pos++; d.next(); i++ {
			e := reflect.New(t.Key()).Elem()
			total := d.total
			d.enterIndex(i)
			elem(d, e)
			d.leave()
			if d.giveUp() {
				return
			}
			if !d.wrongSince(total) {
				v.SetMapIndex(e, member)
			}
		}
	}
}

// mapDecoder decodes keys by key, which reports what it refuses.
func mapDecoder(key keyFunc, elem decodeFunc, t reflect.Type) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		if d.src[d.pos] != '{' {
			d.wrong("dict_type", "Input should be an object")
			return
		}
		v.Set(reflect.MakeMap(t))
		k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		for d.pos++; d.next(); {
			at := d.pos
			name := d.key()
			total := d.total
			d.enter(string(name))
			k.SetZero()
			e.SetZero()
			key(d, k, name, at)
			if d.giveUp() {
				return
			}
			elem(d, e)
			if !d.wrongSince(total) {
				if v.MapIndex(k).IsValid() {
					d.fail(at, "duplicate_key", "The key is given twice in two spellings, give it once")
				}
				v.SetMapIndex(k, e)
			}
			d.leave()
			if d.giveUp() {
				return
			}
		}
	}
}

// A keyFunc decodes the key name, which stands at position at, into v.
type keyFunc func(d *decoding, v reflect.Value, name []byte, at int)

// mapKey compiles the decoder of a map's keys: strings, integers in decimal, or
// the type's own text method.
func (c *Compiler) mapKey(t reflect.Type) (keyFunc, error) {
	s, err := shapeOf(t)
	if err != nil {
		return nil, err
	}
	if s.Kind == KindString && s.Enum == nil && !c.validates(t) {
		return func(_ *decoding, v reflect.Value, name []byte, _ int) { v.SetString(string(name)) }, nil
	}
	// Any other key is decoded as a string value is: pydantic does so too.
	value, err := c.decoder(t)
	if err != nil {
		return nil, err
	}
	if s.Kind == KindInt || s.Kind == KindUint {
		value = lax(value)
	}
	if s.Kind == KindJSON { // its own JSON methods are not asked for keys, as in encoding/json
		if !has(t, textUnmarshaler) || !has(t, textMarshaler) {
			if t.Kind() != reflect.String {
				return nil, fmt.Errorf("%s has JSON methods but no text methods, which map keys need", t)
			}
			value = decodeString
		} else {
			value = textDecoder(t)
		}
	}
	return func(d *decoding, v reflect.Value, name []byte, at int) {
		here := d.pos
		d.pos = at
		d.enter("[key]")
		value(d, v)
		d.leave()
		d.pos = here
	}, nil
}

// lax decodes in lax mode: a key is always a string, so "1" is no conversion.
func lax(f decodeFunc) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		strict := d.strict
		d.strict = false
		f(d, v)
		d.strict = strict
	}
}
