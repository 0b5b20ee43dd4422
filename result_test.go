package dasf_test

import (
	"context"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
)

type counter struct{}

func (*counter) Count(context.Context, dasf.None) (int, error) { return 1, nil }

func TestResultFromElsewhere(t *testing.T) {
	m := dasf.NewModule(dasf.Config{Topic: "topic", Logger: quiet()},
		dasf.Func("count", func(context.Context, dasf.None) (int, error) { return 1, nil }).Returns("", "gte=0"),
		dasf.Class("Counter", dasf.New[counter], dasf.Method("count", (*counter).Count)),
	)
	const function, method = `{"func_name":"count"}`, `{"class_name":"Counter","function":{"func_name":"count"}}`
	for _, tt := range []struct{ name, request, given, want, err string }{
		{"plain", function, `3`, `3`, ""},
		{"spaces", function, " 3\n", `3`, ""},
		{"what pydantic takes for it", function, `"3"`, `3`, ""},
		{"another type", function, `{"a":1}`, "", "count"},
		{"a broken rule", function, `-1`, "", "greater than or equal to 0"},
		{"no JSON", function, `3 4`, "", "count"},
		{"nothing", function, ``, "", "count"},
		{"of a method", method, `"4"`, `4`, ""},
		{"wrong for a method", method, `"x"`, "", "Counter.count"},
		{"of no member", `{"func_name":"none"}`, `3`, "", "none"},
		{"of no method", `{"class_name":"Counter","function":{"func_name":"none"}}`, `3`, "", "none"},
		{"of no function", `{"class_name":"Counter"}`, `3`, "", "function"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := m.Result([]byte(tt.request), []byte(tt.given))
			if string(got) != tt.want || (err == nil) != (tt.err == "") {
				t.Fatalf("got %s, %v", got, err)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.err) || dasf.CodeOf(err) == "") {
				t.Errorf("got %v, code %q", err, dasf.CodeOf(err))
			}
		})
	}
}
