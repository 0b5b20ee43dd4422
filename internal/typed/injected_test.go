package typed_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/internal/typed"
)

// A filled type is what the framework fills. Its JSON is read by a codec of its own.
type filled struct{ text string }

type filledWire struct {
	Text string `json:"text"`
}

func (f *filled) UnmarshalJSON(raw []byte) error {
	codec, err := typed.For[filledWire](typed.NewCompiler(typed.Options{}), "filled")
	if err != nil {
		return err
	}
	w, err := codec.Decode(raw, typed.DecodeOptions{})
	f.text = w.Text
	return err
}

func (f *filled) MarshalJSON() ([]byte, error) { return json.Marshal(filledWire{f.text}) }

func (filled) JSONSchemaBytes() ([]byte, error) {
	return []byte(`{"$defs":{"Shared":{"type":"string"}},"properties":{"text":{"$ref":"#/$defs/Shared"}},"type":"object"}`), nil
}

type filledToo struct{ filled }

type filledRequest struct {
	Plain  *filled    `json:"plain"`
	Tagged *filled    `json:"tagged" default:"{\"text\":\"tag\"}"`
	Value  filled     `json:"value"`
	Other  *filledToo `json:"other"`
}

func filledCodec(t *testing.T) (*typed.Codec[filledRequest], *typed.Compiler) {
	t.Helper()
	c := typed.NewCompiler(typed.Options{Injected: []any{&filled{"standard"}, (*filledToo)(nil)}})
	codec, err := typed.ForRequest[filledRequest](c, "Func f")
	if err != nil {
		t.Fatal(err)
	}
	return codec, c
}

func TestInjectedParameterIsFilledWhereItIsAbsentAndNullIsKept(t *testing.T) {
	codec, _ := filledCodec(t)
	seen := 0
	r, err := codec.Decode([]byte(`{}`), typed.DecodeOptions{Inject: func(any) { seen++ }})
	if err != nil || seen != 4 {
		t.Fatalf("%v, %d parameters injected", err, seen)
	}
	if r.Plain.text != "standard" || r.Tagged.text != "tag" || r.Value.text != "standard" || r.Other != nil {
		t.Errorf("got %+v", r)
	}
	r, err = codec.Decode([]byte(`{"plain":null,"tagged":{"text":"given"}}`), typed.DecodeOptions{})
	if err != nil || r.Plain != nil || r.Tagged.text != "given" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestErrorsWithinATypesOwnMethodHaveTheirPaths(t *testing.T) {
	codec, _ := filledCodec(t)
	_, err := codec.Decode([]byte(`{"plain":{"text":3},"value":{}}`), typed.DecodeOptions{})
	var invalid *typed.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	want := "2 validation errors for f\n" +
		"plain.text\n  Input should be a valid string [type=string_type, input_value=3, input_type=int]\n" +
		"value.text\n  Field required [type=missing, input_value={}, input_type=dict]"
	if got := invalid.Text("f"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestInjectedParameterThatIsNilIsLeftOutOfARequest(t *testing.T) {
	c := typed.Cache{Injected: []any{&filled{}, (*filledToo)(nil)}}
	got, err := c.AppendRequest(nil, nil, filledRequest{Tagged: &filled{"x"}})
	if want := `{"tagged":{"text":"x"}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestTwoTypesMayShareADefinition(t *testing.T) {
	codec, c := filledCodec(t)
	result, err := typed.For[string](c, "Func f")
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Describe(typed.ModuleDescription{Topic: "t", Members: []typed.MemberDescription{{Name: "f", Request: codec, Result: result}}})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := a.MarshalJSON()
	for _, part := range []string{`"Shared":{"type":"string"}`, `"filled":`, `"filledToo":`, `"default":{"text":"standard"}`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
}
