package typed_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/typed"
)

// linesOf are the lines of an error without its title.
func linesOf(t *testing.T, err error) []string {
	t.Helper()
	var invalid *typed.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("no *Invalid: %v", err)
	}
	return strings.Split(invalid.Text("x"), "\n")[1:]
}

func refuse[T any](input string, lines ...string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		_, err := mustFor[T](t, typed.Options{}).Decode([]byte(input), typed.DecodeOptions{})
		if diff := cmp.Diff(lines, linesOf(t, err)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func accept[T any](input string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		if _, err := mustFor[T](t, typed.Options{}).Decode([]byte(input), typed.DecodeOptions{}); err != nil {
			t.Error(err)
		}
	}
}

// TestRuleMessages: rules that pydantic has are reported in its words
// (TestPydantic compares those), others name themselves and the cure.
func TestRuleMessages(t *testing.T) {
	type mail struct {
		X string `json:"x" validate:"email"`
	}
	type hue struct {
		X string `json:"x" validate:"rgb|rgba"`
	}
	type length struct {
		S string         `json:"s" default:"abc" validate:"len=3"`
		L []int          `json:"l" default:"[1]" validate:"len=1"`
		M map[string]int `json:"m" default:"{\"a\":1}" validate:"gt=0,lt=3"`
		B []byte         `json:"b" default:"aGk=" validate:"min=2,max=3"`
		U []int          `json:"u" default:"[]" validate:"unique"`
		N int            `json:"n" default:"3" validate:"eq=3"`
		O int            `json:"o" default:"1" validate:"oneof=1 2 3"`
		Q string         `json:"q" default:"a b" validate:"oneof='a b' c"`
		E int            `json:"e" default:"1" validate:"ne=2"`
	}
	type elements struct {
		L [][]int                   `json:"l" default:"[]" validate:"max=3,dive,min=1,dive,gte=0,lte=9"`
		M map[string]map[string]int `json:"m" default:"{}" validate:"dive,keys,min=2,endkeys,dive,keys,lowercase,endkeys,gt=0"`
		S dasf.Set[int]             `json:"s" default:"[]" validate:"dive,gte=0"`
		A [2]string                 `json:"a" default:"[\"a\",\"b\"]" validate:"dive,oneof=a b"`
		P []*string                 `json:"p" default:"[]" validate:"dive,min=2"`
		T []time.Duration           `json:"t" default:"[]" validate:"dive,gte=1s"`
		W []string                  `json:"w" default:"[]" validate:"dive,min=1" pattern:"^[a-z]*$"`
		F []float64                 `json:"f" default:"[]" validate:"dive,gte=0" multipleOf:"0.5"`
	}
	type exact struct {
		B big.Int      `json:"b" default:"1" validate:"gt=0,lte=100000000000000000000"`
		D dasf.Decimal `json:"d" default:"1" validate:"gte=0.1"`
		M big.Int      `json:"m" default:"0" multipleOf:"3"`
		N dasf.Decimal `json:"n" default:"0" multipleOf:"0.05"`
		P *big.Int     `json:"p" validate:"ne=5"`
		U dasf.UUID    `json:"u" default:"00000000-0000-0000-0000-000000000000" validate:"startswith=0"`
	}
	for name, test := range map[string]func(*testing.T){
		"email": refuse[mail](`{"x":"a"}`, "x",
			"  Value error, breaks the rule email: give an e-mail address [type=value_error, input_value='a', input_type=str]"),
		"alternatives": refuse[hue](`{"x":"a"}`, "x",
			"  Value error, breaks the rule rgb|rgba: give a value that keeps it [type=value_error, input_value='a', input_type=str]"),
		"one of the alternatives": accept[hue](`{"x":"rgba(0,0,0,1)"}`),
		"lengths": refuse[length](`{"s":"ab","l":[],"m":{},"b":"aA==","u":[1,2,1],"n":4,"o":4,"q":"b","e":2}`,
			"s", "  String should have at least 3 characters [type=string_too_short, input_value='ab', input_type=str]",
			"l", "  List should have at least 1 item after validation, not 0 [type=too_short, input_value=[], input_type=list]",
			"m", "  Dictionary should have at least 1 item after validation, not 0 [type=too_short, input_value={}, input_type=dict]",
			"b", "  Data should have at least 2 bytes [type=bytes_too_short, input_value='aA==', input_type=str]",
			"u", "  Value error, breaks the rule unique: give each element once [type=value_error, input_value=[1, 2, 1], input_type=list]",
			"n", "  Input should be 3 [type=literal_error, input_value=4, input_type=int]",
			"o", "  Input should be 1, 2 or 3 [type=literal_error, input_value=4, input_type=int]",
			"q", "  Input should be 'a b' or 'c' [type=literal_error, input_value='b', input_type=str]",
			"e", "  Value error, breaks the rule ne=2: give another value than 2 [type=value_error, input_value=2, input_type=int]",
		),
		"lengths beyond": refuse[length](`{"s":"abcd","l":[1,2],"m":{"a":1,"b":2,"c":3},"b":"aGtoaw=="}`,
			"s", "  String should have at most 3 characters [type=string_too_long, input_value='abcd', input_type=str]",
			"l", "  List should have at most 1 item after validation, not 2 [type=too_long, input_value=[1, 2], input_type=list]",
			"m", "  Dictionary should have at most 2 items after validation, not 3 [type=too_long, input_value={'a': 1, 'b': 2, 'c': 3}, input_type=dict]",
			"b", "  Data should have at most 3 bytes [type=bytes_too_long, input_value='aGtoaw==', input_type=str]",
		),
		"elements": refuse[elements](`{"l":[[],[1,-1],[10]],"m":{"a":{"b":1},"cc":{"B":1,"d":0}},"s":[3,-1,2,-5],"a":["a","c"],"p":[null,"x"],"t":["PT2S",0.5],"w":["","B"],"f":[0.5,-0.5,0.7]}`,
			"l.0", "  List should have at least 1 item after validation, not 0 [type=too_short, input_value=[], input_type=list]",
			"l.1.1", "  Input should be greater than or equal to 0 [type=greater_than_equal, input_value=-1, input_type=int]",
			"l.2.0", "  Input should be less than or equal to 9 [type=less_than_equal, input_value=10, input_type=int]",
			"m.a.[key]", "  String should have at least 2 characters [type=string_too_short, input_value='a', input_type=str]",
			"m.cc.B.[key]", "  Value error, breaks the rule lowercase: give it in lower case [type=value_error, input_value='B', input_type=str]",
			"m.cc.d", "  Input should be greater than 0 [type=greater_than, input_value=0, input_type=int]",
			"s.1", "  Input should be greater than or equal to 0 [type=greater_than_equal, input_value=-1, input_type=int]",
			"s.3", "  Input should be greater than or equal to 0 [type=greater_than_equal, input_value=-5, input_type=int]",
			"a.1", "  Input should be 'a' or 'b' [type=literal_error, input_value='c', input_type=str]",
			"p.1", "  String should have at least 2 characters [type=string_too_short, input_value='x', input_type=str]",
			"t.1", "  Input should be greater than or equal to 1s [type=greater_than_equal, input_value=0.5, input_type=float]",
			"w.0", "  String should have at least 1 character [type=string_too_short, input_value='', input_type=str]",
			"w.1", "  String should match pattern '^[a-z]*$' [type=string_pattern_mismatch, input_value='B', input_type=str]",
			"f.1", "  Input should be greater than or equal to 0 [type=greater_than_equal, input_value=-0.5, input_type=float]",
			"f.2", "  Input should be a multiple of 0.5 [type=multiple_of, input_value=0.7, input_type=float]",
		),
		"exact numbers": refuse[exact](`{"b":100000000000000000001,"d":"0.0999999999999999999999","m":10000000000000000000001,"n":"0.07","p":5,"u":"10000000-0000-0000-0000-000000000000"}`,
			"b", "  Input should be less than or equal to 100000000000000000000 [type=less_than_equal, input_value=100000000000000000001, input_type=int]",
			"d", "  Input should be greater than or equal to 0.1 [type=greater_than_equal, input_value='0.0999999999999999999999', input_type=str]",
			"m", "  Input should be a multiple of 3 [type=multiple_of, input_value=10000000000000000000001, input_type=int]",
			"n", "  Input should be a multiple of 0.05 [type=multiple_of, input_value='0.07', input_type=str]",
			"p", "  Value error, breaks the rule ne=5: give another value than 5 [type=value_error, input_value=5, input_type=int]",
			"u", "  Value error, breaks the rule startswith=0: it must begin with 0 [type=value_error, input_value='10000000-0000-0000-0000-000000000000', input_type=str]",
		),
		"exact numbers that keep the rules": accept[exact](`{"b":100000000000000000000,"d":"1e999999","m":"9000000000000000000000","n":0.15}`),
		"a huge exponent is no multiple":    refuse[exact](`{"n":"1e999999"}`, "n", "  Input should be a multiple of 0.05 [type=multiple_of, input_value='1e999999', input_type=str]"),
	} {
		t.Run(name, test)
	}
}

// TestBoundsOfManyNumbers: the least and the greatest are asked first, and all
// of them only if one of these breaks a rule.
func TestBoundsOfManyNumbers(t *testing.T) {
	type request struct {
		F []float64       `json:"f" default:"[]" validate:"dive,gte=0,lt=10"`
		S []float32       `json:"s" default:"[]" validate:"dive,gt=0"`
		I []int8          `json:"i" default:"[]" validate:"dive,max=5"`
		U [5]uint         `json:"u" default:"[1,1,1,1,1]" validate:"dive,min=1"`
		D []time.Duration `json:"d" default:"[]" validate:"dive,lte=1m"`
	}
	wantDecode[request](t, `{"f":[0,1,2,9.5,3],"s":[1,2,3,4],"i":[5,-5,0,1]}`,
		`{"f":[0.0,1.0,2.0,9.5,3.0],"s":[1.0,2.0,3.0,4.0],"i":[5,-5,0,1],"u":[1,1,1,1,1],"d":[]}`)
	wantDecode[request](t, `{"f":[1,2,null,10,-1,3],"s":[1,2,0,4],"i":[1,2,3,4,6,5],"u":[1,1,0,1,1],"d":[1,2,3,61]}`, "",
		"f.2:less_than", "f.3:less_than", "f.4:greater_than_equal", "s.2:greater_than", "i.4:less_than_equal", "u.2:greater_than_equal", "d.3:less_than_equal")
}

// TestRulesOfNeighbours: rules that look at other fields, which JSON Schema
// cannot say, are checked all the same. Presence is by key.
func TestRulesOfNeighbours(t *testing.T) {
	type request struct {
		Mode  string  `json:"mode" default:"slow"`
		Limit *int    `json:"limit" validate:"required_if=Mode fast"`
		Low   int     `json:"low,omitempty" validate:"required_with=High"`
		High  int     `json:"high,omitempty" validate:"required_with=Low,gtefield=Low"`
		Word  string  `json:"word,omitempty"`
		Again string  `json:"again,omitempty" validate:"eqfield=Word"`
		URL   *string `json:"url" validate:"excluded_with=File"`
		File  *string `json:"file" validate:"required_without=URL"`
	}
	ok := `"url":"u"`
	for name, test := range map[string]func(*testing.T){
		"nothing":           accept[request](`{` + ok + `}`),
		"condition":         accept[request](`{"mode":"fast","limit":0,` + ok + `}`),
		"presence by key":   accept[request](`{"low":0,"high":0,` + ok + `}`),
		"equal":             accept[request](`{"word":"a","again":"a",` + ok + `}`),
		"absent is no rule": accept[request](`{"word":"a",` + ok + `}`),
		"broken condition": refuse[request](`{"mode":"fast",`+ok+`}`, "limit",
			"  Value error, breaks the rule required_if=mode fast: give this field [type=value_error, input_value={'mode': 'fast', 'url': 'u'}, input_type=dict]"),
		"null is absent": refuse[request](`{"mode":"fast","limit":null,`+ok+`}`, "limit",
			"  Value error, breaks the rule required_if=mode fast: give this field [type=value_error, input_value={'mode': 'fast', 'limit': None, 'url': 'u'}, input_type=dict]"),
		"without its companion": refuse[request](`{"low":1,`+ok+`}`, "high",
			"  Value error, breaks the rule required_with=low: give this field [type=value_error, input_value={'low': 1, 'url': 'u'}, input_type=dict]"),
		"less than another": refuse[request](`{"low":2,"high":1,`+ok+`}`, "high",
			"  Value error, breaks the rule gtefield=low: give at least as much as in low [type=value_error, input_value={'low': 2, 'high': 1, 'url': 'u'}, input_type=dict]"),
		"not equal": refuse[request](`{"word":"a","again":"b",`+ok+`}`, "again",
			"  Value error, breaks the rule eqfield=word: give the same value as in word [type=value_error, input_value={'word': 'a', 'again': 'b', 'url': 'u'}, input_type=dict]"),
		"neither": refuse[request](`{}`, "file",
			"  Value error, breaks the rule required_without=url: give this field [type=value_error, input_value={}, input_type=dict]"),
		"both": refuse[request](`{"url":"u","file":"f"}`, "url",
			"  Value error, breaks the rule excluded_with=file: leave this field out [type=value_error, input_value={'url': 'u', 'file': 'f'}, input_type=dict]"),
		"a neighbour that did not decode": refuse[request](`{"word":3,"again":"b",`+ok+`}`, "word",
			"  Input should be a valid string [type=string_type, input_value=3, input_type=int]"),
	} {
		t.Run(name, test)
	}
}

// TestModulesValidator: rules, aliases and struct validations that are
// registered on the module's own validator.
func TestModulesValidator(t *testing.T) {
	type span struct {
		Low  int `json:"low" validate:"even"`
		High int `json:"high" validate:"small"`
	}
	type request struct {
		Spans []span `json:"spans"`
	}
	v := validator.New(validator.WithRequiredStructEnabled())
	if err := v.RegisterValidation("even", func(f validator.FieldLevel) bool { return f.Field().Int()%2 == 0 }); err != nil {
		t.Fatal(err)
	}
	v.RegisterAlias("small", "gte=0,lte=9")
	v.RegisterStructValidation(func(sl validator.StructLevel) {
		s, _ := sl.Current().Interface().(span)
		if s.Low > s.High {
			sl.ReportError(s.High, "High", "High", "ordered", "")
		}
	}, span{})
	k := mustFor[request](t, typed.Options{Validator: v})
	if _, err := k.Decode([]byte(`{"spans":[{"low":2,"high":4}]}`), typed.DecodeOptions{}); err != nil {
		t.Error(err)
	}
	_, err := k.Decode([]byte(`{"spans":[{"low":1,"high":10},{"low":4,"high":2}]}`), typed.DecodeOptions{})
	want := []string{
		"spans.0.low", "  Value error, breaks the rule even: give a value that keeps it [type=value_error, input_value=1, input_type=int]",
		"spans.0.high", "  Value error, breaks the rule small: give a value that keeps it [type=value_error, input_value=10, input_type=int]",
		"spans.1.high", "  Value error, breaks the rule ordered: give a value that keeps it [type=value_error, input_value={'low': 4, 'high': 2}, input_type=dict]",
	}
	if diff := cmp.Diff(want, linesOf(t, err)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	bad := request{Spans: []span{{Low: 4, High: 2}}}
	if diff := cmp.Diff([]string{"spans.0.high:value_error"}, kindsOf(t, k.Check(&bad))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// Alternatives of a union are tried quietly, and checked all the same.
	union := mustFor[dasf.OneOf2[span, string]](t, typed.Options{Validator: v})
	_, err = union.Decode([]byte(`{"low":4,"high":2}`), typed.DecodeOptions{})
	if diff := cmp.Diff([]string{"span.high:value_error", "str:string_type"}, kindsOf(t, err)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// The validator itself is left as it was.
	type own struct {
		Name string `validate:"required"`
	}
	if v.Struct(own{}) == nil {
		t.Error("the author's own use of the validator has changed")
	}
}

// TestRulesThatPanic: a registered rule that panics on a value is a processing error.
func TestRulesThatPanic(t *testing.T) {
	type request struct {
		N int `json:"n" validate:"odd"`
	}
	v := validator.New(validator.WithRequiredStructEnabled())
	if err := v.RegisterValidation("odd", func(f validator.FieldLevel) bool {
		if f.Field().Int() > 10 {
			panic("too much")
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	_, err := mustFor[request](t, typed.Options{Validator: v}).Decode([]byte(`{"n":11}`), typed.DecodeOptions{})
	var invalid *typed.Invalid
	if !errors.As(err, &invalid) || invalid.Processing == nil || !strings.Contains(err.Error(), "too much") {
		t.Errorf("got %v", err)
	}
}

// TestRulesOfResults: a result is held to the rules of Returns, to those of its
// type, to its enums and fixed fields.
func TestRulesOfResults(t *testing.T) {
	check := func(t *testing.T, err error, want ...string) {
		t.Helper()
		if len(want) == 0 {
			if err != nil {
				t.Error(err)
			}
			return
		}
		if diff := cmp.Diff(want, linesOf(t, err)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	number, err := mustFor[float64](t, typed.Options{}).Result("gt=0")
	if err != nil {
		t.Fatal(err)
	}
	for v, want := range map[float64][]string{
		1:  nil,
		-1: {"  Input should be greater than 0 [type=greater_than, input_value=-1.0, input_type=float]"},
	} {
		check(t, number.Check(&v), want...)
	}
	list, err := mustFor[[]int](t, typed.Options{}).Result("min=1", "dive,gte=0")
	if err != nil {
		t.Fatal(err)
	}
	check(t, list.Check(&[]int{}), "  List should have at least 1 item after validation, not 0 [type=too_short, input_value=[], input_type=list]")
	check(t, list.Check(&[]int{1, -1}), "1", "  Input should be greater than or equal to 0 [type=greater_than_equal, input_value=-1, input_type=int]")

	type part struct {
		N    int               `json:"n" validate:"gte=1"`
		Opt  int               `json:"opt,omitempty" validate:"gte=1"`
		C    Color             `json:"c"`
		M    map[string]*Level `json:"m"`
		Kind string            `json:"kind" const:"part"`
		Need string            `json:"need,omitempty" validate:"required_with=Opt"`
	}
	parts := mustFor[map[string][]part](t, typed.Options{})
	good, bad := Level(1), Level(5)
	check(t, parts.Check(&map[string][]part{"a": {{N: 1, C: "red", M: map[string]*Level{"x": &good, "y": nil}}}}))
	check(t, parts.Check(&map[string][]part{"a": {{C: "green", M: map[string]*Level{"x": &bad}, Opt: 2}}}),
		"a.0.n", "  Input should be greater than or equal to 1 [type=greater_than_equal, input_value=0, input_type=int]",
		"a.0.c", "  Input should be 'red' or 'blue' [type=enum, input_value='green', input_type=str]",
		"a.0.m.x", "  Input should be 1 or 2 [type=enum, input_value=5, input_type=int]",
		"a.0.need", "  Value error, breaks the rule required_with=opt: give this field [type=value_error, input_value={'n': 0, 'opt': 2, 'c': 'green', 'm': {'x': 5}, 'kind': 'part'}, input_type=dict]")
}
