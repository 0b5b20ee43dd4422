package typed_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/typed"
)

// request and result compile the types of a member for a description.
func request[T any](t *testing.T, c *typed.Compiler) typed.Type {
	t.Helper()
	codec, err := typed.ForRequest[T](c, "the test")
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

func result[T any](t *testing.T, c *typed.Compiler, rules ...string) typed.Type {
	t.Helper()
	codec, err := typed.For[T](c, "the test")
	if err != nil {
		t.Fatal(err)
	}
	if codec, err = codec.Result(rules...); err != nil {
		t.Fatal(err)
	}
	return codec
}

type (
	sumRequest struct {
		A int  `json:"a" description:"The first."`
		B *int `json:"b"`
	}
	ctorRequest struct {
		Scale float64 `json:"scale" default:"1.5"`
	}
	moveRequest struct {
		To Address `json:"to"`
	}
)

func describe(t *testing.T, c *typed.Compiler, m typed.ModuleDescription) *api.API {
	t.Helper()
	a, err := c.Describe(m)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func compact(t *testing.T, v json.Marshaler) string {
	t.Helper()
	text, err := v.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const (
	sumSchema = `"description":"Add.\n\nTwo numbers.","properties":{"func_name":{"const":"add_up","description":"The name of the function. Must be 'add_up'","title":"Func Name","type":"string"},` +
		`"a":{"description":"The first.","title":"A","type":"integer"},"b":{"anyOf":[{"type":"integer"},{"type":"null"}],"default":null,"title":"B"}},"required":["func_name","a"],"title":"FuncAddUp","type":"object"`
	addressSchema = `"Address":{"description":"An address.","properties":{"street":{"title":"Street","type":"string"},"number":{"default":1,"description":"House number","minimum":1,"title":"Number","type":"integer"},` +
		`"tags":{"default":[],"items":{"type":"string"},"title":"Tags","type":"array"}},"required":["street"],"title":"Address","type":"object"}`
)

func TestDescribeFunction(t *testing.T) {
	c := typed.NewCompiler(typed.Options{})
	a := describe(t, c, typed.ModuleDescription{Topic: "sums", Members: []typed.MemberDescription{{
		Name: "add_up", Doc: "\n Add.\n\nTwo numbers.\n", Returns: " The sum. ",
		Request: request[sumRequest](t, c), Result: result[int](t, c, "gt=0"),
	}}})
	want := `{"classes":[],"functions":[{"name":"add_up","rpc_schema":{` + sumSchema + `},` +
		`"return_schema":{"default":null,"description":"The sum.","exclusiveMinimum":0,"title":"FuncAddUp","type":"integer"}}],` +
		`"rpc_schema":{"$defs":{"FuncAddUp":{` + sumSchema + `}},"$ref":"#/$defs/FuncAddUp","description":"The member to call.","title":"sums"}}`
	if diff := cmp.Diff(want, compact(t, a)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestDescribeClass(t *testing.T) {
	c := typed.NewCompiler(typed.Options{})
	method := typed.MemberDescription{Name: "move_to", Request: request[moveRequest](t, c), Result: result[*Address](t, c)}
	class := typed.MemberDescription{Name: "Mover", Class: true, Request: request[ctorRequest](t, c), Methods: []typed.MemberDescription{method}}
	a := describe(t, c, typed.ModuleDescription{Topic: "moves", Members: []typed.MemberDescription{class}})

	ctor := `"scale":{"default":1.5,"title":"Scale","type":"number"},"class_name":{"const":"Mover","description":"The name of the function. Must be 'Mover'","title":"Class Name","type":"string"}`
	move := `"properties":{"func_name":{"const":"move_to","description":"The name of the function. Must be 'move_to'","title":"Func Name","type":"string"},"to":{"$ref":"#/$defs/Address"}},` +
		`"required":["func_name","to"],"title":"MethClassMoverMoveTo","type":"object"`
	want := `{"classes":[{"name":"Mover","rpc_schema":{"properties":{` + ctor + `},"required":["class_name"],"title":"ClassMover","type":"object"},` +
		`"methods":[{"name":"move_to","rpc_schema":{"$defs":{` + addressSchema + `},` + move + `},` +
		`"return_schema":{"$defs":{` + addressSchema + `},"anyOf":[{"$ref":"#/$defs/Address"},{"type":"null"}],"default":null,"title":"MethClassMoverMoveTo"}}]}],"functions":[],` +
		// One method is no union, and has no title then.
		`"rpc_schema":{"$defs":{` + addressSchema + `,"ClassMover":{"properties":{` + ctor + `,"function":{"$ref":"#/$defs/MethClassMoverMoveTo","description":"The method to call."}},` +
		`"required":["class_name","function"],"title":"ClassMover","type":"object"},"MethClassMoverMoveTo":{` + move + `}},"$ref":"#/$defs/ClassMover","description":"The member to call.","title":"moves"}}`
	if diff := cmp.Diff(want, compact(t, a)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestExtraSchema: as in demessaging, the schema of the module has the extra of
// the module only.
func TestExtraSchema(t *testing.T) {
	c := typed.NewCompiler(typed.Options{})
	extra := func(text string) map[string]json.RawMessage {
		var m map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	a := describe(t, c, typed.ModuleDescription{
		Topic: "extras", Extra: extra(`{"x-module":1,"title":"other"}`),
		Members: []typed.MemberDescription{
			{Name: "f", Extra: extra(`{"x-function":{"a":1},"properties":{"a":{"x-a":true}}}`), Request: request[sumRequest](t, c), Result: result[int](t, c)},
			{Name: "C", Class: true, Extra: extra(`{"x-class":1}`), Request: request[ctorRequest](t, c), Methods: []typed.MemberDescription{
				{Name: "m", Extra: extra(`{"x-method":1}`), Request: request[None](t, c), Result: result[None](t, c)},
			}},
		},
	})
	f := a.Functions[0].RPCSchema
	if string(f.Extra["x-function"]) != `{"a":1}` || string(f.Property("a").Extra["x-a"]) != "true" {
		t.Errorf("function: %s", f.Append(nil))
	}
	if s := a.Classes[0].RPCSchema; string(s.Extra["x-class"]) != "1" {
		t.Errorf("class: %s", s.Append(nil))
	}
	if s := a.Classes[0].Methods[0].RPCSchema; string(s.Extra["x-method"]) != "1" {
		t.Errorf("method: %s", s.Append(nil))
	}
	if s := a.RPCSchema; string(s.Extra["x-module"]) != "1" || s.Title != "other" {
		t.Errorf("module: %s", s.Append(nil))
	}
	text := compact(t, a.RPCSchema)
	for _, key := range []string{"x-function", "x-class", "x-method", "x-a"} {
		if strings.Contains(text, key) {
			t.Errorf("the module's schema has %s, which demessaging keeps to the member", key)
		}
	}
}

func TestResultThatIsNone(t *testing.T) {
	c := typed.NewCompiler(typed.Options{})
	a := describe(t, c, typed.ModuleDescription{Topic: "t", Members: []typed.MemberDescription{
		{Name: "none", Request: request[None](t, c), Result: result[None](t, c)},
	}})
	f := a.Functions[0]
	if got, want := compact(t, f.ReturnSchema), `{"default":null,"title":"FuncNone"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(f.RPCSchema.Properties) != 1 || f.RPCSchema.Title != "FuncNone" {
		t.Errorf("request: %s", compact(t, f.RPCSchema))
	}
}

func TestStrictSchemasAreClosed(t *testing.T) {
	c := typed.NewCompiler(typed.Options{Strict: true})
	a := describe(t, c, typed.ModuleDescription{Topic: "t", Members: []typed.MemberDescription{
		{Name: "C", Class: true, Request: request[ctorRequest](t, c), Methods: []typed.MemberDescription{
			{Name: "m", Request: request[moveRequest](t, c), Result: result[int](t, c)},
		}},
	}})
	for name, def := range a.RPCSchema.Defs {
		if got := compact(t, def); !strings.Contains(got, `"additionalProperties":false`) {
			t.Errorf("%s is open: %s", name, got)
		}
	}
	// The whole request has the key function, which this schema does not name.
	if s := a.Classes[0].RPCSchema; s.AdditionalProperties != nil {
		t.Errorf("the constructor's schema is closed: %s", compact(t, s))
	}
}

func TestInjectedParameterIsAReporter(t *testing.T) {
	c := typed.NewCompiler(typed.Options{Injected: []any{(*Node)(nil)}})
	a := describe(t, c, typed.ModuleDescription{Topic: "t", Members: []typed.MemberDescription{
		{Name: "f", Request: request[struct {
			Reporter *Node `json:"reporter"`
		}](t, c), Result: result[int](t, c)},
	}})
	want := `{"anyOf":[{"$ref":"#/$defs/Node"},{"type":"null"}],"default":null,"is_reporter":true}`
	if got := compact(t, a.Functions[0].RPCSchema.Property("reporter")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

type FuncTaken struct {
	X int `json:"x"`
}

func TestNamesThatClash(t *testing.T) {
	type Address struct { // the package has one too
		City string `json:"city"`
	}
	none := func(t *testing.T, c *typed.Compiler, name string) typed.MemberDescription {
		return typed.MemberDescription{Name: name, Request: request[None](t, c), Result: result[None](t, c)}
	}
	for name, row := range map[string]struct {
		members func(t *testing.T, c *typed.Compiler) []typed.MemberDescription
		want    []string
	}{
		"two types": {func(t *testing.T, c *typed.Compiler) []typed.MemberDescription {
			return []typed.MemberDescription{{Name: "f", Request: request[moveRequest](t, c), Result: result[Address](t, c)}}
		}, []string{"Func f: result: ", "two types are called Address", "typed_test.Address"}},
		"type and request": {func(t *testing.T, c *typed.Compiler) []typed.MemberDescription {
			return []typed.MemberDescription{{Name: "taken", Request: request[None](t, c), Result: result[FuncTaken](t, c)}}
		}, []string{"typed_test.FuncTaken", "the request of Func taken", "FuncTaken: rename one"}},
		"two functions": {func(t *testing.T, c *typed.Compiler) []typed.MemberDescription {
			return []typed.MemberDescription{none(t, c, "a_b"), none(t, c, "aB")}
		}, []string{"Func a_b and Func aB have one name in the schema, FuncAB"}},
		"method and class": {func(t *testing.T, c *typed.Compiler) []typed.MemberDescription {
			class := typed.MemberDescription{Name: "C", Class: true, Request: request[None](t, c), Methods: []typed.MemberDescription{none(t, c, "m"), none(t, c, "M")}}
			return []typed.MemberDescription{class}
		}, []string{"Class C, Method m and Class C, Method M have one name"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := typed.NewCompiler(typed.Options{})
			_, err := c.Describe(typed.ModuleDescription{Topic: "t", Members: row.members(t, c)})
			for _, want := range row.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got error %v, want one with %q", err, want)
				}
			}
		})
	}
}

func TestExtraThatIsNoSchemaNamesTheMember(t *testing.T) {
	c := typed.NewCompiler(typed.Options{})
	bad := map[string]json.RawMessage{"title": json.RawMessage(`{}`)}
	f := typed.MemberDescription{Name: "f", Request: request[None](t, c), Result: result[None](t, c)}
	worse := f
	worse.Extra = bad
	for name, m := range map[string]typed.ModuleDescription{
		"the module's extra schema: title":       {Topic: "t", Extra: bad, Members: []typed.MemberDescription{f}},
		"Func f: extra schema: title":            {Topic: "t", Members: []typed.MemberDescription{worse}},
		"Class C: extra schema: title":           {Topic: "t", Members: []typed.MemberDescription{{Name: "C", Class: true, Extra: bad, Request: f.Request, Methods: []typed.MemberDescription{f}}}},
		"Class C, Method f: extra schema: title": {Topic: "t", Members: []typed.MemberDescription{{Name: "C", Class: true, Request: f.Request, Methods: []typed.MemberDescription{worse}}}},
	} {
		if _, err := c.Describe(m); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("got error %v, want one that begins with %q", err, name)
		}
	}
}

func TestReferenceToNothing(t *testing.T) {
	c := typed.NewCompiler(typed.Options{})
	m := typed.MemberDescription{
		Name: "f", Request: request[None](t, c), Result: result[int](t, c),
		Extra: map[string]json.RawMessage{"anyOf": json.RawMessage(`[{"$ref":"#/$defs/Nothing"}]`)},
	}
	_, err := c.Describe(typed.ModuleDescription{Topic: "t", Members: []typed.MemberDescription{m}})
	if err == nil || err.Error() != "f: the schema refers to #/$defs/Nothing, which it does not define" {
		t.Errorf("got %v", err)
	}
}

func TestFieldTitles(t *testing.T) {
	// What pydantic 2.14.4 gave to fields of these names.
	type names struct {
		A int `json:"lat_lon"`
		B int `json:"lat-lon" alias:"b"`
		C int `json:"_x" alias:"c"`
		D int `json:"a1b"`
		E int `json:"myHTTP"`
		F int `json:"x__y"`
		G int `json:"2x" alias:"g"`
		H int `json:"ünder_straße" alias:"h"`
		//lint:ignore SA5008 a name that is legal here, if odd
		I int `json:"o'neil" alias:"i"`
		J int `json:"ALLCAPS"`
		K int `json:"x_"`
		L int `json:"a.b" alias:"l"`
	}
	want := []string{"Lat Lon", "Lat-Lon", "X", "A1B", "Myhttp", "X  Y", "2X", "Ünder Straße", "O'Neil", "Allcaps", "X", "A.B"}
	s, err := schemaOf[names](typed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range s.Defs["names"].Properties {
		got = append(got, p.Schema.Title)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNamesOfGenericTypesAreIdentifiers(t *testing.T) {
	type local struct {
		X int `json:"x"`
	}
	for want, row := range map[string]func() (*api.Schema, error){
		"Page_int_":                of[Page[int]](),
		"Page_Address_":            of[Page[Address]](),
		"Page___Address_":          of[Page[[]Address]](),
		"Page_Page_Color__":        of[Page[Page[Color]]](),
		"Page_map_string_Address_": of[Page[map[string]Address]](),
		"Page_local_":              of[Page[local]](),
		"local":                    of[local](),
	} {
		s, err := row()
		if err != nil {
			t.Fatal(err)
		}
		if s.Ref != api.RefTo(want) {
			t.Errorf("got %s, want the name %s", s.Ref, want)
		}
	}
	s, err := schemaOf[Page[Address]](typed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Defs["Page_Address_"].Title; got != "Page[Address]" {
		t.Errorf("title is %q", got)
	}
}
