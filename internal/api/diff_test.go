package api_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/api"
)

// function is the API of one function f with one parameter x and a result.
func function(t *testing.T, parameter, result string) *api.API {
	t.Helper()
	required := `,"required":["x"]`
	if strings.Contains(parameter, `"default"`) {
		required = ""
	}
	return parse(t, `{"functions":[{"name":"f","rpc_schema":{"properties":{"x":`+parameter+`}`+required+`,"type":"object"},"return_schema":`+result+`}],"rpc_schema":{}}`)
}

func parse(t *testing.T, text string) *api.API {
	t.Helper()
	a, err := api.ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func texts(changes []api.Change) []string {
	out := []string{}
	for _, c := range changes {
		if !c.Breaking {
			out = append(out, "note: "+c.String())
			continue
		}
		out = append(out, c.String())
	}
	return out
}

// TestDiffOfValues compares two schemas both ways: as a parameter, where the new
// one must take what the old one took, and as a result, where it must not be
// wider.
func TestDiffOfValues(t *testing.T) {
	for name, row := range map[string]struct {
		old, updated      string
		parameter, result []string // of f.x and of f's result; none is no change
	}{
		"same":             {`{"type":"integer","title":"X","description":"a"}`, `{"type":"integer","title":"Y"}`, nil, nil},
		"int to float":     {`{"type":"integer"}`, `{"type":"number"}`, nil, []string{"it was integer and is number now"}},
		"float to int":     {`{"type":"number"}`, `{"type":"integer"}`, []string{"it was number and is integer now"}, nil},
		"int to string":    {`{"type":"integer"}`, `{"type":"string"}`, []string{"it was integer and is string now"}, []string{"it was integer and is string now"}},
		"int to any":       {`{"type":"integer"}`, `{}`, nil, []string{"it was integer, now any value may come"}},
		"any to int":       {`{}`, `{"type":"integer"}`, []string{"any value was taken, now only integer"}, nil},
		"any to any":       {`{}`, `true`, nil, nil},
		"optional":         {`{"type":"integer"}`, `{"anyOf":[{"type":"integer"},{"type":"null"}]}`, nil, []string{"null may come now"}},
		"no more optional": {`{"anyOf":[{"type":"integer"},{"type":"null"}]}`, `{"type":"integer"}`, []string{"null is refused now"}, nil},
		"list of types":    {`{"type":["integer","null"]}`, `{"anyOf":[{"type":"null"},{"type":"number"}]}`, nil, []string{"number may come now"}},
		"union":            {`{"anyOf":[{"type":"integer"},{"type":"string"}]}`, `{"anyOf":[{"type":"string"},{"type":"boolean"}]}`, []string{"integer is refused now"}, []string{"boolean may come now"}},

		"minimum":            {`{"type":"integer"}`, `{"type":"integer","minimum":1}`, []string{"values below 1 are refused now"}, nil},
		"minimum raised":     {`{"type":"integer","minimum":1}`, `{"type":"integer","minimum":1.5}`, []string{"values below 1.5 are refused now"}, nil},
		"minimum lowered":    {`{"type":"integer","minimum":1}`, `{"type":"integer","minimum":0}`, nil, []string{"values below 1 may come now"}},
		"exclusive":          {`{"type":"integer","minimum":1}`, `{"type":"integer","exclusiveMinimum":1}`, []string{"values of 1 and below are refused now"}, nil},
		"exclusive is more":  {`{"type":"number","exclusiveMinimum":1}`, `{"type":"number","minimum":1}`, nil, []string{"values of 1 and below may come now"}},
		"maximum":            {`{"type":"integer","maximum":10}`, `{"type":"integer","exclusiveMaximum":10}`, []string{"values of 10 and above are refused now"}, nil},
		"maximum gone":       {`{"type":"integer","maximum":10}`, `{"type":"integer"}`, nil, []string{"values above 10 may come now"}},
		"bound as exponent":  {`{"type":"integer","maximum":1e1}`, `{"type":"integer","maximum":10.0}`, nil, nil},
		"multiple":           {`{"type":"integer","multipleOf":10}`, `{"type":"integer","multipleOf":5}`, nil, []string{"not only multiples of 10 may come now"}},
		"other multiple":     {`{"type":"integer","multipleOf":4}`, `{"type":"integer","multipleOf":3}`, []string{"only multiples of 3 are taken now"}, []string{"not only multiples of 4 may come now"}},
		"length":             {`{"type":"string","maxLength":5}`, `{"type":"string","maxLength":4,"minLength":1}`, []string{"less than 1 characters are refused now", "more than 4 characters are refused now"}, nil},
		"no least length":    {`{"type":"string"}`, `{"type":"string","minLength":0}`, nil, nil},
		"elements":           {`{"type":"array","minItems":2}`, `{"type":"array","maxItems":2}`, []string{"more than 2 elements are refused now"}, []string{"less than 2 elements may come now"}},
		"pattern":            {`{"type":"string","pattern":"^a"}`, `{"type":"string","pattern":"^b"}`, []string{"it must match the pattern ^b now"}, []string{"it need not match the pattern ^a now"}},
		"format":             {`{"type":"string"}`, `{"type":"string","format":"date"}`, []string{"it must have the format date now"}, nil},
		"dataset":            {`{"type":"string"}`, `{"type":"string","contentMediaType":"application/x-netcdf"}`, []string{"it must be application/x-netcdf now"}, nil},
		"dataset, untyped":   {`{"contentMediaType":"application/x-netcdf"}`, `{}`, nil, []string{"it need not be application/x-netcdf now"}},
		"enum grows":         {`{"enum":["a","b"],"type":"string"}`, `{"enum":["a","b","c"],"type":"string"}`, nil, []string{`the value "c" may come now`}},
		"enum shrinks":       {`{"enum":["a","b"],"type":"string"}`, `{"const":"a","type":"string"}`, []string{`the value "b" is refused now`}, nil},
		"enum to string":     {`{"enum":["a","b"],"type":"string"}`, `{"type":"string"}`, nil, []string{`not only "a", "b" may come now`}},
		"enum to number":     {`{"enum":[1,2]}`, `{"type":"number"}`, nil, []string{`not only 1, 2 may come now`}},
		"enum to other type": {`{"enum":["a"]}`, `{"type":"number"}`, []string{`the value "a" is refused now`}, []string{`not only "a" may come now`}},
		"enum of numbers":    {`{"enum":[1,2.0]}`, `{"enum":[1.0,2]}`, nil, nil},

		"elements' type": {`{"items":{"type":"integer"},"type":"array"}`, `{"items":{"type":"string"},"type":"array"}`, []string{"[]: it was integer and is string now"}, []string{"[]: it was integer and is string now"}},
		"unique":         {`{"type":"array"}`, `{"type":"array","uniqueItems":true}`, []string{"an element may not come twice now"}, nil},
		"tuple":          {`{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}]}`, `{"type":"array","prefixItems":[{"type":"integer"},{"type":"integer"}]}`, []string{"1: it was string and is integer now"}, []string{"1: it was string and is integer now"}},
		"tuple to list":  {`{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}]}`, `{"type":"array","items":{"type":"integer"}}`, []string{"1: it was string and is integer now"}, []string{"1: it was string and is integer now"}},
		"map values":     {`{"type":"object","additionalProperties":{"type":"integer"}}`, `{"type":"object","additionalProperties":{"type":"number","maximum":3}}`, []string{"{}: values above 3 are refused now"}, []string{"{}: it was integer and is number now"}},

		"new required key": {`{"type":"object","properties":{"a":{}},"required":["a"]}`, `{"type":"object","properties":{"a":{},"b":{}},"required":["a","b"]}`, []string{"b: it must be given now"}, nil},
		"key not required": {`{"type":"object","properties":{"a":{}},"required":["a"]}`, `{"type":"object","properties":{"a":{}}}`, nil, []string{"a: it may be missing now"}},
		"key gone":         {`{"type":"object","properties":{"a":{},"b":{}},"required":["a","b"]}`, `{"type":"object","properties":{"a":{}},"required":["a"]}`, []string{"b: it is gone: what callers give is ignored"}, []string{"b: it may be missing now"}},
		"key's type":       {`{"type":"object","properties":{"a":{"type":"integer"}}}`, `{"type":"object","properties":{"a":{"type":"string"}}}`, []string{"a: it was integer and is string now"}, []string{"a: it was integer and is string now"}},
		"closed":           {`{"type":"object","properties":{"a":{}}}`, `{"type":"object","properties":{"a":{}},"additionalProperties":false}`, []string{"unknown keys are refused now"}, nil},
		"key gone, closed": {`{"type":"object","properties":{"a":{},"b":{}},"additionalProperties":false}`, `{"type":"object","properties":{"a":{}},"additionalProperties":false}`, []string{"b: it is refused now"}, nil},

		"reference":           {`{"$ref":"#/$defs/A","$defs":{"A":{"type":"integer"}}}`, `{"type":"integer"}`, nil, nil},
		"exponent that bombs": {`{"type":"integer","maximum":1e999999999}`, `{"type":"integer","maximum":2e999999999}`, []string{"values above 2e999999999 are refused now"}, []string{"values above 1e999999999 may come now"}},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(what string, old, updated *api.API, path string, want []string) {
				t.Helper()
				lines := []string{}
				for _, w := range want {
					if key, text, found := strings.Cut(w, ": "); found && !strings.Contains(key, " ") {
						lines = append(lines, path+"."+key+": "+text)
					} else {
						lines = append(lines, path+": "+w)
					}
				}
				if diff := cmp.Diff(lines, texts(api.Diff(old, updated))); diff != "" {
					t.Errorf("%s (-want +got)\n%s", what, diff)
				}
			}
			if name != "reference" { // a parameter's references look into the member's definitions
				check("parameter", function(t, row.old, `{}`), function(t, row.updated, `{}`), "f.x", row.parameter)
			}
			check("result", function(t, `{}`, row.old), function(t, `{}`, row.updated), "f, result", row.result)
		})
	}
}

