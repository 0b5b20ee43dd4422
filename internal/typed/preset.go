package typed

import (
	"fmt"
	"reflect"
)

// presets decodes the defaults of the structs that have been compiled. It must
// wait until all of them are: a type that contains itself is half done before.
func (c *Compiler) presets() error {
	for len(c.unset) > 0 {
		s := c.unset[0]
		c.unset = c.unset[1:]
		for i := range s.fields {
			f := &s.fields[i]
			if err := c.preset(f); err != nil {
				return fmt.Errorf("%s.%s: %w", s.typ, f.GoName, err)
			}
			c.structs[s.typ].Fields[i].Default, c.structs[s.typ].Fields[i].Example = f.Default, f.Example
		}
	}
	return nil
}

// preset decodes the default of f once, now: a default that does not decode or
// breaks the rules of its field is a mistake in the program. The schema shows
// the default as it would be sent, as pydantic's does.
func (c *Compiler) preset(f *fieldProgram) error {
	var err error
	if f.Default != nil {
		var v reflect.Value
		if v, f.Default, err = c.tagValue(f, f.Default); err != nil {
			return fmt.Errorf("default tag: %w", err)
		}
		if isScalar(f.Type.Kind()) {
			f.preset = v
		}
	}
	if f.Example != nil {
		if _, f.Example, err = c.tagValue(f, f.Example); err != nil {
			return fmt.Errorf("example tag: %w", err)
		}
	}
	return nil
}

// tagValue decodes and checks a value that stands in a tag, and encodes it again.
func (c *Compiler) tagValue(f *fieldProgram, raw []byte) (reflect.Value, []byte, error) {
	v := reflect.New(f.Type).Elem()
	d := newDecoding(raw)
	defer d.free()
	d.strict, d.dynamic = c.options.Strict, c.dynamic
	f.decode(d, v)
	if f.check != nil && !d.wrongSince(0) {
		f.check(d, v, 0)
	}
	if e := d.invalid(""); e != nil {
		return v, raw, fmt.Errorf("%s is no value of the field: %w", raw, firstOf(e))
	}
	encode, err := c.encoder(f.Type)
	if err != nil {
		return v, raw, err
	}
	out, err := run(encode, c.dynamic, nil, v)
	if err != nil {
		return v, raw, err
	}
	if sameValue(out, raw) { // 1 for a float stays 1
		return v, raw, nil
	}
	d.text = text{src: out}
	if !d.try(f.decode, reflect.New(f.Type).Elem(), false) { // methods that lose the value
		return v, raw, nil
	}
	return v, out, nil
}

// sameValue reports whether two JSON texts differ at most in how their numbers
// are written.
func sameValue(a, b []byte) bool {
	ta, tb := text{src: a}, text{src: b}
	for ta.space() != 0 && tb.space() != 0 {
		ca, cb := ta.src[ta.pos], tb.src[tb.pos]
		switch {
		case isNumberStart(ca) && isNumberStart(cb):
			na, _ := parseDecimal(string(ta.value())) // valid JSON, so they are numbers
			nb, _ := parseDecimal(string(tb.value()))
			if na.compare(nb) != 0 {
				return false
			}
		case ca != cb:
			return false
		case ca == '"':
			if string(ta.str()) != string(tb.str()) {
				return false
			}
		default:
			ta.pos++
			tb.pos++
		}
	}
	return ta.space() == tb.space()
}

func isScalar(k reflect.Kind) bool {
	return reflect.Bool <= k && k <= reflect.Float64 || k == reflect.String
}

// firstOf is the first error of e as one line.
func firstOf(e *Invalid) error {
	if e.Processing != nil {
		return e.Processing
	}
	f := e.Fields[0]
	if f.Path != "" {
		return fmt.Errorf("%s: %s", f.Path, f.Message)
	}
	return fmt.Errorf("%s", f.Message)
}
