package dasf_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/dasf-go/dasf"
)

func TestWithMakesTheModuleThatNewModuleMakes(t *testing.T) {
	type request struct {
		N int `json:"n" validate:"lucky"`
	}
	validates := func(lucky int64) *validator.Validate {
		v := validator.New(validator.WithRequiredStructEnabled())
		if err := v.RegisterValidation("lucky", func(f validator.FieldLevel) bool { return f.Field().Int() == lucky }); err != nil {
			t.Fatal(err)
		}
		return v
	}
	member := dasf.Func("member", func(_ context.Context, r request) (int, error) { return r.N, nil })
	given := dasf.Config{Topic: "topic", Doc: "doc", Validator: validates(7), Stub: dasf.Stub{Imports: []string{"a"}, HardCode: []string{"b"}}}
	for name, change := range map[string]func(*dasf.Config){
		"nothing":   func(*dasf.Config) {},
		"topic":     func(c *dasf.Config) { c.Topic = "other" },
		"doc":       func(c *dasf.Config) { c.Doc = "other" },
		"strict":    func(c *dasf.Config) { c.Strict = true },
		"extra":     func(c *dasf.Config) { c.SchemaExtra = map[string]any{"x": 1} },
		"imports":   func(c *dasf.Config) { c.Stub.Imports = nil },
		"hard code": func(c *dasf.Config) { c.Stub.HardCode = []string{"b", "c"} },
		"validator": func(c *dasf.Config) { c.Validator = validates(8) },
		"workers":   func(c *dasf.Config) { c.Workers = 2 },
		"middleware": func(c *dasf.Config) {
			c.Middleware = []dasf.Middleware{func(dasf.Handler) dasf.Handler {
				return func(context.Context, json.RawMessage) (json.RawMessage, error) {
					return json.RawMessage(`"middleware"`), nil
				}
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := dasf.NewModule(given, member).With(change)
			if err != nil {
				t.Fatal(err)
			}
			changed := given
			change(&changed)
			want := dasf.NewModule(changed, member)
			if got, want := apiText(t, got), apiText(t, want); got != want {
				t.Errorf("the API is\n%s, want\n%s", got, want)
			}
			if got, want := got.Config().Workers, want.Config().Workers; got != want {
				t.Errorf("%d workers, want %d", got, want)
			}
			for _, n := range []string{`7`, `8`, `"7"`} {
				request := json.RawMessage(`{"func_name":"member","n":` + n + `}`)
				gave, err := got.Handle(t.Context(), request)
				wanted, wantErr := want.Handle(t.Context(), request)
				if string(gave) != string(wanted) || (err == nil) != (wantErr == nil) {
					t.Errorf("%s: %s, %v, want %s, %v", n, gave, err, wanted, wantErr)
				}
			}
		})
	}
	if _, err := dasf.NewModule(given, member).With(func(c *dasf.Config) { c.Workers = -1 }); err == nil {
		t.Error("With takes a configuration that NewModule refuses")
	}
}

func apiText(t *testing.T, m *dasf.Module) string {
	t.Helper()
	text, err := m.API().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
