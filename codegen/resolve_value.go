package codegen

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dasf-go/dasf/internal/api"
)

// value makes a shape of a schema whose definitions are root's.
func (r *resolver) value(s, root *api.Schema) *shape {
	if s == nil || s.Literal != nil {
		return &shape{}
	}
	if media, _, _ := strings.Cut(s.ContentMediaType, ";"); media == "application/x-netcdf" {
		if strings.HasSuffix(s.ContentMediaType, "class=DataArray") {
			return &shape{kind: kindDataArray}
		}
		return &shape{kind: kindDataset}
	}
	switch {
	case s.Ref != "":
		return r.reference(s.Ref, root)
	case s.Const != nil:
		return literal([]json.RawMessage{s.Const})
	case s.Enum != nil:
		return literal(s.Enum)
	case s.AnyOf != nil:
		return r.union(s.AnyOf, root)
	case s.OneOf != nil:
		return r.union(s.OneOf, root)
	case len(s.AllOf) == 1 && s.Type == nil:
		return r.value(s.AllOf[0], root)
	case len(s.Type) > 1:
		var parts []*api.Schema
		for _, name := range s.Type {
			one := *s
			one.Type = api.Types{name}
			parts = append(parts, &one)
		}
		return r.union(parts, root)
	case len(s.Type) == 0 && s.Properties == nil:
		return &shape{}
	}
	return r.typed(s, root)
}

// typed makes a shape of a schema with one type.
func (r *resolver) typed(s, root *api.Schema) *shape {
	name := api.Object
	if len(s.Type) > 0 {
		name = s.Type[0]
	}
	switch name {
	case api.Null:
		return &shape{kind: kindNull}
	case api.Boolean:
		return &shape{kind: kindBool}
	case api.Integer:
		return &shape{kind: kindInteger, format: s.Format, rules: numberRules(s)}
	case api.Number:
		return &shape{kind: kindNumber, format: s.Format, rules: numberRules(s)}
	case api.String:
		return &shape{kind: kindString, format: s.Format, rules: rules{minLength: s.MinLength, maxLength: s.MaxLength, pattern: s.Pattern}}
	case api.Array:
		return r.array(s, root)
	}
	return r.object(s, root)
}

func numberRules(s *api.Schema) rules {
	return rules{
		minimum: s.Minimum, maximum: s.Maximum, exclusiveMinimum: s.ExclusiveMinimum,
		exclusiveMaximum: s.ExclusiveMaximum, multipleOf: s.MultipleOf,
	}
}

func (r *resolver) array(s, root *api.Schema) *shape {
	if s.PrefixItems != nil {
		out := &shape{kind: kindTuple}
		for _, item := range s.PrefixItems {
			out.parts = append(out.parts, r.value(item, root))
		}
		return out
	}
	out := &shape{kind: kindList, elem: r.value(s.Items, root), rules: rules{minLength: s.MinItems, maxLength: s.MaxItems}}
	if s.UniqueItems {
		out.kind = kindSet
	}
	return out
}

func (r *resolver) object(s, root *api.Schema) *shape {
	if s.Properties != nil {
		return r.define(inlineName(s), s, root)
	}
	out := &shape{kind: kindMap, key: &shape{kind: kindString}, rules: rules{minLength: s.MinProperties, maxLength: s.MaxProperties}}
	out.elem = r.value(s.AdditionalProperties, root)
	if k := s.PropertyNames; k != nil {
		key := *k
		if key.Ref == "" && key.Type == nil && key.Enum == nil && key.Const == nil && key.AnyOf == nil {
			key.Type = api.Types{api.String}
		}
		out.key = r.value(&key, root)
	}
	return out
}

// inlineName is the name of an object that stands in place.
func inlineName(s *api.Schema) string {
	if name := camel(s.Title); name != "" {
		return name
	}
	return "Object"
}

func literal(values []json.RawMessage) *shape {
	out := &shape{kind: kindLiteral}
	for _, v := range values {
		if string(v) == "null" {
			out.optional = true
		} else {
			out.values = append(out.values, v)
		}
	}
	if len(out.values) == 0 {
		return &shape{kind: kindNull}
	}
	return out
}

