package codegen

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dasf-go/dasf/internal/api"
)

// goFormats are the types for strings of a format, each with what it needs.
var goFormats = map[string][2]string{
	"date-time": {"time.Time", "time"},
	"date":      {"dasf.Date", ""},
	"duration":  {"time.Duration", "time"},
	"uuid":      {"dasf.UUID", ""},
	"decimal":   {"dasf.Decimal", ""},
	"base64":    {"[]byte", ""},
}

// typ writes the type of a value. bare leaves out the pointer that an optional
// value is.
func (g *golang) typ(s *shape, bare bool) string {
	text := g.bareType(s)
	if s.optional && !bare && s.kind != kindAny && text != "any" && !strings.HasPrefix(text, "*") {
		return "*" + text
	}
	return text
}

func (g *golang) bareType(s *shape) string {
	switch s.kind {
	case kindNull:
		return "dasf.None"
	case kindBool:
		return "bool"
	case kindInteger:
		return g.integer(s)
	case kindNumber:
		if s.format == "decimal" {
			return "dasf.Decimal"
		}
		return "float64"
	case kindString:
		if t, ok := goFormats[s.format]; ok {
			if t[1] != "" {
				g.use(t[1])
			}
			return t[0]
		}
		return "string"
	case kindLiteral:
		return literalType(s.values)
	case kindList:
		return "[]" + g.typ(s.elem, false)
	case kindSet:
		if comparable := g.comparable(s.elem); comparable {
			return "dasf.Set[" + g.typ(s.elem, false) + "]"
		}
		return "[]" + g.typ(s.elem, false)
	case kindMap:
		return "map[" + g.key(s.key) + "]" + g.typ(s.elem, false)
	case kindTuple:
		if n := len(s.parts); n == 2 || n == 3 {
			return fmt.Sprintf("dasf.Tuple%d[%s]", n, g.list(s.parts))
		}
		return "[]any"
	case kindUnion:
		if n := len(s.parts); n <= 4 {
			return fmt.Sprintf("dasf.OneOf%d[%s]", n, g.list(s.parts))
		}
	case kindModel, kindEnum, kindAlias:
		return g.types[s.ref]
	case kindReport:
		return "*dasf." + s.report
	case kindDataset, kindDataArray:
		g.use(dasfPath + "/netcdf")
		if s.kind == kindDataArray {
			return "*netcdf.DataArray"
		}
		return "*netcdf.Dataset"
	}
	return "any"
}

func (g *golang) list(parts []*shape) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = g.typ(p, false)
	}
	return strings.Join(texts, ", ")
}

// integer is int, and big.Int where the bounds say that this is too small.
func (g *golang) integer(s *shape) string {
	for _, bound := range []json.Number{s.rules.minimum, s.rules.maximum, s.rules.exclusiveMinimum, s.rules.exclusiveMaximum} {
		if bound == "" || strings.ContainsAny(string(bound), ".eE") {
			continue
		}
		if _, err := bound.Int64(); err != nil {
			g.use("math/big")
			return "*big.Int"
		}
	}
	return "int"
}

func literalType(values []json.RawMessage) string {
	switch commonKind(values) {
	case api.String:
		return "string"
	case api.Integer:
		return "int"
	case api.Boolean:
		return "bool"
	case api.Number:
		return "float64"
	}
	return "any"
}

// comparable reports whether elements can be the keys of a map.
func (g *golang) comparable(s *shape) bool {
	switch s.kind {
	case kindBool, kindInteger, kindNumber, kindEnum, kindLiteral:
		return !s.optional && g.typ(s, false) != "any"
	case kindString:
		return !s.optional && s.format != "base64"
	}
	return false
}

// key writes the type of the keys of a map.
func (g *golang) key(s *shape) string {
	if s.kind == kindEnum && commonKind(s.ref.values) == api.String || s.kind == kindString && (s.format == "date" || s.format == "uuid") {
		return g.typ(s, true)
	}
	return "string"
}

