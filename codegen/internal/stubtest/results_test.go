package stubtest

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/codegen/testdata/go/alltypes"
	"github.com/dasf-go/dasf/codegen/testdata/go/greet"
	"github.com/dasf-go/dasf/codegen/testdata/go/values"
)

// The types of a golden package fit a backend as well: this one gives its
// requests back.
func TestResults(t *testing.T) {
	when := time.Date(2024, 2, 29, 12, 30, 15, 123_456_000, time.UTC)
	module := dasf.NewModule(dasf.Config{Topic: "t"},
		dasf.Func("all_types", func(_ context.Context, r alltypes.AllTypesRequest) (map[string]any, error) {
			return map[string]any{"person": r.Person, "color": r.Color, "when": r.When}, nil
		}),
		dasf.Func("unions", func(_ context.Context, r alltypes.UnionsRequest) (*alltypes.Person, error) {
			if name, ok := r.X.Value.(string); ok {
				return &alltypes.Person{Name: name, Born: &dasf.Date{Year: 2000, Month: 1, Day: 2}}, nil
			}
			return nil, nil
		}),
		dasf.Func("compute_sum", func(_ context.Context, r greet.ComputeSumRequest) (sum float64, err error) {
			for _, v := range r.Values {
				sum += v
			}
			return sum, nil
		}),
		dasf.Func("numbers", func(_ context.Context, r values.NumbersRequest) (map[string][]float64, error) {
			return map[string][]float64{"points": {r.Points["a"], r.Points["b"]}}, nil
		}),
		dasf.Class("HelloWorld", dasf.New[greet.HelloWorldArgs],
			dasf.Method("greet", func(o *greet.HelloWorldArgs, _ context.Context, r greet.HelloWorldGreetRequest) (greet.GreetResponse, error) {
				return greet.GreetResponse{Message: o.Message, Greetings: []string{r.GreetMessage}, GreetingTime: when}, nil
			}),
			dasf.Method("repeat_message", func(*greet.HelloWorldArgs, context.Context, greet.HelloWorldRepeatMessageRequest) ([]string, error) {
				return nil, errors.New("not called")
			})),
	)
	ctx, c := t.Context(), dasf.Local(module)

	response, err := greet.NewHelloWorld(c, greet.HelloWorldArgs{Message: "m"}).Greet(ctx, greet.HelloWorldGreetRequest{Repeat: 1, GreetMessage: "hi"})
	if diff := cmp.Diff(greet.GreetResponse{Message: "m", Greetings: []string{"hi"}, GreetingTime: when}, response); err != nil || diff != "" {
		t.Errorf("greet: %v\n%s", err, diff)
	}
	sum, err := greet.ComputeSum(ctx, c, greet.ComputeSumRequest{Values: map[string]float64{"a": 1.5, "b": math.NaN()}})
	if err != nil || !math.IsNaN(sum) {
		t.Errorf("the sum of NaN is %v, %v", sum, err)
	}
	points, err := values.Numbers(ctx, c, values.NumbersRequest{Points: map[string]float64{"a": 1, "b": math.NaN()}})
	if diff := cmp.Diff(map[string][]float64{"points": {1, math.NaN()}}, points, cmpopts.EquateNaNs()); err != nil || diff != "" {
		t.Errorf("numbers: %v\n%s", err, diff)
	}
	person, err := alltypes.Unions(ctx, c, alltypes.UnionsRequest{X: dasf.OneOf2[int, string]{Value: "Ada"}})
	if err != nil || person == nil || person.Name != "Ada" || person.Born.String() != "2000-01-02" {
		t.Errorf("unions of a string: %+v, %v", person, err)
	}
	if person, err = alltypes.Unions(ctx, c, alltypes.UnionsRequest{X: dasf.OneOf2[int, string]{Value: 1}}); err != nil || person != nil {
		t.Errorf("unions of a number: %+v, %v", person, err)
	}

	// The tags hold the rules of the backend.
	_, err = alltypes.AllTypes(ctx, c, alltypes.AllTypesRequest{I: 101, F: 0.1, S: "A", Mode: "medium", M: new(7), Color: "green", Day: dasf.Date{Year: 2000, Month: 1, Day: 1}})
	var failed *dasf.Error
	if !errors.As(err, &failed) {
		t.Fatalf("all_types took what breaks its rules: %v", err)
	}
	var broken []string
	for _, f := range failed.Fields() {
		broken = append(broken, f.Path)
	}
	for _, path := range []string{"i", "f", "s", "lf", "color", "level", "mode", "m"} {
		if !contains(broken, path) {
			t.Errorf("no rule for %s: %v", path, err)
		}
	}
}

func contains(paths []string, path string) bool {
	for _, p := range paths {
		if p == path {
			return true
		}
	}
	return false
}
