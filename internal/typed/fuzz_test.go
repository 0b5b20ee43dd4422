package typed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/typed"
)

// fuzzed has a field of every kind.
type fuzzed struct {
	B   bool                                `json:"b,omitempty"`
	I   int                                 `json:"i" default:"1" validate:"lte=1000000"`
	I8  int8                                `json:"i8,omitempty"`
	U   uint16                              `json:"u,omitempty"`
	F   float64                             `json:"f,omitempty" multipleOf:"0.5"`
	S   string                              `json:"s,omitempty" validate:"max=20" pattern:"^[^x]*$"`
	By  []byte                              `json:"by,omitempty"`
	LF  []float64                           `json:"lf,omitempty" validate:"dive,lt=1e300"`
	L32 []float32                           `json:"l32,omitempty"`
	A   [2]int                              `json:"a" default:"[0,0]"`
	M   map[string]fuzzed                   `json:"m,omitempty"`
	MI  map[int]*int                        `json:"mi,omitempty"`
	P   *fuzzed                             `json:"p,omitempty"`
	L   []fuzzed                            `json:"l,omitempty" validate:"max=3"`
	T   time.Time                           `json:"t,omitzero"`
	D   *dasf.Date                          `json:"d"`
	Du  time.Duration                       `json:"du,omitempty"`
	ID  dasf.UUID                           `json:"id,omitzero"`
	De  dasf.Decimal                        `json:"de,omitzero"`
	Bi  big.Int                             `json:"bi" default:"0"`
	N   json.Number                         `json:"n" default:"0"`
	R   json.RawMessage                     `json:"r,omitempty"`
	X   any                                 `json:"x,omitempty"`
	O   *dasf.OneOf3[int, string, []fuzzed] `json:"o"`
	C   *dasf.OneOf2[Cat, Dog]              `json:"c"`
	Tu  *dasf.Tuple2[string, float64]       `json:"tu"`
	Se  dasf.Set[string]                    `json:"se,omitempty"`
	Co  *Color                              `json:"co"`
	Mo  string                              `json:"mo" default:"fast" validate:"oneof=fast slow"`
	OJ  *ownJSON                            `json:"oj"`
	Rq  *int                                `json:"rq" validate:"required_with=I8"`
}

// FuzzDecode: nothing panics; what is refused says why; what is accepted
// encodes to a text that is accepted too and gives the same value.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, ``, `[]`, `null`, `{"i":1e3,"i8":"7","u":65535,"rq":1}`, `{"f":-0,"lf":[null,1,"2.5",1e-400],"l32":[1e39]}`,
		`{"m":{"a":{"l":[{},{"p":{"i":2}}]}},"mi":{"1":null," 2":3}}`, `{"t":"2024-02-29T12:30:00","d":0,"du":"P1DT2H"}`,
		`{"id":"{00000000-0000-0000-0000-000000000001}","de":"1_0.50","bi":12e20,"n":"1.10"}`,
		`{"r":{"a":[1 , 2]},"x":[9007199254740993,{"a":null}]}`, `{"o":[{"o":"a"}],"c":{"kind":"dog"},"tu":["a",1],"se":["b","a","b"]}`,
		`{"co":"green","mo":3,"s":"\ud83d\ude00x","by":"aGk"}`, `{"a":[1]}`, `{"a":[1,2,3],"i":9223372036854775808}`, `{"i":1,"\u0069":2}`, `{"s":"\ud800"}`, "{\"s\":\"\xff\"}",
		`{"t":253402300799.9999999}`, `{"t":"0001-01-01T00:00:00+23:59"}`, `{"oj":"x","de":1e999999}`,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	codecs := map[bool]*typed.Codec[fuzzed]{}
	for _, strict := range []bool{false, true} {
		codecs[strict] = mustFor[fuzzed](f, typed.Options{Strict: strict})
	}
	f.Fuzz(func(t *testing.T, src []byte, strict bool) {
		k := codecs[strict]
		v, err := k.Decode(src, typed.DecodeOptions{})
		if err != nil {
			var invalid *typed.Invalid
			if !errors.As(err, &invalid) || len(invalid.Fields) == 0 || invalid.Processing != nil || invalid.Text("f") == "" {
				t.Fatalf("%v says nothing", err)
			}
			return
		}
		if err := k.Check(&v); err != nil {
			t.Fatalf("what was accepted breaks its rules: %v", err)
		}
		once, err := k.Append(nil, v)
		if err != nil {
			t.Fatalf("what was accepted cannot be encoded: %v", err)
		}
		again, err := k.Decode(once, typed.DecodeOptions{})
		if err != nil {
			t.Fatalf("%s is refused: %v", once, err)
		}
		if !same(reflect.ValueOf(v), reflect.ValueOf(again)) {
			t.Fatalf("%+v became %+v by way of %s", v, again, once)
		}
	})
}

