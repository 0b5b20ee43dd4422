package shell

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/dasf-go/dasf/internal/api"
)

// A described value can be given to help and schema.
type described interface {
	starlark.Value
	help() string
	schema() *api.Schema
}

// attributes are the names behind the dot of a value.
type attributes []attribute

type attribute struct {
	name  string
	value starlark.Value
}

func (a attributes) get(name string) starlark.Value {
	for _, one := range a {
		if one.name == name {
			return one.value
		}
	}
	return nil
}

func (a attributes) names() []string {
	names := make([]string, len(a))
	for i, one := range a {
		names[i] = one.name
	}
	slices.Sort(names)
	return names
}

// noSuch is the error for a name that is not there.
func (a attributes) noSuch(of, name string) error {
	return starlark.NoSuchAttrError(fmt.Sprintf("%s has no %s: there are %s", of, name, strings.Join(a.names(), ", ")))
}

// A model is the value Model: the members of the backend.
type model struct {
	shell *shell
	attrs attributes
}

func newModel(s *shell) *model {
	m := &model{shell: s}
	for _, f := range s.API.Functions {
		m.attrs = append(m.attrs, attribute{f.Name, &function{shell: s, name: "Model." + f.Name, f: f}})
	}
	for _, c := range s.API.Classes {
		m.attrs = append(m.attrs, attribute{c.Name, &class{shell: s, c: c}})
	}
	return m
}

func (m *model) String() string        { return "Model(" + strings.Join(m.attrs.names(), ", ") + ")" }
func (m *model) Type() string          { return "Model" }
func (m *model) Freeze()               {}
func (m *model) Truth() starlark.Bool  { return true }
func (m *model) Hash() (uint32, error) { return starlark.String("Model").Hash() }
func (m *model) AttrNames() []string   { return m.attrs.names() }
func (m *model) schema() *api.Schema   { return m.shell.API.RPCSchema }

// Attr implements [starlark.HasAttrs].
func (m *model) Attr(name string) (starlark.Value, error) {
	if v := m.attrs.get(name); v != nil {
		return v, nil
	}
	return nil, m.attrs.noSuch("Model", name)
}

// A function is a function of the backend, or a method of an object.
type function struct {
	shell  *shell
	name   string // as it is written
	f      api.Function
	object *object // of a method
}

func (f *function) String() string {
	return "<" + signature(f.name, f.f.RPCSchema, f.f.ReturnSchema) + ">"
}
func (f *function) Type() string          { return "function" }
func (f *function) Freeze()               {}
func (f *function) Truth() starlark.Bool  { return true }
func (f *function) Hash() (uint32, error) { return starlark.String(f.name).Hash() }
func (f *function) Name() string          { return f.f.Name }
func (f *function) schema() *api.Schema   { return f.f.RPCSchema }

// CallInternal implements [starlark.Callable]: it sends the request.
func (f *function) CallInternal(_ *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	request, err := arguments(f.name, "func_name", f.f.Name, f.f.RPCSchema, args, kwargs)
	if err != nil {
		return nil, err
	}
	if f.object != nil {
		request = append(append(append(f.object.request[:len(f.object.request):len(f.object.request)], `,"function":`...), request...), '}')
	}
	result, err := f.shell.Call(f.shell.ctx, request)
	if err != nil {
		return nil, err
	}
	return fromJSON(result)
}

// A class is a class of the backend. To call it makes an object; nothing is
// sent by that.
type class struct {
	shell *shell
	c     api.Class
}

func (c *class) String() string {
	return "<class " + signature("Model."+c.c.Name, c.c.RPCSchema, nil) + ">"
}
func (c *class) Type() string          { return "class" }
func (c *class) Freeze()               {}
func (c *class) Truth() starlark.Bool  { return true }
func (c *class) Hash() (uint32, error) { return starlark.String(c.c.Name).Hash() }
func (c *class) Name() string          { return c.c.Name }
func (c *class) schema() *api.Schema   { return c.c.RPCSchema }

// AttrNames and Attr let help(Model.Class.method) be written.
func (c *class) AttrNames() []string { return c.methods(nil).names() }

