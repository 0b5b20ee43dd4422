package codegen

import (
	"encoding/json"
	"strconv"
	"strings"
)

// pythonFormats are the classes for strings of a format, each with its module.
var pythonFormats = map[string][2]string{
	"date-time":   {"datetime", "datetime"},
	"date":        {"datetime", "date"},
	"time":        {"datetime", "time"},
	"duration":    {"datetime", "timedelta"},
	"uuid":        {"uuid", "UUID"},
	"path":        {"pathlib", "Path"},
	"ipv4":        {"ipaddress", "IPv4Address"},
	"ipv6":        {"ipaddress", "IPv6Address"},
	"decimal":     {"decimal", "Decimal"},
	"uri":         {"", "AnyUrl"},
	"base64":      {"", "Base64Bytes"},
	"binary":      {"", "bytes"},
	"ipv4network": {"ipaddress", "IPv4Network"},
	"ipv6network": {"ipaddress", "IPv6Network"},
}

// An annotating says what an annotation is for.
type annotating struct {
	// runtime writes what pydantic is to check, where that is more than what a
	// reader of the signature is told: datasets with their conversions.
	runtime bool
	// nan takes null for NaN where a float is due.
	nan bool
	// rules writes the constraints of inner values.
	rules bool
}

// annotation writes the type of a value. The constraints of the value itself
// are not part of it, those of its parts are.
func (p *python) annotation(s *shape, a annotating) string {
	text := p.bare(s, a)
	if s.optional && s.kind != kindAny {
		return p.typing("Optional") + "[" + text + "]"
	}
	return text
}

func (p *python) bare(s *shape, a annotating) string {
	switch s.kind {
	case kindNull:
		return "None"
	case kindBool:
		return p.builtin("bool")
	case kindInteger:
		return p.builtin("int")
	case kindNumber:
		return p.float(s, a)
	case kindString:
		return p.text(s.format)
	case kindLiteral:
		return p.typing("Literal") + "[" + p.literals(s.values) + "]"
	case kindList:
		return p.typing("List") + "[" + p.inner(s.elem, a) + "]"
	case kindSet:
		return p.typing("Set") + "[" + p.inner(s.elem, a) + "]"
	case kindMap:
		return p.typing("Dict") + "[" + p.inner(s.key, a) + ", " + p.inner(s.elem, a) + "]"
	case kindTuple:
		if len(s.parts) == 0 {
			return p.typing("Tuple") + "[()]"
		}
		return p.typing("Tuple") + "[" + p.list(s.parts, a) + "]"
	case kindUnion:
		return p.typing("Union") + "[" + p.list(s.parts, a) + "]"
	case kindModel, kindEnum, kindAlias:
		return p.typeName(s.ref)
	case kindReport:
		return p.from("deprogressapi", s.report)
	case kindDataset, kindDataArray:
		return p.dataset(s.kind, a)
	}
	return p.typing("Any")
}

func (p *python) list(parts []*shape, a annotating) string {
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = p.inner(part, a)
	}
	return strings.Join(texts, ", ")
}

// inner writes the type of a part, with its constraints.
func (p *python) inner(s *shape, a annotating) string {
	text := p.annotation(s, a)
	rules := ruleArguments(s)
	if !a.rules || len(rules) == 0 {
		return text
	}
	return p.from("typing_extensions", "Annotated") + "[" + text + ", " + p.from("pydantic", "Field") + "(" + strings.Join(rules, ", ") + ")]"
}

func (p *python) float(s *shape, a annotating) string {
	if s.format == "decimal" {
		return p.text(s.format)
	}
	if a.nan && !s.optional {
		p.helpers["nan"] = true
		return "_Float"
	}
	return p.builtin("float")
}

// text writes the class of strings of a format.
func (p *python) text(format string) string {
	class, known := pythonFormats[format]
	switch {
	case !known:
		return p.builtin("str")
	case class[1] == "bytes":
		return p.builtin("bytes")
	case class[0] == "":
		return p.from("pydantic", class[1])
	}
	return p.moduleName(class[0]) + "." + class[1]
}

func (p *python) dataset(k kind, a annotating) string {
	class := "Dataset"
	if k == kindDataArray {
		class = "DataArray"
	}
	if a.runtime {
		p.helpers[class] = true
		return "_" + class
	}
	return p.moduleName("xarray") + "." + class
}

// typeName returns the name of a type, in quotes where it is defined later.
func (p *python) typeName(d *definition) string {
	name := p.types[d]
	if !p.defined[d] {
		return strconv.Quote(name)
	}
	return name
}

func (p *python) literals(values []json.RawMessage) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = pythonJSON(v)
	}
	return strings.Join(texts, ", ")
}

// ruleArguments writes constraints as keyword arguments of pydantic's Field.
func ruleArguments(s *shape) []string {
	var out []string
	r := s.rules
	if _, special := pythonFormats[s.format]; special && s.kind == kindString {
		// The class checks itself, and pydantic has no lengths and patterns for it.
		r.pattern, r.minLength, r.maxLength = "", nil, nil
	}
	for _, one := range []struct {
		name  string
		value json.Number
	}{
		{"gt", r.exclusiveMinimum}, {"ge", r.minimum}, {"lt", r.exclusiveMaximum}, {"le", r.maximum}, {"multiple_of", r.multipleOf},
	} {
		if one.value != "" {
			out = append(out, one.name+"="+pythonNumber(one.value.String()))
		}
	}
	if r.minLength != nil {
		out = append(out, "min_length="+itoa(*r.minLength))
	}
	if r.maxLength != nil {
		out = append(out, "max_length="+itoa(*r.maxLength))
	}
	if r.pattern != "" {
		out = append(out, "pattern="+pythonString(r.pattern))
	}
	return out
}

// hasDataset reports whether a dataset is in a value, other than in a model.
func hasDataset(s *shape) bool {
	found := false
	s.each(func(inner *shape) { found = found || inner.kind == kindDataset || inner.kind == kindDataArray })
	return found
}

// hasFloat reports whether there is a float in a value, other than in a model,
// that may not be null.
func hasFloat(s *shape) bool {
	found := false
	s.each(func(inner *shape) {
		found = found || inner.kind == kindNumber && !inner.optional && inner.format != "decimal"
	})
	return found
}

// result writes the annotation that results are checked by, and "" where the
// one in the signature does.
func (p *python) result(s *shape) string {
	switch {
	case hasDataset(s):
		return p.annotation(s, annotating{runtime: true, nan: true})
	case hasFloat(s):
		return p.orNaN(s, p.annotation(s, annotating{}))
	}
	return ""
}

// orNaN writes an annotation by which null is NaN. To look at every float costs
// much, so a list of them is first taken for one without NaN.
func (p *python) orNaN(s *shape, plain string) string {
	nan := p.annotation(s, annotating{nan: true})
	if s.kind == kindNumber {
		return nan
	}
	p.helpers["or_nan"] = true
	return p.from("typing_extensions", "Annotated") + "[" + plain + ", _or_nan(" + nan + ")]"
}
