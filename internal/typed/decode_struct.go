package typed

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/go-playground/validator/v10"
)

// A structProgram is a struct type, compiled.
type structProgram struct {
	typ    reflect.Type
	fields []fieldProgram
	byName map[string]int
	cross  []crossRule
	closed bool // refuses unknown keys in lax mode too
	// levels runs the struct validations registered on the module's validator
	// (RegisterStructValidation); nil where the validator is our own.
	levels *validator.Validate
}

// A fieldProgram is one field of a struct, compiled.
type fieldProgram struct {
	field
	decode decodeFunc
	check  checkFunc     // the rules of the value itself, after decode; nil without
	walk   checkFunc     // all rules, for a value that was not decoded; nil without
	preset reflect.Value // the default, where it can be shared: a number, string or bool
}

// The states of a field while its object is decoded.
const (
	absent = iota
	null   // an Optional that was given as null
	given
	broken
)

func (c *Compiler) structDecoder(t reflect.Type) (decodeFunc, error) {
	s, err := c.structProgram(t)
	if err != nil {
		return nil, err
	}
	return s.decode, nil
}

// structProgram compiles t. Decoder and checker share the result.
func (c *Compiler) structProgram(t reflect.Type) (*structProgram, error) {
	if s := c.programs[t]; s != nil {
		return s, nil
	}
	st, err := c.fieldsOf(t)
	if err != nil {
		return nil, err
	}
	s := &structProgram{typ: t, closed: st.Closed, byName: map[string]int{}, fields: make([]fieldProgram, len(st.Fields))}
	c.programs[t] = s
	for i, f := range st.Fields {
		s.byName[f.Name] = i
		if s.fields[i], err = c.fieldProgram(f); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, f.GoName, err)
		}
	}
	if !c.noRules {
		if s.cross, err = c.crossRules(t, st.Fields); err != nil {
			return nil, err
		}
	}
	if !c.noRules && c.options.Validator != nil {
		s.levels = c.validator
		if err := c.trySample(t); err != nil {
			return nil, err
		}
	}
	c.unset = append(c.unset, s)
	return s, nil
}

