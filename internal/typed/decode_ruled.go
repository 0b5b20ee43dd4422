package typed

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// ruledDecoder compiles the decoder of a value whose elements have rules (what
// follows a dive). Each element is checked as soon as it has been read, so that
// one wrong element does not hide what is wrong with the others. The rules of
// the value itself, levels[0], are left to the caller.
func (c *Compiler) ruledDecoder(t reflect.Type, levels []level) (decodeFunc, error) {
	if len(levels) < 2 || c.noRules {
		return c.decoder(t)
	}
	s, err := shapeOf(t)
	if err != nil {
		return nil, err
	}
	if s.Kind == KindPointer {
		elem, err := c.ruledDecoder(s.Elem, levels)
		if err != nil {
			return nil, err
		}
		return pointerDecoder(elem, s.Elem), nil
	}
	f, err := c.ruledContainer(s, levels)
	if err == nil && c.validates(t) {
		f = validating(t, f)
	}
	return f, err
}

func (c *Compiler) ruledContainer(s shape, levels []level) (decodeFunc, error) {
	// This finds what is wrong with the tag, whatever the value is.
	if _, err := c.elementRules(s, levels[0].Keys, levels[1:]); err != nil {
		return nil, err
	}
	if s.Kind == KindSlice || s.Kind == KindArray {
		if many, err := c.batchRules(s, levels[1:]); many != nil || err != nil {
			return c.batchDecoder(s, many)
		}
	}
	elem, err := c.ruledElement(s, levels[1:])
	if err != nil {
		return nil, err
	}
	switch s.Kind {
	case KindSlice:
		return sliceDecoder(elem, s.Type), nil
	case KindArray:
		return arrayDecoder(elem, s.Type), nil
	case KindSet:
		return setDecoder(elem, s.Type), nil
	}
	key, err := c.ruledKey(s, levels[0].Keys)
	if err != nil {
		return nil, err
	}
	return mapDecoder(key, elem, s.Type), nil
}

// ruledElement decodes an element and then checks it.
func (c *Compiler) ruledElement(s shape, levels []level) (decodeFunc, error) {
	decode, err := c.element(s)
	if len(levels) > 1 {
		decode, err = c.ruledDecoder(s.Elem, levels)
	}
	if err != nil {
		return nil, err
	}
	check, err := c.rules(s.Elem, levels[:1])
	if err != nil || check == nil {
		return decode, err
	}
	return func(d *decoding, v reflect.Value) {
		start, total := d.pos, d.total
		if decode(d, v); !d.wrongSince(total) {
			check(d, v, start)
		}
	}, nil
}

// ruledKey decodes a map's key and then checks it.
func (c *Compiler) ruledKey(s shape, rules []rule) (keyFunc, error) {
	key, err := c.mapKey(s.Key)
	if err != nil {
		return nil, err
	}
	keyShape, err := shapeOf(s.Key)
	if err != nil {
		return nil, err
	}
	check, err := c.plainRules(keyShape, rules)
	if err != nil || check == nil {
		return key, err
	}
	return func(d *decoding, v reflect.Value, name []byte, at int) {
		total := d.total
		if key(d, v, name, at); !d.wrongSince(total) {
			d.enter("[key]")
			check(d, v, at)
			d.leave()
		}
	}, nil
}

// batchDecoder decodes many numbers or strings and then checks them together.
func (c *Compiler) batchDecoder(s shape, check checkFunc) (decodeFunc, error) {
	decode, err := c.decoder(s.Type)
	if err != nil {
		return nil, err
	}
	return func(d *decoding, v reflect.Value) {
		start, total, kept := d.pos, d.total, len(d.errs)
		decode(d, v)
		if !d.wrongSince(total) {
			check(d, v, start)
			return
		}
		if d.giveUp() || d.total > len(d.errs) {
			return
		}
		if wrong := indexes(d.pathText(), d.errs[kept:]); wrong != nil {
			check(d, v, start)
			d.forget(kept+len(wrong), wrong)
		}
	}, nil
}

// indexes returns the indexes of the elements of the array at path that errs
// are about; nil if one is about the array as a whole.
func indexes(path string, errs []FieldError) []int {
	if path != "" {
		path += "."
	}
	out := make([]int, len(errs))
	for i, e := range errs {
		step, inside := strings.CutPrefix(e.Path, path)
		n, err := strconv.Atoi(step)
		if !inside || err != nil {
			return nil
		}
		out[i] = n
	}
	return out
}

// forget takes back the errors from d.errs[from] on of elements that did not
// decode: they are zero, which may break a rule.
func (d *decoding) forget(from int, wrong []int) {
	out := d.errs[:from]
	for i, n := range indexes(d.pathText(), d.errs[from:]) {
		if _, failed := slices.BinarySearch(wrong, n); failed {
			d.total--
		} else {
			out = append(out, d.errs[from+i])
		}
	}
	slices.SortStableFunc(out[from-len(wrong):], func(a, b FieldError) int { return lastIndex(a) - lastIndex(b) })
	d.errs = out
}

func lastIndex(e FieldError) int {
	n, _ := strconv.Atoi(e.Path[strings.LastIndexByte(e.Path, '.')+1:]) // indexes has seen that it is one
	return n
}
