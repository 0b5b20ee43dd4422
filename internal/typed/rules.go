package typed

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/go-playground/validator/v10"
)

// A checkFunc checks the rules of v, which has been decoded. start is where the
// text of v begins, -1 if there is none (a result).
type checkFunc func(d *decoding, v reflect.Value, start int)

// batch is how many elements validator sees at once: it keeps every error, and
// a million of them would take hundreds of megabytes.
const batch = 4096

// rules compiles the levels of a validate tag (and of pattern and multipleOf)
// for values of type t; nil if there are none.
//
// Each value goes to validator by itself, with the rules of its own level, so
// that we know its path and its text, and its traps need no care: a struct
// inside a slice is checked without dive, a nil pointer passes, required means
// presence by key.
func (c *Compiler) rules(t reflect.Type, levels []level) (checkFunc, error) {
	if len(levels) == 0 || c.noRules {
		return nil, nil
	}
	depth := 0
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
		depth++
	}
	s, err := shapeOf(t)
	if err != nil {
		return nil, err
	}
	own, err := c.valueRules(s, levels[0])
	if err != nil {
		return nil, err
	}
	var inner checkFunc
	if len(levels) > 1 {
		if inner, err = c.elementRules(s, levels[0].Keys, levels[1:]); err != nil {
			return nil, err
		}
	}
	f := both(own, inner)
	if f == nil || depth == 0 {
		return f, nil
	}
	return func(d *decoding, v reflect.Value, start int) {
		for v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return
			}
			v = v.Elem()
		}
		f(d, v, start)
	}, nil
}

// both runs a, and b if a found nothing wrong.
func both(a, b checkFunc) checkFunc {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(d *decoding, v reflect.Value, start int) {
		total := d.total
		if a(d, v, start); !d.wrongSince(total) {
			b(d, v, start)
		}
	}
}

// valueRules compiles the rules of one value.
func (c *Compiler) valueRules(s shape, l level) (checkFunc, error) {
	var plain []rule
	for _, r := range l.Rules {
		if !isCross(r.Name) {
			plain = append(plain, r)
		}
	}
	f, err := c.plainRules(s, plain)
	if err != nil {
		return nil, err
	}
	multiple, err := multipleRule(s, l.MultipleOf)
	if err != nil {
		return nil, err
	}
	pattern, err := patternRule(s, l.Pattern)
	if err != nil {
		return nil, err
	}
	return both(both(multiple, f), pattern), nil
}

// plainRules compiles rules that look at the value alone.
func (c *Compiler) plainRules(s shape, rules []rule) (checkFunc, error) {
	if len(rules) == 0 {
		return nil, nil
	}
	switch s.Kind {
	case KindBigInt, KindDecimal, KindNumber:
		return exactRules(s, rules)
	case KindStruct, KindUnion, KindTuple, KindAny, KindRaw, KindNone, KindJSON, KindDate:
		return nil, fmt.Errorf("validate tag: the rule %q cannot be checked on %s: give its parts the rule, or the type a method Validate() error", rules[0].Text, s.Type)
	}
	if s.Kind == KindFloat {
		rules = pydanticOrder(rules)
	}
	subject := subjectOf(s)
	if err := c.tryRules(s, rules, subject); err != nil {
		return nil, err
	}
	text := ruleText(rules)
	what := nounOf(s.Kind)
	return func(d *decoding, v reflect.Value, start int) {
		x, ok := subject(d, v)
		if !ok {
			return
		}
		for _, e := range d.ask(c.validator, x, text) {
			d.breach(what.describe(e, v), v, start)
		}
	}, nil
}

func ruleText(rules []rule) string {
	texts := make([]string, len(rules))
	for i, r := range rules {
		texts[i] = r.Text
	}
	return strings.Join(texts, ",")
}

