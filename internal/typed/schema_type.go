package typed

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/dasf-go/dasf/internal/api"
)

// A generator makes schemas of Go types. Each type's own schema comes from
// swaggest's reflector ([generator.own]); how types make up other types, which
// values may be null or left out, and the rules of fields come from the same
// shapes and fields that the decoder is compiled from.
type generator struct {
	c      *Compiler
	shapes map[reflect.Type]shape
	// names holds the types that have a definition, defs the definitions.
	names map[reflect.Type]string
	defs  map[string]*api.Schema
	// taken tells who has the names of definitions that are no types.
	taken map[string]string
}

func newGenerator(c *Compiler) *generator {
	return &generator{
		c:      c,
		shapes: map[reflect.Type]shape{},
		names:  map[reflect.Type]string{},
		defs:   map[string]*api.Schema{},
		taken:  map[string]string{},
	}
}

func (g *generator) shape(t reflect.Type) (shape, error) {
	if s, ok := g.shapes[t]; ok {
		return s, nil
	}
	s, err := shapeOf(t)
	if err == nil {
		g.shapes[t] = s
	}
	return s, err
}

// value is the schema of a value of type t under the rules of levels, whose
// first is for the value itself.
func (g *generator) value(t reflect.Type, levels []level) (*api.Schema, error) {
	sh, err := g.shape(t)
	if err != nil {
		return nil, err
	}
	if sh.Kind == KindPointer && !g.recursive(t) {
		s, err := g.value(sh.Elem, levels)
		if err != nil {
			return nil, err
		}
		return optional(s), nil
	}
	var here level
	if len(levels) > 0 {
		here, levels = levels[0], levels[1:]
	}
	var s *api.Schema
	if g.named(sh) && !(ruled(levels) && sh.Kind != KindStruct) {
		s, err = g.reference(t)
	} else {
		s, err = g.structure(sh, levels)
	}
	if err != nil {
		return nil, err
	}
	if err := g.keys(s, sh, here); err != nil {
		return nil, err
	}
	constrain(s, sh, here)
	return s, nil
}

// named reports whether values of the shape have a definition of their own:
// structs, enums, and types that contain themselves.
func (g *generator) named(sh shape) bool {
	if sh.Type.Name() == "" {
		return false
	}
	switch sh.Kind {
	case KindStruct:
		return true
	case KindJSON, KindText:
		return definesItself(sh.Schema)
	}
	return sh.Enum != nil || g.recursive(sh.Type)
}

// ruled reports whether any level has rules for elements.
func ruled(levels []level) bool {
	return slices.ContainsFunc(levels, func(l level) bool {
		return len(l.Rules)+len(l.Keys) > 0 || l.Pattern != "" || l.MultipleOf != ""
	})
}

// recursive reports whether t is a named type, and no struct, that contains
// itself by way of unnamed types: type Tree map[string]Tree.
func (g *generator) recursive(t reflect.Type) bool {
	if t.Name() == "" {
		return false
	}
	seen := map[reflect.Type]bool{}
	var within func(u reflect.Type) bool
	within = func(u reflect.Type) bool {
		if seen[u] {
			return u == t
		}
		seen[u] = true
		sh, err := g.shape(u)
		if err != nil || sh.Kind == KindStruct {
			return false
		}
		for _, inner := range append([]reflect.Type{sh.Elem, sh.Key}, sh.Alternatives...) {
			if inner != nil && within(inner) {
				return true
			}
		}
		return false
	}
	return within(t)
}

// reference refers to the definition of t, which it makes when it is the first.
func (g *generator) reference(t reflect.Type) (*api.Schema, error) {
	if name, ok := g.names[t]; ok {
		return &api.Schema{Ref: api.RefTo(name)}, nil
	}
	name := typeName(t)
	if other, taken := g.taken[name]; taken {
		return nil, fmt.Errorf("the type %s and the request of %s have one name in the schema, %s: rename one of them", t, other, name)
	}
	if err := g.c.claim(name, t); err != nil {
		return nil, err
	}
	g.names[t] = name // before its parts, which may refer to it
	s, err := g.definition(t)
	if err != nil {
		return nil, err
	}
	g.defs[name] = s
	return &api.Schema{Ref: api.RefTo(name)}, nil
}

