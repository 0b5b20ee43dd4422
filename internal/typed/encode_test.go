package typed_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/typed"
)

func encodes[T any](v T, want string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		got, err := mustFor[T](t, typed.Options{}).Append([]byte("> "), v)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != "> "+want {
			t.Errorf("got %s, want %s", got[2:], want)
		}
	}
}

func cannotEncode[T any](v T, says ...string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		got, err := mustFor[T](t, typed.Options{}).Append(nil, v)
		if err == nil {
			t.Fatalf("no error: %s", got)
		}
		for _, part := range says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
	}
}

type cyclic struct {
	Next *cyclic        `json:"next"`
	Any  any            `json:"any"`
	Map  map[string]any `json:"map"`
}

// sameText writes all its values alike.
type sameText string

func (sameText) MarshalText() ([]byte, error) { return []byte("same"), nil }
func (*sameText) UnmarshalText([]byte) error  { return nil }

func TestEncoding(t *testing.T) {
	type named float32
	type embedded struct {
		A int `json:"a"`
	}
	type omitting struct {
		E string         `json:"e,omitempty"`
		Z time.Time      `json:"z,omitzero"`
		L []int          `json:"l,omitempty"`
		M map[string]int `json:"m,omitempty"`
		P *int           `json:"p,omitempty"`
		D dasf.Date      `json:"d,omitzero"`
		H int            `json:"-"`
	}
	berlin := time.FixedZone("CET", 3600)
	odd := time.FixedZone("LMT", 3208)
	loop := &cyclic{}
	loop.Next = loop
	inAny := map[string]any{}
	inAny["self"] = inAny
	for name, test := range map[string]func(*testing.T){
		"floats as pydantic writes them": encodes([]float64{1, 0.1, 1e16, 1e-7, 123456789012345678, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 1e15, 1e-5, 0.000012345, 1e100},
			`[1.0,0.1,1e+16,1e-7,1.2345678901234568e+17,5e-324,null,null,null,-0.0,1000000000000000.0,0.00001,0.000012345,1e+100]`),
		"float32 by its own digits": encodes([]float32{0.1, 16777216, float32(math.NaN()), math.MaxFloat32}, `[0.1,16777216.0,null,3.4028235e+38]`),
		"named floats":              encodes(map[string]named{"a": 0.5}, `{"a":0.5}`),
		"a float alone":             encodes(math.NaN(), `null`),
		"floats in any":             encodes[any](map[string]any{"a": []float64{math.NaN()}, "b": 2.0, "c": float32(0.1)}, `{"a":[null],"b":2.0,"c":0.1}`),
		"nil slice and map": encodes(struct {
			S []int                       `json:"s"`
			M map[string]int              `json:"m"`
			F []float64                   `json:"f"`
			B []byte                      `json:"b"`
			E dasf.Set[int]               `json:"e"`
			A any                         `json:"a"`
			P *int                        `json:"p"`
			R json.RawMessage             `json:"r"`
			T dasf.Tuple2[[]int, *string] `json:"t"`
		}{}, `{"s":[],"m":{},"f":[],"b":"","e":[],"a":null,"p":null,"r":null,"t":[[],null]}`),
		"only quotes, backslashes and controls are escaped": encodes("<a href=\"x\">&\\/\x00\x1f\x7f\u2028é😀\n\t\b\f\r", `"<a href=\"x\">&\\/\u0000\u001f`+"\x7f\u2028é😀"+`\n\t\b\f\r"`),
		"time with a zone":            encodes(time.Date(2024, 2, 29, 12, 30, 0, 0, berlin), `"2024-02-29T12:30:00+01:00"`),
		"time in UTC":                 encodes(time.Date(2024, 2, 29, 12, 30, 15, 123456789, time.UTC), `"2024-02-29T12:30:15.123456Z"`),
		"time without a zone":         encodes(time.Date(2024, 2, 29, 12, 30, 0, 500e6, dasf.Naive), `"2024-02-29T12:30:00.500000"`),
		"time of less than a micro":   encodes(time.Date(2024, 2, 29, 12, 30, 0, 999, time.UTC), `"2024-02-29T12:30:00Z"`),
		"time of a zone with seconds": encodes(time.Date(2024, 2, 29, 12, 30, 8, 0, odd), `"2024-02-29T11:36:40Z"`),
		"durations":                   encodes([]time.Duration{0, -1, time.Hour + time.Nanosecond, 400 * 24 * time.Hour, -26*time.Hour - 500*time.Millisecond, math.MinInt64, math.MaxInt64}, `["PT0S","PT0S","PT1H","P1Y35D","-P1DT2H0.5S","-P292Y171DT23H47M16.854775S","P292Y171DT23H47M16.854775S"]`),
		"date":                        encodes(dasf.Date{Year: 2024, Month: 2, Day: 29}, `"2024-02-29"`),
		"UUID":                        encodes(dasf.UUID{1, 15: 0xff}, `"01000000-0000-0000-0000-0000000000ff"`),
		"the zero decimal":            encodes(dasf.Decimal{}, `"0"`),
		"big integers":                encodes([]*big.Int{big.NewInt(-5), nil, new(big.Int).Lsh(big.NewInt(1), 70)}, `[-5,null,1180591620717411303424]`),
		"set in order":                encodes(dasf.SetOf(10, 9, -1), `[-1,9,10]`),
		"set of strings":              encodes(dasf.SetOf("b", "a"), `["a","b"]`),
		"set of unsigned":             encodes(dasf.SetOf[uint8](2, 1), `[1,2]`),
		"set of floats":               encodes(dasf.SetOf(2.5, 1), `[1.0,2.5]`),
		"set of dates":                encodes(dasf.SetOf(dasf.Date{Year: 2024, Month: 2, Day: 1}, dasf.Date{Year: 2024, Month: 1, Day: 31}), `["2024-01-31","2024-02-01"]`),
		"map in order of its keys":    encodes(map[int]string{10: "b", 9: "a"}, `{"10":"b","9":"a"}`),
		"map by UUIDs":                encodes(map[dasf.UUID]int{{15: 1}: 2}, `{"00000000-0000-0000-0000-000000000001":2}`),
		"union":                       encodes([]dasf.OneOf2[int, string]{{Value: 1}, {Value: "a"}}, `[1,"a"]`),
		"union of null":               encodes(dasf.OneOf3[*int, string, bool]{}, `null`),
		"fixed fields":                encodes([]Cat{{}, {Kind: "cat"}}, `[{"kind":"cat"},{"kind":"cat"}]`),
		"none":                        encodes(dasf.None{}, `null`),
		"json.Number":                 encodes([]json.Number{"1.10", ""}, `[1.10,0]`),
		"raw":                         encodes(json.RawMessage(` {"a" : 1.0} `), `{"a":1.0}`),
		"omitted":                     encodes(omitting{}, `{}`),
		"not omitted": encodes(omitting{E: "e", Z: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), L: []int{1}, M: map[string]int{"a": 1}, P: new(int), D: dasf.Date{Year: 1, Month: 1, Day: 1}, H: 1},
			`{"e":"e","z":"2024-01-01T00:00:00Z","l":[1],"m":{"a":1},"p":0,"d":"0001-01-01"}`),
		"embedded": encodes(struct {
			embedded
			*Address
			B int `json:"b"`
		}{embedded{1}, nil, 2}, `{"a":1,"b":2}`),
		"any of all kinds": encodes[any]([]any{nil, true, 1, int8(-1), uint64(math.MaxUint64), "s", []byte("hi"), Color("red"), struct{ X int }{1}, &Address{Street: "s"}, json.Number("1.0")},
			`[null,true,1,-1,18446744073709551615,"s","aGk=","red",{"X":1},{"street":"s","number":0,"tags":[]},1.0]`),

		"a string that is no UTF-8": cannotEncode([]string{"a", "\xff"}, "1: ", "is not UTF-8"),
		"a key that is no UTF-8":    cannotEncode(map[string]int{"\xff": 1}, "is not UTF-8"),
		"a pointer to itself":       cannotEncode(loop, "contains itself"),
		"a map that holds itself":   cannotEncode(inAny, "contains itself"),
		"a channel in any":          cannotEncode(map[string]any{"a": []any{make(chan int)}}, "a.0: ", "chan int has no JSON form"),
		"a function in any":         cannotEncode[any](func() {}, "func() has no JSON form"),
		"an empty union":            cannotEncode([]dasf.OneOf2[int, string]{{}}, "0: ", "holds no value"),
		"a union of something else": cannotEncode(dasf.OneOf2[int, string]{Value: 1.5}, "holds a float64"),
		"another fixed value":       cannotEncode(Cat{Kind: "dog"}, "kind: ", `always "cat"`),
		"a number that is none":     cannotEncode(json.Number("1,5"), `"1,5" is no JSON number`),
		"raw that is no JSON":       cannotEncode(json.RawMessage(`{`), "json.RawMessage"),
		"a year that Python lacks":  cannotEncode(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "year 10000 is out of range"),
		"the zero date":             cannotEncode(dasf.Date{}, "year 0 is out of range"),
		"a day that is none":        cannotEncode(dasf.Date{Year: 2023, Month: 2, Day: 29}, "2023-02-29 is no date"),
		"two keys written alike":    cannotEncode(map[sameText]int{"a": 1, "b": 2}, `two keys of the map are written "same"`),
	} {
		t.Run(name, test)
	}
}

// TestEncodingOfPointerMethods: methods with pointer receivers are found for
// values that have no address, in maps and in any.
func TestEncodingOfPointerMethods(t *testing.T) {
	n := big.NewInt(7)
	encodes(map[string]big.Int{"a": *n}, `{"a":7}`)(t)
	encodes[any](map[string]any{"a": *n}, `{"a":7}`)(t)
}
