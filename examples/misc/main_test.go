package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/api/apitest"
)

func TestFailures(t *testing.T) {
	for request, want := range map[string]string{
		`{"func_name":"fail"}`:                      "boom",
		`{"func_name":"fail","msg":"no such file"}`: "no such file",
		`{"func_name":"fail_empty"}`:                "'missing_key'",
		`{"func_name":"wrong_return"}`:              "not an int",
		`{"func_name":"big","n":9000000000000}`:     "at most 1073741824 bytes",
	} {
		got, err := module().Handle(t.Context(), json.RawMessage(request))
		if dasf.CodeOf(err) != dasf.CodeExecution || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %s, %v, want an execution error with %q", request, got, err, want)
		}
	}
}

func TestBig(t *testing.T) {
	for n, want := range map[int]int{-1: 0, 0: 0, 600_000: 600_000} {
		got, err := dasf.Call[string](t.Context(), dasf.Local(module()), "big", BigRequest{N: n})
		if err != nil || len(got) != want {
			t.Errorf("big(%d) is %d bytes, %v", n, len(got), err)
		}
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got, err := Sleep(t.Context(), SleepRequest{Seconds: 2, Tag: "a"})
		if err != nil || got != "slept 2.0 a" || time.Since(start) != 2*time.Second {
			t.Errorf("got %q, %v, after %s", got, err, time.Since(start))
		}
	})
}

func TestSleepEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := Sleep(ctx, SleepRequest{Seconds: 3600})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestEcho(t *testing.T) {
	for _, text := range []string{"", "ünïcödé 🙂 \u0000 \"quoted\""} {
		got, err := dasf.Call[string](t.Context(), dasf.Local(module()), "echo", EchoRequest{Data: text})
		if err != nil || got != text {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
}

func TestNone(t *testing.T) {
	got, err := module().Handle(t.Context(), json.RawMessage(`{"func_name":"none"}`))
	if err != nil || string(got) != "null" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestSchemaIsPythons(t *testing.T) {
	m := module()
	apitest.Golden(t, "misc", m.Schema(), m.API())
}

func Example() {
	_, err := dasf.Call[string](context.Background(), dasf.Local(module()), "fail", FailRequest{Msg: "no such file"})
	fmt.Println(dasf.CodeOf(err))
	// Output: execution
}
