package typed_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/typed"
)

// A depth is a place in which a value of the type under test stands.
type depth struct {
	name          string
	before, after string // of its text
	path          string
	decode        func(text string, strict bool) (string, error)
}

func decoderOf(t *testing.T, typ reflect.Type) func(string, bool) (string, error) {
	t.Helper()
	decoders := map[bool]func(string) (string, error){}
	for _, strict := range []bool{false, true} {
		decode, err := typed.Decoder(typ, typed.Options{Strict: strict})
		if err != nil {
			t.Fatal(err)
		}
		decoders[strict] = decode
	}
	return func(text string, strict bool) (string, error) { return decoders[strict](text) }
}

// depthsOf lists the places.
func depthsOf[T any](t *testing.T) []depth {
	t.Helper()
	typ := reflect.TypeFor[T]()
	text := reflect.TypeFor[string]()
	object := func(key string, of reflect.Type) reflect.Type {
		return reflect.StructOf([]reflect.StructField{{Name: "X", Type: of, Tag: reflect.StructTag(`json:"` + key + `"`)}})
	}
	field := object("x", typ)
	tuple := reflect.StructOf([]reflect.StructField{
		{Name: "_", PkgPath: "x", Type: reflect.TypeFor[typed.Tuple]()},
		{Name: "First", Type: reflect.TypeFor[int]()}, {Name: "Second", Type: typ},
	})
	at := func(name, before, after, path string, of reflect.Type) depth {
		return depth{name, before, after, path, decoderOf(t, of)}
	}
	return []depth{
		at("alone", "", "", "", typ),
		at("field", `{"x":`, `}`, "x", field),
		at("nested field", `{"inner":{"x":`, `}}`, "inner.x", object("inner", field)),
		at("slice", `[`, `]`, "0", reflect.SliceOf(typ)),
		at("slice of slices", `[[],[`, `]]`, "1.0", reflect.SliceOf(reflect.SliceOf(typ))),
		at("slice of structs", `[{"x":`, `}]`, "0.x", reflect.SliceOf(field)),
		at("array", `[`, `]`, "0", reflect.ArrayOf(1, typ)),
		at("map", `{"k":`, `}`, "k", reflect.MapOf(text, typ)),
		at("map of slices", `{"k":[`, `]}`, "k.0", reflect.MapOf(text, reflect.SliceOf(typ))),
		at("map of structs", `{"a.b":{"x":`, `}}`, "`a.b`.x", reflect.MapOf(text, field)),
		at("tuple", `[0,`, `]`, "1", tuple),
		at("pointer", "", "", "", reflect.PointerTo(typ)),
		at("slice of pointers", `[`, `]`, "0", reflect.SliceOf(reflect.PointerTo(typ))),
	}
}

// nullDepths are those where null is not of the type itself.
var nullDepths = []string{"pointer", "slice of pointers"}

type outcome struct {
	value string // what it encodes to again
	fails string // or the types of the errors, with the paths below the place
}

func takes(value string) outcome { return outcome{value: value} }
func fails(kinds string) outcome { return outcome{fails: kinds} }

