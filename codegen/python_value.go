package codegen

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dasf-go/dasf/internal/api"
)

// value writes a default as the value that Python code has: a member of an
// enum, a datetime, an instance of a model.
func (p *python) value(s *shape, raw json.RawMessage) string {
	if string(raw) == "null" {
		return "None"
	}
	switch s.kind {
	case kindString:
		if text, ok := jsonText(raw); ok {
			return p.formatted(s.format, text)
		}
	case kindEnum:
		if i := slices.IndexFunc(s.ref.values, func(v json.RawMessage) bool { return string(v) == string(raw) }); i >= 0 {
			return p.types[s.ref] + "." + p.enums[s.ref][i]
		}
	case kindModel:
		if jsonKind(raw) == api.Object {
			return p.instance(s.ref, raw)
		}
	case kindReport:
		return p.report(s, raw)
	case kindAlias:
		return p.value(s.ref.base, raw)
	case kindList, kindSet, kindTuple:
		if elements, ok := jsonElements(raw); ok {
			return p.sequence(s, elements)
		}
	case kindMap:
		if jsonKind(raw) == api.Object {
			return p.dict(s, raw)
		}
	case kindUnion:
		for _, part := range s.parts {
			if takes(part, raw) {
				return p.value(part, raw)
			}
		}
	}
	return pythonJSON(raw)
}

// takes reports whether a value may be of a shape, by its JSON type.
func takes(s *shape, raw json.RawMessage) bool {
	k := jsonKind(raw)
	switch s.kind {
	case kindBool:
		return k == api.Boolean
	case kindInteger:
		return k == api.Integer
	case kindNumber:
		return k == api.Integer || k == api.Number
	case kindString, kindDataset, kindDataArray:
		return k == api.String
	case kindLiteral:
		return slices.ContainsFunc(s.values, func(v json.RawMessage) bool { return string(v) == string(raw) })
	case kindEnum:
		return slices.ContainsFunc(s.ref.values, func(v json.RawMessage) bool { return string(v) == string(raw) })
	case kindList, kindSet, kindTuple:
		return k == api.Array
	case kindMap, kindReport:
		return k == api.Object
	case kindModel:
		return k == api.Object && hasKeys(s.ref, raw)
	}
	return true
}

// hasKeys reports whether an object has the keys that a model requires, and the
// values of its constants.
func hasKeys(d *definition, raw json.RawMessage) bool {
	given := map[string]json.RawMessage{}
	for _, m := range jsonMembers(raw) {
		given[m.Name] = m.Value
	}
	for _, f := range d.fields {
		v, ok := given[f.name]
		if !ok && f.required || ok && f.constant && !takes(f.shape, v) {
			return false
		}
	}
	return true
}

func (p *python) sequence(s *shape, elements []json.RawMessage) string {
	texts := make([]string, len(elements))
	for i, e := range elements {
		part := s.elem
		if s.kind == kindTuple {
			part = &shape{}
			if i < len(s.parts) {
				part = s.parts[i]
			}
		}
		texts[i] = p.value(part, e)
	}
	text := strings.Join(texts, ", ")
	switch {
	case s.kind == kindSet && len(texts) == 0:
		return p.builtin("set") + "()"
	case s.kind == kindSet:
		return "{" + text + "}"
	case s.kind == kindTuple && len(texts) == 1:
		return "(" + text + ",)"
	case s.kind == kindTuple:
		return "(" + text + ")"
	}
	return "[" + text + "]"
}

func (p *python) dict(s *shape, raw json.RawMessage) string {
	var texts []string
	for _, m := range jsonMembers(raw) {
		key, err := json.Marshal(m.Name)
		if err != nil {
			continue
		}
		texts = append(texts, p.value(s.key, key)+": "+p.value(s.elem, m.Value))
	}
	return "{" + strings.Join(texts, ", ") + "}"
}

// instance writes a call of a model with what differs from its own defaults.
func (p *python) instance(d *definition, raw json.RawMessage) string {
	given := map[string]json.RawMessage{}
	for _, m := range jsonMembers(raw) {
		given[m.Name] = m.Value
	}
	var args []string
	for _, f := range p.fieldParams(d) {
		v, ok := given[f.name]
		if !ok || f.constant || isInitial(f.field, v) {
			continue
		}
		args = append(args, f.python+"="+p.value(f.shape, v))
	}
	return p.types[d] + "(" + strings.Join(args, ", ") + ")"
}

// isInitial reports whether v is what a model fills in by itself.
func isInitial(f *field, v json.RawMessage) bool {
	return f.initial != nil && string(f.initial) == string(v)
}

