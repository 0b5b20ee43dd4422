package typed

import (
	"fmt"
	"reflect"
	"strings"
)

// A program is a compiled type: what a [Codec] is without its type parameter,
// so that the compiler need not make all of it anew for each T.
type program struct {
	typ   reflect.Type
	rules []level // of a result, from its Returns

	compiler *Compiler // for result, while the program starts
	what     string
	request  bool // parameters: null is none, even for a pointer to them
	strict   bool
	dynamic  *dynamic
	decode   decodeFunc
	encode   encodeFunc
	walk     checkFunc // nil where nothing is to be checked
	check    checkFunc // the rules of result
	params   []Param
	inject   [][]int // the indexes of injected parameters
}

func (c *Compiler) forValue(t reflect.Type, what string) (*program, error) {
	if err := c.checkNames(t, map[reflect.Type]bool{}); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return c.compile(t, what)
}

func (c *Compiler) forRequest(t reflect.Type, what string) (*program, error) {
	if err := c.checkParams(t); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	p, err := c.forValue(t, what)
	if err == nil {
		p.request = true
	}
	return p, err
}

func (c *Compiler) compile(t reflect.Type, what string) (*program, error) {
	p := &program{typ: t, compiler: c, what: what, strict: c.options.Strict, dynamic: c.dynamic}
	var err error
	if p.decode, err = c.decoder(t); err == nil {
		if p.encode, err = c.encoder(t); err == nil {
			p.walk, err = c.walker(t)
		}
	}
	if err == nil {
		err = c.presets()
	}
	if err == nil {
		err = p.listParams()
	}
	if err != nil {
		c.reset()
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return p, nil
}

// into decodes src into v. result says that a backend sent it.
func (p *program) into(v reflect.Value, src []byte, o DecodeOptions, result bool) (err error) {
	defer p.recovered("decoding", &err)
	plain := !o.Checked && isPlainString(src)
	if !o.Checked && !plain {
		if e := checkSyntax(src); e != nil {
			e.Fields[0].prefix(o.Prefix)
			return e
		}
	}
	d := newDecoding(src)
	defer d.free()
	d.plain, d.strict, d.result, d.reserved, d.dynamic = plain, p.strict, result, o.Reserved, p.dynamic
	if d.space() == 'n' && p.request {
		d.wrong("model_type", "Input should be an object")
	} else {
		p.decode(d, v)
	}
	if p.check != nil && !d.wrongSince(0) {
		p.check(d, v, -1)
	}
	if e := d.invalid(o.Prefix); e != nil {
		return e
	}
	if o.Inject != nil {
		s := reflect.Indirect(v)
		for _, index := range p.inject {
			o.Inject(fieldOf(s, index).Addr().Interface())
		}
	}
	return nil
}

// recovered makes a processing error of a panic: of a user's method that is
// called here without a guard of its own (IsZero), or of a fault of ours, which
// must not take the backend down with it.
func (p *program) recovered(doing string, err *error) {
	if r := recover(); r != nil {
		*err = &Invalid{Processing: fmt.Errorf("%s %s panicked: %v", doing, p.typ, r)}
	}
}

func (p *program) checkValue(v reflect.Value) (err error) {
	defer p.recovered("checking", &err)
	f := both(p.walk, p.check)
	if f == nil {
		return nil
	}
	d := newDecoding(nil)
	defer d.free()
	d.dynamic = p.dynamic
	f(d, v, -1)
	if e := d.invalid(""); e != nil {
		return e
	}
	return nil
}

func (p *program) result(tags []string) (*program, error) {
	levels, err := parseRules(strings.Join(tags, ","))
	if err != nil {
		return nil, fmt.Errorf("%s: the rules of the result: %w", p.what, err)
	}
	for _, r := range levels[0].Rules {
		if isCross(r.Name) {
			return nil, fmt.Errorf("%s: the rules of the result: %s looks at other fields, and a result has none beside it", p.what, r.Name)
		}
	}
	q := *p
	q.rules = levels
	if q.check, err = p.compiler.rules(p.typ, levels); err != nil {
		return nil, fmt.Errorf("%s: the rules of the result: %w", p.what, err)
	}
	return &q, nil
}

func (p *program) listParams() error {
	t := p.typ
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s, err := classify(t); err != nil || s.Kind != KindStruct {
		return err
	}
	st, err := p.compiler.fieldsOf(t)
	if err != nil {
		return err
	}
	for _, f := range st.Fields {
		one := Param{Name: f.Name, Alias: f.Alias, Required: f.Required, Default: f.Default, Injected: f.Injected}
		if one.Alias == "" {
			one.Alias = f.Name
		}
		p.params = append(p.params, one)
		if f.Injected {
			p.inject = append(p.inject, f.Index)
		}
	}
	return nil
}
