package requests_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/requests"
)

type params struct {
	Text   string         `json:"text"`
	N      int            `json:"n"`
	F      float64        `json:"f"`
	B      bool           `json:"b"`
	Maybe  *string        `json:"maybe"`
	MaybeN *int           `json:"maybe_n"`
	List   []int          `json:"list"`
	Names  []string       `json:"names"`
	Map    map[string]int `json:"map"`
	Any    any            `json:"any"`
	Inner  inner          `json:"inner"`
}

type inner struct {
	X int `json:"x"`
}

func all(context.Context, params) (dasf.None, error) { return dasf.None{}, nil }

type greeter struct {
	Message string `json:"message"`
	Both    string `json:"both" default:"b"`
}

type greetRequest struct {
	Repeat int    `json:"repeat"`
	Both   string `json:"both" default:"b"`
}

func (g *greeter) Greet(context.Context, greetRequest) (string, error) { return "", nil }

func module() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "t"}, dasf.Func("all", all),
		dasf.Func("none", func(context.Context, dasf.None) (int, error) { return 0, nil }),
		dasf.Class("Greeter", dasf.New[greeter], dasf.Method("greet", (*greeter).Greet)))
}

func reader(in string) *requests.Reader {
	return &requests.Reader{In: strings.NewReader(in), API: func() (*dasf.API, error) { a := module().API(); return &a, nil }}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRequests(t *testing.T) {
	const head = `{"func_name":"all",`
	for _, tt := range []struct {
		name  string
		words []string
		in    string
		want  string
	}{
		{"JSON", []string{`{"func_name": "none"}`}, "", `{"func_name": "none"}`},
		{"YAML", []string{"{func_name: all, n: 3}"}, "", `{"func_name":"all","n":3}`},
		{"YAML in block style", []string{"func_name: all\nn: 3"}, "", `{"func_name":"all","n":3}`},
		{"YAML on one line", []string{"func_name: none"}, "", `{"func_name":"none"}`},
		{"JSON file", []string{write(t, "a.json", `{"func_name": "none"}`)}, "", `{"func_name": "none"}`},
		{"YAML file", []string{write(t, "a.YML", "func_name: none\n")}, "", `{"func_name":"none"}`},
		{"file of another name", []string{write(t, "request", "func_name: none\n")}, "", `{"func_name":"none"}`},
		{"standard input", []string{"-"}, "func_name: none", `{"func_name":"none"}`},
		{"member without parameters", []string{"none"}, "", `{"func_name":"none"}`},
		{"text stays text", []string{"all", "text=7"}, "", head + `"text":"7"}`},
		{"text with an equals sign", []string{"all", "text=a=b"}, "", head + `"text":"a=b"}`},
		{"empty text", []string{"all", "text="}, "", head + `"text":""}`},
		{"text like YAML", []string{"all", "text={a: [b"}, "", head + `"text":"{a: [b"}`},
		{"whole number", []string{"all", "n=-3"}, "", head + `"n":-3}`},
		{"large number", []string{"all", "n=9007199254740993"}, "", head + `"n":9007199254740993}`},
		{"float", []string{"all", "f=1e3"}, "", head + `"f":1e3}`},
		{"float without point", []string{"all", "f=2"}, "", head + `"f":2}`},
		{"boolean", []string{"all", "b=true"}, "", head + `"b":true}`},
		{"boolean in Python's spelling", []string{"all", "b=True"}, "", head + `"b":true}`},
		{"optional text", []string{"all", "maybe=7"}, "", head + `"maybe":"7"}`},
		{"optional text that is null", []string{"all", "maybe=null"}, "", head + `"maybe":null}`},
		{"optional number", []string{"all", "maybe_n=7"}, "", head + `"maybe_n":7}`},
		{"list", []string{"all", "list=[1, 2]"}, "", head + `"list":[1, 2]}`},
		{"list of texts", []string{"all", "names=[a, b c]"}, "", head + `"names":["a","b c"]}`},
		{"map", []string{"all", "map={a: 1}"}, "", head + `"map":{"a":1}}`},
		{"object", []string{"all", "inner={x: 1}"}, "", head + `"inner":{"x":1}}`},
		{"any", []string{"all", "any=1.5"}, "", head + `"any":1.5}`},
		{"what does not fit is left to the check", []string{"all", "n=abc"}, "", head + `"n":"abc"}`},
		{"several", []string{"all", "text=a", "n=1"}, "", head + `"text":"a","n":1}`},
		{"method", []string{"Greeter.greet", "repeat=2", "message=hi"}, "", `{"class_name":"Greeter","message":"hi","function":{"func_name":"greet","repeat":2}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := reader(tt.in).Read(tt.words)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestWrongRequests(t *testing.T) {
	for _, tt := range []struct {
		name  string
		words []string
		want  string
	}{
		{"unknown member", []string{"nope", "a=b"}, "unknown member nope: the members are all, none, Greeter.greet"},
		{"word that is nothing", []string{"nope"}, "unknown member nope"},
		{"class without method", []string{"Greeter", "message=hi"}, "Greeter: name a method: Greeter.greet"},
		{"unknown method", []string{"Greeter.nope"}, "name a method"},
		{"unknown parameter", []string{"all", "x=1"}, "all has no parameter x: it takes text, n,"},
		{"parameter of a member without any", []string{"none", "x=1"}, "none has no parameter x: it takes none"},
		{"name of the member as a parameter", []string{"all", "func_name=x"}, "all has no parameter func_name"},
		{"parameter twice", []string{"all", "n=1", "n=2"}, "the parameter n is given twice"},
		{"parameter of class and method", []string{"Greeter.greet", "both=x"}, "both the class and the method have a parameter both"},
		{"no value", []string{"all", "n"}, `"n" is no parameter: write NAME=VALUE`},
		{"no name", []string{"all", "=1"}, "write NAME=VALUE"},
		{"file that is not there", []string{"none.yaml"}, "the request file none.yaml: no such file"},
		{"folder", []string{t.TempDir()}, "is a directory"},
		{"broken YAML", []string{"{a: [b"}, "the request: line 2, column 1"},
		{"broken file", []string{write(t, "a.yaml", "a: 1\nb: {\n")}, "a.yaml: line 3, column 1"},
		{"list", []string{"[1]"}, "the request is [1]: it must be an object"},
		{"empty", []string{""}, "the request is null: it must be an object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := reader("").Read(tt.words)
			var usage *cmdline.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// A program often stands beside its sources under the name of its function.
func TestMemberBeatsFileOfItsName(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("none", []byte("\x7fELF"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := reader("").Read([]string{"none"}); err != nil || string(got) != `{"func_name":"none"}` {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAPIIsAskedForOnlyWhereItIsNeeded(t *testing.T) {
	r := &requests.Reader{API: func() (*dasf.API, error) { return nil, errors.New("asked") }}
	for _, word := range []string{"{func_name: a}", "func_name: a", write(t, "a.json", "{}")} {
		if _, err := r.Read([]string{word}); err != nil {
			t.Errorf("%s: %v", word, err)
		}
	}
	if _, err := r.Read([]string{"a", "b=c"}); err == nil || err.Error() != "asked" {
		t.Errorf("parameters: %v", err)
	}
}

func TestComplete(t *testing.T) {
	a := module().API()
	for _, tt := range []struct {
		before []string
		want   []string
	}{
		{nil, []string{"all", "none", "Greeter.greet"}},
		{[]string{"none"}, nil},
		{[]string{"Greeter.greet", "message=x"}, []string{"repeat="}},
		{[]string{"nope"}, nil},
	} {
		if diff := cmp.Diff(tt.want, requests.Complete(&a, tt.before)); diff != "" {
			t.Errorf("%v: %s", tt.before, diff)
		}
	}
}