// TestRulesOfDecoding is one table for the rules that hold at every depth, with
// a column for each mode.
func TestRulesOfDecoding(t *testing.T) {
	type named float64
	type small int8
	rows := []struct {
		rule   string
		depths []depth
		input  string
		lax    outcome
		strict outcome
	}{
		{"zero is a value", depthsOf[int](t), `0`, takes(`0`), takes(`0`)},
		{"false is a value", depthsOf[bool](t), `false`, takes(`false`), takes(`false`)},
		{"an empty string is a value", depthsOf[string](t), `""`, takes(`""`), takes(`""`)},
		{"null int", depthsOf[int](t), `null`, fails("int_type"), fails("int_type")},
		{"null uint", depthsOf[uint](t), `null`, fails("int_type"), fails("int_type")},
		{"null bool", depthsOf[bool](t), `null`, fails("bool_type"), fails("bool_type")},
		{"null string", depthsOf[string](t), `null`, fails("string_type"), fails("string_type")},
		{"null slice", depthsOf[[]int](t), `null`, fails("list_type"), fails("list_type")},
		{"null array", depthsOf[[2]int](t), `null`, fails("list_type"), fails("list_type")},
		{"null map", depthsOf[map[string]int](t), `null`, fails("dict_type"), fails("dict_type")},
		{"null struct", depthsOf[Address](t), `null`, fails("model_type"), fails("model_type")},
		{"null time", depthsOf[time.Time](t), `null`, fails("datetime_type"), fails("datetime_type")},
		{"null duration", depthsOf[time.Duration](t), `null`, fails("time_delta_type"), fails("time_delta_type")},
		{"null bytes", depthsOf[[]byte](t), `null`, fails("bytes_type"), fails("bytes_type")},
		{"null UUID", depthsOf[dasf.UUID](t), `null`, fails("uuid_type"), fails("uuid_type")},
		{"null enum", depthsOf[Color](t), `null`, fails("enum"), fails("enum")},
		{"null big integer", depthsOf[big.Int](t), `null`, fails("int_type"), fails("int_type")},
		{"null set", depthsOf[dasf.Set[int]](t), `null`, fails("set_type"), fails("set_type")},
		{"null json.Number", depthsOf[json.Number](t), `null`, fails("float_type"), fails("float_type")},
		{"null any", depthsOf[any](t), `null`, takes(`null`), takes(`null`)},
		{"null raw", depthsOf[json.RawMessage](t), `null`, takes(`null`), takes(`null`)},
		{"null for an Optional", depthsOf[*int](t), `null`, takes(`null`), takes(`null`)},

		{"int from a string", depthsOf[int](t), `"7"`, takes(`7`), fails("int_type")},
		{"int from a whole float", depthsOf[int](t), `5.0`, takes(`5`), fails("int_type")},
		{"int from an exponent", depthsOf[int](t), `1e3`, takes(`1000`), fails("int_type")},
		{"int from a bool", depthsOf[int](t), `true`, takes(`1`), fails("int_type")},
		{"int with a fraction", depthsOf[int](t), `1.5`, fails("int_from_float"), fails("int_type")},
		{"int of a word", depthsOf[int](t), `"x"`, fails("int_parsing"), fails("int_type")},
		{"-0 for an int", depthsOf[int](t), `-0`, takes(`0`), takes(`0`)},
		{"2^63 for an int", depthsOf[int](t), `9223372036854775808`, fails("less_than_equal"), fails("less_than_equal")},
		{"-2^63 for an int", depthsOf[int](t), `-9223372036854775808`, takes(`-9223372036854775808`), takes(`-9223372036854775808`)},
		{"-2^63-1 for an int", depthsOf[int](t), `-9223372036854775809`, fails("greater_than_equal"), fails("greater_than_equal")},
		{"2^64-1 for a uint", depthsOf[uint64](t), `18446744073709551615`, takes(`18446744073709551615`), takes(`18446744073709551615`)},
		{"-1 for a uint", depthsOf[uint16](t), `-1`, fails("greater_than_equal"), fails("greater_than_equal")},
		{"-0 for a uint", depthsOf[uint16](t), `-0`, takes(`0`), takes(`0`)},
		{"128 for an int8", depthsOf[small](t), `128`, fails("less_than_equal"), fails("less_than_equal")},
		{"2^53+1 stays exact", depthsOf[int](t), `9007199254740993.0`, takes(`9007199254740993`), fails("int_type")},
		{"2^53+1 stays exact in any", depthsOf[any](t), `9007199254740993`, takes(`9007199254740993`), takes(`9007199254740993`)},
		{"an exponent beyond all bounds", depthsOf[int](t), `1e400000000000`, fails("int_parsing_size"), fails("int_type")},
		{"an exponent below all bounds", depthsOf[int](t), `1e-400000000000`, fails("int_from_float"), fails("int_type")},
		{"a big integer", depthsOf[big.Int](t), `1180591620717411303424`, takes(`1180591620717411303424`), takes(`1180591620717411303424`)},
		{"a big integer from a string", depthsOf[big.Int](t), `"1_000"`, takes(`1000`), fails("int_type")},
		{"a big integer with an exponent", depthsOf[big.Int](t), `12e20`, takes(`1200000000000000000000`), fails("int_type")},

		{"float from an int", depthsOf[float64](t), `2`, takes(`2.0`), takes(`2.0`)},
		{"float from a string", depthsOf[float64](t), `"2.5"`, takes(`2.5`), fails("float_type")},
		{"float from a bool", depthsOf[float64](t), `true`, takes(`1.0`), fails("float_type")},
		{"float of a word", depthsOf[float64](t), `"x"`, fails("float_parsing"), fails("float_type")},
		{"float keeps -0", depthsOf[float64](t), `-0.0`, takes(`-0.0`), takes(`-0.0`)},
		{"float keeps full precision", depthsOf[float64](t), `0.1000000000000000055511151231257827`, takes(`0.1`), takes(`0.1`)},
		{"1e400 for a float", depthsOf[float64](t), `1e400`, fails("finite_number"), fails("finite_number")},
		{"1e39 for a float32", depthsOf[float32](t), `1e39`, fails("finite_number"), fails("finite_number")},
		{"float32 from a string", depthsOf[float32](t), `"0.1"`, takes(`0.1`), fails("float_type")},
		{"named float", depthsOf[named](t), `"1.5"`, takes(`1.5`), fails("float_type")},

		{"bool from a word", depthsOf[bool](t), `"yes"`, takes(`true`), fails("bool_type")},
		{"bool from a number", depthsOf[bool](t), `1`, takes(`true`), fails("bool_type")},
		{"bool of 2", depthsOf[bool](t), `2`, fails("bool_parsing"), fails("bool_type")},
		{"string from a number", depthsOf[string](t), `3`, fails("string_type"), fails("string_type")},
		{"enum by value", depthsOf[Color](t), `"blue"`, takes(`"blue"`), takes(`"blue"`)},
		{"enum of another value", depthsOf[Color](t), `"BLUE"`, fails("enum"), fails("enum")},
		{"int enum from a string", depthsOf[Level](t), `"2"`, takes(`2`), fails("enum")},
		{"time of Python's form", depthsOf[time.Time](t), `"2024-02-29T12:30:00"`, takes(`"2024-02-29T12:30:00"`), takes(`"2024-02-29T12:30:00"`)},
		{"time of RFC 3339", depthsOf[time.Time](t), `"2024-02-29T12:30:00.5+01:00"`, takes(`"2024-02-29T12:30:00.500000+01:00"`), takes(`"2024-02-29T12:30:00.500000+01:00"`)},
		{"time from a number", depthsOf[time.Time](t), `1709209800`, takes(`"2024-02-29T12:30:00Z"`), fails("datetime_type")},
		{"date from a time", depthsOf[dasf.Date](t), `"2024-02-29T00:00:00"`, takes(`"2024-02-29"`), fails("date_parsing")},
		{"duration from a number", depthsOf[time.Duration](t), `90`, takes(`"PT1M30S"`), fails("time_delta_type")},
		{"decimal from a number", depthsOf[dasf.Decimal](t), `1.10`, takes(`"1.10"`), takes(`"1.10"`)},
		{"bytes are base64", depthsOf[[]byte](t), `"aGk="`, takes(`"aGk="`), takes(`"aGk="`)},
		{"bytes without padding", depthsOf[[]byte](t), `"aGk"`, fails("base64_decode"), fails("base64_decode")},
		{"raw stays as it came", depthsOf[json.RawMessage](t), `{"b":1.00,"a":[2]}`, takes(`{"b":1.00,"a":[2]}`), takes(`{"b":1.00,"a":[2]}`)},
		{"json.Number stays as it came", depthsOf[json.Number](t), `1.10`, takes(`1.10`), takes(`1.10`)},
		{"json.Number from a string", depthsOf[json.Number](t), `" 1.10 "`, takes(`1.10`), fails("float_type")},

		{"a missing key", depthsOf[Address](t), `{}`, fails("street:missing"), fails("street:missing")},
		{"a key of another case", depthsOf[Address](t), `{"Street":"x"}`, fails("street:missing"), fails("street:missing Street:extra_forbidden")},
		{"an unknown key", depthsOf[Address](t), `{"street":"x","zip":1}`, takes(`{"street":"x","number":1,"tags":[]}`), fails("zip:extra_forbidden")},
		{"an unknown key of a closed struct", depthsOf[Closed](t), `{"x":1,"y":2}`, fails("y:extra_forbidden"), fails("y:extra_forbidden")},
		{"null for a field with a default", depthsOf[Address](t), `{"street":"x","number":null}`, fails("number:int_type"), fails("number:int_type")},
		{"all wrong fields at once, in the order of the fields", depthsOf[Address](t), `{"tags":3,"number":0}`,
			fails("street:missing number:greater_than_equal tags:list_type"), fails("street:missing number:greater_than_equal tags:list_type")},
		{"an array too short", depthsOf[[2]int](t), `[1]`, fails("too_short"), fails("too_short")},
		{"an array too long", depthsOf[[2]int](t), `[1,2,3]`, fails("too_long"), fails("too_long")},
		{"a set drops repeated elements", depthsOf[dasf.Set[int]](t), `[3,1,3]`, takes(`[1,3]`), takes(`[1,3]`)},
		{"a map with integer keys", depthsOf[map[int]string](t), `{"2":"b","1":"a"}`, takes(`{"1":"a","2":"b"}`), takes(`{"1":"a","2":"b"}`)},
		{"a map with a key that is no integer", depthsOf[map[int]string](t), `{"x":"a"}`, fails("x.[key]:int_parsing"), fails("x.[key]:int_parsing")},
		{"a map with one key in two spellings", depthsOf[map[int]string](t), `{"1":"a","01":"b"}`, fails("01:duplicate_key"), fails("01:duplicate_key")},
		{"a map with dates for keys", depthsOf[map[dasf.Date]int](t), `{"2024-02-29":1}`, takes(`{"2024-02-29":1}`), takes(`{"2024-02-29":1}`)},
		{"a union takes what fits without conversion", depthsOf[dasf.OneOf2[int, string]](t), `"7"`, takes(`"7"`), takes(`"7"`)},
		{"a union converts last", depthsOf[dasf.OneOf2[int, string]](t), `7.0`, takes(`7`), fails("int:int_type str:string_type")},
		{"a union by its const field", depthsOf[dasf.OneOf2[Cat, Dog]](t), `{"kind":"dog"}`, takes(`{"kind":"dog"}`), takes(`{"kind":"dog"}`)},
		{"a union without its const field", depthsOf[dasf.OneOf2[Cat, Dog]](t), `{}`, fails("union_tag_not_found"), fails("union_tag_not_found")},
		{"a fixed field", depthsOf[Cat](t), `{"kind":"dog"}`, fails("kind:literal_error"), fails("kind:literal_error")},
	}
	for _, row := range rows {
		for _, at := range row.depths {
			if row.input == "null" && at.isOneOf(nullDepths) {
				continue
			}
			for mode, want := range map[string]outcome{"lax": row.lax, "strict": row.strict} {
				t.Run(row.rule+"/"+at.name+"/"+mode, func(t *testing.T) {
					at.test(t, row.input, mode == "strict", want)
				})
			}
		}
	}
}

