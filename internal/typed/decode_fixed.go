package typed

import (
	"fmt"
	"reflect"
)

// literals is the message of a field with a oneof rule, which is a Literal in
// Python; "" for others, and where the type has more to say about its values.
func (c *Compiler) literals(f field) string {
	t := f.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s, err := shapeOf(t)
	if err != nil || s.Enum != nil || c.validates(t) || s.Kind != KindString && s.Kind != KindInt && s.Kind != KindUint {
		return ""
	}
	for _, r := range f.Levels[0].Rules {
		if r.Name == "oneof" {
			return nounOf(s.Kind).explain(r.Name, r.Param).Message
		}
	}
	return ""
}

// literalDecoder says of a value of a wrong type which values are right.
func literalDecoder(decode decodeFunc, message string) decodeFunc {
	return func(d *decoding, v reflect.Value) {
		start := d.pos
		if !d.try(decode, v, false) {
			d.pos = start
			d.wrong("literal_error", message)
		}
	}
}

// constDecoder takes only the value of the field's const tag.
func constDecoder(f field, decode decodeFunc) (decodeFunc, error) {
	t := f.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !isScalar(t.Kind()) {
		return nil, fmt.Errorf("const tag: %s cannot be fixed: only strings, numbers and bools can", t)
	}
	want := reflect.New(f.Type).Elem()
	d := newDecoding(f.Const)
	defer d.free()
	if decode(d, want); d.total > 0 {
		return nil, fmt.Errorf("const tag: %s is no value of the field: %w", f.Const, firstOf(d.invalid("")))
	}
	message := "Input should be " + pythonRepr(f.Const)
	optional := f.Type.Kind() == reflect.Pointer
	return func(d *decoding, v reflect.Value) {
		start := d.pos
		if optional && d.src[start] == 'n' {
			d.skipPlain()
			return
		}
		if !d.try(decode, v, true) || !reflect.DeepEqual(v.Interface(), want.Interface()) {
			d.pos = start
			v.SetZero()
			d.wrong("literal_error", message)
		}
	}, nil
}

// enumDecoder takes only the values of the type's method Enum.
func enumDecoder(s shape, decode decodeFunc) decodeFunc {
	message := enumMessage(s.Enum)
	return func(d *decoding, v reflect.Value) {
		start := d.pos
		if !d.try(decode, v, false) || !inEnum(v, s.Enum) {
			d.pos = start
			v.SetZero()
			d.wrong("enum", message)
		}
	}
}

func enumMessage(values []any) string {
	var choices []string
	for _, v := range values {
		switch v := v.(type) {
		case string:
			choices = append(choices, pythonString(v))
		case float64:
			choices = append(choices, pythonFloat(v))
		case bool:
			choices = append(choices, map[bool]string{true: "True", false: "False"}[v])
		default:
			choices = append(choices, fmt.Sprint(v))
		}
	}
	return "Input should be " + anyOf(choices)
}

func inEnum(v reflect.Value, values []any) bool {
	for _, want := range values {
		if w := reflect.ValueOf(want); w.CanConvert(v.Type()) && w.Convert(v.Type()).Equal(v) {
			return true
		}
	}
	return false
}
