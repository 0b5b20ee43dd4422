package typed

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-playground/validator/v10"
)

// Rules that look at other fields of the struct. JSON Schema cannot say them.
var (
	// presenceRules are judged by which keys are there, as all of presence is.
	presenceRules = []string{
		"required_with", "required_with_all", "required_without", "required_without_all",
		"excluded_with", "excluded_with_all", "excluded_without", "excluded_without_all",
	}
	// conditionRules compare other fields with values.
	conditionRules = []string{"required_if", "required_unless", "excluded_if", "excluded_unless"}
	// compareRules compare the field with another one.
	compareRules = []string{"eqfield", "nefield", "gtfield", "gtefield", "ltfield", "ltefield", "fieldcontains", "fieldexcludes"}
	// refusedRules would look beyond the struct, or change what other rules mean.
	refusedRules = []string{"eqcsfield", "necsfield", "gtcsfield", "gtecsfield", "ltcsfield", "ltecsfield", "skip_unless"}
)

// isCross reports whether a rule looks at other fields.
func isCross(name string) bool {
	return slices.Contains(presenceRules, name) || slices.Contains(conditionRules, name) ||
		slices.Contains(compareRules, name) || slices.Contains(refusedRules, name)
}

// A crossRule is one such rule of one field.
type crossRule struct {
	ordinal int   // of the field
	needs   []int // the ordinals of the fields that it looks at
	field   *field
	broken  func(d *decoding, struct_, value reflect.Value, states []uint8) bool
	failure FieldError
}

// judgeable reports whether none of the fields that the rule looks at failed to decode.
func (r *crossRule) judgeable(states []uint8) bool {
	for _, n := range r.needs {
		if states[n] == broken {
			return false
		}
	}
	return states[r.ordinal] != broken
}

// check reports the rule's error, if any, and whether there was none.
func (r *crossRule) check(d *decoding, v reflect.Value, states []uint8, start int) bool {
	if !r.broken(d, v, peekField(v, r.field.Index), states) {
		return d.panicked == nil
	}
	d.enter(r.field.Name)
	d.breach(r.failure, v, start)
	d.leave()
	return false
}

// crossRules compiles the rules of t's fields that look at other fields.
func (c *Compiler) crossRules(t reflect.Type, fields []field) ([]crossRule, error) {
	var out []crossRule
	for i := range fields {
		f := &fields[i]
		for _, r := range f.Levels[0].Rules {
			if !isCross(r.Name) {
				continue
			}
			cross, err := c.crossRule(t, fields, i, r)
			if err != nil {
				return nil, fmt.Errorf("%s.%s: validate tag: %w", t, f.GoName, err)
			}
			out = append(out, cross)
		}
	}
	return out, nil
}

func (c *Compiler) crossRule(t reflect.Type, fields []field, ordinal int, r rule) (crossRule, error) {
	cross := crossRule{ordinal: ordinal, field: &fields[ordinal]}
	if slices.Contains(refusedRules, r.Name) {
		return cross, fmt.Errorf("%s is not supported: give the struct a method Validate() error", r.Name)
	}
	names := strings.Fields(r.Param)
	if slices.Contains(conditionRules, r.Name) {
		names = everySecond(names)
	}
	if len(names) == 0 {
		return cross, fmt.Errorf("%s names no field", r.Name)
	}
	for _, name := range names {
		first, _, _ := strings.Cut(name, ".")
		at := slices.IndexFunc(fields, func(f field) bool { return f.GoName == first })
		if at < 0 {
			return cross, fmt.Errorf("%s: %s has no field %s: write the Go name of a field", r.Text, t, first)
		}
		cross.needs = append(cross.needs, at)
	}
	cross.failure = crossFailure(fields, r)
	switch {
	case slices.Contains(presenceRules, r.Name):
		cross.broken = presence(r.Name, ordinal, cross.needs)
		return cross, nil
	case slices.Contains(conditionRules, r.Name):
		cross.broken = c.condition(r, ordinal)
	default:
		cross.broken = c.comparison(r, ordinal)
	}
	return cross, c.tryCross(t, &cross, len(fields))
}

func everySecond(words []string) (out []string) {
	for i := 0; i < len(words); i += 2 {
		out = append(out, words[i])
	}
	return out
}