// report writes a progress report with what its maker gave. Its settings are
// left out where they are deprogressapi's defaults, so that the variables
// DASF_REPORT_… take effect.
func (p *python) report(s *shape, raw json.RawMessage) string {
	defaults := map[string]string{
		"status": `"running"`, "steps": "0", "children": "[]", "messages": "[]",
		"settings": `{"show_method":"AUTO","use_curses":true}`,
	}
	var args []string // report_id and report_type too: mypy takes them for required
	for _, m := range jsonMembers(raw) {
		if defaults[m.Name] == string(m.Value) {
			continue
		}
		args = append(args, m.Name+"="+pythonJSON(m.Value))
	}
	return p.from("deprogressapi", s.report) + "(" + strings.Join(args, ", ") + ")"
}

// formatted writes a string of a format as the class that stands for it.
func (p *python) formatted(format, text string) string {
	switch format {
	case "date-time":
		if t, ok := parseDateTime(text); ok {
			return p.dateTime(t)
		}
	case "date":
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			return fmt.Sprintf("%s.date(%d, %d, %d)", p.moduleName("datetime"), t.Year(), t.Month(), t.Day())
		}
	case "time":
		if t, err := time.Parse("15:04:05.999999", text); err == nil {
			return p.moduleName("datetime") + ".time(" + clock(t) + ")"
		}
	case "duration":
		if d, ok := parseDuration(text); ok {
			return p.moduleName("datetime") + ".timedelta(" + d + ")"
		}
	case "binary":
		return pythonBytes([]byte(text))
	case "base64":
		if data, err := base64.StdEncoding.DecodeString(text); err == nil {
			return pythonBytes(data)
		}
	default:
		if class, ok := pythonFormats[format]; ok && class[0] != "" {
			return p.moduleName(class[0]) + "." + class[1] + "(" + pythonString(text) + ")"
		}
		if format == "uri" {
			return p.from("pydantic", "AnyUrl") + "(" + pythonString(text) + ")"
		}
	}
	return pythonString(text)
}

// parseDateTime reads a time with or without a zone; without one the location
// is nil.
func parseDateTime(text string) (*dateTime, bool) {
	if t, err := time.Parse("2006-01-02T15:04:05.999999999", text); err == nil {
		return &dateTime{Time: t}, true
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return &dateTime{Time: t, zone: true}, true
	}
	return nil, false
}

type dateTime struct {
	time.Time
	zone bool
}

func (p *python) dateTime(t *dateTime) string {
	module := p.moduleName("datetime")
	args := fmt.Sprintf("%d, %d, %d, %s", t.Year(), t.Month(), t.Day(), clock(t.Time))
	if t.zone {
		_, offset := t.Zone()
		if offset == 0 {
			args += ", tzinfo=" + module + ".timezone.utc"
		} else {
			args += fmt.Sprintf(", tzinfo=%s.timezone(%s.timedelta(seconds=%d))", module, module, offset)
		}
	}
	return module + ".datetime(" + args + ")"
}

// clock writes hours, minutes, and what follows where it is not zero.
func clock(t time.Time) string {
	text := fmt.Sprintf("%d, %d", t.Hour(), t.Minute())
	micro := t.Nanosecond() / 1000
	if t.Second() != 0 || micro != 0 {
		text += fmt.Sprintf(", %d", t.Second())
	}
	if micro != 0 {
		text += fmt.Sprintf(", %d", micro)
	}
	return text
}

// parseDuration writes an ISO 8601 duration of days and less as the arguments
// of timedelta.
func parseDuration(text string) (string, bool) {
	sign := ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		sign, text = "-", rest
	}
	rest, ok := strings.CutPrefix(text, "P")
	if !ok {
		return "", false
	}
	units := map[byte]string{'W': "weeks", 'D': "days"}
	var args []string
	for rest != "" {
		if rest[0] == 'T' {
			units = map[byte]string{'H': "hours", 'M': "minutes", 'S': "seconds"}
			rest = rest[1:]
			continue
		}
		n := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if n < 1 || units[rest[n]] == "" {
			return "", false
		}
		number := rest[:n]
		if strings.HasPrefix(number, ".") || strings.HasSuffix(number, ".") || strings.Count(number, ".") > 1 {
			return "", false
		}
		if whole := strings.TrimLeft(number, "0"); whole == "" || whole[0] == '.' {
			number = "0" + whole
		} else {
			number = whole
		}
		args = append(args, units[rest[n]]+"="+sign+number)
		rest = rest[n+1:]
	}
	return strings.Join(args, ", "), true
}

// pythonBytes writes a bytes literal.
func pythonBytes(data []byte) string {
	var b strings.Builder
	quote := byte('"')
	if strings.Count(string(data), "'") < strings.Count(string(data), `"`) {
		quote = '\''
	}
	b.WriteString("b" + string(quote))
	for _, c := range data {
		switch {
		case c == quote || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case 0x20 <= c && c < 0x7f:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	b.WriteByte(quote)
	return b.String()
}
