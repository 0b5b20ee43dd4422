package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read. A schema object of two bytes becomes a Schema of some
// 700, so their number is bounded as well as the length of the text.
const (
	maxBytes   = 16 << 20
	maxDepth   = 256
	maxSchemas = 100_000
)

// UnmarshalJSON reads a schema. It keeps the order of properties and unknown
// keywords, and refuses a known keyword of the wrong kind, a key that stands
// twice in an object, text that is not UTF-8, nesting deeper than 256 levels, and
// more than 16 MiB or 100,000 schemas.
func (s *Schema) UnmarshalJSON(data []byte) error {
	r, err := newReader(data)
	if err != nil {
		return err
	}
	v, err := r.schema()
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return err
	}
	*s = *v
	return nil
}

// A reader reads JSON text in one pass, whatever its depth.
type reader struct {
	dec      *json.Decoder
	keywords map[string]keyword
	path     []string
	schemas  int
}

func newReader(data []byte) (*reader, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("%d bytes of JSON, at most %d are read", len(data), maxBytes)
	}
	if !utf8.Valid(data) {
		return nil, errors.New("the JSON text is not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return &reader{dec: dec, keywords: keywords}, nil
}

// end reports anything but space after the value.
func (r *reader) end() error {
	_, err := r.dec.Token()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return r.errorf("text after the end of the JSON value")
}

func (r *reader) errorf(format string, args ...any) error {
	if len(r.path) == 0 {
		return fmt.Errorf(format, args...)
	}
	return fmt.Errorf("%s: %w", strings.Join(r.path, "."), fmt.Errorf(format, args...))
}

func (r *reader) token() (json.Token, error) {
	t, err := r.dec.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, r.errorf("not valid JSON: %w", err)
	}
	return t, nil
}

// inside runs fn with name added to the path that errors show.
func (r *reader) inside(name string, fn func() error) error {
	if len(r.path) >= maxDepth {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	r.path = append(r.path, name)
	err := fn()
	r.path = r.path[:len(r.path)-1]
	return err
}

// object reads an object whose members fn reads one by one.
func (r *reader) object(fn func(name string) error) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return r.errorf("want an object, got %s", describe(t))
	}
	return r.members(fn)
}

// members reads the rest of an object whose brace was read.
func (r *reader) members(fn func(name string) error) error {
	seen := map[string]struct{}{}
	for r.dec.More() {
		t, err := r.token()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok {
			return r.errorf("want a key, got %s", describe(t))
		}
		if _, twice := seen[name]; twice {
			return r.errorf("the key %q stands twice", name)
		}
		seen[name] = struct{}{}
		if err := r.inside(name, func() error { return fn(name) }); err != nil {
			return err
		}
	}
	_, err := r.token()
	return err
}

// array reads an array whose elements fn reads one by one.
func (r *reader) array(fn func() error) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	if t != json.Delim('[') {
		return r.errorf("want a list, got %s", describe(t))
	}
	return r.elements(fn)
}

// elements reads the rest of an array whose bracket was read.
func (r *reader) elements(fn func() error) error {
	for i := 0; r.dec.More(); i++ {
		if err := r.inside(strconv.Itoa(i), fn); err != nil {
			return err
		}
	}
	_, err := r.token()
	return err
}

func (r *reader) schema() (*Schema, error) {
	if r.schemas++; r.schemas > maxSchemas {
		return nil, r.errorf("more than %d schemas", maxSchemas)
	}
	t, err := r.token()
	if err != nil {
		return nil, err
	}
	if v, ok := t.(bool); ok {
		return literal(v), nil
	}
	if t != json.Delim('{') {
		return nil, r.errorf("want a schema, got %s", describe(t))
	}
	s := &Schema{}
	err = r.members(func(name string) error {
		if k, known := r.keywords[name]; known {
			return k.read(s, r)
		}
		if s.Extra == nil {
			s.Extra = map[string]json.RawMessage{}
		}
		v, err := r.value()
		s.Extra[name] = v
		return err
	})
	return s, err
}

// value reads any value as it stands, without its spaces.
func (r *reader) value() (json.RawMessage, error) {
	var raw json.RawMessage
	if err := r.dec.Decode(&raw); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, r.errorf("not valid JSON: %w", err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return nil, r.errorf("not valid JSON: %w", err)
	}
	return b.Bytes(), nil
}

func (r *reader) string() (string, error) {
	t, err := r.token()
	if err != nil {
		return "", err
	}
	v, ok := t.(string)
	if !ok {
		return "", r.errorf("want a string, got %s", describe(t))
	}
	return v, nil
}

func (r *reader) bool() (bool, error) {
	t, err := r.token()
	if err != nil {
		return false, err
	}
	v, ok := t.(bool)
	if !ok {
		return false, r.errorf("want true or false, got %s", describe(t))
	}
	return v, nil
}

func (r *reader) number() (json.Number, error) {
	t, err := r.token()
	if err != nil {
		return "", err
	}
	v, ok := t.(json.Number)
	if !ok {
		return "", r.errorf("want a number, got %s", describe(t))
	}
	return v, nil
}

// count reads a whole number that is not negative. 5.0 is one, as in JSON schema.
func (r *reader) count() (int, error) {
	n, err := r.number()
	if err != nil {
		return 0, err
	}
	if v, err := strconv.Atoi(n.String()); err == nil && v >= 0 {
		return v, nil
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f >= 1<<53 || f != float64(int64(f)) || int64(int(f)) != int64(f) {
		return 0, r.errorf("want a whole number of at least 0, got %s", n)
	}
	return int(f), nil
}

func (r *reader) strings() ([]string, error) {
	out := []string{}
	err := r.array(func() error {
		v, err := r.string()
		out = append(out, v)
		return err
	})
	return out, err
}

func (r *reader) stringOrStrings() ([]string, error) {
	t, err := r.token()
	if err != nil {
		return nil, err
	}
	if v, ok := t.(string); ok {
		return []string{v}, nil
	}
	if t != json.Delim('[') {
		return nil, r.errorf("want a string or a list of strings, got %s", describe(t))
	}
	out := []string{}
	err = r.elements(func() error {
		v, err := r.string()
		out = append(out, v)
		return err
	})
	return out, err
}

// describe names the kind of a token for an error.
func describe(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(t)
	case string:
		return "a string"
	case json.Number:
		return "the number " + t.String()
	case json.Delim:
		if t == '{' {
			return "an object"
		}
		return "a list"
	}
	return fmt.Sprint(t)
}
