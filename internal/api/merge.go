package api

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Merge returns s with the keywords of extra laid over it, as demessaging does
// with json_schema_extra (0.6.4, utils.py, merge_config): objects are merged key
// by key, lists are appended to, anything else replaces what was there. New
// properties come after those of s. Neither s nor extra is changed.
//
// It is an error if extra puts an object or a list where s has something else, or
// if the outcome is no schema.
func (s *Schema) Merge(extra map[string]json.RawMessage) (*Schema, error) {
	if len(extra) == 0 {
		return s, nil
	}
	laid := make([]rawMember, 0, len(extra))
	for _, name := range sortedKeys(extra) {
		if !json.Valid(extra[name]) {
			return nil, fmt.Errorf("%s: not valid JSON", name)
		}
		laid = append(laid, rawMember{name, extra[name]})
	}
	base, err := rawMembers(s.Append(nil))
	if err != nil {
		return nil, err
	}
	merged, err := mergeMembers(base, laid)
	if err != nil {
		return nil, err
	}
	out := &Schema{}
	if err := out.UnmarshalJSON(appendMembers(nil, merged)); err != nil {
		return nil, err
	}
	return out, nil
}

type rawMember struct {
	name  string
	value json.RawMessage
}

func mergeMembers(base, extra []rawMember) ([]rawMember, error) {
	at := make(map[string]int, len(base))
	for i, m := range base {
		at[m.name] = i
	}
	for _, m := range extra {
		i, found := at[m.name]
		if !found {
			at[m.name] = len(base)
			base = append(base, m)
			continue
		}
		v, err := mergeValues(base[i].value, m.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		base[i].value = v
	}
	return base, nil
}

func mergeValues(base, extra json.RawMessage) (json.RawMessage, error) {
	switch kindOf(extra) {
	case '{':
		if kindOf(base) != '{' {
			return nil, fmt.Errorf("an object can't be merged into %s", base)
		}
		b, err := rawMembers(base)
		if err != nil {
			return nil, err
		}
		e, err := rawMembers(extra)
		if err != nil {
			return nil, err
		}
		merged, err := mergeMembers(b, e)
		return appendMembers(nil, merged), err
	case '[':
		var b, e []json.RawMessage
		if kindOf(base) != '[' {
			return nil, fmt.Errorf("a list can't be merged into %s", base)
		}
		if err := json.Unmarshal(base, &b); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(extra, &e); err != nil {
			return nil, err
		}
		return appendElements(nil, append(b, e...)), nil
	}
	return extra, nil
}

// kindOf returns the first character of a JSON value.
func kindOf(raw json.RawMessage) byte {
	if t := bytes.TrimLeft(raw, " \t\r\n"); len(t) > 0 {
		return t[0]
	}
	return 0
}

// rawMembers returns the members of a JSON object in their order.
func rawMembers(raw json.RawMessage) ([]rawMember, error) {
	r, err := newReader(raw)
	if err != nil {
		return nil, err
	}
	var out []rawMember
	err = r.object(func(name string) error {
		v, err := r.value()
		out = append(out, rawMember{name, v})
		return err
	})
	return out, err
}

func appendMembers(dst []byte, members []rawMember) []byte {
	w := newWriter(append(dst, '{'))
	for _, m := range members {
		w.key(m.name)
		w.raw(m.value)
	}
	return append(w.dst, '}')
}

func appendElements(dst []byte, values []json.RawMessage) []byte {
	w := newWriter(dst)
	list(w, values, w.raw)
	return w.dst
}
