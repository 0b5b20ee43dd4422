// Package api holds the description of a backend's interface: the JSON schemas
// of its members, and the api_info document that travels over the wire.
//
// Everything here is plain data. A schema keeps the order of an object's
// properties, since a client stub takes the order of its parameters from it, and
// every keyword that it does not know.
package api

import (
	"encoding/json"
	"strings"
)

// A Schema is a JSON schema (draft 2020-12) as pydantic 2 writes it.
//
// The zero value is the schema {} that every value fits. A nil slice, an empty
// string, an empty number and a nil pointer mean that the keyword is absent; a
// slice that is empty but not nil is written. A raw value is absent when nil, so
// that a default of null is told from no default.
//
// A Schema is not safe for concurrent writes; reading it is.
type Schema struct {
	// Literal is set for the schemas true and false, which are no objects.
	// All other fields are then empty.
	Literal *bool

	Ref              string
	Type             Types
	Title            string
	Description      string
	Format           string
	Pattern          string
	ContentEncoding  string
	ContentMediaType string

	Const    json.RawMessage
	Default  json.RawMessage
	Enum     []json.RawMessage
	Examples []json.RawMessage

	Properties           []Property
	Required             []string
	AdditionalProperties *Schema
	PropertyNames        *Schema
	MinProperties        *int
	MaxProperties        *int

	Items       *Schema
	PrefixItems []*Schema
	MinItems    *int
	MaxItems    *int
	UniqueItems bool

	AnyOf []*Schema
	OneOf []*Schema
	AllOf []*Schema

	Minimum          json.Number
	Maximum          json.Number
	ExclusiveMinimum json.Number
	ExclusiveMaximum json.Number
	MultipleOf       json.Number
	MinLength        *int
	MaxLength        *int

	Defs map[string]*Schema

	// Extra holds every other keyword, such as discriminator or is_reporter.
	Extra map[string]json.RawMessage
}

// A Property is one named property of an object's schema.
type Property struct {
	Name   string
	Schema *Schema
}

// Types are the alternatives of the keyword type. One alternative is written as
// a string, several as a list.
type Types []string

// The types of JSON schema.
const (
	Null    = "null"
	Boolean = "boolean"
	Integer = "integer"
	Number  = "number"
	String  = "string"
	Array   = "array"
	Object  = "object"
)

// Has reports whether name is among the types.
func (t Types) Has(name string) bool {
	for _, n := range t {
		if n == name {
			return true
		}
	}
	return false
}

// Is reports whether the schema names exactly this one type.
func (s *Schema) Is(name string) bool {
	return s != nil && len(s.Type) == 1 && s.Type[0] == name
}

// True is the schema that every value fits, written as true.
func True() *Schema { return literal(true) }

// False is the schema that no value fits, written as false.
func False() *Schema { return literal(false) }

func literal(v bool) *Schema { return &Schema{Literal: &v} }

// Property returns the schema of the named property, or nil.
func (s *Schema) Property(name string) *Schema {
	if s == nil {
		return nil
	}
	for _, p := range s.Properties {
		if p.Name == name {
			return p.Schema
		}
	}
	return nil
}

// Requires reports whether the named property must be present.
func (s *Schema) Requires(name string) bool {
	if s == nil {
		return false
	}
	for _, r := range s.Required {
		if r == name {
			return true
		}
	}
	return false
}

const defsPrefix = "#/$defs/"

// RefTo returns the reference to the definition of that name.
func RefTo(name string) string {
	return defsPrefix + strings.NewReplacer("~", "~0", "/", "~1", "%", "%25").Replace(name)
}

// RefName returns the name of the definition that ref refers to, and false if
// ref does not refer to a definition of the same document.
func RefName(ref string) (string, bool) {
	name, ok := strings.CutPrefix(ref, defsPrefix)
	if !ok || strings.Contains(name, "/") {
		return "", false
	}
	return strings.NewReplacer("~1", "/", "~0", "~", "%25", "%").Replace(name), true
}

// Def returns the definition that ref refers to, or nil.
func (s *Schema) Def(ref string) *Schema {
	name, ok := RefName(ref)
	if !ok || s == nil {
		return nil
	}
	return s.Defs[name]
}

// Walk calls fn with s and with every schema inside it, definitions included.
// References are not followed.
func (s *Schema) Walk(fn func(*Schema)) {
	if s == nil {
		return
	}
	fn(s)
	for _, inner := range []*Schema{s.AdditionalProperties, s.PropertyNames, s.Items} {
		inner.Walk(fn)
	}
	for _, p := range s.Properties {
		p.Schema.Walk(fn)
	}
	for _, list := range [][]*Schema{s.PrefixItems, s.AnyOf, s.OneOf, s.AllOf} {
		for _, inner := range list {
			inner.Walk(fn)
		}
	}
	for _, name := range sortedKeys(s.Defs) {
		s.Defs[name].Walk(fn)
	}
}