// definitions writes the types.
func (g *golang) definitions() []string {
	var out []string
	for _, d := range g.out.definitions {
		if source, ok := g.in.typeSource(d.name); ok {
			out = append(out, source)
			continue
		}
		var b strings.Builder
		doc := d.doc
		if doc == "" {
			doc = g.types[d] + " is the type " + d.name + " of the backend."
		} else {
			doc = g.types[d] + " is the type " + d.name + " of the backend: " + doc
		}
		b.WriteString(goComment(doc))
		switch d.kind {
		case kindEnum:
			g.enum(&b, d)
		case kindModel:
			g.structType(&b, g.types[d], d.fields, g.asked[d])
		default:
			fmt.Fprintf(&b, "type %s %s\n", g.types[d], g.typ(d.base, true))
		}
		out = append(out, b.String())
	}
	for _, t := range g.in.Types {
		if !isDefinition(g.out, t.Name) {
			out = append(out, t.Source)
		}
	}
	return append(out, g.in.HardCode...)
}

func isDefinition(m *module, name string) bool {
	for _, d := range m.definitions {
		if d.name == name {
			return true
		}
	}
	return false
}

// enum writes a named type with its values.
func (g *golang) enum(b *strings.Builder, d *definition) {
	name, under := g.types[d], literalType(d.values)
	if under == "any" { // values of several types, which Go has no type for
		fmt.Fprintf(b, "type %s = any\n", name)
		return
	}
	fmt.Fprintf(b, "type %s %s\n\n// The values of %s.\nconst (\n", name, under, name)
	var names []string
	for _, v := range d.values {
		text, ok := jsonText(v)
		if !ok {
			text = strings.NewReplacer("-", "Minus", ".", "_", "+", "").Replace(string(v))
		}
		value := goValue(v)
		constant := g.take(name + strings.TrimPrefix(goName("x "+text), "X"))
		if constant == name+"X" || text == "" {
			constant = g.take(name + "Empty")
		}
		names = append(names, constant)
		fmt.Fprintf(b, "\t%s %s = %s\n", constant, name, value)
	}
	fmt.Fprintf(b, ")\n\n// Enum lists the values.\nfunc (%s) Enum() []any { return []any{%s} }\n", name, strings.Join(names, ", "))
}

// structType writes a struct. In a request what may be left out is a pointer, a
// slice or a map, so that nil is told from zero; in a result it is there, or
// its default is filled in.
func (g *golang) structType(b *strings.Builder, name string, fields []*field, request bool) {
	for _, f := range fields {
		if f.name == "" || strings.Contains(f.name, ",") {
			fmt.Fprintf(b, "//\n// One of the names, %q, can't stand in a tag, so it is a map.\ntype %s = map[string]any\n", f.name, name)
			return
		}
	}
	fmt.Fprintf(b, "type %s struct {\n", name)
	given := namespace{}
	given.reserve("Enum", "Description")
	for _, f := range fields {
		doc, initial, option := f.doc, f.initial, ""
		t := g.typ(f.shape, false)
		if !f.required && (request || f.initial == nil) {
			option = ",omitzero"
			t = g.omittable(f.shape, request)
			if initial != nil && string(initial) != "null" {
				doc = strings.TrimSpace(doc + "\nThe default is " + string(initial) + ".")
			}
			initial = nil
		}
		b.WriteString(indentComment(goComment(doc)))
		fmt.Fprintf(b, "\t%s %s %s\n", takeNumbered(given, goFieldName(f)), t, g.tag(f, option, initial))
	}
	b.WriteString("}\n")
}

// omittable writes the type of a field that may be left out.
func (g *golang) omittable(s *shape, request bool) string {
	bare := g.typ(s, true)
	nilable := bare == "any" || strings.HasPrefix(bare, "*") || strings.HasPrefix(bare, "[]") || strings.HasPrefix(bare, "map[") ||
		strings.HasPrefix(bare, "dasf.Set[")
	if nilable || !request && !s.optional {
		return bare
	}
	return "*" + bare
}

func goFieldName(f *field) string {
	if f.alias != "" {
		return goName(f.alias)
	}
	return goName(f.name)
}
