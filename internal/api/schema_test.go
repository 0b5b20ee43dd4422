package api_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/api"
)

// TestSchemaRoundTrip reads a schema, writes it, and expects the same text back:
// the rows are written as MarshalJSON writes them.
func TestSchemaRoundTrip(t *testing.T) {
	for name, text := range map[string]string{
		"empty":                    `{}`,
		"true":                     `true`,
		"false":                    `false`,
		"order of properties":      `{"properties":{"b":{},"a":{"type":"integer"},"":{}},"required":["b","a"],"type":"object"}`,
		"no properties":            `{"properties":{},"title":"Empty","type":"object"}`,
		"default null":             `{"anyOf":[{"type":"integer"},{"type":"null"}],"default":null}`,
		"const null":               `{"const":null,"type":"null"}`,
		"several types":            `{"type":["string","null"]}`,
		"exact numbers":            `{"default":9007199254740993,"maximum":1e400,"minimum":-0.10}`,
		"literal item schema":      `{"items":false,"prefixItems":[{"type":"string"},true]}`,
		"additional true":          `{"additionalProperties":true,"type":"object"}`,
		"additional false":         `{"additionalProperties":false}`,
		"lists":                    `{"enum":["a",1,null],"examples":[{"z":1,"a":2}],"type":[]}`,
		"counts":                   `{"maxItems":0,"maxLength":10,"maxProperties":3,"minItems":0,"minLength":0,"minProperties":1,"uniqueItems":true}`,
		"unknown keywords":         `{"deprecated":true,"is_reporter":true,"patternProperties":{"^a":{}},"x-a":[1,{"b":"c"}]}`,
		"sorted definitions":       `{"$defs":{"A":{"type":"null"},"B":{}},"$ref":"#/$defs/A","description":"d"}`,
		"content":                  `{"contentEncoding":"base64","contentMediaType":"application/x-netcdf","format":"base64","type":"string"}`,
		"only needed escapes":      `{"description":"\"\\\n\r\t\b\f\u0000\u001f <&> \u007f é 🙂"}`,
		"property names":           `{"additionalProperties":{},"propertyNames":{"format":"uuid"}}`,
		"unions":                   `{"allOf":[{}],"anyOf":[],"discriminator":{"propertyName":"k"},"oneOf":[{"$ref":"#/$defs/A"}]}`,
		"rules":                    `{"exclusiveMaximum":10,"exclusiveMinimum":0.5,"maximum":3,"minimum":1,"multipleOf":0.1,"pattern":"^[a-z]+$"}`,
		"default keeps its order":  `{"default":{"z":1,"a":{"y":[],"b":2}}}`,
		"title beside a reference": `{"$ref":"#/$defs/A","default":null,"title":"T"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var s api.Schema
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				t.Fatal(err)
			}
			text = strings.ReplaceAll(text, `\u007f`, "\x7f")
			if got := string(s.Append(nil)); got != text {
				t.Errorf("wrote\n%s\nread\n%s", got, text)
			}
		})
	}
}

func TestSchemaSortsKeywordsAndDropsSpaces(t *testing.T) {
	var s api.Schema
	in := "{ \"type\" : \"object\",\n \"$defs\": {\"B\": {}, \"A\": { \"x-z\": [ 1, 2 ], \"enum\": [ { \"k\" : 1 } ] }},\"properties\":{\"z\":{},\"a\":{}}}"
	if err := json.Unmarshal([]byte(in), &s); err != nil {
		t.Fatal(err)
	}
	want := `{"$defs":{"A":{"enum":[{"k":1}],"x-z":[1,2]},"B":{}},"properties":{"z":{},"a":{}},"type":"object"}`
	if got := string(s.Append(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNilSchemaIsWrittenAsEmpty(t *testing.T) {
	var s *api.Schema
	if got := string(s.Append(nil)); got != "{}" {
		t.Errorf("got %s, want {}", got)
	}
	if s.Property("a") != nil || s.Requires("a") || s.Is(api.String) || s.Def("#/$defs/A") != nil {
		t.Error("a nil schema has parts")
	}
}

func TestSchemaRefusesBadText(t *testing.T) {
	deep := strings.Repeat(`{"items":`, 300) + `{}` + strings.Repeat(`}`, 300)
	many := `{"anyOf":[` + strings.Repeat(`{},`, 100_000) + `{}]}`
	for name, c := range map[string]struct{ text, want string }{
		"empty":               {``, "unexpected EOF"},
		"cut":                 {`{"items":{"type":`, "items.type: not valid JSON: unexpected EOF"},
		"list":                {`[]`, "want a schema, got a list"},
		"null":                {`null`, "want a schema, got null"},
		"string":              {`"a"`, "want a schema, got a string"},
		"number":              {`1`, "want a schema, got the number 1"},
		"trailing":            {`{}{}`, "text after the end"},
		"key twice":           {`{"properties":{"a":{},"a":{}}}`, `properties: the key "a" stands twice`},
		"properties a list":   {`{"properties":[]}`, "properties: want an object, got a list"},
		"property no schema":  {`{"properties":{"a":1}}`, "properties.a: want a schema, got the number 1"},
		"items a string":      {`{"items":"x"}`, "items: want a schema, got a string"},
		"anyOf an object":     {`{"anyOf":{}}`, "anyOf: want a list, got an object"},
		"ref a number":        {`{"$ref":1}`, "$ref: want a string, got the number 1"},
		"required of numbers": {`{"required":["a",1]}`, "required.1: want a string, got the number 1"},
		"type an object":      {`{"type":{}}`, "type: want a string or a list of strings, got an object"},
		"minimum a string":    {`{"minimum":"1"}`, "minimum: want a number, got a string"},
		"minLength negative":  {`{"minLength":-1}`, "minLength: want a whole number of at least 0, got -1"},
		"minLength fraction":  {`{"minLength":1.5}`, "minLength: want a whole number of at least 0, got 1.5"},
		"minLength huge":      {`{"minLength":1e400}`, "minLength: want a whole number of at least 0, got 1e400"},
		"uniqueItems":         {`{"uniqueItems":null}`, "uniqueItems: want true or false, got null"},
		"not UTF-8":           {"{\"title\":\"\xff\"}", "not valid UTF-8"},
		"deep":                {deep, "deeper than 256 levels"},
		"many":                {many, "more than 100000 schemas"},
		"long":                {`{"title":"` + strings.Repeat("x", 16<<20) + `"}`, "bytes of JSON, at most"},
	} {
		t.Run(name, func(t *testing.T) {
			var s api.Schema
			err := s.UnmarshalJSON([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestWholeFloatIsACount(t *testing.T) {
	var s api.Schema
	if err := s.UnmarshalJSON([]byte(`{"minLength":5.0,"maxLength":1e2}`)); err != nil {
		t.Fatal(err)
	}
	if got := string(s.Append(nil)); got != `{"maxLength":100,"minLength":5}` {
		t.Error(got)
	}
}

func TestReferences(t *testing.T) {
	for name, ref := range map[string]string{
		"Plain": "#/$defs/Plain",
		"a/b~c": "#/$defs/a~1b~0c",
		"50%":   "#/$defs/50%25",
	} {
		if got := api.RefTo(name); got != ref {
			t.Errorf("RefTo(%q) = %q, want %q", name, got, ref)
		}
		if got, ok := api.RefName(ref); !ok || got != name {
			t.Errorf("RefName(%q) = %q, %v", ref, got, ok)
		}
	}
	for _, ref := range []string{"", "#", "#/definitions/A", "#/$defs/A/properties/b", "other.json#/$defs/A"} {
		if got, ok := api.RefName(ref); ok {
			t.Errorf("RefName(%q) = %q, want none", ref, got)
		}
	}
}

// TestGoldenDocuments reads every document of the original and expects it back
// in the same words, the order of properties included.
func TestGoldenDocuments(t *testing.T) {
	files, err := filepath.Glob("../../testdata/golden/*/*.json")
	if err != nil || len(files) != 14 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out []byte
			if strings.HasSuffix(file, "api_info.json") {
				a, err := api.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				out, err = a.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
			} else {
				var s api.Schema
				if err := s.UnmarshalJSON(text); err != nil {
					t.Fatal(err)
				}
				out = s.Append(nil)
			}
			out, err = api.Indented(out, 2)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(text), string(out)+"\n"); diff != "" {
				t.Errorf("(-golden +written)\n%s", diff)
			}
		})
	}
}

func TestSpacedIsPythonsForm(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:                          `{}`,
		`{"a":[1,2],"b":{"c":0}}`:     `{"a": [1, 2], "b": {"c": 0}}`,
		`{"a,b:c":"x\",:\\","d":","}`: `{"a,b:c": "x\",:\\", "d": ","}`,
		`"a\`:                         `"a\`,
	} {
		if got := string(api.Spaced([]byte(in))); got != want {
			t.Errorf("Spaced(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestIndentedIsPythonsForm(t *testing.T) {
	got, err := api.Indented([]byte(`{"a":[],"b":{},"c":[1]}`), 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := "{\n \"a\": [],\n \"b\": {},\n \"c\": [\n  1\n ]\n}"; string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := api.Indented([]byte(`{`), 2); err == nil {
		t.Error("broken text was indented")
	}
}
