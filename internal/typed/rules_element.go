package typed

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// elementRules compiles what follows a dive: rules of the elements of a slice,
// array, set or map, and of a map's keys, for values that were not decoded. A
// decoder checks each element when it has read it (ruledDecoder).
func (c *Compiler) elementRules(s shape, keys []rule, levels []level) (checkFunc, error) {
	switch s.Kind {
	case KindSlice, KindArray, KindSet, KindMap:
	default:
		return nil, fmt.Errorf("validate tag: dive into %s, which has no elements", s.Type)
	}
	if len(keys) > 0 && s.Kind != KindMap {
		return nil, fmt.Errorf("validate tag: keys of %s, which is no map", s.Type)
	}
	for _, r := range levels[0].Rules {
		if isCross(r.Name) {
			return nil, fmt.Errorf("validate tag: %s after dive: an element has no neighbours, give the rule to a field", r.Name)
		}
	}
	if s.Kind == KindSlice || s.Kind == KindArray {
		if f, err := c.batchRules(s, levels); f != nil || err != nil {
			return f, err
		}
	}
	elem, err := c.rules(s.Elem, levels)
	if err != nil {
		return nil, err
	}
	switch s.Kind {
	case KindMap:
		return c.mapRules(s, keys, elem)
	case KindSet:
		return setRules(elem), nil
	}
	if elem == nil {
		return nil, nil
	}
	return sequenceRules(elem), nil
}

// sequenceRules checks the elements of a slice or array one by one.
func sequenceRules(elem checkFunc) checkFunc {
	return func(d *decoding, v reflect.Value, _ int) {
		for i := range v.Len() {
			d.enterIndex(i)
			elem(d, v.Index(i), -1)
			d.leave()
			if d.giveUp() {
				return
			}
		}
	}
}

// batchRules hands many elements to validator at once where nothing but its own
// plain rules apply to them: a call for each of a million numbers would cost
// more than their decoding. It returns nil where something else does.
func (c *Compiler) batchRules(s shape, levels []level) (checkFunc, error) {
	e, err := shapeOf(s.Elem)
	if err != nil {
		return nil, err
	}
	l := levels[0]
	if len(levels) > 1 || len(l.Rules) == 0 || l.Pattern != "" || l.MultipleOf != "" {
		return nil, nil
	}
	switch e.Kind {
	case KindBool, KindInt, KindUint, KindFloat, KindString:
	default:
		return nil, nil
	}
	rules := l.Rules
	if e.Kind == KindFloat {
		rules = pydanticOrder(rules)
	}
	if err := c.tryRules(e, rules, subjectOf(e)); err != nil {
		return nil, err
	}
	text := "dive," + ruleText(rules)
	what := nounOf(e.Kind)
	ordered := onlyBounds(rules) && e.Kind != KindString && e.Kind != KindBool
	return func(d *decoding, v reflect.Value, start int) {
		if ordered && len(d.ask(c.validator, extremes(v).Interface(), text)) == 0 {
			return
		}
		at := newElements(d.src, start)
		for from := 0; from < v.Len() && !d.giveUp(); from += batch {
			part := v.Slice(from, min(from+batch, v.Len()))
			for _, b := range d.ask(c.validator, part.Interface(), text) {
				i := indexOf(b.Namespace())
				d.enterIndex(from + i)
				elem := part.Index(i)
				d.breach(what.describe(b, elem), elem, at.find(from+i))
				d.leave()
			}
		}
	}, nil
}

// onlyBounds reports whether all numbers keep the rules if the least and the
// greatest of them do.
func onlyBounds(rules []rule) bool {
	for _, r := range rules {
		if !slices.Contains(bounds[:6], r.Name) {
			return false
		}
	}
	return true
}

