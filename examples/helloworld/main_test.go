package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/api/apitest"
)

// A test of a handler needs no broker.
func TestHelloWorld(t *testing.T) {
	got, err := dasf.Call[string](t.Context(), dasf.Local(module()), "hello_world", Request{Name: "Peter"})
	if err != nil || got != "Hello World, Peter" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSchemaIsPythons(t *testing.T) {
	m := module()
	apitest.Golden(t, "hello_world", m.Schema(), m.API())
}

func Example() {
	client := dasf.Local(module())
	text, err := dasf.Call[string](context.Background(), client, "hello_world", Request{Name: "Peter"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text)
	// Output: Hello World, Peter
}
