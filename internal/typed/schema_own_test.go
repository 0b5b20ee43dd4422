package typed_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/swaggest/jsonschema-go"

	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/typed"
)

type (
	opaque  struct{ N int }
	exposed struct{ N int }
	model   struct{ N int }
	hoister struct{ N int }
	clasher struct{ N int }
	literal struct{ N int }
	broken  struct{ N int }
	code    struct{ _ string }

	prepared struct {
		X int `json:"x"`
	}
	panicker struct {
		X int `json:"x"`
	}
	SelfEmbedded struct {
		*SelfEmbedded
		X int `json:"x"`
	}
	outer struct {
		inner
		Y int `json:"y"`
	}
	inner struct {
		_ struct{} `description:"Of the inner one." title:"Inner"`
		X int      `json:"x"`
	}
	dataset struct{ _ []byte }
	swagger struct {
		A string `json:"a" minLength:"3" required:"false" format:"email" enum:"a,b" nullable:"true"`
		B string `required:"true"`
	}
)

func (opaque) MarshalJSON() ([]byte, error)  { return []byte("1"), nil }
func (*opaque) UnmarshalJSON([]byte) error   { return nil }
func (exposed) MarshalJSON() ([]byte, error) { return []byte("1"), nil }
func (*exposed) UnmarshalJSON([]byte) error  { return nil }
func (exposed) JSONSchemaBytes() ([]byte, error) {
	return []byte(`{"type":"integer","minimum":3}`), nil
}
func (model) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }
func (*model) UnmarshalJSON([]byte) error  { return nil }
func (model) JSONSchemaBytes() ([]byte, error) {
	return []byte(`{"type":"object","properties":{"z":{"type":"string"},"a":{}},"required":["z"]}`), nil
}
func (hoister) MarshalJSON() ([]byte, error) { return []byte("1"), nil }
func (*hoister) UnmarshalJSON([]byte) error  { return nil }
func (hoister) JSONSchemaBytes() ([]byte, error) {
	return []byte(`{"$ref":"#/$defs/Inside","$defs":{"Inside":{"items":{"$ref":"#/$defs/Deeper"}},"Deeper":{"type":"string"},"Unused":{}}}`), nil
}
func (clasher) MarshalJSON() ([]byte, error) { return []byte("1"), nil }
func (*clasher) UnmarshalJSON([]byte) error  { return nil }
func (clasher) JSONSchemaBytes() ([]byte, error) {
	return []byte(`{"$ref":"#/$defs/Address","$defs":{"Address":{}}}`), nil
}
func (literal) MarshalJSON() ([]byte, error)     { return []byte("1"), nil }
func (*literal) UnmarshalJSON([]byte) error      { return nil }
func (literal) JSONSchemaBytes() ([]byte, error) { return []byte(`true`), nil }
func (broken) MarshalJSON() ([]byte, error)      { return []byte("1"), nil }
func (*broken) UnmarshalJSON([]byte) error       { return nil }
func (broken) JSONSchemaBytes() ([]byte, error)  { return []byte(`{"items":3}`), nil }
func (code) MarshalText() ([]byte, error)        { return nil, nil }
func (*code) UnmarshalText([]byte) error         { return nil }
func (code) Description() string                 { return "A code." }
func (dataset) MarshalJSON() ([]byte, error)     { return []byte(`""`), nil }
func (*dataset) UnmarshalJSON([]byte) error      { return nil }
func (dataset) JSONSchemaBytes() ([]byte, error) {
	return []byte(`{"contentEncoding":"base64","contentMediaType":"application/x-netcdf","type":"string"}`), nil
}

func (prepared) Title() string { return "Well Prepared" }
func (prepared) PrepareJSONSchema(s *jsonschema.Schema) error {
	s.WithExtraPropertiesItem("x-prepared", true)
	return nil
}
func (panicker) Title() string { panic("no title") }

