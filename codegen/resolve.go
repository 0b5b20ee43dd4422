package codegen

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dasf-go/dasf/internal/api"
)

// A resolver makes a module of an API.
type resolver struct {
	in       Input
	out      *module
	byText   map[string]*definition // what a definition says, with all that it uses
	names    map[string]bool
	datasets map[string]string // path to class
	unused   map[string]bool   // datasets that were not found
}

// resolve makes a module of what a stub is made from.
func resolve(in Input) (*module, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	r := &resolver{
		in: in, out: &module{topic: in.topic(), doc: in.doc()},
		byText: map[string]*definition{}, names: map[string]bool{}, datasets: map[string]string{}, unused: map[string]bool{},
	}
	for _, text := range in.Datasets {
		path, class, _ := strings.Cut(text, "=")
		if class != "" && class != "Dataset" && class != "DataArray" {
			return nil, fmt.Errorf("codegen: dataset %s: it is a Dataset or a DataArray, not %q", path, class)
		}
		r.datasets[path], r.unused[path] = class, true
	}
	for _, m := range r.ordered() {
		if m.class != nil {
			r.out.members = append(r.out.members, member{class: r.class(m.class)})
		} else {
			r.out.members = append(r.out.members, member{function: r.function(m.function, m.function.Name)})
		}
	}
	for path := range r.unused {
		return nil, fmt.Errorf("codegen: dataset %s: there is no such parameter or result; write function.parameter, Class.method.parameter, or return for the parameter", path)
	}
	r.sort()
	return r.out, nil
}

type apiMember struct {
	function *api.Function
	class    *api.Class
}

// ordered returns the members in the order of the schema for any request,
// which is the module's; api_info lists classes and functions apart.
func (r *resolver) ordered() []apiMember {
	a := r.in.API
	var out []apiMember
	done := map[string]bool{}
	add := func(name string) {
		if done[name] {
			return
		}
		for i := range a.Classes {
			if a.Classes[i].Name == name {
				out = append(out, apiMember{class: &a.Classes[i]})
			}
		}
		for i := range a.Functions {
			if a.Functions[i].Name == name {
				out = append(out, apiMember{function: &a.Functions[i]})
			}
		}
		done[name] = true
	}
	for _, name := range requestNames(a.RPCSchema) {
		add(name)
	}
	for _, c := range a.Classes {
		add(c.Name)
	}
	for _, f := range a.Functions {
		add(f.Name)
	}
	return out
}

// requestNames returns the names of members in the order of the schema.
func requestNames(s *api.Schema) []string {
	if s == nil {
		return nil
	}
	alternatives := s.AnyOf
	if s.Ref != "" {
		alternatives = []*api.Schema{s}
	}
	var names []string
	for _, alt := range alternatives {
		def := s.Def(alt.Ref)
		for _, key := range []string{"class_name", "func_name"} {
			if p := def.Property(key); p != nil && p.Const != nil {
				var name string
				if json.Unmarshal(p.Const, &name) == nil {
					names = append(names, name)
				}
				break
			}
		}
	}
	return names
}

func (r *resolver) class(c *api.Class) *class {
	out := &class{name: c.Name, doc: clean(c.RPCSchema.Description)}
	out.params = r.params(c.RPCSchema, c.Name, "class_name", "function")
	for i := range c.Methods {
		out.methods = append(out.methods, r.function(&c.Methods[i], c.Name+"."+c.Methods[i].Name))
	}
	return out
}

func (r *resolver) function(f *api.Function, path string) *function {
	out := &function{name: f.Name, doc: clean(f.RPCSchema.Description)}
	out.params = r.params(f.RPCSchema, path, "func_name")
	root := f.ReturnSchema
	out.resultDoc = clean(root.Description)
	bare := *root
	bare.Title, bare.Description, bare.Default = "", "", nil
	out.result = r.valueOrDataset(&bare, root, path+".return")
	return out
}

// params returns the parameters of a request, without the keys that address it.
func (r *resolver) params(s *api.Schema, path string, addressing ...string) []*field {
	var out []*field
	for _, p := range s.Properties {
		if slices.Contains(addressing, p.Name) {
			continue
		}
		out = append(out, r.field(s, s, p, path+"."+p.Name))
	}
	return out
}

// field makes a field of a property of object, whose definitions are root's.
func (r *resolver) field(object, root *api.Schema, p api.Property, path string) *field {
	f := &field{name: p.Name, required: object.Requires(p.Name), initial: p.Schema.Default, doc: clean(p.Schema.Description), examples: p.Schema.Examples}
	f.shape = r.valueOrDataset(p.Schema, root, path)
	f.constant = p.Schema.Const != nil
	if p.Schema.Title != "" && p.Schema.Title != fieldTitle(p.Name) {
		f.title = p.Schema.Title
	}
	var alias string
	if json.Unmarshal(p.Schema.Extra["x-dasf-alias"], &alias) == nil {
		f.alias = alias
	}
	return f
}

func (r *resolver) valueOrDataset(s, root *api.Schema, path string) *shape {
	if class, ok := r.datasets[path]; ok {
		delete(r.unused, path)
		if class == "DataArray" {
			return &shape{kind: kindDataArray}
		}
		return &shape{kind: kindDataset}
	}
	out := r.value(s, root)
	if out.kind == kindAny {
		r.out.untyped = append(r.out.untyped, path)
	}
	return out
}

// clean takes spaces off the ends of a description.
func clean(text string) string { return strings.TrimSpace(text) }
