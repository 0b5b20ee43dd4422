package typed

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/dasf-go/dasf/internal/api"
)

// A describer makes the schemas of a module's members.
type describer struct {
	*generator
	// models tells whose request the definitions are that are no Go types.
	models map[string]string
}

func (d *describer) module(m ModuleDescription) (*api.API, error) {
	a := &api.API{Classes: []api.Class{}, Functions: []api.Function{}, Extension: m.Extension}
	if err := d.reserve(m.Members); err != nil {
		return nil, err
	}
	var members []*api.Schema
	for _, member := range m.Members {
		name, err := d.member(a, member)
		if err != nil {
			return nil, err
		}
		members = append(members, &api.Schema{Ref: api.RefTo(name)})
	}
	s := d.complete(oneOrAnyOf(members))
	s.Title = m.Topic
	s.Description = "The member to call."
	s, err := s.Merge(m.Extra)
	if err != nil {
		return nil, fmt.Errorf("the module's extra schema: %w", err)
	}
	a.RPCSchema = s
	return a, checkReferences(a)
}

// checkReferences reports a reference to a definition that is not there: one in
// an extra schema, or in what a type's JSONSchemaBytes returns.
func checkReferences(a *api.API) error {
	check := func(what string, document *api.Schema) (err error) {
		document.Walk(func(s *api.Schema) {
			if name, ok := api.RefName(s.Ref); ok && document.Defs[name] == nil && err == nil {
				err = fmt.Errorf("%s: the schema refers to %s, which it does not define", what, s.Ref)
			}
		})
		return err
	}
	functions := a.Functions
	for _, c := range a.Classes {
		if err := check("Class "+c.Name, c.RPCSchema); err != nil {
			return err
		}
		functions = append(slices.Clip(functions), c.Methods...)
	}
	for _, f := range functions {
		if err := check(f.Name, f.RPCSchema); err != nil {
			return err
		}
		if err := check(f.Name+", result", f.ReturnSchema); err != nil {
			return err
		}
	}
	return check("the module", a.RPCSchema)
}

// reserve takes the names of the members' models, so that a Go type which is
// called like one of them is found out.
func (d *describer) reserve(members []MemberDescription) error {
	for _, m := range members {
		what, name := "Func "+m.Name, modelName("Func", m.Name)
		if m.Class {
			what, name = "Class "+m.Name, modelName("Class", m.Name)
			for _, method := range m.Methods {
				if err := d.reserveModel(modelName("Meth", name, method.Name), what+", Method "+method.Name); err != nil {
					return err
				}
			}
		}
		if err := d.reserveModel(name, what); err != nil {
			return err
		}
	}
	return nil
}

func (d *describer) reserveModel(name, what string) error {
	if other, taken := d.models[name]; taken {
		return fmt.Errorf("%s and %s have one name in the schema, %s: rename one of them", other, what, name)
	}
	d.models[name] = what
	d.taken[name] = what
	return nil
}

// member adds m to a and to the definitions, and returns the definition's name.
func (d *describer) member(a *api.API, m MemberDescription) (string, error) {
	if !m.Class {
		name := modelName("Func", m.Name)
		f, err := d.function(name, "Func "+m.Name, m)
		a.Functions = append(a.Functions, f)
		return name, err
	}
	name := modelName("Class", m.Name)
	c, err := d.class(name, "Class "+m.Name, m)
	a.Classes = append(a.Classes, c)
	return name, err
}

// function describes a function or a method whose model is called name.
func (d *describer) function(name, what string, m MemberDescription) (api.Function, error) {
	fail := func(err error) (api.Function, error) {
		return api.Function{}, fmt.Errorf("%s: %w", what, err)
	}
	s, err := d.request(name, m)
	if err != nil {
		return fail(err)
	}
	s.Properties = append([]api.Property{nameProperty("func_name", m.Name)}, s.Properties...)
	s.Required = append([]string{"func_name"}, s.Required...)
	d.defs[name] = s
	rpc, err := d.complete(s).Merge(m.Extra)
	if err != nil {
		return fail(fmt.Errorf("extra schema: %w", err))
	}
	ret, err := d.result(name, m)
	if err != nil {
		return fail(fmt.Errorf("result: %w", err))
	}
	return api.Function{Name: m.Name, RPCSchema: rpc, ReturnSchema: ret}, nil
}

func (d *describer) class(name, what string, m MemberDescription) (api.Class, error) {
	s, err := d.request(name, m)
	if err != nil {
		return api.Class{}, fmt.Errorf("%s: %w", what, err)
	}
	s.Properties = append(s.Properties, nameProperty("class_name", m.Name))
	s.Required = append(s.Required, "class_name")
	ctor := *s
	if d.c.options.Strict {
		// A whole request has the key function too.
		ctor.AdditionalProperties = nil
	}
	rpc, err := d.complete(&ctor).Merge(m.Extra)
	if err != nil {
		return api.Class{}, fmt.Errorf("%s: extra schema: %w", what, err)
	}
	c := api.Class{Name: m.Name, RPCSchema: rpc, Methods: []api.Function{}}
	var methods []*api.Schema
	for _, method := range m.Methods {
		model := modelName("Meth", name, method.Name)
		f, err := d.function(model, what+", Method "+method.Name, method)
		if err != nil {
			return c, err
		}
		c.Methods = append(c.Methods, f)
		methods = append(methods, &api.Schema{Ref: api.RefTo(model)})
	}
	function := oneOrAnyOf(methods)
	function.Description = "The method to call."
	if function.Ref == "" {
		function.Title = "Function"
	}
	s.Properties = append(s.Properties, api.Property{Name: "function", Schema: function})
	s.Required = append(s.Required, "function")
	d.defs[name] = s
	return c, nil
}

// request is the object of m's parameters, called name.
func (d *describer) request(name string, m MemberDescription) (*api.Schema, error) {
	t, _ := m.Request.schemaType()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s, err := d.object(t)
	if err != nil {
		return nil, err
	}
	s.Title = name
	if doc := strings.TrimSpace(m.Doc); doc != "" {
		s.Description = doc
	}
	return s, nil
}

// result is the schema of m's result. As in demessaging, it is a field with the
// default null and the title of the request's model.
func (d *describer) result(name string, m MemberDescription) (*api.Schema, error) {
	t, rules := m.Result.schemaType()
	s := &api.Schema{}
	if sh, err := d.shape(t); err != nil {
		return nil, err
	} else if sh.Kind != KindNone {
		// Python's "-> None" has no schema: a backend that returns nothing sends null.
		if s, err = d.value(t, rules); err != nil {
			return nil, err
		}
	}
	s = d.complete(s)
	s.Title = name
	s.Default = json.RawMessage("null")
	if doc := strings.TrimSpace(m.Returns); doc != "" {
		s.Description = doc
	}
	return s, nil
}

// nameProperty is the key that says which member is called. "function" is what
// demessaging writes for classes too (backend/utils.py, get_fields).
func nameProperty(key, name string) api.Property {
	return api.Property{Name: key, Schema: &api.Schema{
		Const:       jsonString(name),
		Description: "The name of the function. Must be '" + name + "'",
		Title:       fieldTitle(key),
		Type:        api.Types{api.String},
	}}
}

func oneOrAnyOf(alternatives []*api.Schema) *api.Schema {
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	return &api.Schema{AnyOf: alternatives}
}
