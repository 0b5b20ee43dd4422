package requests

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/yamljson"
)

// build makes a request of a member's name and parameters NAME=VALUE.
func build(description *dasf.API, args []string) (json.RawMessage, error) {
	target, params := args[0], args[1:]
	for _, f := range description.Functions {
		if f.Name == target {
			b := newBuilder(target)
			return b.function(f, params)
		}
	}
	class, method, _ := strings.Cut(target, ".")
	for _, c := range description.Classes {
		if c.Name != class {
			continue
		}
		for _, f := range c.Methods {
			if f.Name == method {
				b := newBuilder(target)
				return b.method(c, f, params)
			}
		}
		return nil, cmdline.Usagef("%s: name a method: %s", target, strings.Join(methodNames(c), ", "))
	}
	return nil, cmdline.Usagef("unknown member %s: the members are %s", target, strings.Join(Callable(description), ", "))
}

func methodNames(c api.Class) []string {
	var names []string
	for _, f := range c.Methods {
		names = append(names, c.Name+"."+f.Name)
	}
	return names
}

// Callable returns the functions of a backend, and the methods of its classes
// as Class.method.
func Callable(a *dasf.API) []string {
	var names []string
	for _, f := range a.Functions {
		names = append(names, f.Name)
	}
	for _, c := range a.Classes {
		names = append(names, methodNames(c)...)
	}
	return names
}

// A builder makes the request for one member.
type builder struct {
	target string
	seen   map[string]bool
}

func newBuilder(target string) *builder { return &builder{target, map[string]bool{}} }

func (b *builder) function(f api.Function, params []string) (json.RawMessage, error) {
	o := begin("func_name", f.Name)
	for _, param := range params {
		name, text, err := b.split(param)
		if err != nil {
			return nil, err
		}
		schema := f.RPCSchema.Property(name)
		if schema == nil || name == "func_name" {
			return nil, b.unknown(name, parameters(f.RPCSchema))
		}
		o = appendMember(o, name, typedValue(f.RPCSchema, schema, text))
	}
	return append(o, '}'), nil
}

func (b *builder) method(c api.Class, f api.Function, params []string) (json.RawMessage, error) {
	outer, inner := begin("class_name", c.Name), begin("func_name", f.Name)
	for _, param := range params {
		name, text, err := b.split(param)
		if err != nil {
			return nil, err
		}
		ofClass, ofMethod := c.RPCSchema.Property(name), f.RPCSchema.Property(name)
		switch {
		case name == "class_name" || name == "func_name" || name == "function" || ofClass == nil && ofMethod == nil:
			return nil, b.unknown(name, append(parameters(c.RPCSchema), parameters(f.RPCSchema)...))
		case ofClass != nil && ofMethod != nil:
			return nil, cmdline.Usagef("%s: both the class and the method have a parameter %s: write the request as JSON", b.target, name)
		case ofClass != nil:
			outer = appendMember(outer, name, typedValue(c.RPCSchema, ofClass, text))
		default:
			inner = appendMember(inner, name, typedValue(f.RPCSchema, ofMethod, text))
		}
	}
	return append(appendMember(outer, "function", append(inner, '}')), '}'), nil
}

func (b *builder) split(param string) (name, text string, err error) {
	name, text, ok := strings.Cut(param, "=")
	if !ok || name == "" {
		return "", "", cmdline.Usagef("%s: %q is no parameter: write NAME=VALUE", b.target, param)
	}
	if b.seen[name] {
		return "", "", cmdline.Usagef("%s: the parameter %s is given twice", b.target, name)
	}
	b.seen[name] = true
	return name, text, nil
}

func (b *builder) unknown(name string, known []string) error {
	if len(known) == 0 {
		return cmdline.Usagef("%s has no parameter %s: it takes none", b.target, name)
	}
	return cmdline.Usagef("%s has no parameter %s: it takes %s", b.target, name, strings.Join(known, ", "))
}

