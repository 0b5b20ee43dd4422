// Misc has functions that fail, take long or answer much: what one tries a broker
// and a client with.
package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
)

// FailRequest holds the parameters of fail.
type FailRequest struct {
	Msg string `json:"msg" default:"boom"`
}

// Fail fails with the message.
func Fail(_ context.Context, r FailRequest) (string, error) {
	return "", errors.New(r.Msg)
}

// FailEmpty fails with the text that Python's KeyError("missing_key") has.
func FailEmpty(context.Context, dasf.None) (string, error) {
	return "", errors.New("'missing_key'")
}

// BigRequest holds the parameters of big.
type BigRequest struct {
	N int `json:"n" default:"3000000"`
}

// Big returns N bytes, none for less than zero, and at most a gigabyte.
func Big(_ context.Context, r BigRequest) (string, error) {
	const most = 1 << 30
	if r.N > most {
		return "", fmt.Errorf("n is %d: at most %d bytes are made", r.N, most)
	}
	return strings.Repeat("x", max(r.N, 0)), nil
}

// SleepRequest holds the parameters of sleep.
type SleepRequest struct {
	Seconds float64 `json:"seconds"`
	Tag     string  `json:"tag" default:""`
}

// Sleep returns after a time, or when its caller gives up.
func Sleep(ctx context.Context, r SleepRequest) (string, error) {
	timer := time.NewTimer(time.Duration(min(r.Seconds, 1e9) * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	// As Python writes a float, so that both backends answer the same.
	seconds := strconv.FormatFloat(r.Seconds, 'f', -1, 64)
	if !strings.Contains(seconds, ".") {
		seconds += ".0"
	}
	return "slept " + seconds + " " + r.Tag, nil
}

// EchoRequest holds the parameters of echo.
type EchoRequest struct {
	Data string `json:"data"`
}

// Echo returns what it was given.
func Echo(_ context.Context, r EchoRequest) (string, error) {
	return r.Data, nil
}

// None returns nothing, which is null.
func None(context.Context, dasf.None) (dasf.None, error) {
	return dasf.None{}, nil
}

// Wrong is a result that is never right.
type Wrong int

// Validate is called before a result is sent.
func (Wrong) Validate() error { return errors.New("not an int") }

// WrongReturn returns a value that breaks its own rules, so that its caller gets
// an error and no result.
func WrongReturn(context.Context, dasf.None) (Wrong, error) {
	return 0, nil
}

func module() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "misc-topic"},
		dasf.Func("fail", Fail).Doc("A function that raises."),
		dasf.Func("fail_empty", FailEmpty),
		dasf.Func("big", Big).Doc("Return n bytes."),
		dasf.Func("sleep", Sleep),
		dasf.Func("echo", Echo),
		dasf.Func("none", None),
		dasf.Func("wrong_return", WrongReturn))
}

func main() {
	cli.Main(module())
}