// definition is the schema that stands under $defs for t.
func (g *generator) definition(t reflect.Type) (*api.Schema, error) {
	sh, err := g.shape(t)
	if err != nil {
		return nil, err
	}
	s, err := g.structure(sh, nil)
	if err == nil && s.Title == "" && (sh.Enum != nil || sh.Kind == KindJSON || sh.Kind == KindText) {
		s.Title = typeTitle(t)
	}
	return s, err
}

// structure is the schema of the shape itself, whose parts are under the rules of levels.
func (g *generator) structure(sh shape, levels []level) (*api.Schema, error) {
	switch sh.Kind {
	case KindStruct:
		return g.object(sh.Type)
	case KindPointer:
		s, err := g.value(sh.Elem, levels)
		if err != nil {
			return nil, err
		}
		return optional(s), nil
	}
	s, err := g.own(sh)
	if err != nil {
		return nil, err
	}
	switch sh.Kind {
	case KindSlice, KindArray, KindSet:
		s.Items, err = g.value(sh.Elem, levels)
		if sh.Kind == KindArray {
			s.MinItems, s.MaxItems = &sh.Len, &sh.Len
		}
	case KindMap:
		s.AdditionalProperties, err = g.value(sh.Elem, levels)
		if err == nil && string(s.AdditionalProperties.Append(nil)) == "{}" {
			s.AdditionalProperties = api.True() // as pydantic writes Dict[str, Any]
		}
	case KindTuple:
		s.PrefixItems, err = g.values(sh.Alternatives)
		n := len(sh.Alternatives)
		s.MinItems, s.MaxItems = &n, &n
	case KindUnion:
		var alternatives []*api.Schema
		if alternatives, err = g.values(sh.Alternatives); err == nil {
			s.AnyOf = union(alternatives)
		}
	}
	return s, err
}