// union takes unions inside of it apart, and null out of it.
func (r *resolver) union(alternatives []*api.Schema, root *api.Schema) *shape {
	out := &shape{kind: kindUnion}
	for _, alt := range alternatives {
		one := r.value(alt, root)
		out.optional = out.optional || one.optional || one.kind == kindNull
		switch {
		case one.kind == kindNull:
		case one.kind == kindUnion:
			out.parts = append(out.parts, one.parts...)
		default:
			if one.optional {
				copied := *one
				copied.optional = false
				one = &copied
			}
			out.parts = append(out.parts, one)
		}
	}
	switch len(out.parts) {
	case 0:
		return &shape{kind: kindNull}
	case 1:
		one := *out.parts[0]
		one.optional = out.optional
		return &one
	}
	return out
}

// reportClasses are the classes of deprogressapi that a report_type stands for.
var reportClasses = map[string]string{`"tree"`: "ProgressReport", `"print"`: "PrintReport"}

// reference resolves a reference to a definition of root.
func (r *resolver) reference(ref string, root *api.Schema) *shape {
	s := root.Def(ref)
	name, ok := api.RefName(ref)
	if s == nil || !ok {
		return &shape{}
	}
	if t := s.Property("report_type"); t != nil && reportClasses[string(t.Const)] != "" {
		return &shape{kind: kindReport, report: reportClasses[string(t.Const)]}
	}
	switch {
	case s.Enum != nil, s.Is(api.Object) && s.Properties != nil:
		return r.define(name, s, root)
	case containsItself(ref, root):
		return r.define(name, s, root)
	}
	return r.value(s, root)
}

// containsItself reports whether a definition refers to itself, by way of
// others or not.
func containsItself(ref string, root *api.Schema) bool {
	seen := map[string]bool{}
	var within func(s *api.Schema) bool
	within = func(s *api.Schema) (found bool) {
		s.Walk(func(inner *api.Schema) {
			switch {
			case inner.Ref == "" || found:
			case inner.Ref == ref:
				found = true
			case !seen[inner.Ref]:
				seen[inner.Ref] = true
				found = within(root.Def(inner.Ref))
			}
		})
		return found
	}
	return within(root.Def(ref))
}

// define makes a definition of a schema, or finds the one that says the same.
// Two members may have different types of one name; the second gets another.
func (r *resolver) define(name string, s, root *api.Schema) *shape {
	text := name + closure(s, root)
	d := r.byText[text]
	if d == nil {
		d = &definition{name: r.unique(name), doc: clean(s.Description), schema: s}
		r.byText[text] = d
		r.out.definitions = append(r.out.definitions, d)
		r.fill(d, s, root)
	}
	return &shape{kind: d.kind, ref: d}
}

func (r *resolver) unique(name string) string {
	candidate := name
	for n := 2; r.names[candidate]; n++ {
		candidate = name + itoa(n)
	}
	r.names[candidate] = true
	return candidate
}

func (r *resolver) fill(d *definition, s, root *api.Schema) {
	switch {
	case s.Enum != nil:
		d.kind, d.values = kindEnum, s.Enum
	case s.Properties != nil:
		d.kind = kindModel
		for _, p := range s.Properties {
			bare := r.out.untyped
			f := r.field(s, root, p, d.name+"."+p.Name)
			r.out.untyped = bare // only members' own values may be datasets
			d.fields = append(d.fields, f)
			d.sparse = d.sparse || f.omittable()
		}
	default:
		d.kind = kindAlias
		d.base = r.value(s, root)
	}
}

// closure is the text of a schema with that of all definitions that it uses.
func closure(s, root *api.Schema) string {
	var b strings.Builder
	seen := map[string]bool{}
	var add func(s *api.Schema)
	add = func(s *api.Schema) {
		b.Write(s.Append(nil))
		var refs []string
		s.Walk(func(inner *api.Schema) {
			if inner.Ref != "" && !seen[inner.Ref] {
				seen[inner.Ref] = true
				refs = append(refs, inner.Ref)
			}
		})
		slices.Sort(refs)
		for _, ref := range refs {
			b.WriteString(ref)
			if def := root.Def(ref); def != nil {
				add(def)
			}
		}
	}
	add(s)
	return b.String()
}
