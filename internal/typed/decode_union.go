package typed

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// The alternatives of a union: a type whose value is one of several alternatives.
type alternatives struct {
	types   []reflect.Type
	labels  []string // pydantic's names of the alternatives, which stand in error paths
	decode  []decodeFunc
	tag     string         // the key of the const field that tells the alternatives apart; "" without
	tagged  map[string]int // its values, as pythonRepr writes them
	choices []string
}

func (c *Compiler) unionDecoder(s shape) (decodeFunc, error) {
	u := alternatives{types: s.Alternatives}
	for i, t := range u.types {
		if slices.Contains(u.types[:i], t) {
			return nil, fmt.Errorf("%s: two alternatives are %s, so that the second would never be taken", s.Type, t)
		}
		f, err := c.decoder(t)
		if err != nil {
			return nil, err
		}
		u.decode = append(u.decode, f)
		u.labels = append(u.labels, pythonLabel(t))
	}
	if err := u.findTag(c); err != nil {
		return nil, err
	}
	return u.any, nil
}

// findTag looks for a key that has a const of its own in every alternative.
func (u *alternatives) findTag(c *Compiler) error {
	var first *structType
	for i, t := range u.types {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if s, err := classify(t); err != nil || s.Kind != KindStruct {
			return err
		}
		st, err := c.fieldsOf(t)
		if err != nil {
			return err
		}
		if i == 0 {
			first = st
		}
	}
	for _, f := range first.Fields {
		if f.Const != nil && u.tagBy(c, f.Name) {
			return nil
		}
	}
	return nil
}

func (u *alternatives) tagBy(c *Compiler, name string) bool {
	values := map[string]int{}
	var choices []string
	for i, t := range u.types {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		st, _ := c.fieldsOf(t) // cached by findTag
		at := slices.IndexFunc(st.Fields, func(f field) bool { return f.Name == name && f.Const != nil })
		if at < 0 {
			return false
		}
		value := pythonRepr(st.Fields[at].Const)
		if _, twice := values[value]; twice {
			return false
		}
		values[value] = i
		choices = append(choices, value)
	}
	u.tag, u.tagged, u.choices = name, values, choices
	return true
}

// any decodes with whichever alternative fits.
func (u *alternatives) any(d *decoding, v reflect.Value) {
	if u.tag != "" && d.src[d.pos] != 'n' {
		u.byTag(d, v)
		return
	}
	if u.try(d, v, true) || !d.strict && u.try(d, v, false) {
		return
	}
	if d.quiet {
		d.failed = true
		return
	}
	u.explain(d)
}

// try tries the alternatives in order: strictly first, so that "7" is a string
// for OneOf2[int, string], then with conversions.
func (u *alternatives) try(d *decoding, v reflect.Value, strict bool) bool {
	start := d.pos
	for i, t := range u.types {
		n := reflect.New(t).Elem()
		if d.try(u.decode[i], n, strict) {
			v.Field(1).Set(n)
			return true
		}
		d.retried += d.pos - start + 1
		d.pos = start
		if d.panicked != nil || d.exhausted() {
			return false
		}
	}
	return false
}

// exhausted reports whether unions have read so much again that a hostile
// request must be at work: nested unions without a const field can take
// exponential time.
func (d *decoding) exhausted() bool { return d.retried > 16*len(d.src)+1<<16 }

// explain reports what each alternative finds wrong, below its name.
func (u *alternatives) explain(d *decoding) {
	start := d.pos
	if d.exhausted() {
		d.wrong("union_error", "The alternatives are nested too deep to try them all: give each a field with a const tag")
		return
	}
	for i, t := range u.types {
		d.pos = start
		d.enter(u.labels[i])
		u.decode[i](d, reflect.New(t).Elem())
		d.leave()
		d.retried += d.pos - start + 1
	}
	d.pos = d.end(start)
}

func (u *alternatives) byTag(d *decoding, v reflect.Value) {
	start := d.pos
	if d.src[start] != '{' {
		d.wrong("dict_type", "Input should be an object")
		return
	}
	raw := u.tagValue(text{src: d.src, pos: start}, d)
	if raw == nil {
		d.wrong("union_tag_not_found", "Unable to extract tag using discriminator '"+u.tag+"'")
		return
	}
	name := pythonRepr(raw)
	i, ok := u.tagged[name]
	if raw[0] == '"' {
		at := text{src: raw}
		name = string(at.str())
	}
	if !ok {
		d.wrong("union_tag_invalid", fmt.Sprintf("Input tag '%.100s' found using '%s' does not match any of the expected tags: %s",
			name, u.tag, strings.Join(u.choices, ", ")))
		return
	}
	n := reflect.New(u.types[i]).Elem()
	d.enter(name)
	u.decode[i](d, n)
	d.leave()
	v.Field(1).Set(n)
}

// tagValue finds the tag among the keys of the object at t.
func (u *alternatives) tagValue(t text, d *decoding) []byte {
	start := t.pos
	defer func() { d.retried += t.pos - start }()
	for t.pos++; t.next(); {
		if string(t.key()) == u.tag {
			return t.value()
		}
		t.skip()
	}
	return nil
}

// pythonLabel is pydantic's name of the type that t is in Python.
func pythonLabel(t reflect.Type) string {
	s, err := classify(t)
	if err != nil {
		return t.String()
	}
	switch s.Kind {
	case KindBool:
		return "bool"
	case KindInt, KindUint, KindBigInt:
		if t.Name() == t.Kind().String() || s.Kind == KindBigInt {
			return "int"
		}
	case KindFloat, KindNumber:
		return "float"
	case KindString:
		if t.Name() == "string" {
			return "str"
		}
	case KindBytes:
		return "bytes"
	case KindTime:
		return "datetime"
	case KindDate:
		return "date"
	case KindDuration:
		return "timedelta"
	case KindUUID:
		return "uuid"
	case KindDecimal:
		return "decimal"
	case KindAny, KindRaw:
		return "any"
	case KindNone:
		return "none"
	case KindPointer:
		return "nullable[" + pythonLabel(s.Elem) + "]"
	case KindSlice, KindArray:
		return "list[" + pythonLabel(s.Elem) + "]"
	case KindSet:
		return "set[" + pythonLabel(s.Elem) + "]"
	case KindMap:
		return "dict[" + pythonLabel(s.Key) + "," + pythonLabel(s.Elem) + "]"
	case KindTuple, KindUnion:
		labels := make([]string, len(s.Alternatives))
		for i, a := range s.Alternatives {
			labels[i] = pythonLabel(a)
		}
		if s.Kind == KindTuple {
			return "tuple[" + strings.Join(labels, ", ") + "]"
		}
		return "union[" + strings.Join(labels, ",") + "]"
	}
	return t.Name()
}