// same is reflect.DeepEqual for values that went over the wire: NaN is NaN, an
// empty slice or map is a nil one, and times are the same moment.
func same(a, b reflect.Value) bool {
	if a.IsValid() != b.IsValid() {
		return false
	}
	if !a.IsValid() {
		return true
	}
	switch a.Kind() {
	case reflect.Float32, reflect.Float64:
		x, y := a.Float(), b.Float()
		return x == y || lost(x) && lost(y)
	case reflect.Pointer, reflect.Interface:
		return a.IsNil() == b.IsNil() && (a.IsNil() || a.Elem().Type() == b.Elem().Type() && same(a.Elem(), b.Elem()))
	case reflect.Slice, reflect.Array:
		if raw, ok := a.Interface().(json.RawMessage); ok {
			return bytes.Equal(compactRaw(raw), compactRaw(b.Bytes()))
		}
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, k := range a.MapKeys() {
			if !same(a.MapIndex(k), b.MapIndex(k)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		switch x := a.Interface().(type) {
		case time.Time:
			return x.Equal(b.Interface().(time.Time))
		case big.Int, dasf.Decimal, ownJSON:
			return reflect.DeepEqual(x, b.Interface())
		}
		for i := range a.NumField() {
			if a.Type().Field(i).IsExported() && !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// compactRaw is raw without white space: raw JSON keeps its text, but not that.
func compactRaw(raw []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

// lost reports whether f leaves as null.
func lost(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }

// FuzzDefaults: a default tag is refused when the program starts, or is filled
// in as the same text in a request would be.
func FuzzDefaults(f *testing.F) {
	for i, seed := range []string{`1`, `[1,2]`, `{"a":[null]}`, `"x"`, `x`, `null`, `1e3`, `{"street":"s"}`, `2024-02-29`, `P1D`, `red`, `"\ud800"`, ``} {
		f.Add(seed, uint8(i))
	}
	types := []reflect.Type{
		reflect.TypeFor[int](), reflect.TypeFor[float64](), reflect.TypeFor[string](), reflect.TypeFor[[]float64](), reflect.TypeFor[map[string][]*int](),
		reflect.TypeFor[Address](), reflect.TypeFor[Color](), reflect.TypeFor[*Level](), reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](),
		reflect.TypeFor[any](), reflect.TypeFor[dasf.OneOf2[int, string]](), reflect.TypeFor[bool](), reflect.TypeFor[[]byte](), reflect.TypeFor[dasf.Decimal](),
		reflect.TypeFor[[]Node](), reflect.TypeFor[dasf.Set[int]](), reflect.TypeFor[json.RawMessage](),
	}
	f.Fuzz(func(t *testing.T, text string, which uint8) {
		typ := types[int(which)%len(types)]
		object := func(tag reflect.StructTag) (func(string) (string, error), error) {
			return typed.Decoder(reflect.StructOf([]reflect.StructField{{Name: "X", Type: typ, Tag: `json:"x" ` + tag}}), typed.Options{})
		}
		filled, err := object(reflect.StructTag("default:" + quoteTag(text)))
		if err != nil {
			return
		}
		got, err := filled(`{}`)
		if err != nil {
			t.Fatalf("default %q of %s was taken, and is refused in a request: %v", text, typ, err)
		}
		given, err := object("")
		if err != nil {
			t.Fatal(err)
		}
		want, err := given(got)
		if err != nil || got != want {
			t.Fatalf("default %q of %s gives %s; the same in a request gives %s, %v", text, typ, got, want, err)
		}
	})
}

func quoteTag(text string) string {
	quoted := []byte{'"'}
	for _, c := range []byte(text) {
		if c == '"' || c == '\\' {
			quoted = append(quoted, '\\')
		}
		if c < ' ' {
			const hex = "0123456789abcdef"
			quoted = append(quoted, '\\', 'x', hex[c>>4], hex[c&15])
			continue
		}
		quoted = append(quoted, c)
	}
	return string(append(quoted, '"'))
}

// FuzzScanHead: nothing panics, and what it takes decodes as an object.
func FuzzScanHead(f *testing.F) {
	for _, seed := range []string{`{"func_name":"f","x":[1]}`, `{"class_name":"C","function":{"func_name":"m"}}`, ` { "a" : { } } `, `[]`, `{"func_name":1}`, `{"func_name":"f"`} {
		f.Add([]byte(seed))
	}
	k := mustFor[map[string]json.RawMessage](f, typed.Options{})
	f.Fuzz(func(t *testing.T, src []byte) {
		head, err := typed.ScanHead(src)
		if err != nil {
			return
		}
		object, err := k.Decode(src, typed.DecodeOptions{Checked: true})
		if err != nil {
			t.Fatal(err)
		}
		var name string
		if raw, ok := object["func_name"]; ok != head.HasFunc || ok && (json.Unmarshal(raw, &name) != nil || name != head.Func) {
			t.Fatalf("%+v of %s", head, src)
		}
		if raw, ok := object["function"]; !head.HasFunc && (ok != (head.Function != nil) || string(raw) != string(head.Function)) {
			t.Fatalf("%+v of %s", head, src)
		}
		if head.Function != nil {
			_, _ = head.Method()
		}
	})
}
