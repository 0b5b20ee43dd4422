package typed_test

import (
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/typed"
)

func TestDecodeResult(t *testing.T) {
	var cache typed.Cache
	type result struct {
		F float64    `json:"f"`
		L []float64  `json:"l"`
		P *float64   `json:"p"`
		D dasf.Date  `json:"d,omitzero"`
		N int        `json:"n" validate:"gte=100"`
		T [2]float32 `json:"t"`
	}
	got, err := typed.DecodeResult[result](&cache, []byte(`{"f":null,"l":[null,1],"p":null,"n":"7","t":[1,null],"new":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(got.F) || !math.IsNaN(got.L[0]) || got.P != nil || got.N != 7 || !math.IsNaN(float64(got.T[1])) {
		t.Errorf("got %+v", got)
	}
	if f, err := typed.DecodeResult[float64](&cache, []byte("null")); err != nil || !math.IsNaN(f) {
		t.Errorf("a float result: got %v, %v", f, err)
	}
	if _, err := typed.DecodeResult[dasf.None](&cache, []byte("null")); err != nil {
		t.Error(err)
	}
	if v, err := typed.DecodeResult[any](&cache, []byte("9007199254740993")); err != nil || v != json.Number("9007199254740993") {
		t.Errorf("got %v, %v", v, err)
	}
	if p, err := typed.DecodeResult[dasf.Tuple2[float64, string]](&cache, []byte(`[null,"a"]`)); err != nil || !math.IsNaN(p.First) {
		t.Errorf("got %v, %v", p, err)
	}
	_, err = typed.DecodeResult[string](&cache, []byte("3"))
	if diff := cmp.Diff([]string{":string_type"}, kindsOf(t, err)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := typed.DecodeResult[chan int](&cache, []byte("3")); err == nil || !strings.Contains(err.Error(), "chan int has no JSON form") {
		t.Errorf("got %v", err)
	}
}

func TestDecodeResultConcurrently(t *testing.T) {
	var cache typed.Cache
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if v, err := typed.DecodeResult[[]Node](&cache, []byte(`[{"name":"a","kids":[{"name":"b"}]}]`)); err != nil || v[0].Kids[0].Name != "b" {
					t.Errorf("got %v, %v", v, err)
				}
				if _, err := cache.AppendRequest(nil, nil, map[string]any{"a": []any{Node{}, 1, "x"}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func TestAppendRequest(t *testing.T) {
	type args struct {
		A int     `json:"a"`
		B []int   `json:"b"`
		C *string `json:"c,omitempty"`
	}
	var cache typed.Cache
	name := []typed.Key{{Name: "func_name", Value: `f"`}}
	class := []typed.Key{{Name: "class_name", Value: "C"}, {Name: "function", Raw: []byte(`{"func_name":"m"}`)}}
	var none *args
	for what, row := range map[string]struct {
		keys  []typed.Key
		args  any
		want  string
		fails string
	}{
		"struct":           {name, args{A: 1}, `{"func_name":"f\"","a":1,"b":[]}`, ""},
		"pointer":          {name, &args{A: 1}, `{"func_name":"f\"","a":1,"b":[]}`, ""},
		"nil":              {name, nil, `{"func_name":"f\""}`, ""},
		"nil pointer":      {name, none, `{"func_name":"f\""}`, ""},
		"none":             {name, dasf.None{}, `{"func_name":"f\""}`, ""},
		"map":              {name, map[string]any{"b": math.NaN(), "a": "x"}, `{"func_name":"f\"","a":"x","b":null}`, ""},
		"empty map":        {class, map[string]int{}, `{"class_name":"C","function":{"func_name":"m"}}`, ""},
		"raw":              {name, json.RawMessage(` { "a" : 1 } `), `{"func_name":"f\"","a":1}`, ""},
		"no keys":          {nil, args{}, `{"a":0,"b":[]}`, ""},
		"no object":        {name, 3, "", "must be a struct, a map with string keys or nil, not int"},
		"a list":           {name, []int{1}, "", "not []int"},
		"the key itself":   {name, map[string]int{"func_name": 1}, "", `"func_name"`},
		"what has no form": {name, map[string]any{"a": make(chan int)}, "", "chan int"},
		"raw with a key":   {class, json.RawMessage(`{"a":{"function":1},"\u0066unction":1}`), "", `"function"`},
	} {
		t.Run(what, func(t *testing.T) {
			got, err := cache.AppendRequest(nil, row.keys, row.args)
			if row.fails != "" {
				if err == nil || !strings.Contains(err.Error(), row.fails) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || string(got) != row.want {
				t.Errorf("got %s, %v; want %s", got, err, row.want)
			}
		})
	}
}

// report is a type that the framework fills.
type report struct {
	Steps int `json:"steps" default:"0"`
	send  func()
}

func TestInjectedParameters(t *testing.T) {
	type request struct {
		A int     `json:"a"`
		R *report `json:"reporter"`
		S report  `json:"second"`
	}
	c := typed.NewCompiler(typed.Options{Injected: []any{(*report)(nil)}})
	k, err := typed.ForRequest[request](c, "Func f")
	if err != nil {
		t.Fatal(err)
	}
	inject := typed.DecodeOptions{Inject: func(field any) {
		switch f := field.(type) {
		case **report:
			if *f == nil {
				*f = new(report)
			}
			(*f).send = func() {}
		case *report:
			f.send = func() {}
		default:
			t.Errorf("given a %T", field)
		}
	}}
	for _, text := range []string{`{"a":1}`, `{"a":1,"reporter":null}`, `{"a":1,"reporter":{"steps":3},"second":{"steps":4}}`} {
		v, err := k.Decode([]byte(text), inject)
		if err != nil {
			t.Fatal(err)
		}
		if v.R.send == nil || v.S.send == nil || strings.Contains(text, "3") && (v.R.Steps != 3 || v.S.Steps != 4) {
			t.Errorf("%s: got %+v", text, v)
		}
	}
	want := []typed.Param{
		{Name: "a", Alias: "a", Required: true},
		{Name: "reporter", Alias: "reporter", Injected: true},
		{Name: "second", Alias: "second", Injected: true},
	}
	if diff := cmp.Diff(want, k.Params()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestPointersToParameters: null is no parameters, and none of theirs is lost.
func TestPointersToParameters(t *testing.T) {
	type request struct {
		A int     `json:"a"`
		R *report `json:"reporter"`
	}
	k, err := typed.ForRequest[*request](typed.NewCompiler(typed.Options{Injected: []any{(*report)(nil)}}), "Func f")
	if err != nil {
		t.Fatal(err)
	}
	injected := 0
	o := typed.DecodeOptions{Inject: func(any) { injected++ }}
	_, err = k.Decode([]byte(` null`), o)
	if diff := cmp.Diff([]string{":model_type"}, kindsOf(t, err)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if v, err := k.Decode([]byte(`{"a":1}`), o); err != nil || v.A != 1 || injected != 1 || len(k.Params()) != 2 {
		t.Errorf("got %v, %v, %d", v, err, injected)
	}
}

func TestDecodeOptions(t *testing.T) {
	type request struct {
		N int `json:"n"`
	}
	k, err := typed.ForRequest[request](typed.NewCompiler(typed.Options{Strict: true}), "Func f")
	if err != nil {
		t.Fatal(err)
	}
	o := typed.DecodeOptions{Reserved: []string{"func_name"}, Prefix: "function"}
	if _, err := k.Decode([]byte(`{"func_name":"f","n":1}`), o); err != nil {
		t.Error(err)
	}
	for text, want := range map[string][]string{
		`{"func_name":"f","n":"x","other":1}`: {"function.n:int_type", "function.other:extra_forbidden"},
		`[]`:                                  {"function:model_type"},
		`{`:                                   {"function:json_invalid"},
	} {
		_, err := k.Decode([]byte(text), o)
		if diff := cmp.Diff(want, kindsOf(t, err)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", text, diff)
		}
	}
}

func TestInvalidText(t *testing.T) {
	one := typed.FieldError{Path: "a.0", Type: "t", Message: "m", Input: "1", InputType: "int"}
	e := &typed.Invalid{Fields: []typed.FieldError{one}}
	if got, want := e.Text("f"), "1 validation error for f\na.0\n  m [type=t, input_value=1, input_type=int]"; got != want {
		t.Errorf("got %q", got)
	}
	e.Merge(&typed.Invalid{Fields: []typed.FieldError{{Type: "t", Message: "m", Input: "1", InputType: "int"}}, Omitted: 3})
	e.Merge(nil)
	if got, want := e.Text("f"), "5 validation errors for f\na.0\n  m [type=t, input_value=1, input_type=int]\n  m [type=t, input_value=1, input_type=int]\n… and 3 more"; got != want {
		t.Errorf("got %q", got)
	}
}
