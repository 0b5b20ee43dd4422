package typed

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/swaggest/jsonschema-go"

	"github.com/dasf-go/dasf/internal/api"
)

// own is the schema that swaggest's reflector makes of the type itself: its JSON
// type, and what its methods and blank fields say of it (Enum, Description,
// Title, PrepareJSONSchema, JSONSchemaBytes …). The reflector is kept from
// going into elements and fields, since it would leave out fields without a
// json tag, make slices nullable, lose the order of properties and the null of
// pointers in slices, and refer to a recursive root as #. Those are the
// generator's to compose.
//
// The result is the caller's to change.
func (g *generator) own(sh shape) (*api.Schema, error) {
	if sh.Kind == KindJSON || sh.Kind == KindText {
		return g.exposed(sh)
	}
	if s := wireForm(sh); s != nil {
		return s, nil
	}
	if s := undeclared(sh.Type); s != nil {
		return s, nil
	}
	s, err := swaggest(sh)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sh.Type, err)
	}
	if sh.Enum != nil {
		s.Enum = enumJSON(sh.Enum)
	}
	if sh.Description != "" {
		s.Description = sh.Description
	}
	return s, nil
}

// undeclared is the schema of a type that no package declares: string, []T.
// It has no methods, so that there is nothing to ask swaggest for, which takes
// its time. It is nil for other types, and for structs.
func undeclared(t reflect.Type) *api.Schema {
	if t.PkgPath() != "" {
		return nil
	}
	s := &api.Schema{}
	switch t.Kind() {
	case reflect.Bool:
		s.Type = api.Types{api.Boolean}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.Type = api.Types{api.Integer}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s.Type, s.Minimum = api.Types{api.Integer}, "0"
	case reflect.Float32, reflect.Float64:
		s.Type = api.Types{api.Number}
	case reflect.String:
		s.Type = api.Types{api.String}
	case reflect.Slice, reflect.Array:
		s.Type = api.Types{api.Array}
	case reflect.Map:
		s.Type = api.Types{api.Object}
	default:
		return nil
	}
	return s
}

// swaggest is the schema of the type itself as swaggest makes it.
func swaggest(sh shape) (*api.Schema, error) {
	reflected, err := reflectOwn(sh)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(reflected)
	if err != nil {
		return nil, err
	}
	s := &api.Schema{}
	if err := s.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	s.Items, s.Defs, s.Enum = nil, nil, nil
	if sh.Kind == KindMap {
		s.AdditionalProperties = nil
	}
	return s, nil
}

// reflectOwn asks swaggest. The methods of user types that it calls may panic.
func reflectOwn(sh shape) (s jsonschema.Schema, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a method that describes its schema panicked on a zero value: %v", p)
		}
	}()
	if sh.Kind == KindStruct && embedsItself(sh.Type, map[reflect.Type]bool{}) {
		// The reflector would follow the embedded pointer for ever.
		return *(&jsonschema.Schema{}).WithType(jsonschema.Object.Type()), nil
	}
	r := jsonschema.Reflector{}
	return r.Reflect(reflect.New(sh.Type).Elem().Interface(),
		jsonschema.SkipEmbeddedMapsSlices,
		jsonschema.CollectDefinitions(func(string, jsonschema.Schema) {}),
		jsonschema.InterceptSchema(func(p jsonschema.InterceptSchemaParams) (stop bool, err error) {
			return len(p.Context.Path) > 1, nil
		}),
		jsonschema.InterceptProp(func(jsonschema.InterceptPropParams) error {
			return jsonschema.ErrSkipProperty
		}))
}

// embedsItself reports whether t embeds a pointer to itself, directly or not.
func embedsItself(t reflect.Type, inside map[reflect.Type]bool) bool {
	if inside[t] {
		return true
	}
	inside[t] = true
	defer delete(inside, t)
	for i := range t.NumField() {
		f := t.Field(i)
		e := f.Type
		if e.Kind() == reflect.Pointer {
			e = e.Elem()
		}
		if f.Anonymous && e.Kind() == reflect.Struct && embedsItself(e, inside) {
			return true
		}
	}
	return false
}

