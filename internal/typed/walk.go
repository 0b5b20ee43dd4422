package typed

import "reflect"

// maxDepth is how deep a value may nest, in both directions: jsontext's limit.
const maxDepth = 10000

// walker compiles the check of a value that was not decoded, a result: the
// rules, enums and Validate methods of all that is in it. It is nil where there
// is nothing to check.
func (c *Compiler) walker(t reflect.Type) (checkFunc, error) {
	if !c.needsWalk(t, map[reflect.Type]bool{}) {
		return nil, nil
	}
	if p := c.walkers[t]; p != nil {
		return func(d *decoding, v reflect.Value, start int) { (*p)(d, v, start) }, nil
	}
	p := new(checkFunc)
	c.walkers[t] = p
	s, err := shapeOf(t)
	if err != nil {
		return nil, err
	}
	f, err := c.plainWalker(s)
	if err != nil {
		return nil, err
	}
	if s.Enum != nil {
		f = both(enumWalker(s), f)
	}
	if c.validates(t) {
		f = both(f, func(d *decoding, v reflect.Value, start int) { d.validate(t, v, start) })
	}
	*p = func(d *decoding, v reflect.Value, start int) {
		if d.depth++; d.depth <= maxDepth && f != nil { // what is deeper the encoder refuses
			f(d, v, start)
		}
		d.depth--
	}
	return *p, nil
}

// needsWalk reports whether anything in t has a rule.
func (c *Compiler) needsWalk(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	s, err := shapeOf(t)
	if err != nil || s.Enum != nil || c.validates(t) {
		return true
	}
	for _, a := range s.Alternatives {
		if c.needsWalk(a, seen) {
			return true
		}
	}
	if s.Kind == KindStruct {
		p, err := c.structProgram(t)
		if err != nil || len(p.cross) > 0 || p.levels != nil {
			return true
		}
		for i := range p.fields {
			if p.fields[i].walk != nil || c.needsWalk(p.fields[i].Type, seen) {
				return true
			}
		}
	}
	return s.Elem != nil && c.needsWalk(s.Elem, seen) || s.Key != nil && c.needsWalk(s.Key, seen)
}

func (c *Compiler) plainWalker(s shape) (checkFunc, error) {
	switch s.Kind {
	case KindStruct:
		p, err := c.structProgram(s.Type)
		if err != nil {
			return nil, err
		}
		return c.structWalker(p)
	case KindUnion:
		return c.unionWalker(s)
	case KindTuple:
		return c.tupleWalker(s)
	}
	if s.Elem == nil {
		return nil, nil
	}
	elem, err := c.walker(s.Elem)
	if err != nil || elem == nil && s.Kind != KindMap {
		return nil, err
	}
	switch s.Kind {
	case KindPointer:
		return func(d *decoding, v reflect.Value, _ int) {
			if !v.IsNil() {
				elem(d, v.Elem(), -1)
			}
		}, nil
	case KindSlice, KindArray:
		return sequenceRules(elem), nil
	case KindSet:
		return setRules(elem), nil
	case KindMap:
		return c.mapRules(s, nil, elem)
	}
	return nil, nil
}

func enumWalker(s shape) checkFunc {
	e := FieldError{Type: "enum", Message: enumMessage(s.Enum)}
	return func(d *decoding, v reflect.Value, _ int) {
		if !inEnum(v, s.Enum) {
			d.reportValue(e, v)
		}
	}
}

func (c *Compiler) structWalker(p *structProgram) (checkFunc, error) {
	inner := make([]checkFunc, len(p.fields))
	for i := range p.fields {
		var err error
		if inner[i], err = c.walker(p.fields[i].Type); err != nil {
			return nil, err
		}
	}
	return func(d *decoding, v reflect.Value, _ int) {
		states := make([]uint8, len(p.fields))
		for i := range p.fields {
			f := &p.fields[i]
			fv := peekField(v, f.Index)
			if !fv.IsValid() || f.leftOut(fv) || f.Const != nil {
				continue
			}
			if !isNil(fv) {
				states[i] = given
			}
			total := d.total
			d.enter(f.Name)
			if inner[i] != nil {
				inner[i](d, fv, -1)
			}
			if f.walk != nil && !d.wrongSince(total) {
				f.walk(d, fv, -1)
			}
			d.leave()
			if d.total > total {
				states[i] = broken
			}
			if d.giveUp() {
				return
			}
		}
		p.together(d, v, -1, states, nil)
	}, nil
}

func isNil(v reflect.Value) bool { return v.Kind() == reflect.Pointer && v.IsNil() }

// leftOut reports whether the encoder leaves the field out.
func (f *field) leftOut(v reflect.Value) bool {
	return f.OmitZero && isZeroValue(v) || f.OmitEmpty && isEmptyValue(v)
}

// isZeroValue asks the method IsZero where there is one, as encoding/json does.
func isZeroValue(v reflect.Value) bool {
	if isNil(v) || v.Kind() == reflect.Interface {
		return v.IsZero()
	}
	if z, ok := reflect.TypeAssert[interface{ IsZero() bool }](addressable(v).Addr()); ok {
		return z.IsZero()
	}
	return v.IsZero()
}

// isEmptyValue is encoding/json's omitempty: false, 0, a nil pointer or
// interface, and what has no elements.
func isEmptyValue(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func (c *Compiler) tupleWalker(s shape) (checkFunc, error) {
	elems := make([]checkFunc, len(s.Alternatives))
	for i, t := range s.Alternatives {
		var err error
		if elems[i], err = c.walker(t); err != nil {
			return nil, err
		}
	}
	return func(d *decoding, v reflect.Value, _ int) {
		for i, f := range elems {
			if f != nil {
				d.enterIndex(i)
				f(d, v.Field(i+1), -1)
				d.leave()
			}
		}
	}, nil
}

func (c *Compiler) unionWalker(s shape) (checkFunc, error) {
	byType := map[reflect.Type]checkFunc{}
	for _, t := range s.Alternatives {
		f, err := c.walker(t)
		if err != nil {
			return nil, err
		}
		byType[t] = f
	}
	return func(d *decoding, v reflect.Value, _ int) {
		held := v.Field(1).Elem()
		if !held.IsValid() || byType[held.Type()] == nil {
			return // no alternative at all is the encoder's to report
		}
		byType[held.Type()](d, copyOf(held), -1)
	}, nil
}
