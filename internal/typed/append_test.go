package typed_test

import (
	"errors"
	"testing"

	"github.com/dasf-go/dasf/internal/typed"
)

// An own value has a JSON form and a quicker way to it.
type own struct{ text string }

func (o own) MarshalJSON() ([]byte, error) { return nil, errors.New("the slow way was taken") }

func (o own) AppendJSON(dst []byte) ([]byte, error) {
	if o.text == "" {
		return dst, errors.New("nothing to append")
	}
	return append(dst, o.text...), nil
}

func (o *own) UnmarshalJSON([]byte) error { return nil }

func TestATypeThatAppendsItsJSONIsAskedTo(t *testing.T) {
	c := typed.NewCompiler(typed.Options{})
	codec, err := typed.For[map[string]own](c, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ text, want string }{
		{`"x"`, `{"a":"x"}`},
		{"{ \"b\" :\n1 }", `{"a":{"b":1}}`},
		{"", ""},
		{`{"b":`, ""},
		{`1 2`, ""},
	} {
		got, err := codec.Append([]byte("before "), map[string]own{"a": {test.text}})
		if test.want == "" {
			if err == nil {
				t.Errorf("%q: no error, but %s", test.text, got)
			}
			continue
		}
		if err != nil || string(got) != "before "+test.want {
			t.Errorf("%q: got %s, %v", test.text, got, err)
		}
	}
}
