package typed_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/typed"
)

// Types with methods of their own.
type (
	ownJSON     struct{ text string }
	ownNullable struct{ text string }
	ownText     struct{ text string }
	ownV2       struct{ text string }
	onlyEncodes struct {
		N int `json:"n"`
	}
	onlyDecodes struct {
		N int `json:"n"`
	}
	failing  struct{ X int }
	panicky  struct{ X int }
	textKey  string
	jsonText string
)

func (o ownJSON) MarshalJSON() ([]byte, error) { return json.Marshal(o.text) }
func (o *ownJSON) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil // as json.Unmarshaler asks for
	}
	return json.Unmarshal(raw, &o.text)
}

func (o ownNullable) MarshalJSON() ([]byte, error)    { return json.Marshal(o.text) }
func (o *ownNullable) UnmarshalJSON(raw []byte) error { o.text = string(raw); return nil }
func (ownNullable) JSONSchemaBytes() ([]byte, error) {
	return []byte(`{"type":["string","null"]}`), nil
}
func (o ownText) MarshalText() ([]byte, error) { return []byte("<" + o.text + ">"), nil }
func (o *ownText) UnmarshalText(text []byte) error {
	if len(text) < 2 {
		return errors.New("no angle brackets")
	}
	o.text = string(text[1 : len(text)-1])
	return nil
}
func (o ownV2) MarshalJSONTo(e *jsontext.Encoder) error { return e.WriteToken(jsontext.String(o.text)) }
func (o *ownV2) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return jsonv2.UnmarshalDecode(d, &o.text)
}
func (onlyEncodes) MarshalJSON() ([]byte, error)  { return []byte(`"encoded"`), nil }
func (o *onlyDecodes) UnmarshalJSON([]byte) error { o.N = 7; return nil }
func (failing) MarshalJSON() ([]byte, error)      { return nil, errors.New("cannot") }
func (*failing) UnmarshalJSON([]byte) error       { return errors.New("cannot either") }
func (panicky) MarshalJSON() ([]byte, error)      { panic("in MarshalJSON") }
func (*panicky) UnmarshalJSON([]byte) error       { panic("in UnmarshalJSON") }
func (k textKey) MarshalText() ([]byte, error)    { return []byte("k-" + string(k)), nil }
func (k *textKey) UnmarshalText(text []byte) error {
	rest, ok := strings.CutPrefix(string(text), "k-")
	if !ok {
		return errors.New("a key begins with k-")
	}
	*k = textKey(rest)
	return nil
}
func (j jsonText) MarshalJSON() ([]byte, error)    { return []byte(" [ 1 ] "), nil }
func (j *jsonText) UnmarshalJSON(raw []byte) error { *j = jsonText(raw); return nil }

func TestOwnMethods(t *testing.T) {
	wantDecode[[]ownJSON](t, `["a"]`, `["a"]`)
	wantDecode[[]ownJSON](t, `[1]`, "", "0:value_error")
	wantDecode[*ownJSON](t, `null`, `null`)
	wantDecode[map[string]ownV2](t, `{"k":"a"}`, `{"k":"a"}`)
	wantDecode[[]ownText](t, `["<a>","x"]`, "", "1:value_error")
	wantDecode[[]ownText](t, `["<a>"]`, `["<a>"]`)
	wantDecode[[]ownText](t, `[3]`, "", "0:string_type")
	wantDecode[[]onlyEncodes](t, `[{"n":1}]`, `["encoded"]`)
	wantDecode[[]onlyDecodes](t, `["x"]`, `[{"n":7}]`)
	wantDecode[map[textKey]int](t, `{"k-a":1,"k-b":2}`, `{"k-a":1,"k-b":2}`)
	wantDecode[map[textKey]int](t, `{"a":1}`, "", "a.[key]:value_error")
	wantDecode[jsonText](t, `{"a" : 1}`, `[1]`)
}

func TestOwnMethodsThatFail(t *testing.T) {
	_, err := mustFor[[]failing](t, typed.Options{}).Decode([]byte(`[1]`), typed.DecodeOptions{})
	if err == nil || !strings.Contains(err.Error(), "Value error, cannot either") {
		t.Errorf("got %v", err)
	}
	_, err = mustFor[[]failing](t, typed.Options{}).Append(nil, []failing{{}})
	if err == nil || !strings.Contains(err.Error(), "0: typed_test.failing: cannot") {
		t.Errorf("got %v", err)
	}
}

