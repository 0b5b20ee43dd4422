package yamljson_test

import (
	"errors"
	"testing"

	"github.com/dasf-go/dasf/internal/yamljson"
)

func TestJSON(t *testing.T) {
	for _, tt := range []struct{ name, yaml, want string }{
		{"empty text", "", "null"},
		{"comment only", "# nothing\n", "null"},
		{"JSON stays as it is", `{ "a" : 1e3, "a": 2 }`, `{ "a" : 1e3, "a": 2 }`},
		{"flow mapping", "{func_name: hello_world, name: Peter}", `{"func_name":"hello_world","name":"Peter"}`},
		{"block mapping", "a: 1\nb:\n- x\n- true\n- ~\n", `{"a":1,"b":["x",true,null]}`},
		{"order is kept", "b: 1\na: 2", `{"b":1,"a":2}`},
		{"plain string", "hello_world", `"hello_world"`},
		{"quoted number is text", "a: '7'", `{"a":"7"}`},
		{"large integer is exact", "a: 9007199254740993", `{"a":9007199254740993}`},
		{"integer beyond 64 bits", "a: 1180591620717411303424", `{"a":1180591620717411303424}`},
		{"hexadecimal", "a: 0xff", `{"a":255}`},
		{"float keeps its digits", "a: 0.1000000000000000055511151231257827", `{"a":0.1000000000000000055511151231257827}`},
		{"float without a leading digit", "a: .5", `{"a":0.5}`},
		{"NaN is null", "a: .nan", `{"a":null}`},
		{"dates stay text", "a: 2024-02-29\nb: 2024-02-29T12:30:00", `{"a":"2024-02-29","b":"2024-02-29T12:30:00"}`},
		{"number as key", "1: a", `{"1":"a"}`},
		{"non-ASCII", "a: ü€😀", `{"a":"ü€😀"}`},
		{"alias", "a: &x [1]\nb: *x", `{"a":[1],"b":[1]}`},
		{"merge key", "base: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3", `{"base":{"x":1,"y":2},"c":{"y":3,"x":1}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := yamljson.JSON([]byte(tt.yaml))
			if err != nil || string(got) != tt.want {
				t.Errorf("JSON(%q) = %s, %v; want %s", tt.yaml, got, err, tt.want)
			}
		})
	}
}

func TestErrorsSayLineAndColumn(t *testing.T) {
	for _, tt := range []struct {
		name, yaml   string
		line, column int
	}{
		{"list not closed", "a: [b\n", 2, 1},
		{"wrong indentation", "a:\n  b: 1\n c: 2\n", 3, 2},
		{"tab", "x: 1\n\ty: 2\n", 2, 1},
		{"two colons", "a: b: c\n", 1, 5},
		{"key twice", "a: 1\nb: 2\na: 3\n", 3, 1},
		{"nested key twice", "x:\n  a: 1\n  a: 3\n", 3, 3},
		{"infinity", "a:\n  - .inf\n", 2, 5},
		{"unknown tag", "a: !color red", 1, 4},
		{"key is a list", "? [1, 2]\n: 3", 1, 3},
		{"alias of itself", "a: &x\n  b: *x\n", 2, 6},
		{"unknown alias", "a: *foo\n", 1, 4},
		{"two documents", "a: 1\n---\nb: 2\n", 2, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := yamljson.JSON([]byte(tt.yaml))
			var e *yamljson.Error
			if !errors.As(err, &e) {
				t.Fatalf("JSON(%q): %v, want an *Error", tt.yaml, err)
			}
			if e.Line != tt.line || e.Column != tt.column {
				t.Errorf("JSON(%q): %v, want line %d, column %d", tt.yaml, err, tt.line, tt.column)
			}
		})
	}
}

func TestAliasesCannotBlowUp(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'j'; c++ {
		prev := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [*" + prev + ",*" + prev + ",*" + prev + ",*" + prev + ",*" + prev + ",*" + prev + ",*" + prev + ",*" + prev + ",*" + prev + ",*" + prev + "]\n"
	}
	if _, err := yamljson.JSON([]byte(bomb)); err == nil {
		t.Error("a document that grows by a factor of 10^9 was read")
	}
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{"a: 1", "- x\n- [1, .5, ~]", "{a: &x {b: c}, <<: *x}", "? [1]\n: 2", "a: 0o17\nb: 1_000", "\x00", "%YAML 1.2\n---\na", "a: !!binary aGk="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := yamljson.JSON([]byte(text))
		if err != nil {
			return
		}
		again, err := yamljson.JSON(got)
		if err != nil || string(again) != string(got) {
			t.Errorf("%q became %q, which is no JSON: %v", text, got, err)
		}
	})
}
