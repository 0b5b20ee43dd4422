package typed_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/typed"
)

func TestScanHead(t *testing.T) {
	for name, row := range map[string]struct {
		request string
		want    typed.Head
		fails   []string
	}{
		"function":             {`{"func_name":"f","x":1}`, typed.Head{Func: "f", HasFunc: true}, nil},
		"function, name last":  {` { "x" : [1,{"func_name":"g"}] , "func_name" : "f" } `, typed.Head{Func: "f", HasFunc: true}, nil},
		"escaped":              {`{"func\u005fname":"\u0066"}`, typed.Head{Func: "f", HasFunc: true}, nil},
		"class":                {`{"a":1,"class_name":"C","function":{"func_name":"m"}}`, typed.Head{Class: "C", HasClass: true, Function: []byte(`{"func_name":"m"}`)}, nil},
		"function wins, first": {`{"func_name":"f","class_name":"C","function":{}}`, typed.Head{Func: "f", HasFunc: true}, nil},
		"function wins, last":  {`{"class_name":"C","function":{},"func_name":"f"}`, typed.Head{Func: "f", HasFunc: true}, nil},
		"nothing":              {`{}`, typed.Head{}, nil},
		"class alone":          {`{"class_name":"C"}`, typed.Head{Class: "C", HasClass: true}, nil},
		"no string":            {`{"func_name":3}`, typed.Head{}, []string{"func_name:string_type"}},
		"null":                 {`{"class_name":null}`, typed.Head{}, []string{"class_name:string_type"}},
		"array":                {`[1]`, typed.Head{}, []string{":model_type"}},
		"no object":            {`null`, typed.Head{}, []string{":model_type"}},
		"empty":                {``, typed.Head{}, []string{":json_invalid"}},
		"cut off":              {`{"func_name":"f"`, typed.Head{}, []string{":json_invalid"}},
		"trailing garbage":     {`{"func_name":"f"} x`, typed.Head{}, []string{":json_invalid"}},
		"two values":           {`{"func_name":"f"}{}`, typed.Head{}, []string{":json_invalid"}},
		"a key twice":          {`{"func_name":"f","x":1,"x":2}`, typed.Head{}, []string{"x:duplicate_key"}},
		"a key twice, escaped": {`{"func_name":"f","x":{"y":[{"z":1,"\u007a":2}]}}`, typed.Head{}, []string{"x.y.0.z:duplicate_key"}},
		"invalid UTF-8":        {"{\"func_name\":\"f\",\"x\":\"\xff\"}", typed.Head{}, []string{":json_invalid"}},
		"a lone surrogate":     {`{"func_name":"f","x":"\ud800"}`, typed.Head{}, []string{":json_invalid"}},
		"a byte order mark":    {"\ufeff{}", typed.Head{}, []string{":json_invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := typed.ScanHead([]byte(row.request))
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if row.fails == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if diff := cmp.Diff(row.fails, kindsOf(t, err)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestHeadOfMethod(t *testing.T) {
	head, err := typed.ScanHead([]byte(`{"class_name":"C","function":{"func_name":7}}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = head.Method()
	if diff := cmp.Diff([]string{"function.func_name:string_type"}, kindsOf(t, err)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	head, err = typed.ScanHead([]byte(`{"class_name":"C","function": [] }`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = head.Method()
	if diff := cmp.Diff([]string{"function:model_type"}, kindsOf(t, err)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestSyntaxErrors: what pydantic's parser takes and we refuse, or the other
// way, and how it is said. TestPydantic compares the rest.
func TestSyntaxErrors(t *testing.T) {
	k := mustFor[any](t, typed.Options{})
	for name, row := range map[string]struct{ text, want string }{
		"a lone surrogate": {`"\ud800"`, "Invalid JSON: unexpected end of hex escape at line 1 column 8"},
		"invalid UTF-8":    {"[1,\n\"\xff\"]", "Invalid JSON: invalid unicode code point at line 2 column 2"},
		"NaN":              {`[NaN]`, "NaN and Infinity are no JSON, send null"},
		"a duplicate key":  {`{"a":{"b.c":1,"b.c":2}}`, "a.`b.c`\n  The key 'b.c' is given twice, give it once [type=duplicate_key, input_value='b.c', input_type=str]"},
		"a long text":      {`{"a":"` + strings.Repeat("é", 1000) + `"`, "input_value='{\"a\":\"" + strings.Repeat("é", 43) + "..." + strings.Repeat("é", 45) + "\"'"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := k.Decode([]byte(row.text), typed.DecodeOptions{})
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}

// TestInputsAreCut: at 100 characters, in the middle, of a value of any size.
func TestInputsAreCut(t *testing.T) {
	k := mustFor[int](t, typed.Options{})
	for name, row := range map[string]struct{ text, want string }{
		"100 characters stay":   {`"` + strings.Repeat("x", 98) + `"`, "'" + strings.Repeat("x", 98) + "'"},
		"101 are cut":           {`"` + strings.Repeat("x", 99) + `"`, "'" + strings.Repeat("x", 49) + "..." + strings.Repeat("x", 46) + "'"},
		"a million":             {`"` + strings.Repeat("x", 1_000_000) + `"`, "'" + strings.Repeat("x", 49) + "..." + strings.Repeat("x", 46) + "'"},
		"a long list":           {`[` + strings.Repeat("1,", 100_000) + `2]`, "[" + strings.Repeat("1, ", 16) + "1..." + strings.Repeat("1, ", 15) + "2]"},
		"characters, not bytes": {`"` + strings.Repeat("😀", 99) + `"`, "'" + strings.Repeat("😀", 49) + "..." + strings.Repeat("😀", 46) + "'"},
		"quotes":                {`"it's \"so\""`, `'it\'s "so"'`},
		"a nested one":          {`{"a":[true,false,null,{"b":-0}]}`, "{'a': [True, False, None, {'b': 0}]}"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := k.Decode([]byte(row.text), typed.DecodeOptions{})
			if err == nil {
				t.Fatal("no error")
			}
			input := err.(*typed.Invalid).Fields[0].Input
			if diff := cmp.Diff(row.want, input); diff != "" {
				t.Errorf("%d characters (-want +got)\n%s", len([]rune(input)), diff)
			}
		})
	}
}