func (c *Compiler) fieldProgram(f field) (fieldProgram, error) {
	p := fieldProgram{field: f}
	var err error
	if p.decode, err = c.ruledDecoder(f.Type, f.Levels); err != nil {
		return p, err
	}
	if p.check, err = c.rules(f.Type, f.Levels[:1]); err != nil {
		return p, err
	}
	if p.walk, err = c.rules(f.Type, f.Levels); err != nil {
		return p, err
	}
	if choices := c.literals(f); choices != "" {
		p.decode = literalDecoder(p.decode, choices)
	}
	if f.Const != nil {
		if p.decode, err = constDecoder(f, p.decode); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (s *structProgram) decode(d *decoding, v reflect.Value) {
	if d.src[d.pos] != '{' {
		d.wrong("model_type", "Input should be an object")
		return
	}
	start, base := d.pos, len(d.errs)
	reserved := d.reserved
	d.reserved = nil
	var few [48]uint8
	states := few[:]
	if len(s.fields) > len(few) {
		states = make([]uint8, len(s.fields))
	}
	var segments []segment
	d.pos++
	for guess := 0; d.next(); {
		key := d.key()
		i, ok := s.find(key, guess)
		if !ok {
			segments = s.unknown(d, string(key), reserved, segments)
			continue
		}
		guess = i + 1
		f := &s.fields[i]
		total, from, at := d.total, len(d.errs), d.pos
		d.enter(f.Name)
		fv := fieldOf(v, f.Index)
		f.decode(d, fv)
		if f.check != nil && !d.wrongSince(total) {
			f.check(d, fv, at)
		}
		d.leave()
		if d.giveUp() {
			return
		}
		states[i] = given
		if isNil(fv) {
			states[i] = null
		}
		if d.total > total {
			states[i] = broken
			f.refine(d, from)
			segments = append(segments, segment{i, from, len(d.errs)})
		}
	}
	segments = s.absentees(d, v, start, states, segments)
	segments = s.together(d, v, start, states, segments)
	d.sortErrors(base, segments)
}

// refine says of an integer beyond its Go type which rule of the field it
// breaks, if it breaks one.
func (f *fieldProgram) refine(d *decoding, from int) {
	if len(d.errs) == from+1 && d.errs[from].overflow != "" {
		refineOverflow(&d.errs[from], f.Levels[0].Rules)
	}
}

// find returns the field called key, by exact case. Keys mostly come in the
// order of the fields, so the next one is tried first.
func (s *structProgram) find(key []byte, guess int) (int, bool) {
	if guess < len(s.fields) && string(key) == s.fields[guess].Name {
		return guess, true
	}
	i, ok := s.byName[string(key)]
	return i, ok
}

// unknown moves past the value of an unknown key: ignored as the Python peer
// does, refused in strict mode.
func (s *structProgram) unknown(d *decoding, key string, reserved []string, segments []segment) []segment {
	start, from := d.pos, len(d.errs)
	d.skip()
	if !d.strict && !s.closed || slices.Contains(reserved, key) {
		return segments
	}
	d.enter(key)
	d.fail(start, "extra_forbidden", "Extra inputs are not permitted")
	d.leave()
	return append(segments, segment{len(s.fields), from, len(d.errs)})
}

// absentees gives the absent fields their defaults and reports those required.
func (s *structProgram) absentees(d *decoding, v reflect.Value, start int, states []uint8, segments []segment) []segment {
	for i := range s.fields {
		f := &s.fields[i]
		switch {
		case states[i] != absent:
		case f.Required:
			from := len(d.errs)
			d.enter(f.Name)
			d.fail(start, "missing", "Field required")
			d.leave()
			states[i] = broken
			segments = append(segments, segment{i, from, len(d.errs)})
		case f.preset.IsValid():
			fieldOf(v, f.Index).Set(f.preset)
		case f.Default != nil:
			d.fill(f, fieldOf(v, f.Index))
		}
	}
	return segments
}

// fill decodes the default of f anew, so that no two requests share a slice.
func (d *decoding) fill(f *fieldProgram, v reflect.Value) {
	here := d.text
	d.text = text{src: f.Default}
	f.decode(d, v)
	d.text = here
}

// together checks what concerns the struct as a whole: rules that look at other
// fields, and the validator's own struct validations.
func (s *structProgram) together(d *decoding, v reflect.Value, start int, states []uint8, segments []segment) []segment {
	whole := true
	for _, state := range states[:len(s.fields)] {
		whole = whole && state != broken
	}
	for _, r := range s.cross {
		if !r.judgeable(states) {
			continue
		}
		from := len(d.errs)
		if !r.check(d, v, states, start) {
			whole = false
			segments = append(segments, segment{r.ordinal, from, len(d.errs)})
		}
	}
	if whole && s.levels != nil {
		from := len(d.errs)
		s.structLevel(d, v, start)
		segments = append(segments, segment{len(s.fields), from, len(d.errs)})
	}
	return segments
}

// fieldOf returns the field of v at index, and makes the embedded structs on
// the way that are nil pointers.
func fieldOf(v reflect.Value, index []int) reflect.Value {
	if len(index) == 1 {
		return v.Field(index[0])
	}
	for n, i := range index {
		if n > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

// peekField returns the field of v at index, the zero Value where an embedded
// pointer on the way is nil.
func peekField(v reflect.Value, index []int) reflect.Value {
	for n, i := range index {
		if n > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

// try decodes quietly, strictly if strict, and reports whether nothing was
// wrong. If something was the position is anywhere.
func (d *decoding) try(decode decodeFunc, v reflect.Value, strict bool) bool {
	quiet, failed, wasStrict, path := d.quiet, d.failed, d.strict, len(d.path)
	d.quiet, d.failed = true, false
	d.strict = d.strict || strict
	decode(d, v)
	ok := !d.failed && d.panicked == nil
	d.quiet, d.failed, d.strict, d.path = quiet, failed, wasStrict, d.path[:path]
	return ok
}
