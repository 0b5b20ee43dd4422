package typed_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/typed"
)

// The tests of this file are named after traps of the libraries below: what
// they do when left alone, and we must not.

func mustFor[T any](t testing.TB, o typed.Options) *typed.Codec[T] {
	t.Helper()
	k, err := typed.For[T](typed.NewCompiler(o), "the type")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// decodeTo decodes, checks and encodes again; on error it lists path and type.
func decodeTo[T any](t *testing.T, input string) (string, []string) {
	t.Helper()
	k := mustFor[T](t, typed.Options{})
	v, err := k.Decode([]byte(input), typed.DecodeOptions{})
	if err != nil {
		return "", kindsOf(t, err)
	}
	out, err := k.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), nil
}

func wantDecode[T any](t *testing.T, input, want string, kinds ...string) {
	t.Helper()
	got, gotKinds := decodeTo[T](t, input)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", input, diff)
	}
	if diff := cmp.Diff(kinds, gotKinds); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", input, diff)
	}
}

// validator's required means "not zero".
func TestTrapRequiredMeansPresenceNotZero(t *testing.T) {
	type request struct {
		N int      `json:"n" validate:"required"`
		B bool     `json:"b" validate:"required"`
		S string   `json:"s" validate:"required,max=3"`
		L []string `json:"l" validate:"required,dive,required"`
	}
	wantDecode[request](t, `{"n":0,"b":false,"s":"","l":[""]}`, `{"n":0,"b":false,"s":"","l":[""]}`)
	wantDecode[request](t, `{}`, "", "n:missing", "b:missing", "s:missing", "l:missing")
}

// Without dive validator checks no struct inside a slice or map.
func TestTrapStructsInsideContainersAreCheckedWithoutDive(t *testing.T) {
	type item struct {
		N int `json:"n" validate:"gte=1"`
	}
	type request struct {
		S []item            `json:"s" default:"[]"`
		M map[string]item   `json:"m" default:"{}"`
		P []*item           `json:"p" default:"[]"`
		D map[string][]item `json:"d" default:"{}"`
	}
	wantDecode[request](t, `{"s":[{"n":1},{"n":0}]}`, "", "s.1.n:greater_than_equal")
	wantDecode[request](t, `{"m":{"k":{"n":0}}}`, "", "m.k.n:greater_than_equal")
	wantDecode[request](t, `{"p":[null,{"n":0}]}`, "", "p.1.n:greater_than_equal")
	wantDecode[request](t, `{"d":{"k":[{"n":0}]}}`, "", "d.k.0.n:greater_than_equal")
}

// A nil *int fails gte=1 in validator.
func TestTrapNilPointerPassesRules(t *testing.T) {
	type request struct {
		N *int   `json:"n" validate:"gte=1"`
		L []*int `json:"l" default:"[]" validate:"dive,gte=1"`
	}
	wantDecode[request](t, `{}`, `{"n":null,"l":[]}`)
	wantDecode[request](t, `{"n":null,"l":[null,1]}`, `{"n":null,"l":[null,1]}`)
	wantDecode[request](t, `{"n":0,"l":[null,0]}`, "", "n:greater_than_equal", "l.1:greater_than_equal")
}

// A comma or a bar splits a pattern in a validate tag.
func TestTrapPatternWithCommaAndBar(t *testing.T) {
	type request struct {
		S string   `json:"s" pattern:"^(a{1,2}|b,c)$"`
		L []string `json:"l" default:"[]" pattern:"^x,|y$"`
	}
	for _, s := range []string{"a", "aa", "b,c"} {
		wantDecode[request](t, `{"s":"`+s+`"}`, `{"s":"`+s+`","l":[]}`)
	}
	wantDecode[request](t, `{"s":"aaa","l":["x,","z"]}`, "", "s:string_pattern_mismatch", "l.1:string_pattern_mismatch")
}

// A rule's parameter may contain a comma and a bar in validator's own spelling.
func TestTrapCommaInAParameter(t *testing.T) {
	type request struct {
		S string `json:"s" validate:"contains=0x2C,excludes=0x7C"`
	}
	wantDecode[request](t, `{"s":"a,b"}`, `{"s":"a,b"}`)
	wantDecode[request](t, `{"s":"ab"}`, "", "s:value_error")
	wantDecode[request](t, `{"s":"a,|"}`, "", "s:value_error")
}

// A bad tag panics in validator only when a value reaches it.
func TestTrapBadTagIsFoundBeforeAnyRequest(t *testing.T) {
	type deep struct {
		N *int `json:"n" validate:"gte=1,nonsense"`
	}
	type request struct {
		D map[string][]deep `json:"d" default:"{}"`
	}
	_, err := typed.For[request](typed.NewCompiler(typed.Options{}), "Func f")
	if err == nil || !strings.Contains(err.Error(), `"nonsense"`) {
		t.Errorf("got %v", err)
	}
}

