//go:build interop

package interop_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// stubFile returns the path of a file in testdata/stubs.
func stubFile(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "stubs", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A stubBackend serves the members of testdata/stubs/reference.py.
type stubBackend struct {
	name string
	// python is Python's own, which takes no NaN and no request in pieces.
	python bool
	start  func(t testing.TB, at peers.Endpoint, topic string)
}

var stubBackends = []stubBackend{
	{"go-backend", false, func(t testing.TB, at peers.Endpoint, topic string) {
		runGo(t, connect(t, at), dasf.Config{Topic: topic}, referenceMembers()...)
	}},
	{"python-backend", true, func(t testing.TB, at peers.Endpoint, topic string) {
		lab.StartPythonBackend(t, peers.Module{Path: stubFile(t, "reference.py"), Topic: topic, At: at})
	}},
}

// A Color is one of reference.py's; the other types are twins by name as well,
// since their names stand in the schema.
type Color string

// Enum lists the colors.
func (Color) Enum() []any { return []any{"red", "light blue"} }

type (
	Address struct {
		_      struct{} `description:"Where somebody lives."`
		Street string   `json:"street"`
		Number int      `json:"number" default:"1" description:"House number" validate:"gte=1"`
		Tags   []string `json:"tags" default:"[]"`
	}
	Person struct {
		Name    string     `json:"name"`
		Address Address    `json:"address"`
		Born    *dasf.Date `json:"born"`
		Height  float64    `json:"height" default:"1.8"`
	}
	Description struct {
		Person  Person            `json:"person"`
		Color   Color             `json:"color"`
		When    time.Time         `json:"when"`
		Day     dasf.Date         `json:"day"`
		Wait    time.Duration     `json:"wait"`
		Note    *string           `json:"note"`
		Friends map[string]Person `json:"friends"`
	}
)

type describeRequest struct {
	Person  Person            `json:"person" description:"Who it is about."`
	Color   Color             `json:"color"`
	When    time.Time         `json:"when" description:"A date and time."`
	Day     dasf.Date         `json:"day"`
	Wait    time.Duration     `json:"wait"`
	Note    *string           `json:"note"`
	Friends map[string]Person `json:"friends" default:"{}"`
}

type counter struct {
	Start int `json:"start" default:"0" description:"Where to begin." validate:"gte=0"`
}

func (c *counter) add(_ context.Context, r struct {
	N int `json:"n" default:"1"`
}) (int, error) {
	return c.Start + r.N, nil
}

func (c *counter) upTo(_ context.Context, r struct {
	End int `json:"end"`
}) ([]int, error) {
	list := []int{}
	for i := c.Start; i < r.End; i++ {
		list = append(list, i)
	}
	return list, nil
}

func referenceMembers() []*dasf.Member {
	return []*dasf.Member{
		dasf.Func("describe", func(_ context.Context, r describeRequest) (Description, error) {
			return Description(r), nil
		}).Doc("Give back what was given, größer.").Returns("All of it."),
		dasf.Func("scale", func(_ context.Context, r struct {
			Values []float64 `json:"values" validate:"min=1"`
			Factor float64   `json:"factor" default:"2.0" validate:"gt=0"`
		}) ([]float64, error) {
			for i := range r.Values {
				r.Values[i] *= r.Factor
			}
			return r.Values, nil
		}).Doc("Multiply all values."),
		dasf.Func("either", func(_ context.Context, r struct {
			Value dasf.OneOf2[int, string] `json:"value"`
		}) (dasf.OneOf2[int, string], error) {
			return r.Value, nil
		}),
		dasf.Func("big", func(_ context.Context, r struct {
			N int `json:"n" default:"3000000"`
		}) (string, error) {
			return strings.Repeat("x", r.N), nil
		}),
		dasf.Func("length", func(_ context.Context, r struct {
			Text string `json:"text"`
		}) (int, error) {
			return len([]rune(r.Text)), nil
		}),
		dasf.Func("nothing", func(context.Context, dasf.None) (any, error) { return nil, nil }),
		dasf.Func("anything", func(_ context.Context, r struct {
			Value any `json:"value"`
		}) (any, error) {
			return r.Value, nil
		}),
		dasf.Func("fail", func(_ context.Context, r struct {
			Msg string `json:"msg" default:"boom"`
		}) (string, error) {
			return "", errors.New(r.Msg)
		}),
		dasf.Func("sleep", func(ctx context.Context, r struct {
			Seconds float64 `json:"seconds"`
		}) (float64, error) {
			timer := time.NewTimer(time.Duration(r.Seconds * float64(time.Second)))
			defer timer.Stop()
			select {
			case <-timer.C:
				return r.Seconds, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}),
		dasf.Func("steps", func(_ context.Context, r struct {
			N      int                  `json:"n" default:"2"`
			Report *dasf.ProgressReport `json:"report" default:"{\"step_message\":\"Steps\"}"`
		}) (int, error) {
			for i := range r.N {
				r.Report.Sub(fmt.Sprint("step ", i), 0).Complete(nil)
			}
			return r.N, nil
		}).Doc("Report n steps."),
		dasf.Class("Counter", dasf.New[counter],
			dasf.Method("add", (*counter).add).Doc("Add n."),
			dasf.Method("up_to", (*counter).upTo)).Doc("Counts."),
	}
}
