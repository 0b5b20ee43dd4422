package codegen

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/dasf-go/dasf/internal/api"
)

// tag writes the tags of a field, as docs/types.md describes them.
func (g *golang) tag(f *field, option string, initial json.RawMessage) string {
	var parts []string
	add := func(key, value string) {
		if value != "" {
			parts = append(parts, key+":"+strconv.Quote(value))
		}
	}
	name := f.name + option
	if name == "-" {
		name = "-," // the dash alone leaves a field out
	}
	add("json", name)
	if alias := goAlias(f); alias != f.name {
		add("alias", alias)
	}
	add("title", f.title)
	if initial != nil && string(initial) != "null" {
		add("default", tagValue(initial))
	}
	s := f.shape
	if f.constant && len(s.values) == 1 {
		add("const", tagValue(s.values[0]))
	}
	add("validate", strings.Join(g.validate(f), ","))
	add("pattern", goPattern(s))
	add("multipleOf", multipleOf(s))
	text := strings.Join(parts, " ")
	if !strings.ContainsAny(text, "`\n\r") && isPrintable(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}

func isPrintable(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) < 0
}

// goAlias returns what stubs in other languages call the field, should the
// struct be the request of a backend.
func goAlias(f *field) string {
	if f.alias != "" {
		return f.alias
	}
	if isPythonName(f.name) && !strings.HasPrefix(f.name, "_") && !strings.HasPrefix(f.name, "model_") {
		return f.name
	}
	return pythonAlias(f)
}

// tagValue writes a value as the tags default and const take it: JSON, or a
// bare string where that can't be taken for JSON.
func tagValue(raw json.RawMessage) string {
	if text, ok := jsonText(raw); ok && text != "" && !json.Valid([]byte(text)) {
		return text
	}
	return string(raw)
}

// validate writes the rules of a field for validator, with those of its
// elements behind dive.
func (g *golang) validate(f *field) []string {
	s := f.shape
	if f.constant {
		return nil
	}
	out := validateRules(s)
	for s.elem != nil && (s.kind == kindList || s.kind == kindSet || s.kind == kindMap) {
		s = s.elem
		inner := validateRules(s)
		if len(inner) == 0 && !hasInnerRules(s) {
			break
		}
		out = append(out, "dive")
		if s.optional {
			inner = append([]string{"omitnil"}, inner...)
		}
		out = append(out, inner...)
	}
	if len(out) > 0 && out[len(out)-1] == "dive" {
		out = out[:len(out)-1]
	}
	return out
}

func validateRules(s *shape) []string {
	var out []string
	if s.kind == kindLiteral && len(s.values) > 1 {
		if rule := oneOf(s.values); rule != "" {
			return []string{rule}
		}
		return nil
	}
	if s.kind == kindString && s.format != "" && s.format != "password" {
		return nil // a type of its own, whose form it checks
	}
	r := s.rules
	for _, one := range []struct {
		name  string
		value json.Number
	}{{"gt", r.exclusiveMinimum}, {"gte", r.minimum}, {"lt", r.exclusiveMaximum}, {"lte", r.maximum}} {
		if one.value != "" && !strings.ContainsAny(one.value.String(), "eE") {
			out = append(out, one.name+"="+one.value.String())
		}
	}
	if r.minLength != nil {
		out = append(out, "min="+itoa(*r.minLength))
	}
	if r.maxLength != nil {
		out = append(out, "max="+itoa(*r.maxLength))
	}
	return out
}

// oneOf writes the rule for some strings or integers, and "" for other values.
func oneOf(values []json.RawMessage) string {
	kind := commonKind(values)
	if kind != api.String && kind != api.Integer {
		return ""
	}
	var texts []string
	for _, v := range values {
		text := string(v)
		if kind == api.String {
			text, _ = jsonText(v)
			if text == "" || strings.ContainsAny(text, "'\n\t") {
				return ""
			}
			text = strings.NewReplacer(",", "0x2C", "|", "0x7C").Replace(text)
			if strings.Contains(text, " ") {
				text = "'" + text + "'"
			}
		}
		texts = append(texts, text)
	}
	return "oneof=" + strings.Join(texts, " ")
}

// goPattern returns the pattern of the strings in a value.
func goPattern(s *shape) string {
	for s.elem != nil && s.kind != kindString {
		s = s.elem
	}
	if s.kind != kindString || s.format != "" {
		return ""
	}
	if _, err := regexp.Compile(s.rules.pattern); err != nil {
		return "" // of a kind that Go does not have; the backend checks it
	}
	return s.rules.pattern
}

// multipleOf returns what the numbers in a value are multiples of.
func multipleOf(s *shape) string {
	for s.elem != nil && s.kind != kindInteger && s.kind != kindNumber {
		s = s.elem
	}
	if n := s.rules.multipleOf.String(); !strings.ContainsAny(n, "eE-+") {
		return n
	}
	return ""
}

// goString writes a string literal.
func goString(s string) string { return strconv.Quote(s) }

// goValue writes a constant.
func goValue(raw json.RawMessage) string {
	if text, ok := jsonText(raw); ok {
		return goString(text)
	}
	return string(raw)
}

// goComment writes text as a comment of whole lines, "" for no text. Nothing in
// it can become a directive, since a space goes before each line.
func goComment(text string) string {
	text = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text))
	if text == "" {
		return ""
	}
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Map(func(r rune) rune {
			if r != '\t' && !unicode.IsPrint(r) {
				return ' '
			}
			return r
		}, line)
		b.WriteString(strings.TrimRight("// "+line, " \t") + "\n")
	}
	return b.String()
}

func indentComment(comment string) string {
	if comment == "" {
		return ""
	}
	return indent(0, "\t"+strings.ReplaceAll(strings.TrimSuffix(comment, "\n"), "\n", "\n\t")) + "\n"
}