// Rules of what did not decode must not be reported on top of that.
func TestTrapRulesBelowAFailedPathAreDropped(t *testing.T) {
	type request struct {
		L []int          `json:"l" validate:"min=3,dive,gte=1"`
		A map[string]int `json:"a" validate:"min=1"`
		N int            `json:"n" validate:"gte=1"`
		E int            `json:"e" validate:"eqfield=N"`
	}
	wantDecode[request](t, `{"l":["x",0],"a":3,"n":"x","e":1}`, "", "l.0:int_parsing", "l.1:greater_than_equal", "a:dict_type", "n:int_parsing")
}

// One wrong element does not hide what is wrong with the others.
func TestTrapRulesOfTheOtherElementsAreChecked(t *testing.T) {
	type request struct {
		L []int            `json:"l" default:"[]" validate:"dive,gte=1"`
		F []float64        `json:"f" default:"[]" validate:"dive,gt=0"`
		N [][]int          `json:"n" default:"[]" validate:"dive,min=1,dive,gte=1"`
		M map[string][]int `json:"m" default:"{}" validate:"dive,keys,min=2,endkeys,max=2,dive,gte=1"`
		A [3]int           `json:"a" default:"[1,1,1]" validate:"dive,gte=1"`
		S []string         `json:"s" default:"[]" validate:"dive,min=2"`
	}
	wantDecode[request](t, `{"l":[0,"x",1,0,null],"f":["x",-1,null,1,0]}`, "",
		"l.0:greater_than_equal", "l.1:int_parsing", "l.3:greater_than_equal", "l.4:int_type", "f.0:float_parsing", "f.1:greater_than", "f.2:greater_than", "f.4:greater_than")
	wantDecode[request](t, `{"n":[[],["x",0,1],3,[1]],"m":{"a":[0],"bb":[1,2,3],"cc":["x",0]}}`, "",
		"n.0:too_short", "n.1.0:int_parsing", "n.1.1:greater_than_equal", "n.2:list_type",
		"m.a.[key]:string_too_short", "m.a.0:greater_than_equal", "m.bb:too_long", "m.cc.0:int_parsing", "m.cc.1:greater_than_equal")
	wantDecode[request](t, `{"a":[0,1]}`, "", "a:too_short")
	wantDecode[request](t, `{"a":[0,1,1,1]}`, "", "a:too_long")
	wantDecode[request](t, `{"a":["x",0,1],"s":["a",1,"ab"]}`, "", "a.0:int_parsing", "a.1:greater_than_equal", "s.0:string_too_short", "s.1:string_type")
	wantDecode[[][2]uint8](t, `[[1]]`, "", "0:too_short")
}

// json.Unmarshal takes null for what is no pointer, and reads [null,1] as [0,1].
func TestTrapNullIsNoZero(t *testing.T) {
	wantDecode[[]int](t, `[null,1]`, "", "0:int_type")
	wantDecode[map[string]string](t, `{"a":null}`, "", "a:string_type")
	wantDecode[[]float64](t, `[null,1]`, `[null,1.0]`)
}

// A type with its own JSON method is not asked about null: by convention such
// methods do nothing then.
func TestTrapJSONMethodsIgnoreNull(t *testing.T) {
	wantDecode[[]ownJSON](t, `[null]`, "", "0:value_error")
	wantDecode[[]ownNullable](t, `[null]`, `["null"]`)
}

// json.Unmarshal stops at the first error.
func TestTrapAllErrorsAtOnce(t *testing.T) {
	type inner struct {
		A int   `json:"a"`
		B []int `json:"b"`
	}
	type request struct {
		X inner            `json:"x"`
		Y map[string]inner `json:"y"`
		Z bool             `json:"z"`
	}
	wantDecode[request](t, `{"z":2,"y":{"k":{"b":[1,"x",null]}},"x":{"a":"x","b":3}}`, "",
		"x.a:int_parsing", "x.b:list_type", "y.k.a:missing", "y.k.b.1:int_parsing", "y.k.b.2:int_type", "z:bool_parsing")
}

// json.Unmarshal refuses 1e3 for an int.
func TestTrapExponentsAreIntegers(t *testing.T) {
	wantDecode[[]int](t, `[1e3,1E+3,1.0,10e-1,0.001e3,0e99999999999,123456789012345678.90e1]`, `[1000,1000,1,1,1,0,1234567890123456789]`)
	wantDecode[[]int](t, `[10e-2]`, "", "0:int_from_float")
}

// Hooks of json libraries miss named types.
func TestTrapNamedTypes(t *testing.T) {
	type count int
	type ratio float32
	type flag bool
	type title string
	type ratios []ratio
	type ages map[title]count
	type request struct {
		C count  `json:"c"`
		R ratios `json:"r"`
		F flag   `json:"f"`
		A ages   `json:"a"`
	}
	wantDecode[request](t, `{"c":"7","r":[null,"0.5"],"f":"yes","a":{"x":2.0}}`, `{"c":7,"r":[null,0.5],"f":true,"a":{"x":2}}`)
}

// A float64 in an any would round 2^53+1.
func TestTrapNumbersInAnyStayExact(t *testing.T) {
	const text = `{"a":[9007199254740993,1.10,1e400,-0],"b":12345678901234567890123}`
	wantDecode[any](t, text, text)
	wantDecode[map[string]any](t, text, text)
}

