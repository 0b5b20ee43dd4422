package shell

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/pyjson"
)

// predeclare defines Model, help and schema.
func predeclare(s *shell) {
	m := newModel(s)
	s.globals["Model"] = m
	s.globals["help"] = starlark.NewBuiltin("help", func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		about, err := subject(m, b, args, kwargs)
		if err != nil {
			return nil, err
		}
		fmt.Fprintln(s.Out, about.help())
		return starlark.None, nil
	})
	s.globals["schema"] = starlark.NewBuiltin("schema", func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		about, err := subject(m, b, args, kwargs)
		if err != nil {
			return nil, err
		}
		return schemaValue(about.schema())
	})
}

// subject is what help and schema are asked about: Model, if nothing is said.
func subject(m *model, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (described, error) {
	var v starlark.Value = m
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0, &v); err != nil {
		return nil, err
	}
	about, ok := v.(described)
	if !ok {
		return nil, fmt.Errorf("%s wants Model or one of its members, and got a %s", b.Name(), v.Type())
	}
	return about, nil
}

// A schemaDict is a schema: a dict that is printed as JSON.
type schemaDict struct {
	*starlark.Dict
	text string
}

// String implements [starlark.Value].
func (d schemaDict) String() string { return d.text }

func schemaValue(s *api.Schema) (starlark.Value, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	v, err := fromJSON(raw)
	if err != nil {
		return nil, err
	}
	text, err := pyjson.Indent(raw, 2)
	if err != nil {
		return nil, err
	}
	dict, ok := v.(*starlark.Dict)
	if !ok {
		return v, nil
	}
	return schemaDict{dict, string(text)}, nil
}

func (m *model) help() string {
	var b strings.Builder
	if x := m.shell.API.Extension; x != nil && x.Doc != "" {
		fmt.Fprintf(&b, "%s\n\n", x.Doc)
	}
	for _, f := range m.shell.API.Functions {
		fmt.Fprintf(&b, "%s\n", signature("Model."+f.Name, f.RPCSchema, f.ReturnSchema))
		b.WriteString(indent(firstLine(f.RPCSchema.Description)))
	}
	for _, c := range m.shell.API.Classes {
		fmt.Fprintf(&b, "class %s\n", signature("Model."+c.Name, c.RPCSchema, nil))
		b.WriteString(indent(firstLine(c.RPCSchema.Description)))
	}
	b.WriteString("\nhelp(Model.NAME) tells more, schema(Model.NAME) prints the JSON schema.")
	return b.String()
}

func (f *function) help() string {
	text := signature(f.name, f.f.RPCSchema, f.f.ReturnSchema) + "\n" + indent(f.f.RPCSchema.Description) + describe(f.f.RPCSchema)
	if r := f.f.ReturnSchema; r != nil && r.Description != "" {
		text += "\nResult:\n" + indent(r.Description)
	}
	return strings.TrimRight(text, "\n")
}

func (c *class) help() string {
	text := "class " + signature("Model."+c.c.Name, c.c.RPCSchema, nil) + "\n" + indent(c.c.RPCSchema.Description) + describe(c.c.RPCSchema)
	text += "\nMethods:\n"
	for _, m := range c.c.Methods {
		text += "    " + signature(m.Name, m.RPCSchema, m.ReturnSchema) + "\n"
		if line := firstLine(m.RPCSchema.Description); line != "" {
			text += "        " + line + "\n"
		}
	}
	return strings.TrimRight(text, "\n")
}

// describe lists the parameters that have a description.
func describe(s *api.Schema) string {
	var b strings.Builder
	for _, p := range parameters(s) {
		if p.Schema.Description != "" {
			fmt.Fprintf(&b, "    %s: %s\n", p.Name, strings.ReplaceAll(p.Schema.Description, "\n", "\n        "))
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\nParameters:\n" + b.String()
}

func indent(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n"
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// signature writes a member as Python would: name(a: int, b: str = "x") -> bool.
func signature(name string, s, result *api.Schema) string {
	var params []string
	for _, p := range parameters(s) {
		text := p.Name + ": " + pythonType(s, p.Schema, 0)
		switch {
		case p.Schema.Default != nil:
			text += " = " + string(p.Schema.Default)
		case !s.Requires(p.Name):
			text += " = ..."
		}
		params = append(params, text)
	}
	text := name + "(" + strings.Join(params, ", ") + ")"
	if result != nil {
		text += " -> " + pythonType(result, result, 0)
	}
	return text
}

var pythonTypes = map[string]string{
	api.String: "str", api.Integer: "int", api.Number: "float", api.Boolean: "bool", api.Null: "None", api.Object: "dict", api.Array: "list",
}

// pythonType names what a schema takes as Python's annotations do.
func pythonType(root, s *api.Schema, depth int) string {
	if s == nil || depth > 10 {
		return "Any"
	}
	switch {
	case s.Ref != "":
		if name, ok := api.RefName(s.Ref); ok {
			return name
		}
	case s.Const != nil:
		return "Literal[" + string(s.Const) + "]"
	case len(s.Enum) > 0:
		var values []string
		for _, v := range s.Enum {
			values = append(values, string(v))
		}
		return "Literal[" + strings.Join(values, ", ") + "]"
	case len(s.AnyOf)+len(s.OneOf)+len(s.AllOf) > 0:
		var names []string
		for _, one := range slices.Concat(s.AnyOf, s.OneOf, s.AllOf) {
			names = append(names, pythonType(root, one, depth+1))
		}
		return strings.Join(names, " | ")
	case s.Format == "date-time" || s.Format == "date" || s.Format == "uuid":
		return map[string]string{"date-time": "datetime", "date": "date", "uuid": "UUID"}[s.Format]
	}
	var names []string
	for _, t := range s.Type {
		name := pythonTypes[t]
		if t == api.Array && s.Items != nil {
			name += "[" + pythonType(root, s.Items, depth+1) + "]"
		}
		if t == api.Object && s.AdditionalProperties != nil && s.AdditionalProperties.Literal == nil {
			name += "[str, " + pythonType(root, s.AdditionalProperties, depth+1) + "]"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "Any"
	}
	return strings.Join(names, " | ")
}
