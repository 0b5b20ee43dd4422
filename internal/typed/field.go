package typed

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A structType is a struct as the wire sees it.
type structType struct {
	Type   reflect.Type
	Fields []field // in the order of the declaration, embedded structs flattened
	// Description comes from the method Description() string, or else from the
	// description tag of a blank field: _ struct{} `description:"…"`.
	Description string
	// Title comes from the title tag of a blank field.
	Title string
	// Closed is set by the tag additionalProperties:"false" of a blank field: an
	// unknown key is an error.
	Closed bool
}

// A field is one member of an object.
type field struct {
	Name     string // the key, by exact case: the json tag, or else the Go name
	GoName   string
	Alias    string // what stubs call it where Name is no identifier; "" = Name
	Index    []int  // for reflect.Value.FieldByIndex
	Type     reflect.Type
	Required bool // the one rule: no default, no omitempty, no omitzero, no pointer, not injected
	Injected bool // filled by the framework (a progress report)
	// Default is JSON text, nil without a default tag. A pointer without the tag is nil when absent.
	Default     []byte
	Const       []byte // JSON text of the only value allowed, nil without a const tag
	Example     []byte // JSON text, nil without an example tag
	Title       string
	Description string
	// Levels holds the rules of the value [0], of its elements [1], of theirs [2] …;
	// always at least one.
	Levels    []level
	OmitEmpty bool // leave the key out of false, 0, a nil pointer or any, and what has no elements
	OmitZero  bool // leave the key out where the value is Go's zero or IsZero() says so
}

// A level holds the rules for one depth of a value: a validate tag goes one
// level down at each dive.
type level struct {
	Rules []rule // in order; required is taken out, presence is by key
	Keys  []rule // for the keys of a map at this level (keys … endkeys after the dive)
	// Pattern and MultipleOf stand where their tags apply: pattern at the first
	// level whose type is a string, multipleOf at the first that is a number.
	Pattern    string
	MultipleOf string // a JSON number
}

// A rule is one entry of a validate tag.
type rule struct {
	Name  string // "gte"; of an alternative (rgb|rgba) the whole text
	Param string // "0"; commas and pipes are as the author meant them, not 0x2C and 0x7C
	Text  string // as the validator library wants it
}

var number = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// fieldsOf parses the struct type t. The error names the field and the cure.
func (c *Compiler) fieldsOf(t reflect.Type) (*structType, error) {
	if s := c.structs[t]; s != nil {
		return s, nil
	}
	s := &structType{Type: t}
	if d, ok := reflect.New(t).Interface().(interface{ Description() string }); ok {
		s.Description = d.Description()
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Name == "_" {
			if s.Description == "" {
				s.Description = f.Tag.Get("description")
			}
			if s.Title == "" {
				s.Title = f.Tag.Get("title")
			}
			s.Closed = s.Closed || f.Tag.Get("additionalProperties") == "false"
		}
	}
	found, err := flatten(t)
	if err != nil {
		return nil, err
	}
	for _, g := range found {
		f, err := c.parseField(g)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, g.GoName, err)
		}
		s.Fields = append(s.Fields, f)
	}
	c.structs[t] = s
	return s, nil
}

// A goField is a field with its key, before its other tags are read.
type goField struct {
	reflect.StructField
	name    string
	options []string
	tagged  bool
	index   []int
	GoName  string
}