// time.Duration has no form in the JSON libraries.
func TestTrapDurations(t *testing.T) {
	wantDecode[[]time.Duration](t, `["P1DT2H","-PT0.5S",1.5]`, `["P1DT2H","-PT0.5S","PT1.5S"]`)
}

// A default that is decoded once would be shared by all requests.
func TestTrapDefaultsAreFreshForEachRequest(t *testing.T) {
	type request struct {
		L []int          `json:"l" default:"[1,2]"`
		M map[string]int `json:"m" default:"{\"a\":1}"`
		P *int           `json:"p" default:"3"`
		N struct {
			L []int `json:"l" default:"[4]"`
		} `json:"n" default:"{}"`
	}
	k := mustFor[request](t, typed.Options{})
	decode := func() request {
		v, err := k.Decode([]byte(`{}`), typed.DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	first := decode()
	first.L[0], first.M["a"], *first.P, first.N.L[0] = 9, 9, 9, 9
	_ = append(first.L[:1], 8)
	out, err := k.Append(nil, decode())
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"l":[1,2],"m":{"a":1},"p":3,"n":{"l":[4]}}`; string(out) != want {
		t.Errorf("got %s, want %s", out, want)
	}
}

// Paths that are built always, and not only for errors, take quadratic time.
func TestTrapDeepNestingTakesLinearTime(t *testing.T) {
	type tree struct {
		Kids []tree `json:"kids" default:"[]"`
	}
	nested := func(n int) string {
		return strings.Repeat(`{"kids":[`, n) + strings.Repeat(`]}`, n)
	}
	k := mustFor[tree](t, typed.Options{})
	v, err := k.Decode([]byte(nested(4900)), typed.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := k.Append(nil, v); err != nil || len(out) < len(nested(4900)) {
		t.Errorf("encoding gives %d bytes, %v", len(out), err)
	}
	_, err = k.Decode([]byte(nested(5001)), typed.DecodeOptions{}) // two levels each
	if diff := cmp.Diff([]string{":json_invalid"}, kindsOf(t, err)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !strings.Contains(err.Error(), "nested deeper than 10,000 levels") {
		t.Errorf("got %v", err)
	}
	_, err = k.Decode([]byte(`{"x":`+strings.Repeat(`[`, 100_000)+strings.Repeat(`]`, 100_000)+`}`), typed.DecodeOptions{})
	if err == nil || !strings.Contains(err.Error(), "nested deeper than 10,000 levels") {
		t.Errorf("got %v", err)
	}
}

// An error at each of 4,900 levels has a path of as many steps: all of them
// together would be 100 MB.
func TestTrapErrorsAtEveryLevelAreBounded(t *testing.T) {
	type tree struct {
		Kids []tree `json:"kids"`
		Name string `json:"name"`
	}
	const n = 4900
	text := strings.Repeat(`{"kids":[`, n) + strings.Repeat(`]}`, n)
	_, err := mustFor[tree](t, typed.Options{}).Decode([]byte(text), typed.DecodeOptions{})
	got := err.Error()
	if !strings.HasPrefix(got, "4900 validation errors for value\n") || len(got) > 1<<20 {
		t.Errorf("got %d bytes: %.60s", len(got), got)
	}
	if !strings.Contains(got, " more") {
		t.Errorf("the errors left out are not counted: %s", got[len(got)-100:])
	}
}

// A million wrong elements are counted, a thousand shown.
func TestTrapAMillionErrorsAreBounded(t *testing.T) {
	type request struct {
		L []int `json:"l" validate:"dive,gte=1"`
	}
	for name, element := range map[string]string{"wrong type": `"x",`, "broken rule": `0,`} {
		t.Run(name, func(t *testing.T) {
			text := `{"l":[` + strings.Repeat(element, 99_999) + strings.TrimSuffix(element, ",") + `]}`
			_, err := mustFor[request](t, typed.Options{}).Decode([]byte(text), typed.DecodeOptions{})
			got := err.Error()
			if !strings.HasPrefix(got, "100000 validation errors for value\nl.0\n") || !strings.HasSuffix(got, "\n… and 99000 more") {
				t.Errorf("got %.60s … %s", got, got[len(got)-60:])
			}
		})
	}
}

// Nested unions without a const field take exponential time to try.
func TestTrapNestedUnionsEnd(t *testing.T) {
	text := strings.Repeat(`{"x":`, 60) + `true` + strings.Repeat(`}`, 60)
	_, err := mustFor[unionA](t, typed.Options{}).Decode([]byte(text), typed.DecodeOptions{})
	if err == nil {
		t.Fatal("true is no unionA")
	}
}

// The types of a tree in which each node is one of two.
type (
	unionA struct {
		X unionNode `json:"x"`
	}
	unionB struct {
		X unionNode `json:"x"`
		Y int       `json:"y" default:"0"`
	}
	unionNode struct {
		_     typed.Union2[unionA, unionB]
		Value any
	}
)
