package main

import (
	"slices"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/api/apitest"
)

func TestGreet(t *testing.T) {
	before := time.Now().Add(-time.Millisecond)
	hello := dasf.Local(module()).Object("HelloWorld", HelloWorld{Message: "Hi"})
	got, err := dasf.Call[GreetResponse](t.Context(), hello, "greet", GreetRequest{Repeat: 2, GreetMessage: "Hello"})
	if err != nil || got.Message != "Hi" || !slices.Equal(got.Greetings, []string{"Hello", "Hello"}) || got.GreetingTime.Before(before) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRepeatMessageRefusesLessThanZero(t *testing.T) {
	hello := dasf.Local(module()).Object("HelloWorld", HelloWorld{Message: "Hi"})
	_, err := dasf.Call[[]string](t.Context(), hello, "repeat_message", RepeatRequest{Repeat: -1})
	if dasf.CodeOf(err) != dasf.CodeInvalidRequest {
		t.Errorf("got %v", err)
	}
}

func TestComputeSum(t *testing.T) {
	got, err := dasf.Call[float64](t.Context(), dasf.Local(module()), "compute_sum", SumRequest{Values: map[string]float64{"a": 1.5, "b": 2}})
	if err != nil || got != 3.5 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestSchemaIsPythons(t *testing.T) {
	m := module()
	apitest.Golden(t, "greet", m.Schema(), m.API())
}
