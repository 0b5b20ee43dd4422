package api

import (
	"encoding/json"
	"errors"
	"fmt"
)

// An API describes what a backend offers: the document that it sends as answer
// to an api_info message (demessaging 0.6.4, backend/module.py, ModuleAPIModel).
type API struct {
	// Classes and Functions stand in the order in which the module lists them.
	// Both lists are always written.
	Classes   []Class
	Functions []Function

	// RPCSchema is the schema of a request to any member.
	RPCSchema *Schema

	// Extension is what only backends of this project send, and nil where they
	// have nothing to add.
	Extension *Extension
}

// A Function is a function, or a method of a [Class].
type Function struct {
	Name string

	// RPCSchema is the schema of a request, func_name included.
	RPCSchema *Schema

	// ReturnSchema is the schema of the result.
	ReturnSchema *Schema
}

// A Class is a class, whose constructor's parameters and one method's call
// travel in one request.
type Class struct {
	Name string

	// RPCSchema is the schema of the constructor's parameters, with class_name
	// and without function.
	RPCSchema *Schema

	Methods []Function
}

// An Extension holds what a stub generator needs and api_info has no place for.
// It travels under the key x-dasf, and only where something is set.
type Extension struct {
	// Doc describes the module.
	Doc string `json:"doc,omitempty"`

	// Imports is source text of a Python stub's imports, one a line.
	Imports string `json:"imports,omitempty"`

	// HardCode is source text that a Python stub contains as it is.
	HardCode string `json:"hard_code,omitempty"`
}

// extensionKey is the key of an Extension.
const extensionKey = "x-dasf"

// MarshalJSON writes the document without spaces, with the keys in the order in
// which demessaging writes them.
func (a API) MarshalJSON() ([]byte, error) {
	w := newWriter([]byte{'{'})
	w.key("classes")
	list(w, a.Classes, w.class)
	w.key("functions")
	list(w, a.Functions, w.function)
	w.key("rpc_schema")
	w.schema(a.RPCSchema)
	if a.Extension != nil && *a.Extension != (Extension{}) {
		w.key(extensionKey)
		w.extension(a.Extension)
	}
	return append(w.dst, '}'), nil
}

// MarshalJSON writes one entry of the list of functions or methods.
func (f Function) MarshalJSON() ([]byte, error) {
	w := newWriter(nil)
	w.function(f)
	return w.dst, nil
}

// MarshalJSON writes one entry of the list of classes.
func (c Class) MarshalJSON() ([]byte, error) {
	w := newWriter(nil)
	w.class(c)
	return w.dst, nil
}

func (w *writer) function(f Function) {
	w.dst = append(w.dst, '{')
	w.key("name")
	w.string(f.Name)
	w.key("rpc_schema")
	w.schema(f.RPCSchema)
	w.key("return_schema")
	w.schema(f.ReturnSchema)
	w.dst = append(w.dst, '}')
}

func (w *writer) class(c Class) {
	w.dst = append(w.dst, '{')
	w.key("name")
	w.string(c.Name)
	w.key("rpc_schema")
	w.schema(c.RPCSchema)
	w.key("methods")
	list(w, c.Methods, w.function)
	w.dst = append(w.dst, '}')
}

func (w *writer) extension(x *Extension) {
	w.dst = append(w.dst, '{')
	for _, part := range []struct{ name, text string }{
		{"doc", x.Doc}, {"imports", x.Imports}, {"hard_code", x.HardCode},
	} {
		if part.text != "" {
			w.key(part.name)
			w.string(part.text)
		}
	}
	w.dst = append(w.dst, '}')
}

// UnmarshalJSON reads what [Parse] reads.
func (a *API) UnmarshalJSON(data []byte) error {
	v, err := Parse(data)
	if err != nil {
		return err
	}
	*a = *v
	return nil
}

// Parse reads an api_info document from any backend. Keys that it does not know
// are ignored outside of schemas and kept inside. It refuses what
// [Schema.UnmarshalJSON] refuses, members without a name or a schema, and two
// members of one name; errors show the path to what is wrong.
func Parse(data []byte) (*API, error) {
	r, err := newReader(data)
	if err != nil {
		return nil, fmt.Errorf("api_info: %w", err)
	}
	a, err := r.api()
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return nil, fmt.Errorf("api_info: %w", err)
	}
	return a, nil
}

func (r *reader) api() (*API, error) {
	a := &API{Classes: []Class{}, Functions: []Function{}}
	names := map[string]struct{}{}
	err := r.object(func(name string) (err error) {
		switch name {
		case "classes":
			err = r.array(func() error {
				c, err := r.class(names)
				a.Classes = append(a.Classes, c)
				return err
			})
		case "functions":
			err = r.array(func() error {
				f, err := r.function(names)
				a.Functions = append(a.Functions, f)
				return err
			})
		case "rpc_schema":
			a.RPCSchema, err = r.schema()
		case extensionKey:
			a.Extension, err = r.extension()
		default:
			_, err = r.value()
		}
		return err
	})
	if err == nil && len(a.Classes)+len(a.Functions) == 0 {
		err = errors.New("neither classes nor functions: the backend offers nothing, or this is no api_info")
	}
	if err == nil && a.RPCSchema == nil {
		err = errors.New("no rpc_schema")
	}
	return a, err
}

func (r *reader) function(names map[string]struct{}) (Function, error) {
	var f Function
	err := r.object(func(name string) (err error) {
		switch name {
		case "name":
			f.Name, err = r.memberName(names)
		case "rpc_schema":
			f.RPCSchema, err = r.schema()
		case "return_schema":
			f.ReturnSchema, err = r.schema()
		default:
			_, err = r.value()
		}
		return err
	})
	return f, r.complete(err, f.Name != "", f.RPCSchema != nil, f.ReturnSchema != nil)
}

func (r *reader) class(names map[string]struct{}) (Class, error) {
	c := Class{Methods: []Function{}}
	methods := map[string]struct{}{}
	err := r.object(func(name string) (err error) {
		switch name {
		case "name":
			c.Name, err = r.memberName(names)
		case "rpc_schema":
			c.RPCSchema, err = r.schema()
		case "methods":
			err = r.array(func() error {
				m, err := r.function(methods)
				c.Methods = append(c.Methods, m)
				return err
			})
		default:
			_, err = r.value()
		}
		return err
	})
	return c, r.complete(err, c.Name != "", c.RPCSchema != nil, true)
}

// complete adds to err what a member lacks.
func (r *reader) complete(err error, name, rpc, ret bool) error {
	switch {
	case err != nil:
		return err
	case !name:
		return r.errorf("a member without a name")
	case !rpc:
		return r.errorf("a member without rpc_schema")
	case !ret:
		return r.errorf("a member without return_schema")
	}
	return nil
}

func (r *reader) memberName(names map[string]struct{}) (string, error) {
	name, err := r.string()
	if err != nil {
		return "", err
	}
	if _, twice := names[name]; twice {
		return "", r.errorf("two members are called %q", name)
	}
	names[name] = struct{}{}
	return name, nil
}

func (r *reader) extension() (*Extension, error) {
	raw, err := r.value()
	if err != nil {
		return nil, err
	}
	var x Extension
	if err := json.Unmarshal(raw, &x); err != nil {
		return nil, r.errorf("%w", err)
	}
	return &x, nil
}
