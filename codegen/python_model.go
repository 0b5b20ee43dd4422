package codegen

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/dasf-go/dasf/internal/api"
)

// definitions writes all types, each after what it needs, with the helpers that
// they use in front.
func (p *python) definitions() string {
	for _, d := range p.out.definitions {
		if d.kind == kindEnum {
			p.enums[d] = enumNames(d.values)
		}
	}
	var blocks, rebuild []string
	for _, d := range p.out.definitions {
		if source, ok := p.in.typeSource(d.name); ok {
			blocks = append(blocks, source)
			p.defined[d] = true
			continue
		}
		switch d.kind {
		case kindEnum:
			blocks = append(blocks, p.enum(d))
		case kindModel:
			blocks = append(blocks, p.model(d))
			if d.recursive {
				rebuild = append(rebuild, p.types[d]+".model_rebuild()")
			}
		case kindAlias:
			blocks = append(blocks, p.aliasModel(d))
			rebuild = append(rebuild, p.types[d]+".model_rebuild()")
		}
		p.defined[d] = true
	}
	for _, t := range p.in.Types {
		if !p.isDefinition(t.Name) {
			blocks = append(blocks, strings.Trim(t.Source, "\n"))
		}
	}
	for _, source := range append([]string{p.in.extension().HardCode}, p.in.HardCode...) {
		if source = strings.Trim(source, "\n"); source != "" {
			blocks = append(blocks, source)
		}
	}
	if len(rebuild) > 0 {
		blocks = append(blocks, strings.Join(rebuild, "\n"))
	}
	return strings.Join(blocks, "\n\n\n")
}

func (p *python) isDefinition(name string) bool {
	for _, d := range p.out.definitions {
		if d.name == name {
			return true
		}
	}
	return false
}

// enumNames makes names of the values of an enum: of the text "light blue"
// LIGHT_BLUE, of the number 1 VALUE_1.
func enumNames(values []json.RawMessage) []string {
	given := namespace{}
	given.reserve(pythonKeywords...)
	given.reserve("mro", "name", "value")
	names := make([]string, len(values))
	for i, v := range values {
		text, ok := jsonText(v)
		if !ok {
			text = "value_" + strings.NewReplacer("-", "minus_", ".", "_", "+", "").Replace(string(v))
		}
		name := strings.ToUpper(plain(strings.TrimFunc(text, func(r rune) bool { return r == '_' || unicode.IsSpace(r) })))
		if text != "" && unicode.IsDigit(rune(text[0])) {
			name = "VALUE_" + strings.TrimPrefix(name, "X")
		}
		names[i] = given.take(name)
	}
	return names
}