func (at depth) isOneOf(names []string) bool {
	for _, n := range names {
		if n == at.name {
			return true
		}
	}
	return false
}

func (at depth) test(t *testing.T, input string, strict bool, want outcome) {
	t.Helper()
	got, err := at.decode(at.before+input+at.after, strict)
	if want.fails == "" {
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(at.before+want.value+at.after, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		return
	}
	var expected []string
	for one := range strings.FieldsSeq(want.fails) {
		below, kind, ok := strings.Cut(one, ":")
		if !ok {
			below, kind = "", one
		}
		expected = append(expected, strings.Trim(at.path+"."+below, ".")+":"+kind)
	}
	if diff := cmp.Diff(expected, kindsOf(t, err)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// kindsOf lists path and type of the errors.
func kindsOf(t *testing.T, err error) []string {
	t.Helper()
	var invalid *typed.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("no *Invalid: %v", err)
	}
	var kinds []string
	for _, f := range invalid.Fields {
		kinds = append(kinds, f.Path+":"+f.Type)
	}
	return kinds
}

// TestNullIsNaNInFloatContainers: null is NaN as an element of a slice, array or
// map of floats of any type and depth, and an error for a float alone.
func TestNullIsNaNInFloatContainers(t *testing.T) {
	type named float64
	all := func(t *testing.T, name string, depths []depth) {
		for _, at := range depths {
			t.Run(name+"/"+at.name, func(t *testing.T) {
				got, err := at.decode(at.before+"null"+at.after, true)
				isContainer := strings.Contains("slice,slice of slices,array,map,map of slices,pointer,slice of pointers", at.name)
				if !isContainer {
					if diff := cmp.Diff([]string{at.path + ":float_type"}, kindsOf(t, err)); diff != "" {
						t.Errorf("(-want +got)\n%s", diff)
					}
					return
				}
				if err != nil || got != at.before+"null"+at.after {
					t.Errorf("got %s, %v", got, err)
				}
			})
		}
	}
	all(t, "float64", depthsOf[float64](t))
	all(t, "float32", depthsOf[float32](t))
	all(t, "named", depthsOf[named](t))
}
