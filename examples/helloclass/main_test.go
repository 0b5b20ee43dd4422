package main

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/api/apitest"
)

func TestRepeatMessage(t *testing.T) {
	hello := dasf.Local(module()).Object("HelloWorld", HelloWorld{Message: "Hi"})
	got, err := dasf.Call[[]string](t.Context(), hello, "repeat_message", RepeatRequest{Repeat: 2})
	if err != nil || !slices.Equal(got, []string{"Hi", "Hi"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

// A default is filled in where the key is absent, and only there.
func TestUpper(t *testing.T) {
	hello := dasf.Local(module()).Object("HelloWorld", HelloWorld{Message: "Hi"})
	for want, args := range map[string]any{"HI!": dasf.None{}, "HI": UpperRequest{}, "HI?": UpperRequest{Suffix: "?"}} {
		got, err := dasf.Call[string](t.Context(), hello, "upper", args)
		if err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

func TestMethodOnItsOwn(t *testing.T) {
	got, err := (&HelloWorld{Message: "Hi"}).RepeatMessage(t.Context(), RepeatRequest{Repeat: 0})
	if err != nil || len(got) != 0 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSchemaIsPythons(t *testing.T) {
	m := module()
	apitest.Golden(t, "hello_world_class", m.Schema(), m.API())
}

func Example() {
	hello := dasf.Local(module()).Object("HelloWorld", HelloWorld{Message: "Hi"})
	text, err := dasf.Call[string](context.Background(), hello, "upper", dasf.None{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text)
	// Output: HI!
}
