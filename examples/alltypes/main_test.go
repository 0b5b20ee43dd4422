package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/api/apitest"
)

// required are the arguments of all_types that can't be left out.
const required = `"i":3,"f":0.5,"b":true,"s":"abc","lf":[1,2.5],"di":{"k":1},"color":"red","level":2,"mode":"fast",` +
	`"when":"2024-02-29T12:30:00","day":"2024-02-29","person":{"name":"Ada","address":{"street":"Main"}}`

// Everything comes back, what was left out with its default.
func TestAllTypes(t *testing.T) {
	got, err := module().Handle(t.Context(), json.RawMessage(`{"func_name":"all_types",`+required+`}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"i":3,"f":0.5,"b":true,"s":"abc","lf":[1,2.5],"di":{"k":1},"color":"red","level":2,"mode":"fast",` +
		`"when":"2024-02-29T12:30:00","day":"2024-02-29","person":{"name":"Ada","address":{"street":"Main","number":1,"tags":[]},"born":null},` +
		`"opt":null,"m":10,"greeting":"hello","ratio":1.5,"flag":true,"names":["a","b"]}`
	if diff := cmp.Diff(decode(t, []byte(want)), decode(t, got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Each rule of the tags is held to.
func TestAllTypesRefuses(t *testing.T) {
	for name, change := range map[string]string{
		"i too large":        `"i":101`,
		"f too small":        `"f":0.4`,
		"s too short":        `"s":"a"`,
		"s against pattern":  `"s":"ABC"`,
		"lf empty":           `"lf":[]`,
		"lf too long":        `"lf":[1,2,3,4,5,6]`,
		"no color":           `"color":"green"`,
		"no level":           `"level":3`,
		"no mode":            `"mode":"medium"`,
		"no date":            `"day":"2024-02-30"`,
		"number in a person": `"person":{"name":"Ada","address":{"street":"Main","number":0}}`,
		"m no multiple of 5": `"m":3`,
		"null for a string":  `"greeting":null`,
	} {
		t.Run(name, func(t *testing.T) {
			var request map[string]json.RawMessage
			if err := json.Unmarshal([]byte(`{"func_name":"all_types",`+required+`}`), &request); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(`{`+change+`}`), &request); err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(request)
			if err != nil {
				t.Fatal(err)
			}
			if err := module().Validate(text); dasf.CodeOf(err) != dasf.CodeInvalidRequest {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNoAnnotations(t *testing.T) {
	got, err := module().Handle(t.Context(), json.RawMessage(`{"func_name":"no_annotations","a":{"deep":[9007199254740993]}}`))
	if want := `[{"deep":[9007199254740993]},3]`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestUnions(t *testing.T) {
	for _, x := range []string{`7`, `"seven"`} {
		got, err := module().Handle(t.Context(), json.RawMessage(`{"func_name":"unions","x":`+x+`,"nested":{"k":[{"street":"Main"}]}}`))
		if err != nil || string(got) != "null" {
			t.Errorf("x = %s: got %s, %v", x, got, err)
		}
	}
	for _, x := range []string{`{}`, `null`, `[7]`} {
		if err := module().Validate(json.RawMessage(`{"func_name":"unions","x":` + x + `}`)); err == nil {
			t.Errorf("x = %s was let through", x)
		}
	}
}

func TestSchemaIsPythons(t *testing.T) {
	m := module()
	apitest.Golden(t, "all_types", m.Schema(), m.API())
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