// pydanticOrder sorts bounds as pydantic checks them: of a NaN, which breaks
// them all, the same one is reported.
func pydanticOrder(rules []rule) []rule {
	rank := func(r rule) int {
		return slices.Index([]string{"omitempty", "omitzero", "max", "lte", "lt", "min", "gte", "gt"}, r.Name)
	}
	for _, r := range rules {
		if rank(r) < 0 {
			return rules
		}
	}
	sorted := slices.Clone(rules)
	slices.SortStableFunc(sorted, func(a, b rule) int { return rank(a) - rank(b) })
	return sorted
}

// subjectOf returns what of a value is shown to validator: the value itself, or
// the text of a type with text methods.
func subjectOf(s shape) func(d *decoding, v reflect.Value) (any, bool) {
	if s.Kind == KindText || s.Kind == KindUUID {
		if has(s.Type, textMarshaler) {
			return func(d *decoding, v reflect.Value) (any, bool) {
				text, err := marshalText(v)
				return string(text), err == nil // a failing method is the encoder's to report
			}
		}
	}
	return func(_ *decoding, v reflect.Value) (any, bool) { return v.Interface(), true }
}

// ask puts x to validator. A rule that panics is a processing error.
func (d *decoding) ask(v *validator.Validate, x any, rules string) (broken validator.ValidationErrors) {
	defer d.guardRules(rules)
	errors.As(v.Var(x, rules), &broken)
	return broken
}

func (d *decoding) guardRules(rules string) {
	if p := recover(); p != nil {
		d.panicked = fmt.Errorf("checking %q panicked: %v", rules, p)
	}
}

// tryRules runs each rule on a sample, so that one which validator does not
// know, or cannot apply to the type, is found when the program starts and not
// in the first request.
func (c *Compiler) tryRules(s shape, rules []rule, subject func(*decoding, reflect.Value) (any, bool)) error {
	for _, v := range samples(s.Type) {
		x, ok := subject(nil, v)
		if !ok {
			continue
		}
		for _, r := range rules {
			for text := range strings.SplitSeq(r.Text, "|") {
				if err := try(func() { _ = c.validator.Var(x, text) }); err != nil {
					return badRule(text, s.Type, err)
				}
			}
		}
	}
	return nil
}

func badRule(text string, t reflect.Type, err error) error {
	return fmt.Errorf("validate tag: the rule %q does not work on %s: %w: correct it, or register the rule on Config.Validator", text, t, err)
}

// try turns a panic of f into an error.
func try(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	f()
	return nil
}

// samples are a zero value of t, and one that is not: with one element in each
// slice and map and no nil pointer.
func samples(t reflect.Type) []reflect.Value {
	filled := reflect.New(t).Elem()
	fillSample(filled, 0)
	return []reflect.Value{reflect.New(t).Elem(), filled}
}

func fillSample(v reflect.Value, depth int) {
	if depth > 4 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("a")
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillSample(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillSample(v.Index(0), depth+1)
	case reflect.Array:
		for i := range min(v.Len(), 16) {
			fillSample(v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fillSample(k, depth+1)
		fillSample(e, depth+1)
		v.SetMapIndex(k, e)
	case reflect.Struct:
		for i := range v.NumField() {
			fillSample(v.Field(i), depth+1)
		}
	default:
		switch {
		case v.CanInt():
			v.SetInt(1)
		case v.CanUint():
			v.SetUint(1)
		case v.CanFloat():
			v.SetFloat(1)
		}
	}
}

// patternRule compiles a pattern tag.
func patternRule(s shape, pattern string) (checkFunc, error) {
	if pattern == "" {
		return nil, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern tag: %w", err)
	}
	e := FieldError{Type: "string_pattern_mismatch", Message: "String should match pattern '" + pattern + "'", Rule: "pattern", Param: pattern}
	subject := subjectOf(s)
	return func(d *decoding, v reflect.Value, start int) {
		x, ok := subject(d, v)
		if !ok {
			return
		}
		text, isText := x.(string)
		if !isText {
			text = v.String()
		}
		if !re.MatchString(text) {
			d.breach(e, v, start)
		}
	}, nil
}
