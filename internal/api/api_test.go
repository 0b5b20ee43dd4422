package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/internal/api"
)

const oneFunction = `"functions":[{"name":"f","rpc_schema":{"title":"FuncF"},"return_schema":{"default":null}}]`

func TestParseRefusesWhatIsNoAPIInfo(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":           {``, "unexpected EOF"},
		"text":              {`This module does not provide api information.`, "not valid JSON"},
		"list":              {`[]`, "want an object, got a list"},
		"no members":        {`{"classes":[],"functions":[],"rpc_schema":{}}`, "offers nothing"},
		"no rpc_schema":     {`{` + oneFunction + `}`, "no rpc_schema"},
		"functions null":    {`{"functions":null,"rpc_schema":{}}`, "functions: want a list, got null"},
		"function a string": {`{"functions":["f"],"rpc_schema":{}}`, "functions.0: want an object, got a string"},
		"no name":           {`{"functions":[{"rpc_schema":{},"return_schema":{}}],"rpc_schema":{}}`, "functions.0: a member without a name"},
		"no member schema":  {`{"functions":[{"name":"f","return_schema":{}}],"rpc_schema":{}}`, "functions.0: a member without rpc_schema"},
		"no return_schema":  {`{"functions":[{"name":"f","rpc_schema":{}}],"rpc_schema":{}}`, "functions.0: a member without return_schema"},
		"name twice":        {`{"classes":[{"name":"f","rpc_schema":{},"methods":[]}],` + oneFunction + `,"rpc_schema":{}}`, `functions.0.name: two members are called "f"`},
		"method twice":      {`{"classes":[{"name":"C","rpc_schema":{},"methods":[{"name":"m","rpc_schema":{},"return_schema":{}},{"name":"m","rpc_schema":{},"return_schema":{}}]}],"rpc_schema":{}}`, `classes.0.methods.1.name: two members are called "m"`},
		"schema inside":     {`{"functions":[{"name":"f","rpc_schema":{"items":3},"return_schema":{}}],"rpc_schema":{}}`, "functions.0.rpc_schema.items: want a schema"},
		"extension":         {`{` + oneFunction + `,"rpc_schema":{},"x-dasf":3}`, "x-dasf: "},
		"trailing":          {`{` + oneFunction + `,"rpc_schema":{}} x`, "text after the end"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := api.Parse([]byte(c.text))
			if err == nil || !strings.HasPrefix(err.Error(), "api_info: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestBothListsAreAlwaysWritten(t *testing.T) {
	for name, v := range map[string]any{"value": api.API{}, "pointer": &api.API{}} {
		got, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"classes":[],"functions":[],"rpc_schema":{}}`; string(got) != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestSchemaIsWrittenByValueToo(t *testing.T) {
	got, err := json.Marshal(map[string]api.Schema{"a": {Title: "T"}})
	if want := `{"a":{"title":"T"}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestExtensionTravelsOnlyWhereSet(t *testing.T) {
	for _, c := range []struct {
		name string
		x    *api.Extension
		want string
	}{
		{"none", nil, ``},
		{"empty", &api.Extension{}, ``},
		{"doc", &api.Extension{Doc: "A \"doc\""}, `,"x-dasf":{"doc":"A \"doc\""}`},
		{"all", &api.Extension{Doc: "d", Imports: "import x\n", HardCode: "y = 1"}, `,"x-dasf":{"doc":"d","imports":"import x\n","hard_code":"y = 1"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &api.API{Functions: []api.Function{{Name: "f"}}, Extension: c.x}
			text, err := a.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			want := `{"classes":[],"functions":[{"name":"f","rpc_schema":{},"return_schema":{}}],"rpc_schema":{}` + c.want + `}`
			if string(text) != want {
				t.Fatalf("got %s\nwant %s", text, want)
			}
			back, err := api.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if back.Extension != nil {
					t.Errorf("got %+v, want none", back.Extension)
				}
			} else if *back.Extension != *c.x {
				t.Errorf("got %+v, want %+v", back.Extension, c.x)
			}
		})
	}
}

func TestParseIgnoresUnknownKeysOutsideSchemas(t *testing.T) {
	text := `{"new":[1],"functions":[{"name":"f","new":{},"rpc_schema":{"x-new":1},"return_schema":{}}],"rpc_schema":{},"x-dasf":{"new":1,"doc":"d"}}`
	a, err := api.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(a.Functions[0].RPCSchema.Append(nil)); got != `{"x-new":1}` {
		t.Errorf("schema is %s", got)
	}
	if a.Extension.Doc != "d" {
		t.Errorf("doc is %q", a.Extension.Doc)
	}
}

func TestMerge(t *testing.T) {
	base := `{"description":"d","properties":{"b":{"type":"integer"},"a":{"examples":[1]}},"required":["b"],"title":"T","uniqueItems":true}`
	for name, c := range map[string]struct{ extra, want string }{
		"nothing":            {`{}`, base},
		"new keyword":        {`{"x-a":{"k":[1]}}`, `{"description":"d","properties":{"b":{"type":"integer"},"a":{"examples":[1]}},"required":["b"],"title":"T","uniqueItems":true,"x-a":{"k":[1]}}`},
		"string replaces":    {`{"title":"U","description":"e"}`, `{"description":"e","properties":{"b":{"type":"integer"},"a":{"examples":[1]}},"required":["b"],"title":"U","uniqueItems":true}`},
		"lists are joined":   {`{"required":["z"]}`, `{"description":"d","properties":{"b":{"type":"integer"},"a":{"examples":[1]}},"required":["b","z"],"title":"T","uniqueItems":true}`},
		"objects are merged": {`{"properties":{"c":{},"a":{"examples":[2],"x-a":true}}}`, `{"description":"d","properties":{"b":{"type":"integer"},"a":{"examples":[1,2],"x-a":true},"c":{}},"required":["b"],"title":"T","uniqueItems":true}`},
		"bool replaces":      {`{"uniqueItems":false}`, `{"description":"d","properties":{"b":{"type":"integer"},"a":{"examples":[1]}},"required":["b"],"title":"T"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s, extra := schemaOf(t, base), extraOf(t, c.extra)
			got, err := s.Merge(extra)
			if err != nil {
				t.Fatal(err)
			}
			if text := string(got.Append(nil)); text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
			if text := string(s.Append(nil)); text != base {
				t.Errorf("the schema that was merged into became %s", text)
			}
		})
	}
}

func TestMergeRefuses(t *testing.T) {
	base := `{"properties":{"a":{"title":"A"}},"title":"T"}`
	for name, c := range map[string]struct{ extra, want string }{
		"object over string": {`{"title":{}}`, "title: an object can't be merged into \"T\""},
		"list over object":   {`{"properties":[]}`, "properties: a list can't be merged into {"},
		"inside":             {`{"properties":{"a":{"title":[]}}}`, "properties: a: title: a list can't be merged"},
		"no schema":          {`{"minimum":"1"}`, "minimum: want a number"},
		"not JSON":           {``, "minimum: not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			extra := map[string]json.RawMessage{"minimum": json.RawMessage(`{`)}
			if c.extra != "" {
				extra = extraOf(t, c.extra)
			}
			_, err := schemaOf(t, base).Merge(extra)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func schemaOf(t *testing.T, text string) *api.Schema {
	t.Helper()
	s := &api.Schema{}
	if err := s.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return s
}

func extraOf(t *testing.T, text string) map[string]json.RawMessage {
	t.Helper()
	var extra map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &extra); err != nil {
		t.Fatal(err)
	}
	return extra
}
