package pyjson_test

import (
	"testing"

	"github.com/dasf-go/dasf/internal/pyjson"
)

// What is wanted was printed by json.dumps of Python 3.11.
func TestPythonsLayout(t *testing.T) {
	for _, tt := range []struct{ name, in, compact, indented string }{
		{"object", `{"a":1,"b":[1,2],"c":{}}`, `{"a": 1, "b": [1, 2], "c": {}}`, "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {}\n}"},
		{"empty", `[ ]`, `[]`, "[]"},
		{"marks in strings", `{"a:b":"c,\"d:\\"}`, `{"a:b": "c,\"d:\\"}`, "{\n  \"a:b\": \"c,\\\"d:\\\\\"\n}"},
		{"not ASCII", `["ü€😀"]`, `["\u00fc\u20ac\ud83d\ude00"]`, "[\n  \"\\u00fc\\u20ac\\ud83d\\ude00\"\n]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := pyjson.Compact([]byte(tt.in)); err != nil || string(got) != tt.compact {
				t.Errorf("Compact: %s, %v, want %s", got, err, tt.compact)
			}
			if got, err := pyjson.Indent([]byte(tt.in), 2); err != nil || string(got) != tt.indented {
				t.Errorf("Indent: %s, %v, want %s", got, err, tt.indented)
			}
		})
	}
	if got, err := pyjson.Indent([]byte(`[1]`), 0); err != nil || string(got) != "[\n1\n]" {
		t.Errorf("Indent by 0: %q, %v", got, err)
	}
	if _, err := pyjson.Compact([]byte("{")); err == nil {
		t.Error("what is no JSON was taken")
	}
}
