package codegen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/dasf-go/dasf/internal/api"
)

// pythonString writes a string literal as black leaves it: in double quotes
// unless single ones need fewer escapes. Characters whose width or look is
// doubtful are escaped.
func pythonString(s string) string {
	quote := '"'
	if strings.Count(s, "'") < strings.Count(s, `"`) {
		quote = '\''
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch r {
		case quote, '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			b.WriteString(pythonRune(r))
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// pythonRune writes a character of a literal or a docstring.
func pythonRune(r rune) string {
	switch {
	case 0x20 <= r && r < 0x7f, 0xa1 <= r && r < 0x300 && r != 0xad, 0x370 <= r && r < 0x483, 0x2010 <= r && r < 0x2028,
		0x20a0 <= r && r < 0x20c0, 0x3041 <= r && r <= 0x30ff, 0x4e00 <= r && r <= 0x9fff, 0xac00 <= r && r <= 0xd7a3:
		if unicode.IsPrint(r) {
			return string(r)
		}
	}
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// pythonDocstring writes a docstring as black leaves it, on several lines where
// text has several. Lines after the first are not indented yet. It is "" for
// no text.
func pythonDocstring(text string) string {
	text = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", "        ").Replace(text))
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = docstringLine(strings.TrimRight(line, " "))
	}
	body := strings.Join(lines, "\n")
	if strings.HasPrefix(body, `"`) || strings.HasPrefix(body, `\"`) {
		body = "\n" + body // black would put a space before the quote
	}
	if len(lines) > 1 || strings.HasPrefix(body, "\n") || strings.HasSuffix(body, `"`) || strings.HasSuffix(body, `\`) {
		body += "\n"
	}
	return `"""` + body + `"""`
}

func docstringLine(line string) string {
	var b strings.Builder
	for _, r := range line {
		if r == '\\' {
			b.WriteString(`\\`)
		} else {
			b.WriteString(pythonRuneOfText(r))
		}
	}
	return strings.ReplaceAll(b.String(), `"""`, `\"\"\"`)
}

// pythonRuneOfText lets emoji and the like stand in prose.
func pythonRuneOfText(r rune) string {
	if r >= 0x300 && unicode.IsPrint(r) {
		return string(r)
	}
	return pythonRune(r)
}

// pythonNumber writes a JSON number as Python and black do.
func pythonNumber(text string) string {
	return strings.Replace(strings.ToLower(text), "e+", "e", 1)
}

// pythonJSON writes a JSON value as Python.
func pythonJSON(raw json.RawMessage) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "None"
	}
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case json.Number:
		return pythonNumber(v.String())
	case string:
		return pythonString(v)
	}
	return pythonContainer(raw)
}

// pythonContainer writes a list or an object in its order.
func pythonContainer(raw json.RawMessage) string {
	if elements, ok := jsonElements(raw); ok {
		texts := make([]string, len(elements))
		for i, e := range elements {
			texts[i] = pythonJSON(e)
		}
		return "[" + strings.Join(texts, ", ") + "]"
	}
	var texts []string
	for _, m := range jsonMembers(raw) {
		texts = append(texts, pythonString(m.Name)+": "+pythonJSON(m.Value))
	}
	return "{" + strings.Join(texts, ", ") + "}"
}

func jsonElements(raw json.RawMessage) ([]json.RawMessage, bool) {
	var out []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &out) != nil {
		return nil, false
	}
	return out, true
}

type jsonMember struct {
	Name  string
	Value json.RawMessage
}

// jsonMembers returns the members of an object in their order.
func jsonMembers(raw json.RawMessage) []jsonMember {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var out []jsonMember
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return out
		}
		var v json.RawMessage
		if d.Decode(&v) != nil {
			return out
		}
		out = append(out, jsonMember{name, v})
	}
	return out
}

// jsonText returns the string that raw is.
func jsonText(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// jsonKind returns which type of JSON schema raw is.
func jsonKind(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
	case '"':
		return api.String
	case '{':
		return api.Object
	case '[':
		return api.Array
	case 't', 'f':
		return api.Boolean
	case 'n':
		return api.Null
	}
	if _, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return api.Integer
	}
	return api.Number
}