func (p *python) enum(d *definition) string {
	module := p.moduleName("enum")
	bases := module + ".Enum"
	switch kind := commonKind(d.values); kind {
	case api.String:
		bases = p.builtin("str") + ", " + bases
	case api.Integer:
		bases = module + ".IntEnum"
	}
	var b strings.Builder
	b.WriteString("class " + p.types[d] + "(" + bases + "):\n")
	p.writeDoc(&b, d.doc)
	for i, v := range d.values {
		b.WriteString("    " + p.enums[d][i] + " = " + pythonJSON(v) + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// commonKind returns the type of all values, or "".
func commonKind(values []json.RawMessage) string {
	kind := ""
	for _, v := range values {
		k := jsonKind(v)
		if kind != "" && k != kind {
			return ""
		}
		kind = k
	}
	return kind
}

// writeDoc writes the docstring of a class, with the blank line behind it.
func (p *python) writeDoc(b *strings.Builder, doc string) {
	if text := pythonDocstring(doc); text != "" {
		b.WriteString(indent(4, text) + "\n\n")
	}
}

// fieldParams gives names to the fields of a model.
func (p *python) fieldParams(d *definition) []pythonParam {
	reserved := slices.Clone(pythonModelNames)
	for _, name := range p.types {
		reserved = append(reserved, name) // it would hide the type from the fields behind it
	}
	return p.params(d.fields, reserved)
}

func (p *python) model(d *definition) string {
	base := p.from("pydantic", "BaseModel")
	if d.sparse {
		p.helpers["sparse"] = true
		base = "_Sparse"
	}
	fields := p.fieldParams(d)
	var b strings.Builder
	b.WriteString("class " + p.types[d] + "(" + base + "):\n")
	p.writeDoc(&b, d.doc)
	if config := p.modelConfig(d, fields); config != "" {
		b.WriteString("    model_config = " + config + "\n\n")
	}
	for _, f := range fields {
		b.WriteString("    " + p.modelField(f) + "\n")
	}
	if len(fields) == 0 && d.doc == "" {
		b.WriteString("    pass\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// modelConfig writes the configuration that a model needs.
func (p *python) modelConfig(d *definition, fields []pythonParam) string {
	var args []string
	aliased, protected := false, false
	for _, f := range fields {
		aliased = aliased || f.aliased()
		protected = protected || strings.HasPrefix(f.python, "model_")
	}
	if extra := d.schema.AdditionalProperties; extra != nil && extra.Literal != nil {
		if *extra.Literal {
			args = append(args, `extra="allow"`)
		} else {
			args = append(args, `extra="forbid"`)
		}
	}
	if aliased {
		args = append(args, "populate_by_name=True")
	}
	if protected {
		args = append(args, "protected_namespaces=()")
	}
	if len(args) == 0 {
		return ""
	}
	return p.from("pydantic", "ConfigDict") + "(" + strings.Join(args, ", ") + ")"
}

// modelField writes one field of a model.
func (p *python) modelField(f pythonParam) string {
	s := f.shape
	annotation := p.annotation(s, annotating{runtime: true, rules: true, nan: s.kind == kindNumber})
	if s.kind != kindNumber && !hasDataset(s) && hasFloat(s) {
		annotation = p.orNaN(s, annotation)
	}
	var initial string
	switch {
	case f.initial != nil:
		initial = p.value(s, f.initial)
	case f.constant && len(s.values) == 1:
		initial = pythonJSON(s.values[0])
	case !f.required:
		initial = "None"
		if !s.optional {
			annotation = p.typing("Optional") + "[" + annotation + "]"
		}
	}
	args := p.fieldArguments(f, true)
	switch {
	case len(args) > 0:
		if initial != "" {
			// By name: mypy takes a field with any other default for required.
			args = append([]string{"default=" + initial}, args...)
		}
		return f.python + ": " + annotation + " = " + p.from("pydantic", "Field") + "(" + strings.Join(args, ", ") + ")"
	case initial != "":
		return f.python + ": " + annotation + " = " + initial
	}
	return f.python + ": " + annotation
}

// fieldArguments writes what a field says beside its type, as keyword
// arguments of pydantic's Field.
func (p *python) fieldArguments(f pythonParam, described bool) []string {
	var args []string
	if f.aliased() {
		args = append(args, "alias="+pythonString(f.name))
	}
	args = append(args, ruleArguments(f.shape)...)
	if f.title != "" {
		args = append(args, "title="+pythonString(f.title))
	}
	if described && f.doc != "" {
		args = append(args, "description="+pythonString(f.doc))
	}
	if len(f.examples) > 0 {
		texts := make([]string, len(f.examples))
		for i, e := range f.examples {
			texts[i] = pythonJSON(e)
		}
		args = append(args, "examples=["+strings.Join(texts, ", ")+"]")
	}
	return args
}

// aliasModel writes a type that contains itself and is no model.
func (p *python) aliasModel(d *definition) string {
	base := p.from("pydantic", "RootModel") + "[" + p.annotation(d.base, annotating{runtime: true, rules: true}) + "]"
	var b strings.Builder
	b.WriteString("class " + p.types[d] + "(" + base + "):\n")
	if d.doc == "" {
		b.WriteString("    pass\n")
	}
	p.writeDoc(&b, d.doc)
	return strings.TrimRight(b.String(), "\n")
}
