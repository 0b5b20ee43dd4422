package codegen

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/dasf-go/dasf/codegen/internal/layout"
)

// A place is where a type stands, on which depends how prettier breaks it.
type place uint8

const (
	inProperty  place = iota
	inAlias           // the right side of a type alias
	inArray           // before []
	inArguments       // between < and >
	inTuple           // among several
)

// typ lays out the type of a value.
func (t *typeScript) typ(s *shape, at place) layout.Doc {
	parts := t.alternatives(s)
	if len(parts) == 1 {
		return parts[0]
	}
	return union(parts, at)
}

// union lays out alternatives as prettier does (printUnionType).
func union(parts []layout.Doc, at place) layout.Doc {
	aligned := make([]layout.Doc, len(parts))
	for i, p := range parts {
		aligned[i] = layout.Indent(p)
	}
	start := layout.Text("| ")
	if at == inProperty || at == inAlias {
		start = layout.Concat(layout.Line(), layout.Text("| "))
	}
	code := layout.Concat(layout.IfBreak(start, nil), layout.Join(layout.Concat(layout.Line(), layout.Text("| ")), aligned))
	switch at {
	case inArray:
		return layout.Concat(layout.Text("("), layout.Group(layout.Indent(layout.Softline(), layout.Group(code)), layout.Softline()), layout.Text(")"))
	case inArguments:
		return layout.Group(code)
	case inTuple:
		return layout.Group(layout.Indent(layout.IfBreak(layout.Concat(layout.Text("("), layout.Softline()), nil), code),
			layout.Softline(), layout.IfBreak(layout.Text(")"), nil))
	}
	return layout.Group(layout.Indent(code))
}

// alternatives lays out the parts of a type that are joined by bars.
func (t *typeScript) alternatives(s *shape) []layout.Doc {
	var out []layout.Doc
	switch s.kind {
	case kindAny:
		return []layout.Doc{layout.Text("unknown")}
	case kindLiteral:
		out = literalDocs(s.values)
	case kindUnion:
		seen := map[string]bool{}
		for _, p := range s.parts {
			for _, d := range t.alternatives(p) {
				text := layout.String(layout.Group(d), 1<<20)
				if text == "unknown" {
					return []layout.Doc{layout.Text("unknown")}
				}
				if !seen[text] {
					seen[text] = true
					out = append(out, d)
				}
			}
		}
	default:
		out = []layout.Doc{t.single(s)}
	}
	if s.optional && s.kind != kindNull {
		out = append(out, layout.Text("null"))
	}
	return out
}

func literalDocs(values []json.RawMessage) []layout.Doc {
	out := make([]layout.Doc, len(values))
	for i, v := range values {
		out[i] = layout.Text(typeScriptLiteral(v))
	}
	return out
}

func typeScriptLiteral(raw json.RawMessage) string {
	if text, ok := jsonText(raw); ok {
		return typeScriptString(text)
	}
	if k := jsonKind(raw); k == "object" || k == "array" {
		return "unknown"
	}
	return strings.Replace(strings.ToLower(string(raw)), "e+", "e", 1)
}

func (t *typeScript) single(s *shape) layout.Doc {
	switch s.kind {
	case kindNull:
		return layout.Text("null")
	case kindBool:
		return layout.Text("boolean")
	case kindInteger:
		if isBig(s) {
			return layout.Text("bigint")
		}
		return layout.Text("number")
	case kindNumber:
		if s.format == "decimal" {
			return layout.Text("string")
		}
		return layout.Text("number")
	case kindString, kindDataset, kindDataArray:
		return layout.Text("string")
	case kindList, kindSet:
		return layout.Concat(t.typ(s.elem, inArray), layout.Text("[]"))
	case kindMap:
		return t.record(s)
	case kindTuple:
		return t.tuple(s)
	case kindReport:
		return layout.Text("Partial<ProgressReport>")
	case kindModel, kindEnum, kindAlias:
		return layout.Text(t.types[s.ref])
	}
	return layout.Text("unknown")
}

func (t *typeScript) record(s *shape) layout.Doc {
	args := []layout.Doc{layout.Text("string"), t.typ(s.elem, inArguments)}
	return layout.Group(layout.Text("Record<"), layout.Indent(layout.Softline(), layout.Join(layout.Concat(layout.Text(","), layout.Line()), args)),
		layout.Softline(), layout.Text(">"))
}

func (t *typeScript) tuple(s *shape) layout.Doc {
	if len(s.parts) == 0 {
		return layout.Text("[]")
	}
	at := inArguments
	if len(s.parts) > 1 {
		at = inTuple
	}
	parts := make([]layout.Doc, len(s.parts))
	for i, p := range s.parts {
		parts[i] = t.typ(p, at)
	}
	return layout.Group(layout.Text("["), layout.Indent(layout.Softline(), layout.Join(layout.Concat(layout.Text(","), layout.Line()), parts)),
		layout.IfBreak(layout.Text(","), nil), layout.Softline(), layout.Text("]"))
}

// isBig reports whether the schema says that an integer may be more than a
// JavaScript number can hold.
func isBig(s *shape) bool {
	if s.kind != kindInteger {
		return false
	}
	if s.format == "int64" || s.format == "uint64" {
		return true
	}
	for _, bound := range []json.Number{s.rules.minimum, s.rules.maximum, s.rules.exclusiveMinimum, s.rules.exclusiveMaximum} {
		if f, err := bound.Float64(); bound != "" && (err != nil || f > 1<<53-1 || f < -(1<<53-1)) {
			return true
		}
	}
	return false
}

// definitions writes the types of the API.
func (t *typeScript) definitions() []string {
	var out []string
	for _, d := range t.out.definitions {
		if source, ok := t.in.typeSource(d.name); ok {
			out = append(out, source)
			continue
		}
		name := t.types[d]
		switch d.kind {
		case kindModel:
			out = append(out, t.interfaceType(name, d.doc, d.fields))
		case kindEnum:
			out = append(out, t.aliasType(name, d.doc, literal(d.values)))
		default:
			out = append(out, t.recursiveType(name, d))
		}
	}
	for _, one := range t.in.Types {
		if !isDefinition(t.out, one.Name) {
			out = append(out, strings.Trim(one.Source, "\n"))
		}
	}
	return out
}

// recursiveType writes a type that contains itself and is no interface. A map
// is an index signature, since Record may not contain itself.
func (t *typeScript) recursiveType(name string, d *definition) string {
	if d.base.kind == kindMap && !d.base.optional {
		inner := layout.String(layout.Indent(layout.Concat(layout.Text("[key: string]: "), t.typ(d.base.elem, inProperty), layout.Text(";"))), typeScriptWidth-2)
		return typeScriptComment(d.doc, 0) + "export interface " + name + " {\n  " + inner + "\n}"
	}
	return t.aliasType(name, d.doc, d.base)
}

// typeScriptString writes a string literal as prettier leaves it.
func typeScriptString(s string) string {
	quote := '"'
	if strings.Count(s, "'") < strings.Count(s, `"`) {
		quote = '\''
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x10000:
			b.WriteString(`\u` + hex4(r))
		default:
			b.WriteString(`\u{` + hex4(r) + `}`)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

func hex4(r rune) string {
	const digits = "0123456789abcdef"
	var out []byte
	for ; r > 0; r >>= 4 {
		out = append([]byte{digits[r&15]}, out...)
	}
	for len(out) < 4 {
		out = append([]byte{'0'}, out...)
	}
	return string(out)
}

// printable puts spaces for characters that can't be seen.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