// presence judges a rule by the keys that are there.
func presence(name string, ordinal int, needs []int) func(*decoding, reflect.Value, reflect.Value, []uint8) bool {
	excluded := strings.HasPrefix(name, "excluded")
	all := strings.HasSuffix(name, "_all")
	without := strings.Contains(name, "without")
	return func(_ *decoding, _, _ reflect.Value, states []uint8) bool {
		n := 0
		for _, i := range needs {
			if (states[i] != given) == without {
				n++
			}
		}
		applies := n == len(needs) || !all && n > 0
		return applies && (states[ordinal] == given) == excluded
	}
}

// condition asks validator with a stand-in for the field: whether it is there.
func (c *Compiler) condition(r rule, ordinal int) func(*decoding, reflect.Value, reflect.Value, []uint8) bool {
	return func(d *decoding, v, _ reflect.Value, states []uint8) bool {
		return d.askBeside(c.validator, states[ordinal] == given, v, r.Text)
	}
}

func (c *Compiler) comparison(r rule, ordinal int) func(*decoding, reflect.Value, reflect.Value, []uint8) bool {
	return func(d *decoding, v, value reflect.Value, states []uint8) bool {
		for value.IsValid() && value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		if states[ordinal] != given || !value.IsValid() {
			return false
		}
		return d.askBeside(c.validator, value.Interface(), v, r.Text)
	}
}

// askBeside puts x to validator as a field of the struct v, and reports whether
// it breaks the rule.
func (d *decoding) askBeside(check *validator.Validate, x any, v reflect.Value, rule string) bool {
	defer d.guardRules(rule)
	var broken validator.ValidationErrors
	return errors.As(check.VarWithValue(x, v.Addr().Interface(), rule), &broken)
}

// tryCross runs the rule on samples of the struct, so that one which panics is
// found when the program starts.
func (c *Compiler) tryCross(t reflect.Type, r *crossRule, fields int) error {
	states := make([]uint8, fields)
	for i := range states {
		states[i] = given
	}
	for _, v := range samples(t) {
		d := newDecoding(nil)
		r.broken(d, v, peekField(v, r.field.Index), states)
		err := d.panicked
		d.free()
		if err != nil {
			return err
		}
	}
	return nil
}

// crossFailure is the error of a broken rule, with the fields' names as callers know them.
func crossFailure(fields []field, r rule) FieldError {
	words := strings.Fields(r.Param)
	for i, w := range words {
		first, rest, dotted := strings.Cut(w, ".")
		for _, f := range fields {
			if f.GoName == first {
				words[i] = f.Name
				if dotted {
					words[i] += "." + rest
				}
			}
		}
	}
	param := strings.Join(words, " ")
	return FieldError{
		Type: "value_error", Rule: r.Name, Param: param,
		Message: fmt.Sprintf("Value error, breaks the rule %s=%s: %s", r.Name, param, crossCure(r.Name, param)),
	}
}

func crossCure(name, param string) string {
	switch name {
	case "eqfield":
		return "give the same value as in " + param
	case "nefield":
		return "give another value than in " + param
	case "gtfield":
		return "give more than in " + param
	case "gtefield":
		return "give at least as much as in " + param
	case "ltfield":
		return "give less than in " + param
	case "ltefield":
		return "give at most as much as in " + param
	case "fieldcontains":
		return "it must contain the value of " + param
	case "fieldexcludes":
		return "it must not contain the value of " + param
	}
	if strings.HasPrefix(name, "excluded") {
		return "leave this field out"
	}
	return "give this field"
}

// structLevel runs the struct validations registered on the module's validator
// and nothing else: each field is filtered out, its rules have been checked.
func (s *structProgram) structLevel(d *decoding, v reflect.Value, start int) {
	for _, e := range d.askStruct(s.levels, v) {
		name := e.Field()
		for i := range s.fields {
			if s.fields[i].GoName == e.StructField() {
				name = s.fields[i].Name
			}
		}
		d.enter(name)
		d.breach(noNoun.describe(e, v), v, start)
		d.leave()
	}
}

func (d *decoding) askStruct(check *validator.Validate, v reflect.Value) (broken validator.ValidationErrors) {
	defer d.guard(v.Type(), "registered validation")
	none := func([]byte) bool { return true }
	errors.As(check.StructFiltered(v.Addr().Interface(), none), &broken)
	return broken
}

// trySample runs the registered struct validations on a sample.
func (c *Compiler) trySample(t reflect.Type) error {
	for _, v := range samples(t) {
		err := try(func() { _ = c.validator.StructFiltered(v.Addr().Interface(), func([]byte) bool { return true }) })
		if err != nil {
			return fmt.Errorf("%s: the validation registered for the type panics on a sample, or a validate tag is wrong: %w", t, err)
		}
	}
	return nil
}
