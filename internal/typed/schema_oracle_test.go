package typed_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/dasf-go/dasf/internal/typed"
)

// An oracle tells whether the strict decoder of a type and an independent
// validator of its schema take a value.
type oracle struct {
	schema *jsonschema.Schema
	decode func(text string) error
}

func newOracle[T any](t *testing.T) oracle {
	t.Helper()
	c := typed.NewCompiler(typed.Options{Strict: true})
	codec, err := typed.For[T](c, "the test")
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Schema(codec)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.Append(nil)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return oracle{compiled, func(text string) error {
		_, err := codec.Decode([]byte(text), typed.DecodeOptions{})
		return err
	}}
}

func (o oracle) validate(t *testing.T, text string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o.schema.Validate(value)
}

// TestStrictDecoderAgreesWithSchema asks an independent validator whether each
// value fits the schema, and expects of the strict decoder the same answer. Where
// they differ on purpose: JSON schema calls 2.0 an integer, pydantic's strict mode
// does not; the schema's formats know fewer forms of times and durations.
func TestStrictDecoderAgreesWithSchema(t *testing.T) {
	for name, row := range map[string]struct {
		oracle func(t *testing.T) oracle
		take   []string
		refuse []string
	}{
		"bool":   {newOracle[bool], []string{`true`, `false`}, []string{`1`, `"true"`, `null`, `[]`}},
		"int":    {newOracle[int], []string{`0`, `-3`}, []string{`1.5`, `"1"`, `true`, `null`, `{}`}},
		"uint":   {newOracle[uint], []string{`0`, `3`}, []string{`-1`, `0.5`, `"1"`}},
		"float":  {newOracle[float64], []string{`0`, `-3.5`, `1e300`}, []string{`"1"`, `true`, `null`}},
		"string": {newOracle[string], []string{`""`, `"a"`, `"ü🙂"`}, []string{`1`, `true`, `null`, `["a"]`}},
		"any":    {newOracle[any], []string{`null`, `1`, `{"a":[]}`}, nil},

		"list":         {newOracle[[]int], []string{`[]`, `[1,2]`}, []string{`null`, `{}`, `["1"]`, `[null]`, `1`}},
		"list of null": {newOracle[[]*int], []string{`[null,1]`}, []string{`["a"]`, `null`}},
		"array":        {newOracle[[2]int], []string{`[1,2]`}, []string{`[1]`, `[1,2,3]`, `[]`}},
		"set":          {newOracle[map[string]struct{}], []string{`[]`, `["a","b"]`}, []string{`{}`, `[1]`}},
		"tuple":        {newOracle[Pair[int, string]], []string{`[1,"a"]`}, []string{`[1]`, `["a",1]`, `[1,"a",2]`, `null`}},
		"map":          {newOracle[map[string]int], []string{`{}`, `{"a":1}`}, []string{`{"a":"1"}`, `{"a":null}`, `[]`}},
		"union":        {newOracle[OneOf[int, string]], []string{`1`, `"a"`}, []string{`1.5`, `null`, `[]`, `true`}},
		"tagged union": {newOracle[OneOf[Cat, Dog]], []string{`{"kind":"cat"}`, `{"kind":"dog"}`}, []string{`{"kind":"cow"}`, `{}`, `"cat"`}},
		"enum":         {newOracle[Color], []string{`"red"`}, []string{`"green"`, `"Red"`, `1`, `null`}},
		"int enum":     {newOracle[Level], []string{`1`, `2`}, []string{`3`, `"1"`}},
		"optional":     {newOracle[*int], []string{`null`, `1`}, []string{`"1"`, `1.5`}},

		"struct": {newOracle[Address],
			[]string{`{"street":"s"}`, `{"street":"","number":1,"tags":[]}`},
			[]string{`{}`, `{"street":null}`, `{"street":"s","number":0}`, `{"street":"s","number":null}`, `{"street":"s","tags":null}`, `{"Street":"s"}`, `{"street":"s","city":"c"}`, `[]`, `null`}},
		"recursive struct": {newOracle[Node],
			[]string{`{"name":"a"}`, `{"name":"a","next":{"name":"b","next":null},"kids":[{"name":"c"}]}`},
			[]string{`{"name":"a","next":{}}`, `{"name":"a","kids":[null]}`, `{"name":"a","kids":[{"name":1}]}`}},
		"recursive map":  {newOracle[Tree], []string{`{}`, `{"a":{"b":{}}}`}, []string{`{"a":1}`, `{"a":{"b":null}}`}},
		"recursive list": {newOracle[Nested], []string{`[]`, `[[],[[]]]`}, []string{`[1]`, `[[{}]]`}},
		"left out": {newOracle[struct {
			A []int  `json:"a,omitempty"`
			B string `json:"b" default:"x"`
			C *int   `json:"c"`
			D int    `json:"d,omitzero"`
		}], []string{`{}`, `{"a":[],"b":"","c":null,"d":0}`}, []string{`{"a":null}`, `{"b":null}`, `{"d":null}`}},

		"datetime": {newOracle[time.Time], []string{`"2024-02-29T12:30:00Z"`, `"2024-02-29T12:30:00.5+01:00"`}, []string{`"2024-02-30T12:30:00Z"`, `"yesterday"`, `{}`, `null`}},
		"date":     {newOracle[Date], []string{`"2024-02-29"`}, []string{`"2023-02-29"`, `"today"`, `null`}},
		"duration": {newOracle[time.Duration], []string{`"P1DT2H"`, `"PT30S"`}, []string{`"soon"`, `""`, `null`}},
		"bytes":    {newOracle[[]byte], []string{`""`, `"aGk="`}, []string{`1`, `null`, `[1]`}},

		"int rules": {newOracle[struct {
			X int `json:"x" validate:"gt=0,lte=10" multipleOf:"5"`
		}], []string{`{"x":5}`, `{"x":10}`}, []string{`{"x":0}`, `{"x":15}`, `{"x":3}`, `{}`}},
		"float rules": {newOracle[struct {
			X float64 `json:"x" validate:"gte=0.5,lt=10"`
		}], []string{`{"x":0.5}`, `{"x":9.99}`}, []string{`{"x":0.4}`, `{"x":10}`}},
		"string rules": {newOracle[struct {
			X string `json:"x" validate:"min=2,max=3" pattern:"^[äa]+$"`
		}], []string{`{"x":"aa"}`, `{"x":"äää"}`}, []string{`{"x":"a"}`, `{"x":"aaaa"}`, `{"x":"bb"}`, `{"x":"ä"}`}},
		"open ends": {newOracle[struct {
			X string `json:"x" validate:"gt=1,lt=4"`
			Y []int  `json:"y" validate:"gt=1,lt=4"`
		}], []string{`{"x":"ab","y":[1,2]}`, `{"x":"abc","y":[1,2,3]}`}, []string{`{"x":"a","y":[1,2]}`, `{"x":"abcd","y":[1,2]}`, `{"x":"ab","y":[1]}`, `{"x":"ab","y":[1,2,3,4]}`}},
		"equal": {newOracle[struct {
			X string `json:"x" validate:"eq=a"`
			Y int    `json:"y" validate:"ne=3"`
			Z []int  `json:"z" validate:"len=2"`
		}], []string{`{"x":"a","y":2,"z":[0,0]}`}, []string{`{"x":"b","y":2,"z":[0,0]}`, `{"x":"a","y":3,"z":[0,0]}`, `{"x":"a","y":2,"z":[0]}`}},
		"alternatives": {newOracle[struct {
			X string `json:"x" validate:"oneof='a b' c"`
			Y int    `json:"y" validate:"oneof=1 2"`
		}], []string{`{"x":"a b","y":1}`, `{"x":"c","y":2}`}, []string{`{"x":"a","y":1}`, `{"x":"c","y":3}`}},
		"element rules": {newOracle[struct {
			X [][]string         `json:"x" validate:"max=2,dive,min=1,dive,max=3"`
			Y map[string]float64 `json:"y" validate:"max=2,dive,keys,min=2,endkeys,lt=1"`
			Z []*int             `json:"z" validate:"dive,gte=1"`
		}], []string{`{"x":[["a"],["abc","b"]],"y":{"ab":0.5},"z":[1,null]}`, `{"x":[],"y":{},"z":[]}`},
			[]string{`{"x":[[]],"y":{},"z":[]}`, `{"x":[["abcd"]],"y":{},"z":[]}`, `{"x":[["a"],["a"],["a"]],"y":{},"z":[]}`, `{"x":[],"y":{"a":0.5},"z":[]}`, `{"x":[],"y":{"ab":1},"z":[]}`, `{"x":[],"y":{},"z":[0]}`}},
		"optional rules": {newOracle[struct {
			X *int    `json:"x" validate:"gte=1"`
			Y *string `json:"y" validate:"omitempty,max=2"`
			Z *[]int  `json:"z" validate:"min=1,dive,gt=0"`
		}], []string{`{}`, `{"x":1,"y":"ab","z":[1]}`, `{"x":null,"y":"","z":null}`}, []string{`{"x":0}`, `{"y":"abc"}`, `{"z":[]}`, `{"z":[0]}`}},
		"omitempty": {newOracle[struct {
			X int    `json:"x" validate:"omitempty,lte=5"`
			Y string `json:"y" validate:"omitempty,max=3"`
			Z []int  `json:"z" validate:"omitempty,min=2"`
		}], []string{`{"x":0,"y":"","z":[1,2]}`, `{"x":5,"y":"abc","z":[1,2]}`}, []string{`{"x":6,"y":"","z":[1,2]}`, `{"x":0,"y":"abcd","z":[1,2]}`, `{"x":0,"y":"","z":[]}`, `{"x":0,"y":"","z":[1]}`}},
		"unique": {newOracle[struct {
			X []int `json:"x" validate:"unique"`
		}], []string{`{"x":[]}`, `{"x":[1,2]}`}, []string{`{"x":[1,1]}`}},
		"const": {newOracle[struct {
			X string `json:"x" const:"a"`
			Y *int   `json:"y" const:"3"`
		}], []string{`{"x":"a"}`, `{"x":"a","y":3}`, `{"x":"a","y":null}`}, []string{`{"x":"b"}`, `{"x":"a","y":4}`, `{}`}},
		"characters": {newOracle[struct {
			A string `json:"a" validate:"alphanum"`
			B string `json:"b" validate:"startswith=x.,endswith=y"`
		}], []string{`{"a":"A1","b":"x.y"}`, `{"a":"z","b":"x. y"}`}, []string{`{"a":"","b":"x.y"}`, `{"a":"a b","b":"x.y"}`, `{"a":"a","b":"xay"}`, `{"a":"a","b":"x.z"}`}},
		"enum keys": {newOracle[map[Color]int], []string{`{"red":1}`, `{}`}, []string{`{"green":1}`, `{"red":"1"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			o := row.oracle(t)
			for _, text := range row.take {
				if err := o.validate(t, text); err != nil {
					t.Errorf("the schema refuses %s: %v", text, err)
				}
				if err := o.decode(text); err != nil {
					t.Errorf("the decoder refuses %s: %v", text, err)
				}
			}
			for _, text := range row.refuse {
				if err := o.validate(t, text); err == nil {
					t.Errorf("the schema takes %s", text)
				}
				if err := o.decode(text); err == nil {
					t.Errorf("the decoder takes %s", text)
				}
			}
		})
	}
}

// TestDefaultsFitTheirSchemas: what a stub shows as default, the schema allows.
func TestDefaultsFitTheirSchemas(t *testing.T) {
	type defaults struct {
		A int                           `json:"a" default:"3" validate:"gte=1"`
		B []Address                     `json:"b" default:"[{\"street\":\"s\"}]"`
		C Color                         `json:"c" default:"blue"`
		D *Node                         `json:"d" default:"{\"name\":\"n\"}"`
		E time.Time                     `json:"e" default:"2024-02-29T12:30:00Z"`
		F Pair[int, string]             `json:"f" default:"[1,\"a\"]"`
		G map[string]OneOf[int, string] `json:"g" default:"{\"k\":1}"`
		H Decimal                       `json:"h" default:"1.10"`
	}
	o := newOracle[defaults](t)
	c := typed.NewCompiler(typed.Options{})
	codec, err := typed.For[defaults](c, "the test")
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Schema(codec)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Defs["defaults"].Properties {
		text := fmt.Sprintf(`{%q:%s}`, p.Name, p.Schema.Default)
		if err := o.validate(t, text); err != nil {
			t.Errorf("the schema refuses the default %s: %v", text, err)
		}
		if err := o.decode(text); err != nil {
			t.Errorf("the decoder refuses the default %s: %v", text, err)
		}
	}
}