func TestOwnMethodsThatPanic(t *testing.T) {
	_, err := mustFor[[]panicky](t, typed.Options{}).Decode([]byte(`[1]`), typed.DecodeOptions{})
	var invalid *typed.Invalid
	if !errors.As(err, &invalid) || invalid.Processing == nil || !strings.Contains(err.Error(), "in UnmarshalJSON") {
		t.Errorf("got %v", err)
	}
	_, err = mustFor[[]panicky](t, typed.Options{}).Append(nil, []panicky{{}})
	if err == nil || !strings.Contains(err.Error(), "in MarshalJSON") {
		t.Errorf("got %v", err)
	}
}

// validated has a Validate method at each depth.
type (
	validated struct {
		Low  int `json:"low"`
		High int `json:"high"`
	}
	validatedCode string
	validatedTree struct {
		Range validated     `json:"range"`
		Code  validatedCode `json:"code" default:"ok"`
		List  []validated   `json:"list" default:"[]"`
	}
)

func (v validated) Validate() error {
	if v.Low > v.High {
		return errors.New("low is greater than high")
	}
	return nil
}

func (c *validatedCode) Validate() error {
	switch *c {
	case "panic":
		panic("no such code")
	case "bad":
		return errors.New("a bad code")
	}
	return nil
}

func TestValidateMethods(t *testing.T) {
	wantDecode[validatedTree](t, `{"range":{"low":1,"high":2}}`, `{"range":{"low":1,"high":2},"code":"ok","list":[]}`)
	wantDecode[validatedTree](t, `{"range":{"low":3,"high":2},"code":"bad","list":[{"low":0,"high":0},{"low":1,"high":0}]}`, "",
		"range:value_error", "code:value_error", "list.1:value_error")
	wantDecode[validatedTree](t, `{"range":{"low":3,"high":"x"}}`, "", "range.high:int_parsing") // not called then
	wantDecode[*validated](t, `{"low":3,"high":2}`, "", ":value_error")

	k := mustFor[validatedTree](t, typed.Options{})
	_, err := k.Decode([]byte(`{"range":{"low":3,"high":2}}`), typed.DecodeOptions{})
	want := "1 validation error for f\nrange\n  Value error, low is greater than high [type=value_error, input_value={'low': 3, 'high': 2}, input_type=dict]"
	if diff := cmp.Diff(want, err.(*typed.Invalid).Text("f")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	_, err = k.Decode([]byte(`{"range":{"low":1,"high":2},"code":"panic"}`), typed.DecodeOptions{})
	var invalid *typed.Invalid
	if !errors.As(err, &invalid) || invalid.Processing == nil || !strings.Contains(invalid.Processing.Error(), "Validate panicked: no such code") {
		t.Errorf("got %v", err)
	}
}

// zeroByPointer has an IsZero of a pointer receiver, which encoding/json asks too.
type zeroByPointer struct{ N int }

func (z *zeroByPointer) IsZero() bool {
	if z.N == 13 {
		panic("unlucky")
	}
	return z.N == 7
}

func TestIsZeroMethods(t *testing.T) {
	type result struct {
		Z zeroByPointer `json:"z,omitzero"`
		N int           `json:"n" validate:"gte=0"`
	}
	k := mustFor[map[string]result](t, typed.Options{})
	for n, want := range map[int]string{0: `{"a":{"z":{"N":0},"n":0}}`, 7: `{"a":{"n":0}}`} {
		v := map[string]result{"a": {Z: zeroByPointer{n}}}
		if err := k.Check(&v); err != nil {
			t.Error(err)
		}
		if got, err := k.Append(nil, v); err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
	v := map[string]result{"a": {Z: zeroByPointer{13}}}
	var invalid *typed.Invalid
	if err := k.Check(&v); !errors.As(err, &invalid) || invalid.Processing == nil || !strings.Contains(err.Error(), "unlucky") {
		t.Errorf("got %v", err)
	}
	if _, err := k.Append(nil, v); err == nil || !strings.Contains(err.Error(), "unlucky") {
		t.Errorf("got %v", err)
	}
}

func TestValidateMethodsOfResults(t *testing.T) {
	k := mustFor[[]validatedTree](t, typed.Options{})
	v := []validatedTree{{Code: "bad"}, {Range: validated{Low: 1}}}
	if diff := cmp.Diff([]string{"0.code:value_error", "1.range:value_error"}, kindsOf(t, k.Check(&v))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	v = []validatedTree{{Code: "panic"}}
	var invalid *typed.Invalid
	if err := k.Check(&v); !errors.As(err, &invalid) || invalid.Processing == nil {
		t.Errorf("got %v", err)
	}
}