// wireForm is the schema of a kind whose JSON is not that of its Go type, as
// pydantic 2 writes the Python type that goes with it; nil for other kinds.
func wireForm(sh shape) *api.Schema {
	text := func(format string) *api.Schema {
		return &api.Schema{Type: api.Types{api.String}, Format: format, Description: sh.Description}
	}
	switch sh.Kind {
	case KindBytes:
		return text("base64")
	case KindTime:
		return text("date-time")
	case KindDate:
		return text("date")
	case KindDuration:
		return text("duration")
	case KindUUID:
		return text("uuid")
	case KindDecimal:
		return &api.Schema{
			AnyOf:       []*api.Schema{{Type: api.Types{api.Number}}, {Type: api.Types{api.String}}},
			Description: sh.Description,
		}
	case KindBigInt:
		return &api.Schema{Type: api.Types{api.Integer}}
	case KindNumber:
		return &api.Schema{Type: api.Types{api.Number}}
	case KindNone:
		return &api.Schema{Type: api.Types{api.Null}}
	case KindAny, KindRaw:
		return &api.Schema{}
	case KindSet:
		return &api.Schema{Type: api.Types{api.Array}, UniqueItems: true, Description: sh.Description}
	case KindTuple:
		return &api.Schema{Type: api.Types{api.Array}, Description: sh.Description}
	case KindUnion:
		return &api.Schema{Description: sh.Description}
	}
	return nil
}

// exposed is the schema of a type with JSON or text methods of its own: what its
// method JSONSchemaBytes says, or else any value, or any string.
func (g *generator) exposed(sh shape) (*api.Schema, error) {
	s := &api.Schema{}
	if sh.Kind == KindText {
		s.Type = api.Types{api.String}
	}
	if sh.Schema != nil {
		s = &api.Schema{}
		if err := s.UnmarshalJSON(sh.Schema); err != nil {
			return nil, fmt.Errorf("%s: JSONSchemaBytes: %w", sh.Type, err)
		}
		if s.Literal != nil {
			return nil, fmt.Errorf("%s: JSONSchemaBytes: %s is no object: write {} for any value", sh.Type, sh.Schema)
		}
		if err := g.hoist(sh.Type, s); err != nil {
			return nil, err
		}
	}
	if sh.Enum != nil {
		s.Enum = enumJSON(sh.Enum)
	}
	if s.Description == "" {
		s.Description = sh.Description
	}
	return s, nil
}

// hoist moves the definitions of an exposed schema to those of the document,
// where its references look for them.
func (g *generator) hoist(t reflect.Type, s *api.Schema) error {
	for _, name := range slices.Sorted(maps.Keys(s.Defs)) {
		who := fmt.Sprintf("$defs of %s", t)
		if other, ok := g.taken[name]; ok && other != who && !sameSchema(g.defs[name], s.Defs[name]) {
			return fmt.Errorf("%s: JSONSchemaBytes: the definition %s is taken by %s: rename it", t, name, other)
		}
		if other, ok := g.c.names[name]; ok {
			return fmt.Errorf("%s: JSONSchemaBytes: the definition %s is the name of type %s: rename it", t, name, other)
		}
		g.taken[name] = who
		g.defs[name] = s.Defs[name]
	}
	s.Defs = nil
	return nil
}

func sameSchema(a, b *api.Schema) bool { return string(a.Append(nil)) == string(b.Append(nil)) }

// definesItself reports whether an exposed schema is of a kind that gets a
// definition, so that a stub makes a class of it: an object with properties, or an enum.
func definesItself(schema []byte) bool {
	s := &api.Schema{}
	if schema == nil || s.UnmarshalJSON(schema) != nil {
		return false
	}
	return len(s.Properties) > 0 || s.Enum != nil
}
