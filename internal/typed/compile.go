package typed

import (
	"fmt"
	"reflect"
)

// decoder compiles t, once. A recursive type finds itself half compiled and is
// bound late.
func (c *Compiler) decoder(t reflect.Type) (decodeFunc, error) {
	if p := c.decoders[t]; p != nil {
		return func(d *decoding, v reflect.Value) { (*p)(d, v) }, nil
	}
	p := new(decodeFunc)
	c.decoders[t] = p
	f, err := c.buildDecoder(t)
	*p = f
	return f, err
}

func (c *Compiler) buildDecoder(t reflect.Type) (decodeFunc, error) {
	s, err := shapeOf(t)
	if err != nil {
		return nil, err
	}
	f, err := c.plainDecoder(s)
	if err != nil {
		return nil, err
	}
	if s.Enum != nil {
		f = enumDecoder(s, f)
	}
	if c.validates(t) {
		f = validating(t, f)
	}
	return f, nil
}

// plainDecoder decodes the shape alone, without the type's enum and Validate.
func (c *Compiler) plainDecoder(s shape) (decodeFunc, error) {
	t := s.Type
	switch s.Kind {
	case KindBool:
		return decodeBool, nil
	case KindInt, KindUint:
		return intDecoder(t), nil
	case KindFloat:
		return floatDecoder(t, false), nil
	case KindString:
		return decodeString, nil
	case KindBytes:
		return decodeBytes, nil
	case KindTime:
		return decodeTime, nil
	case KindDate:
		return decodeDate, nil
	case KindDuration:
		return decodeDuration, nil
	case KindUUID:
		return uuidDecoder(t), nil
	case KindDecimal:
		return decimalDecoder(t), nil
	case KindBigInt:
		return decodeBigInt, nil
	case KindNumber:
		return decodeNumber, nil
	case KindAny:
		return decodeAny, nil
	case KindRaw:
		return decodeRaw, nil
	case KindNone:
		return decodeNone, nil
	case KindStruct:
		return c.structDecoder(t)
	case KindUnion:
		return c.unionDecoder(s)
	case KindTuple:
		return c.tupleDecoder(s)
	case KindJSON, KindText:
		return c.methodDecoder(s)
	}
	return c.containerDecoder(s)
}

// methodDecoder decodes by the type's own method. A type that has only the
// encoding one is decoded by its structure, as encoding/json does.
func (c *Compiler) methodDecoder(s shape) (decodeFunc, error) {
	switch {
	case has(s.Type, unmarshaler, unmarshalerFrom):
		return jsonDecoder(s), nil
	case has(s.Type, textUnmarshaler):
		return textDecoder(s.Type), nil
	}
	plain, err := structural(s.Type)
	if err != nil {
		return nil, err
	}
	return c.plainDecoder(plain)
}

func (c *Compiler) tupleDecoder(s shape) (decodeFunc, error) {
	var elems []decodeFunc
	for _, t := range s.Alternatives {
		f, err := c.decoder(t)
		if err != nil {
			return nil, err
		}
		elems = append(elems, f)
	}
	return tupleDecoder(elems), nil
}

func (c *Compiler) containerDecoder(s shape) (decodeFunc, error) {
	t := s.Type
	if s.Kind == KindSlice && c.plainFloat(s.Elem) {
		if s.Elem.Kind() == reflect.Float32 {
			return floatsDecoder[float32], nil
		}
		return floatsDecoder[float64], nil
	}
	elem, err := c.element(s)
	if err != nil {
		return nil, err
	}
	switch s.Kind {
	case KindPointer:
		return pointerDecoder(elem, s.Elem), nil
	case KindSlice:
		if c.plainInt(s.Elem) {
			return intsDecoder(s.Elem, elem), nil
		}
		return sliceDecoder(elem, t), nil
	case KindArray:
		return arrayDecoder(elem, t), nil
	case KindSet:
		return setDecoder(elem, t), nil
	case KindMap:
		key, err := c.mapKey(s.Key)
		if err != nil {
			return nil, err
		}
		return mapDecoder(key, elem, t), nil
	}
	return nil, fmt.Errorf("%s has no JSON form", t)
}

// plainFloat reports whether t is a float without methods that matter here.
func (c *Compiler) plainFloat(t reflect.Type) bool {
	s, err := shapeOf(t)
	return err == nil && s.Kind == KindFloat && s.Enum == nil && !c.validates(t)
}

// plainInt is plainFloat for integers.
func (c *Compiler) plainInt(t reflect.Type) bool {
	s, err := shapeOf(t)
	return err == nil && (s.Kind == KindInt || s.Kind == KindUint) && s.Enum == nil && !c.validates(t)
}

// element compiles the decoder of a container's elements. In a slice, array or
// map null is NaN for a float.
func (c *Compiler) element(s shape) (decodeFunc, error) {
	if (s.Kind == KindSlice || s.Kind == KindArray || s.Kind == KindMap) && c.plainFloat(s.Elem) {
		return floatDecoder(s.Elem, true), nil
	}
	return c.decoder(s.Elem)
}

var hasValidate = reflect.TypeFor[interface{ Validate() error }]()

// validates reports whether t has a method Validate() error.
func (c *Compiler) validates(t reflect.Type) bool {
	return !c.noRules && t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && has(t, hasValidate)
}

// validating calls Validate after decode found nothing wrong.
func validating(t reflect.Type, decode decodeFunc) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		start, total := d.pos, d.total
		decode(d, v)
		if !d.wrongSince(total) {
			d.validate(t, v, start)
		}
	}
}

// validate calls the Validate method of v. start is where its text begins, -1 without text.
func (d *decoding) validate(t reflect.Type, v reflect.Value, start int) {
	if err := d.callValidate(t, v); err != nil && d.panicked == nil {
		d.breach(FieldError{Type: "value_error", Message: "Value error, " + err.Error()}, v, start)
	}
}

func (d *decoding) callValidate(t reflect.Type, v reflect.Value) error {
	defer d.guard(t, "Validate")
	m, _ := reflect.TypeAssert[interface{ Validate() error }](v.Addr())
	return m.Validate()
}

// breach reports an error of a value that has been decoded.
func (d *decoding) breach(e FieldError, v reflect.Value, start int) {
	if start >= 0 {
		d.report(e, start)
	} else {
		d.reportValue(e, v)
	}
}