// extremes returns a slice of the least and the greatest element of v, and of a
// NaN if there is one: validator is asked about these before it is asked about
// a million numbers, which takes longer than to decode them.
func extremes(v reflect.Value) reflect.Value {
	n := v.Len()
	if n <= 3 {
		return v
	}
	least, greatest, nan := 0, 0, -1
	switch k := v.Type().Elem().Kind(); {
	case k == reflect.Float64:
		least, greatest, nan = floatExtremes(sliceOf[float64](v.Slice(0, n)))
	case k == reflect.Float32:
		least, greatest, nan = floatExtremes(sliceOf[float32](v.Slice(0, n)))
	default:
		for i := range n {
			if numberLess(v.Index(i), v.Index(least)) {
				least = i
			}
			if numberLess(v.Index(greatest), v.Index(i)) {
				greatest = i
			}
		}
	}
	out := reflect.MakeSlice(reflect.SliceOf(v.Type().Elem()), 0, 3)
	out = reflect.Append(out, v.Index(least), v.Index(greatest))
	if nan >= 0 {
		out = reflect.Append(out, v.Index(nan))
	}
	return out
}

func floatExtremes[F float32 | float64](s []F) (least, greatest, nan int) {
	nan = -1
	for i, f := range s {
		switch {
		case f != f:
			nan = i
		case f < s[least] || s[least] != s[least]:
			least = i
		}
		if f > s[greatest] || s[greatest] != s[greatest] {
			greatest = i
		}
	}
	return least, greatest, nan
}

func numberLess(a, b reflect.Value) bool {
	if a.CanInt() {
		return a.Int() < b.Int()
	}
	return a.Uint() < b.Uint()
}

// indexOf reads the index out of validator's namespace of an element, "[12]".
func indexOf(namespace string) int {
	n, _ := strconv.Atoi(strings.Trim(namespace, "[]")) // Var has no other form
	return n
}

// elements finds where the elements of an array begin, in rising order.
type elements struct {
	text
	index int
	none  bool // there is no text
}

func newElements(src []byte, start int) *elements {
	return &elements{text: text{src: src, pos: start + 1}, index: -1, none: start < 0}
}

// find returns where element i begins, -1 if there is no text.
func (e *elements) find(i int) int {
	if e.none {
		return -1
	}
	for ; e.index < i; e.index++ {
		if e.index >= 0 {
			e.skip()
		}
		if !e.next() { // fewer than the value has: not where decoding went well
			e.none = true
			return -1
		}
	}
	return e.pos
}

// setRules checks the elements of a set. They have no index: a set has no
// order, and the value says which it is.
func setRules(elem checkFunc) checkFunc {
	if elem == nil {
		return nil
	}
	return func(d *decoding, v reflect.Value, _ int) {
		for _, k := range sortedKeys(v) {
			elem(d, copyOf(k), -1)
		}
	}
}

// mapRules checks the values and the keys of a map.
func (c *Compiler) mapRules(s shape, keys []rule, elem checkFunc) (checkFunc, error) {
	keyShape, err := shapeOf(s.Key)
	if err != nil {
		return nil, err
	}
	keyRules, err := c.plainRules(keyShape, keys)
	if err != nil {
		return nil, err
	}
	if keyRules == nil && elem == nil {
		return nil, nil
	}
	name, err := c.mapKeyText(s.Key)
	if err != nil {
		return nil, err
	}
	return func(d *decoding, v reflect.Value, _ int) {
		for _, k := range sortedKeys(v) {
			at, e := copyOf(k), copyOf(v.MapIndex(k))
			key, _ := name(nil, at) // what cannot be written is the encoder's to report
			d.enter(string(key))
			if keyRules != nil {
				d.enter("[key]")
				keyRules(d, at, -1)
				d.leave()
			}
			if elem != nil {
				elem(d, e, -1)
			}
			d.leave()
		}
	}, nil
}

// copyOf is an addressable copy of v: methods with pointer receivers can be
// called on it.
func copyOf(v reflect.Value) reflect.Value {
	n := reflect.New(v.Type()).Elem()
	n.Set(v)
	return n
}