func TestDiffOfMembers(t *testing.T) {
	member := func(name string) string {
		return fmt.Sprintf(`{"name":%q,"rpc_schema":{"properties":{"a":{"type":"integer","default":1},"b":{"type":"string","default":"x"}},"type":"object"},"return_schema":{}}`, name)
	}
	old := parse(t, `{"functions":[`+member("f")+`,`+member("g")+`],"classes":[{"name":"C","rpc_schema":{"properties":{"x":{"type":"integer"}},"type":"object"},"methods":[`+member("m")+`,`+member("n")+`]},{"name":"D","rpc_schema":{},"methods":[]}],"rpc_schema":{}}`)
	updated := parse(t, `{"functions":[{"name":"f","rpc_schema":{"properties":{"b":{"type":"string","default":"y"},"a":{"type":"integer"}},"required":["a"],"type":"object"},"return_schema":{}},`+member("new")+`],`+
		`"classes":[{"name":"C","rpc_schema":{"properties":{"x":{"type":"string"}},"type":"object"},"methods":[`+member("m")+`]}],"rpc_schema":{}}`)
	want := []string{
		"f.a: it must be given now",
		`note: f.b: the default was "x" and is "y"`,
		"note: f: the order of the parameters changed: calls of a new stub by position change their meaning",
		"g: the function is gone",
		"C.x: it was integer and is string now",
		"C.n: the method is gone",
		"D: the class is gone",
	}
	if diff := cmp.Diff(want, texts(api.Diff(old, updated))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if changes := api.Diff(old, old); len(changes) > 0 {
		t.Errorf("an API differs from itself: %v", changes)
	}
}

// TestDiffOfRecursiveTypesEnds: references that go round in a circle.
func TestDiffOfRecursiveTypesEnds(t *testing.T) {
	node := func(value string) string {
		return `{"functions":[{"name":"f","rpc_schema":{"$defs":{"Loop":{"$ref":"#/$defs/Loop"},"Node":{"properties":{"value":{"type":"` + value + `"},"next":{"anyOf":[{"$ref":"#/$defs/Node"},{"type":"null"}]},"kids":{"items":{"$ref":"#/$defs/Node"},"type":"array"}},"type":"object","title":"Node"}},` +
			`"properties":{"node":{"$ref":"#/$defs/Node"},"loop":{"$ref":"#/$defs/Loop"}},"type":"object"},"return_schema":{}}],"rpc_schema":{}}`
	}
	if changes := api.Diff(parse(t, node("integer")), parse(t, node("integer"))); len(changes) > 0 {
		t.Errorf("an API differs from itself: %v", changes)
	}
	got := texts(api.Diff(parse(t, node("integer")), parse(t, node("string"))))
	if want := []string{"f.node.value: it was integer and is string now"}; !cmp.Equal(want, got) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDiffOfManyAlternativesEnds: each level has two ways to fit, and none does.
func TestDiffOfManyAlternativesEnds(t *testing.T) {
	nested := func(leaf string) string {
		s := `{"type":"` + leaf + `"}`
		for range 40 {
			s = `{"type":"object","properties":{"a":{"anyOf":[{"$ref":"#/$defs/S"},` + s + `,{"type":"array"}]},"b":{"anyOf":[{"type":"boolean"},{"type":"null"}]}}}`
		}
		return s
	}
	defs := `{"S":{"type":"string"}}`
	doc := func(leaf string) *api.API {
		return parse(t, `{"functions":[{"name":"f","rpc_schema":{"$defs":`+defs+`,"properties":{"x":`+nested(leaf)+`},"type":"object"},"return_schema":{}}],"rpc_schema":{}}`)
	}
	if changes := api.Diff(doc("integer"), doc("boolean")); len(changes) == 0 {
		t.Error("no difference was found")
	}
}

func TestParseDocumentReadsBothForms(t *testing.T) {
	for _, module := range []string{"greet", "all_types", "misc", "hello_world", "hello_world_class", "progress"} {
		t.Run(module, func(t *testing.T) {
			var docs []*api.API
			for _, file := range []string{"schema.json", "api_info.json"} {
				text, err := os.ReadFile("../../testdata/golden/" + module + "/" + file)
				if err != nil {
					t.Fatal(err)
				}
				docs = append(docs, parse(t, string(text)))
			}
			if changes := append(api.Diff(docs[0], docs[1]), api.Diff(docs[1], docs[0])...); len(changes) > 0 {
				t.Errorf("the schema and the api_info differ: %v", changes)
			}
			if len(docs[0].Functions) != len(docs[1].Functions) || len(docs[0].Classes) != len(docs[1].Classes) {
				t.Errorf("the schema has %d functions and %d classes, the api_info %d and %d",
					len(docs[0].Functions), len(docs[0].Classes), len(docs[1].Functions), len(docs[1].Classes))
			}
		})
	}
}

func TestParseDocumentRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                                      "schema: ",
		`{}`:                                    "no schema of a module",
		`{"type":"object"}`:                     "no schema of a module",
		`{"$ref":"#/$defs/A"}`:                  "no schema of a module",
		`{"$defs":{"A":{}},"$ref":"#/$defs/A"}`: "#/$defs/A has neither func_name nor class_name",
		`{"rpc_schema":{}}`:                     "api_info: ",
	} {
		if _, err := api.ParseDocument([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", text, err, want)
		}
	}
}