// Attr implements [starlark.HasAttrs].
func (c *class) Attr(name string) (starlark.Value, error) {
	methods := c.methods(nil)
	if v := methods.get(name); v != nil {
		return v, nil
	}
	return nil, methods.noSuch("Model."+c.c.Name, name)
}

// methods are the methods of an object, or of the class when it is nil: those
// can't be called.
func (c *class) methods(o *object) attributes {
	var all attributes
	for _, m := range c.c.Methods {
		name := "Model." + c.c.Name + "(...)." + m.Name
		if o == nil {
			all = append(all, attribute{m.Name, &method{function{shell: c.shell, name: name, f: m}}})
		} else {
			all = append(all, attribute{m.Name, &function{shell: c.shell, name: name, f: m, object: o}})
		}
	}
	return all
}

// A method is a method without an object.
type method struct{ function }

// CallInternal implements [starlark.Callable].
func (m *method) CallInternal(*starlark.Thread, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return nil, fmt.Errorf("a method is called on an object: %s(...)", m.name)
}

// CallInternal implements [starlark.Callable]: it makes an object.
func (c *class) CallInternal(_ *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	request, err := arguments("Model."+c.c.Name, "class_name", c.c.Name, c.c.RPCSchema, args, kwargs)
	if err != nil {
		return nil, err
	}
	o := &object{class: c, request: request[:len(request)-1]}
	o.attrs = c.methods(o)
	return o, nil
}

// An object is an instance of a class: the arguments of its constructor, which
// travel with each call.
type object struct {
	class   *class
	request []byte // without its closing brace
	attrs   attributes
}

func (o *object) String() string        { return "<" + o.class.c.Name + " object>" }
func (o *object) Type() string          { return o.class.c.Name }
func (o *object) Freeze()               {}
func (o *object) Truth() starlark.Bool  { return true }
func (o *object) Hash() (uint32, error) { return starlark.String(o.request).Hash() }
func (o *object) AttrNames() []string   { return o.attrs.names() }
func (o *object) help() string          { return o.class.help() }
func (o *object) schema() *api.Schema   { return o.class.schema() }

// Attr implements [starlark.HasAttrs].
func (o *object) Attr(name string) (starlark.Value, error) {
	if v := o.attrs.get(name); v != nil {
		return v, nil
	}
	return nil, o.attrs.noSuch("Model."+o.class.c.Name+"(...)", name)
}

// arguments makes the JSON object of a call: the name under key, and the
// parameters, which may be given by position too.
func arguments(what, key, name string, schema *api.Schema, args starlark.Tuple, kwargs []starlark.Tuple) (json.RawMessage, error) {
	params := parameters(schema)
	if len(args) > len(params) {
		return nil, fmt.Errorf("%s takes %d arguments, and got %d", what, len(params), len(args))
	}
	given := make([]starlark.Tuple, 0, len(args)+len(kwargs))
	for i, v := range args {
		given = append(given, starlark.Tuple{starlark.String(params[i].Name), v})
	}
	given = append(given, kwargs...)
	request := append(appendText([]byte{'{'}, key), ':')
	request = appendText(request, name)
	seen := map[string]bool{}
	for _, pair := range given {
		param, _ := starlark.AsString(pair[0])
		switch {
		case seen[param]:
			return nil, fmt.Errorf("%s got %s twice", what, param)
		case !slices.ContainsFunc(params, func(p api.Property) bool { return p.Name == param }):
			return nil, fmt.Errorf("%s has no parameter %s%s", what, param, itTakes(params))
		}
		seen[param] = true
		request = append(appendText(append(request, ','), param), ':')
		var err error
		if request, err = appendJSON(request, pair[1], 0); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", what, param, err)
		}
	}
	return append(request, '}'), nil
}

func itTakes(params []api.Property) string {
	if len(params) == 0 {
		return ": it takes none"
	}
	var names []string
	for _, p := range params {
		names = append(names, p.Name)
	}
	return ": it takes " + strings.Join(names, ", ")
}

// parameters are the properties of a request that the caller gives.
func parameters(schema *api.Schema) []api.Property {
	return slices.DeleteFunc(slices.Clone(schema.Properties), func(p api.Property) bool {
		return p.Name == "func_name" || p.Name == "class_name" || p.Name == "function"
	})
}
