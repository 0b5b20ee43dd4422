package codegen

import (
	"encoding/json"

	"github.com/dasf-go/dasf/internal/api"
)

// A kind is what a value is, in whatever language.
type kind uint8

const (
	kindAny kind = iota
	kindNull
	kindBool
	kindInteger
	kindNumber
	kindString
	kindLiteral   // one of some values
	kindList      // elem
	kindSet       // elem
	kindTuple     // parts
	kindMap       // key, elem
	kindUnion     // parts
	kindModel     // ref: an object with known keys, by name
	kindEnum      // ref: some values, by name
	kindAlias     // ref: a type that contains itself
	kindReport    // a progress report
	kindDataset   // an xarray dataset in NetCDF
	kindDataArray // an xarray data array in NetCDF
)

// A shape is a type as a schema says it, resolved.
type shape struct {
	kind     kind
	optional bool              // or null
	format   string            // of a string
	values   []json.RawMessage // of a literal
	elem     *shape
	key      *shape
	parts    []*shape
	ref      *definition
	report   string // name of a class of deprogressapi
	rules    rules
}

// rules are the constraints of a value.
type rules struct {
	minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf json.Number
	minLength, maxLength                                             *int // of a string, list, set or map
	pattern                                                          string
}

// A definition is a named type.
type definition struct {
	name   string // in the schema
	kind   kind   // model, enum or alias
	doc    string
	fields []*field
	values []json.RawMessage // of an enum
	base   *shape            // of an alias, and what values of an enum are
	schema *api.Schema

	recursive bool // it contains itself
	sparse    bool // it has fields that may be left out and have no default
	uses      []*definition
}

// A field is a parameter of a member, or a field of a model.
type field struct {
	name     string // on the wire
	alias    string // what the backend's author wants stubs to call it; "" = name
	shape    *shape
	required bool
	initial  json.RawMessage // the default; nil where there is none
	constant bool            // only one value is allowed
	title    string          // where it is not made from the name
	doc      string
	examples []json.RawMessage
}

// omittable reports whether the field may be left out, in which case the
// backend sees neither a value nor null.
func (f *field) omittable() bool { return !f.required && f.initial == nil }

// A function is a function or a method.
type function struct {
	name      string
	doc       string
	params    []*field
	result    *shape
	resultDoc string
}

// A class has parameters of its constructor, and methods.
type class struct {
	name    string
	doc     string
	params  []*field
	methods []*function
}

// A member is a function or a class.
type member struct {
	function *function
	class    *class
}

func (m member) name() string {
	if m.class != nil {
		return m.class.name
	}
	return m.function.name
}

// A module is an API, resolved.
type module struct {
	topic       string
	doc         string
	members     []member      // in the module's order
	definitions []*definition // each after what it uses, as far as that goes
	untyped     []string      // paths of values of any type
}

// each calls fn with every shape inside s, s first.
func (s *shape) each(fn func(*shape)) {
	if s == nil {
		return
	}
	fn(s)
	s.elem.each(fn)
	s.key.each(fn)
	for _, p := range s.parts {
		p.each(fn)
	}
}
