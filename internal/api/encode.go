package api

import (
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// MarshalJSON writes the schema without spaces. Keywords are sorted by name, as
// demessaging 0.6.4 writes them, and properties stay in their order.
func (s Schema) MarshalJSON() ([]byte, error) {
	return s.Append(nil), nil
}

// Append appends what MarshalJSON writes to dst. A nil schema is written as {}.
func (s *Schema) Append(dst []byte) []byte {
	w := newWriter(dst)
	w.schema(s)
	return w.dst
}

// A writer appends JSON text.
type writer struct {
	dst      []byte
	keywords map[string]keyword
}

func newWriter(dst []byte) *writer { return &writer{dst: dst, keywords: keywords} }

func (w *writer) separate() {
	if c := w.dst[len(w.dst)-1]; c != '{' && c != '[' {
		w.dst = append(w.dst, ',')
	}
}

func (w *writer) key(name string) {
	w.separate()
	w.dst = append(AppendString(w.dst, name), ':')
}

func (w *writer) raw(v json.RawMessage) {
	if v == nil {
		w.dst = append(w.dst, "null"...)
		return
	}
	w.dst = append(w.dst, v...)
}

func (w *writer) string(v string) { w.dst = AppendString(w.dst, v) }

func (w *writer) int(v int) { w.dst = strconv.AppendInt(w.dst, int64(v), 10) }

func (w *writer) schema(s *Schema) {
	switch {
	case s == nil:
		w.dst = append(w.dst, "{}"...)
	case s.Literal != nil:
		w.dst = strconv.AppendBool(w.dst, *s.Literal)
	default:
		w.dst = append(w.dst, '{')
		for _, name := range w.present(s) {
			w.key(name)
			if k, known := w.keywords[name]; known {
				k.write(s, w)
			} else {
				w.raw(s.Extra[name])
			}
		}
		w.dst = append(w.dst, '}')
	}
}

// present returns the sorted names of the keywords that s has.
func (w *writer) present(s *Schema) []string {
	names := make([]string, 0, 8)
	for name, k := range w.keywords {
		if k.present(s) {
			names = append(names, name)
		}
	}
	for name := range s.Extra {
		if _, known := w.keywords[name]; !known {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func list[T any](w *writer, values []T, one func(T)) {
	w.dst = append(w.dst, '[')
	for _, v := range values {
		w.separate()
		one(v)
	}
	w.dst = append(w.dst, ']')
}

func (w *writer) properties(props []Property) {
	w.dst = append(w.dst, '{')
	for _, p := range props {
		w.key(p.Name)
		w.schema(p.Schema)
	}
	w.dst = append(w.dst, '}')
}

func (w *writer) defs(defs map[string]*Schema) {
	w.dst = append(w.dst, '{')
	for _, name := range sortedKeys(defs) {
		w.key(name)
		w.schema(defs[name])
	}
	w.dst = append(w.dst, '}')
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

const hexDigits = "0123456789abcdef"

// AppendString appends v as a JSON string. Only quotes, backslashes and control
// characters are escaped, as pydantic escapes them; bytes that are no UTF-8
// become U+FFFD.
func AppendString(dst []byte, v string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(v); {
		c := v[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(v[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		i++
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\b':
			dst = append(dst, '\\', 'b')
		case c == '\f':
			dst = append(dst, '\\', 'f')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