func TestOwnSchemas(t *testing.T) {
	for name, row := range map[string]struct {
		schema func() (*api.Schema, error)
		want   string
	}{
		"own JSON methods say nothing": {of[struct {
			X opaque `json:"x"`
		}](), `{"properties":{"x":{"title":"X"}},"required":["x"],"type":"object"}`},
		"JSONSchemaBytes": {of[struct {
			X *exposed `json:"x"`
		}](), `{"properties":{"x":{"anyOf":[{"minimum":3,"type":"integer"},{"type":"null"}],"default":null,"title":"X"}},"type":"object"}`},
		"dataset": {of[struct {
			X dataset `json:"x" description:"The input."`
		}](), `{"properties":{"x":{"contentEncoding":"base64","contentMediaType":"application/x-netcdf","description":"The input.","title":"X","type":"string"}},"required":["x"],"type":"object"}`},
		"an object gets a definition": {of[[]model](), `{"$defs":{"model":{"properties":{"z":{"type":"string"},"a":{}},"required":["z"],"title":"model","type":"object"}},"items":{"$ref":"#/$defs/model"},"type":"array"}`},
		"definitions are moved": {of[struct {
			X hoister `json:"x"`
		}](), `{"$defs":{"Deeper":{"type":"string"},"Inside":{"items":{"$ref":"#/$defs/Deeper"}}},"properties":{"x":{"$ref":"#/$defs/Inside"}},"required":["x"],"type":"object"}`},
		"text methods": {of[struct {
			X code `json:"x"`
		}](), `{"properties":{"x":{"description":"A code.","title":"X","type":"string"}},"required":["x"],"type":"object"}`},
		"swaggest's methods":          {of[prepared](), `{"$defs":{"prepared":{"properties":{"x":{"title":"X","type":"integer"}},"required":["x"],"title":"Well Prepared","type":"object","x-prepared":true}},"$ref":"#/$defs/prepared"}`},
		"embedding itself":            {of[SelfEmbedded](), `{"$defs":{"SelfEmbedded":{"properties":{"x":{"title":"X","type":"integer"}},"required":["x"],"title":"SelfEmbedded","type":"object"}},"$ref":"#/$defs/SelfEmbedded"}`},
		"description of the embedded": {of[outer](), `{"$defs":{"outer":{"properties":{"x":{"title":"X","type":"integer"},"y":{"title":"Y","type":"integer"}},"required":["x","y"],"title":"outer","type":"object"}},"$ref":"#/$defs/outer"}`},
		"alias for stubs": {of[struct {
			X int `json:"lat-lon" alias:"lat_lon"`
		}](), `{"properties":{"lat-lon":{"title":"Lat-Lon","type":"integer","x-dasf-alias":"lat_lon"}},"required":["lat-lon"],"type":"object"}`},
		// What the decoder does not check is not promised.
		"swaggest's tags": {of[swagger](), `{"$defs":{"swagger":{"properties":{"a":{"title":"A","type":"string"},"B":{"title":"B","type":"string"}},"required":["a","B"],"title":"swagger","type":"object"}},"$ref":"#/$defs/swagger"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := row.schema()
			if err != nil {
				t.Fatal(err)
			}
			if s.Ref == "" {
				s.Title = "" // of a struct without a name
			}
			if got := string(s.Append(nil)); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestOwnSchemasThatAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		schema func() (*api.Schema, error)
		want   string
	}{
		"literal":   {of[literal](), "typed_test.literal: JSONSchemaBytes: true is no object"},
		"no schema": {of[broken](), "typed_test.broken: JSONSchemaBytes: items: want a schema"},
		"panics":    {of[panicker](), "typed_test.panicker: a method that describes its schema panicked on a zero value: no title"},
		"type, then schema": {of[struct {
			X Address
			Y clasher
		}](), "typed_test.clasher: JSONSchemaBytes: the definition Address is the name of type typed_test.Address"},
		"schema, then type": {of[struct {
			X clasher
			Y Address
		}](), "have one name in the schema, Address: rename"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := row.schema()
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got error %v, want one with %q", err, row.want)
			}
		})
	}
}

// TestRecursiveTypesEnd: every form of recursion has a schema.
func TestRecursiveTypesEnd(t *testing.T) {
	for name, row := range map[string]struct {
		schema func() (*api.Schema, error)
		want   string
	}{
		"struct": {of[Node](), `{"$ref":"#/$defs/Node"}`},
		"map":    {of[Tree](), `{"$ref":"#/$defs/Tree"}`},
		"slice":  {of[[]Nested](), `{"items":{"$ref":"#/$defs/Nested"},"type":"array"}`},
		"rules of recursive types": {of[struct {
			X Nested `json:"x" validate:"min=1,dive,max=3"`
		}](), `{"properties":{"x":{"items":{"$ref":"#/$defs/Nested","maxItems":3},"minItems":1,"title":"X","type":"array"}},"required":["x"],"title":"","type":"object"}`},
		"rule of a recursive type": {of[struct {
			X Nested `json:"x" validate:"min=1"`
		}](), `{"properties":{"x":{"$ref":"#/$defs/Nested","minItems":1}},"required":["x"],"title":"","type":"object"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := row.schema()
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Defs) == 0 {
				t.Error("no definition")
			}
			s.Defs = nil
			got := string(s.Append(nil))
			if got != strings.ReplaceAll(row.want, `"title":"",`, "") {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

// TestSchemaIsTheSameEachTime: no order of a map gets into it.
func TestSchemaIsTheSameEachTime(t *testing.T) {
	var first string
	for range 20 {
		s, err := schemaOf[struct {
			A map[string]OneOf[Cat, Dog] `json:"a"`
			B Node                       `json:"b"`
			C []Color                    `json:"c"`
			D hoister                    `json:"d"`
		}](typed.Options{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(text)
		}
		if string(text) != first {
			t.Fatalf("got %s\nthen %s", first, text)
		}
	}
}

func TestUndeclaredTypesHaveTheSchemaThatSwaggestMakes(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[float32](), reflect.TypeFor[float64](),
		reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](),
		reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](),
		reflect.TypeFor[[]string](), reflect.TypeFor[[]*model](), reflect.TypeFor[[][]float64](), reflect.TypeFor[[3]bool](),
		reflect.TypeFor[map[string]int](), reflect.TypeFor[map[string]any](), reflect.TypeFor[map[int][]model](),
	} {
		ours, theirs, err := typed.Undeclared(typ)
		if err != nil || ours != theirs {
			t.Errorf("%s: %s, but swaggest makes %s, %v", typ, ours, theirs, err)
		}
	}
}