// flatten lists the fields of t as encoding/json does: embedded structs give
// theirs, the shallowest of one name wins, then the one with a json tag. Where
// encoding/json would drop all of them silently it returns an error.
func flatten(t reflect.Type) ([]goField, error) {
	all, err := collect(t, nil, map[reflect.Type]bool{})
	if err != nil {
		return nil, err
	}
	byName := map[string][]goField{}
	for _, g := range all {
		byName[g.name] = append(byName[g.name], g)
	}
	var out []goField
	for _, g := range all {
		best, err := dominant(byName[g.name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
		if slices.Equal(best.index, g.index) {
			out = append(out, g)
		}
	}
	return out, nil
}

func dominant(same []goField) (goField, error) {
	var best []goField
	for _, g := range same {
		switch {
		case len(best) == 0 || len(g.index) < len(best[0].index) || len(g.index) == len(best[0].index) && g.tagged && !best[0].tagged:
			best = []goField{g}
		case len(g.index) == len(best[0].index) && g.tagged == best[0].tagged:
			best = append(best, g)
		}
	}
	if len(best) > 1 {
		return best[0], fmt.Errorf("the fields %s and %s have one name, %q: give one of them another json tag", best[0].GoName, best[1].GoName, best[0].name)
	}
	return best[0], nil
}

// collect lists the fields of t and of its embedded structs in order.
func collect(t reflect.Type, index []int, inside map[reflect.Type]bool) ([]goField, error) {
	if inside[t] {
		return nil, nil
	}
	inside[t] = true
	defer delete(inside, t)
	var out []goField
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(slices.Clone(index), i)
		tag, tagged := f.Tag.Lookup("json")
		name, rest, _ := strings.Cut(tag, ",")
		if f.Name == "_" || tag == "-" {
			continue
		}
		if f.Anonymous && name == "" {
			if e, ok, err := embedded(f); err != nil {
				return nil, err
			} else if ok {
				deeper, err := collect(e, at, inside)
				if err != nil {
					return nil, err
				}
				out = append(out, deeper...)
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name, tagged = f.Name, false
		}
		g := goField{StructField: f, name: name, tagged: tagged, index: at, GoName: f.Name}
		if rest != "" {
			g.options = strings.Split(rest, ",")
		}
		out = append(out, g)
	}
	return out, nil
}

// embedded returns the struct type whose fields the embedded field f gives.
func embedded(f reflect.StructField) (reflect.Type, bool, error) {
	e := f.Type
	if e.Kind() == reflect.Pointer {
		e = e.Elem()
		if e.Kind() == reflect.Struct && !f.IsExported() {
			return nil, false, fmt.Errorf("%s: a pointer to an unexported struct cannot be embedded, it cannot be allocated: embed the struct itself", f.Name)
		}
	}
	if e.Kind() != reflect.Struct {
		return nil, false, nil
	}
	s, err := classify(e)
	return e, err == nil && s.Kind == KindStruct, err
}

func (c *Compiler) parseField(g goField) (field, error) {
	f := field{Name: g.name, GoName: g.GoName, Index: g.index, Type: g.Type}
	var standard any
	if f.Injected, standard = c.isInjected(g.Type); f.Injected {
		f.OmitZero = true // a client that leaves it nil means that the backend fills it
	}
	f.Title, f.Description = g.Tag.Get("title"), g.Tag.Get("description")
	for _, o := range g.options {
		switch o {
		case "omitempty":
			f.OmitEmpty = true
		case "omitzero":
			f.OmitZero = true
		case "":
		default:
			return f, fmt.Errorf("json tag: the option %q is not supported: only omitempty and omitzero are", o)
		}
	}
	var err error
	if f.Alias = g.Tag.Get("alias"); f.Alias != "" && !identifier.MatchString(f.Alias) {
		return f, fmt.Errorf("alias tag: %q is no identifier: letters, digits and _, a letter first", f.Alias)
	}
	for tag, to := range map[string]*[]byte{"default": &f.Default, "const": &f.Const, "example": &f.Example} {
		text, ok := g.Tag.Lookup(tag)
		if !ok {
			continue
		}
		if *to, err = jsonText(text, g.Type); err != nil {
			return f, fmt.Errorf("%s tag: %w", tag, err)
		}
	}
	if standard != nil && f.Default == nil {
		if f.Default, err = stdjson.Marshal(standard); err != nil {
			return f, err
		}
	}
	if f.Levels, err = parseRules(g.Tag.Get("validate")); err != nil {
		return f, fmt.Errorf("validate tag: %w", err)
	}
	if err := f.placeOwnRules(g); err != nil {
		return f, err
	}
	f.Required = f.Default == nil && !f.OmitEmpty && !f.OmitZero && g.Type.Kind() != reflect.Pointer && !f.Injected
	return f, nil
}

// placeOwnRules puts the pattern and multipleOf tags at the level they speak of.
func (f *field) placeOwnRules(g goField) error {
	place := func(kinds ...Kind) *level {
		t := g.Type
		for depth := 0; ; depth++ {
			for t.Kind() == reflect.Pointer {
				t = t.Elem()
			}
			s, err := classify(t)
			if err != nil {
				return nil
			}
			for len(f.Levels) <= depth {
				f.Levels = append(f.Levels, level{})
			}
			if slices.Contains(kinds, s.Kind) {
				return &f.Levels[depth]
			}
			if s.Elem == nil {
				return nil
			}
			t = s.Elem
		}
	}
	if p, ok := g.Tag.Lookup("pattern"); ok {
		if _, err := regexp.Compile(p); err != nil {
			return fmt.Errorf("pattern tag: %w (patterns are RE2's: no look-around, no backreferences)", err)
		}
		l := place(KindString, KindText, KindUUID)
		if l == nil {
			return fmt.Errorf("pattern tag: %s is no string", g.Type)
		}
		l.Pattern = p
	}
	if m, ok := g.Tag.Lookup("multipleOf"); ok {
		if !number.MatchString(m) || strings.Trim(m, "0.") == "" {
			return fmt.Errorf("multipleOf tag: %q is no number above zero", m)
		}
		l := place(KindInt, KindUint, KindFloat, KindBigInt, KindDecimal, KindNumber)
		if l == nil {
			return fmt.Errorf("multipleOf tag: %s is no number", g.Type)
		}
		l.MultipleOf = m
	}
	return nil
}

// jsonText reads a tag that holds a value of type t: JSON, or a bare string
// where t is written as a string.
func jsonText(text string, t reflect.Type) ([]byte, error) {
	for t.Kind() == reflect.Pointer {
		if text == "null" {
			return []byte("null"), nil
		}
		t = t.Elem()
	}
	s, err := classify(t)
	if err != nil {
		return nil, err
	}
	raw := jsontext.Value(text)
	valid := raw.IsValid()
	bare := false
	switch s.Kind {
	case KindString, KindBytes, KindTime, KindDate, KindDuration, KindUUID, KindText:
		bare = !valid || raw.Kind() != '"'
	case KindDecimal, KindUnion, KindAny, KindJSON:
		bare = !valid
	default:
		if !valid {
			return nil, fmt.Errorf("%q is not JSON, as %s needs", text, t)
		}
	}
	if !bare {
		if err := raw.Compact(); err != nil {
			return nil, err
		}
		return raw, nil
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	return quoted, err
}

// parseRules splits a validate tag into levels.
func parseRules(tag string) ([]level, error) {
	levels := []level{{}}
	if tag == "" || tag == "-" {
		return levels, nil
	}
	inKeys := false
	for text := range strings.SplitSeq(tag, ",") {
		l := &levels[len(levels)-1]
		switch text {
		case "":
			return nil, errors.New("an entry is empty: remove the comma, or write a comma of a parameter as 0x2C")
		case "dive":
			if inKeys {
				return nil, errors.New("dive inside keys … endkeys")
			}
			levels = append(levels, level{})
		case "keys":
			if len(levels) < 2 || inKeys || len(l.Rules) > 0 {
				return nil, errors.New("keys must stand directly after dive")
			}
			inKeys = true
		case "endkeys":
			if !inKeys {
				return nil, errors.New("endkeys without keys")
			}
			inKeys = false
		case "required", "omitnil":
			// Presence is by key, and null is refused or skipped by the decoder.
		case "structonly", "nostructlevel":
			return nil, fmt.Errorf("%s is not supported: a nested struct is always checked", text)
		default:
			r := newRule(text)
			if inKeys {
				k := &levels[len(levels)-2]
				k.Keys = append(k.Keys, r)
			} else {
				l.Rules = append(l.Rules, r)
			}
		}
	}
	if inKeys {
		return nil, errors.New("keys without endkeys")
	}
	return levels, nil
}

func newRule(text string) rule {
	r := rule{Name: text, Text: text}
	if !strings.Contains(text, "|") {
		r.Name, r.Param, _ = strings.Cut(text, "=")
		r.Param = strings.NewReplacer("0x2C", ",", "0x7C", "|").Replace(r.Param)
	}
	return r
}

// isInjected reports whether the framework fills fields of type t, and with
// what by default; nil for nothing.
func (c *Compiler) isInjected(t reflect.Type) (filled bool, standard any) {
	if t.Kind() != reflect.Pointer {
		t = reflect.PointerTo(t)
	}
	standard, filled = c.injected[t]
	if filled && reflect.ValueOf(standard).IsNil() {
		return true, nil
	}
	return filled, standard
}
