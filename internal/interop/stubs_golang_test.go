//go:build interop

package interop_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/codegen/testdata/go/greet"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// The Go package of a description calls what it describes.
func TestGoldenGoPackageCallsPython(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "non-persistent"} {
		at := embedded(s)(t)
		golden, err := filepath.Abs(filepath.Join("..", "..", "testdata", "golden", "greet", "greet.py"))
		if err != nil {
			t.Fatal(err)
		}
		lab.StartPythonBackend(t, peers.Module{Path: golden, Topic: "greet-topic", At: at})
		callGreet(t, at)
	}
}

// callGreet calls the members of greet through the golden Go package.
func callGreet(t *testing.T, at peers.Endpoint) {
	t.Helper()
	ctx := within(t)
	c, err := greet.Dial(ctx, connect(t, at), dasf.WithLogger(newLog(t, "go-stub")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	hello := greet.NewHelloWorld(c, greet.HelloWorldArgs{Message: "hi"})
	if got, err := hello.RepeatMessage(ctx, greet.HelloWorldRepeatMessageRequest{Repeat: 2}); err != nil || asJSON(t, got) != `["hi","hi"]` {
		t.Errorf("repeat_message: %v, %v", got, err)
	}
	got, err := hello.Greet(ctx, greet.HelloWorldGreetRequest{Repeat: 1, GreetMessage: "größer"})
	if err != nil || got.Message != "hi" || asJSON(t, got.Greetings) != `["größer"]` || got.GreetingTime.IsZero() {
		t.Errorf("greet: %+v, %v", got, err)
	}
	if sum, err := greet.ComputeSum(ctx, c, greet.ComputeSumRequest{Values: map[string]float64{"a": 1.5, "b": 2}}); err != nil || sum != 3.5 {
		t.Errorf("compute_sum: %v, %v", sum, err)
	}
	var failed *dasf.Error
	if _, err := hello.RepeatMessage(ctx, greet.HelloWorldRepeatMessageRequest{Repeat: -1}); !errors.As(err, &failed) || failed.Code() != dasf.CodeInvalidRequest {
		t.Errorf("repeat_message of -1: %v", err)
	}
}

// asJSON writes a value for a comparison.
func asJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