func (g *generator) values(types []reflect.Type) ([]*api.Schema, error) {
	out := make([]*api.Schema, 0, len(types))
	for _, t := range types {
		s, err := g.value(t, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// keys says what the keys of a map may be, where pydantic says so.
func (g *generator) keys(s *api.Schema, sh shape, l level) error {
	if sh.Kind != KindMap || s.Ref != "" {
		return nil
	}
	k, err := g.value(sh.Key, nil)
	if err != nil {
		return err
	}
	key, err := g.shape(sh.Key)
	if err != nil {
		return err
	}
	if k.Ref == "" {
		// A key is always a string, and pydantic leaves out that it is.
		k = &api.Schema{Format: k.Format, Pattern: k.Pattern}
	}
	if isText(key.Kind) {
		constrain(k, key, level{Rules: l.Keys})
	}
	if string(k.Append(nil)) != "{}" {
		s.PropertyNames = k
	}
	return nil
}

// object is the schema of the struct t.
func (g *generator) object(t reflect.Type) (*api.Schema, error) {
	sh, err := g.shape(t)
	if err != nil {
		return nil, err
	}
	s, err := g.own(sh)
	if err != nil {
		return nil, err
	}
	if sh.Kind == KindNone {
		s = &api.Schema{Type: api.Types{api.Object}}
	}
	if s.Properties != nil {
		return s, nil // the type has told its whole schema to swaggest
	}
	fields := &structType{}
	if sh.Kind == KindStruct {
		if fields, err = g.c.fieldsOf(t); err != nil {
			return nil, err
		}
	}
	// The reflector would take the blank fields of embedded structs too.
	if _, titled := reflect.New(t).Interface().(interface{ Title() string }); !titled || fields.Title != "" {
		s.Title = fields.Title
	}
	if s.Title == "" {
		s.Title = typeTitle(t)
	}
	s.Description, s.Required = fields.Description, nil
	if s.AdditionalProperties == nil && g.c.options.Strict {
		s.AdditionalProperties = api.False()
	}
	s.Properties = []api.Property{}
	for _, f := range fields.Fields {
		p, err := g.property(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		s.Properties = append(s.Properties, api.Property{Name: f.Name, Schema: p})
		if f.Required {
			s.Required = append(s.Required, f.Name)
		}
	}
	return s, nil
}

// property is the schema of one field.
func (g *generator) property(f field) (*api.Schema, error) {
	s, err := g.value(f.Type, f.Levels)
	if err != nil {
		return nil, err
	}
	inner := s
	if f.Type.Kind() == reflect.Pointer && len(s.AnyOf) == 2 && s.AnyOf[1].Is(api.Null) {
		inner = s.AnyOf[0]
	}
	if f.Const != nil {
		inner.Const = f.Const
	}
	switch {
	case f.Title != "":
		s.Title = f.Title
	case s.Title == "" && inner.Ref == "":
		// pydantic gives no title to what has one in its definition.
		s.Title = fieldTitle(f.Name)
	}
	if f.Description != "" {
		s.Description = f.Description
	}
	switch {
	case f.Default != nil:
		s.Default = f.Default
	case f.Type.Kind() == reflect.Pointer:
		s.Default = json.RawMessage("null")
	}
	if f.Example != nil {
		s.Examples = []json.RawMessage{f.Example}
	}
	if f.Injected {
		setExtra(s, "is_reporter", json.RawMessage("true"))
	}
	if f.Alias != "" {
		setExtra(s, aliasKeyword, jsonString(f.Alias))
	}
	return s, nil
}

// aliasKeyword tells the generators of stubs the alias tag of a field. pydantic
// has no such keyword: its aliases are what travels.
const aliasKeyword = "x-dasf-alias"

func setExtra(s *api.Schema, keyword string, value json.RawMessage) {
	if s.Extra == nil {
		s.Extra = map[string]json.RawMessage{}
	}
	s.Extra[keyword] = value
}

// optional is the schema of s or null.
func optional(s *api.Schema) *api.Schema {
	return &api.Schema{AnyOf: union([]*api.Schema{s, {Type: api.Types{api.Null}}})}
}

// union takes unions among the alternatives apart, and puts null last and
// once, as Python does with Union and Optional.
func union(alternatives []*api.Schema) []*api.Schema {
	var out []*api.Schema
	var null *api.Schema
	for _, a := range alternatives {
		parts := []*api.Schema{a}
		if onlyAnyOf(a) {
			parts = a.AnyOf
		}
		for _, p := range parts {
			if p.Is(api.Null) {
				null = p
			} else {
				out = append(out, p)
			}
		}
	}
	if null != nil {
		out = append(out, null)
	}
	return out
}

// onlyAnyOf reports whether a schema is a union and says nothing else.
func onlyAnyOf(s *api.Schema) bool {
	if s.AnyOf == nil {
		return false
	}
	rest := *s
	rest.AnyOf = nil
	return string(rest.Append(nil)) == "{}"
}

// complete returns s with the definitions that it refers to, directly or not.
func (g *generator) complete(s *api.Schema) *api.Schema {
	out := *s
	defs := map[string]*api.Schema{}
	var add func(s *api.Schema)
	add = func(s *api.Schema) {
		name, _ := api.RefName(s.Ref)
		if d := g.defs[name]; d != nil && defs[name] == nil {
			defs[name] = d
			d.Walk(add)
		}
	}
	s.Walk(add)
	if len(defs) > 0 {
		out.Defs = defs
	}
	return &out
}

// enumJSON writes the values of an enum.
func enumJSON(values []any) []json.RawMessage {
	out := make([]json.RawMessage, 0, len(values))
	for _, v := range values {
		switch v := v.(type) {
		case string:
			out = append(out, jsonString(v))
		case int64:
			out = append(out, strconv.AppendInt(nil, v, 10))
		case uint64:
			out = append(out, strconv.AppendUint(nil, v, 10))
		case float64:
			out = append(out, strconv.AppendFloat(nil, v, 'g', -1, 64))
		case bool:
			out = append(out, strconv.AppendBool(nil, v))
		}
	}
	return out
}
