package typed

import (
	"encoding/json"
	"reflect"

	"github.com/dasf-go/dasf/internal/api"
)

// This file is what the root package calls for schemas:
//
//	a, err := compiler.Describe(typed.ModuleDescription{
//		Topic:   "greeter",
//		Members: []typed.MemberDescription{{Name: "greet", Request: in, Result: out}},
//	})
//
// a.RPCSchema is the schema of the module.

// A Type is a compiled type; every [*Codec] is one.
type Type interface {
	schemaType() (reflect.Type, []level)
}

func (c *Codec[T]) schemaType() (reflect.Type, []level) { return c.typ, c.rules }

// A MemberDescription says what a function, a method or a class is.
type MemberDescription struct {
	// Name is what callers call it.
	Name string
	// Doc describes it; spaces around it are cut off.
	Doc string
	// Returns describes the result. A class has none.
	Returns string
	// Extra is laid over the schema: see [api.Schema.Merge].
	Extra map[string]json.RawMessage

	// Request is the type of the parameters, the constructor's for a class.
	Request Type
	// Result is the type of the result, nil for a class.
	Result Type

	// Class says that this is a class.
	Class bool
	// Methods are the methods of a class, in order.
	Methods []MemberDescription
}

// A ModuleDescription says what a module offers.
type ModuleDescription struct {
	// Topic is the title of the module's schema.
	Topic string
	// Extra is laid over the module's schema.
	Extra map[string]json.RawMessage
	// Members stand in the order of the module.
	Members []MemberDescription
	// Extension is sent as it is; nil or empty is not sent.
	Extension *api.Extension
}

// Describe returns the API of a module whose types c has compiled. Its
// RPCSchema is the schema of the module. An error is a mistake in the program:
// it names the member, and the cure.
//
// The layout is that of demessaging 0.6.4 (backend/function.py, class_.py and
// module.py). As there, what a member's Extra says stands in the member's own
// schema and not in that of the module. Other than there, a class's Extra
// stands in its schema; demessaging forgets it.
func (c *Compiler) Describe(m ModuleDescription) (*api.API, error) {
	d := describer{generator: newGenerator(c), models: map[string]string{}}
	return d.module(m)
}

// Schema returns the schema of t alone, its definitions under $defs.
func (c *Compiler) Schema(t Type) (*api.Schema, error) {
	g := newGenerator(c)
	typ, rules := t.schemaType()
	s, err := g.value(typ, rules)
	if err != nil {
		return nil, err
	}
	return g.complete(s), nil
}