// parameters are the names in a member's schema that a caller may set.
func parameters(s *api.Schema) []string {
	var names []string
	for _, p := range s.Properties {
		if p.Name != "func_name" && p.Name != "class_name" && p.Name != "function" {
			names = append(names, p.Name)
		}
	}
	return names
}

func begin(key, name string) []byte { return appendMember([]byte{'{'}, key, quote(name)) }

func quote(text string) json.RawMessage {
	b, _ := json.Marshal(text) // a string can always be written
	return b
}

func appendMember(o []byte, name string, value json.RawMessage) []byte {
	if len(o) > 1 {
		o = append(o, ',')
	}
	o = append(append(o, quote(name)...), ':')
	return append(o, value...)
}

// typedValue makes JSON of a value that was typed: text where the schema takes
// only text, else what the text is as YAML if the schema takes that. What
// fits nothing is left for the check of the request to refuse.
func typedValue(root, schema *api.Schema, text string) json.RawMessage {
	kinds := map[string]bool{}
	collectKinds(root, schema, kinds, 0)
	if kinds[api.String] && len(kinds) == 1 {
		return quote(text)
	}
	value, err := yamljson.JSON([]byte(text))
	if err != nil {
		return quote(text)
	}
	if kinds[api.String] && !kinds[kindOf(value)] {
		return quote(text)
	}
	return value
}

// maxDepth bounds how deep the alternatives of a schema are looked into.
const maxDepth = 20

// collectKinds adds the JSON types that a schema takes.
func collectKinds(root, s *api.Schema, kinds map[string]bool, depth int) {
	if s == nil || depth > maxDepth {
		return
	}
	if s.Ref != "" {
		collectKinds(root, root.Def(s.Ref), kinds, depth+1)
	}
	for _, t := range s.Type {
		kinds[t] = true
	}
	if kinds[api.Number] {
		kinds[api.Integer] = true
	}
	if s.Const != nil {
		kinds[kindOf(s.Const)] = true
	}
	for _, value := range s.Enum {
		kinds[kindOf(value)] = true
	}
	for _, list := range [][]*api.Schema{s.AnyOf, s.OneOf, s.AllOf} {
		for _, alternative := range list {
			collectKinds(root, alternative, kinds, depth+1)
		}
	}
}

// kindOf returns the JSON type of a value.
func kindOf(value json.RawMessage) string {
	text := strings.TrimSpace(string(value))
	switch {
	case text == "":
		return ""
	case text[0] == '"':
		return api.String
	case text[0] == '{':
		return api.Object
	case text[0] == '[':
		return api.Array
	case text[0] == 't' || text[0] == 'f':
		return api.Boolean
	case text[0] == 'n':
		return api.Null
	case strings.ContainsAny(text, ".eE"):
		return api.Number
	}
	return api.Integer
}

// Complete returns what may follow the words of a request: members, or the
// parameters of the one that is named, each with its =.
func Complete(description *dasf.API, before []string) []string {
	if len(before) == 0 {
		return Callable(description)
	}
	var known []string
	for _, f := range description.Functions {
		if f.Name == before[0] {
			known = parameters(f.RPCSchema)
		}
	}
	class, method, _ := strings.Cut(before[0], ".")
	for _, c := range description.Classes {
		for _, f := range c.Methods {
			if c.Name == class && f.Name == method {
				known = onlyOnce(append(parameters(c.RPCSchema), parameters(f.RPCSchema)...))
			}
		}
	}
	var left []string
	for _, name := range known {
		if !slices.ContainsFunc(before[1:], func(word string) bool { return strings.HasPrefix(word, name+"=") }) {
			left = append(left, name+"=")
		}
	}
	return left
}

// onlyOnce leaves out what class and method both have: it can't be given so.
func onlyOnce(names []string) []string {
	count := map[string]int{}
	for _, name := range names {
		count[name]++
	}
	return slices.DeleteFunc(names, func(name string) bool { return count[name] > 1 })
}
