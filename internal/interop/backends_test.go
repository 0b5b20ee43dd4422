//go:build interop

package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// A backend is one kind of backend of the matrix. Both serve the members of
// testdata/python/matrix.py.
type backend struct {
	name   string
	python bool
	// start runs a backend until the test ends, and returns once it answers.
	start func(t testing.TB, at peers.Endpoint, topic string, limits limits)
	// schema is what it has to send as info.
	schema func(t testing.TB, at peers.Endpoint, topic string) []byte
}

// limits are the number of workers and the length of the queue; 0 is the default.
type limits struct{ workers, queue int }

var backends = []backend{
	{name: "go-backend", start: startGoBackend, schema: goSchema},
	{name: "python-backend", python: true, start: startPythonBackend, schema: pythonSchema},
}

func matrixModule(t testing.TB, at peers.Endpoint, topic string) peers.Module {
	t.Helper()
	return peers.Module{Path: python(t, "matrix.py"), Topic: topic, At: at}
}

func startPythonBackend(t testing.TB, at peers.Endpoint, topic string, l limits) {
	t.Helper()
	var options []string
	if l != (limits{}) {
		options = []string{"--max-workers", itoa(l.workers), "--queue_size", itoa(l.queue)}
	}
	lab.StartPythonBackend(t, matrixModule(t, at, topic), options...)
}

func pythonSchema(t testing.TB, at peers.Endpoint, topic string) []byte {
	t.Helper()
	return lab.Schema(t, matrixModule(t, at, topic))
}

func startGoBackend(t testing.TB, at peers.Endpoint, topic string, l limits) {
	t.Helper()
	runGo(t, connect(t, at), dasf.Config{Topic: topic, Workers: l.workers, QueueSize: l.queue}, goMembers()...)
}

func goSchema(t testing.TB, _ peers.Endpoint, topic string) []byte {
	t.Helper()
	text, err := json.Marshal(dasf.NewModule(dasf.Config{Topic: topic}, goMembers()...).Schema())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// goMembers are the twins of those in testdata/python/matrix.py.
func goMembers() []*dasf.Member {
	return []*dasf.Member{
		dasf.Func("hello_world", func(_ context.Context, r struct {
			Name string `json:"name"`
		}) (string, error) {
			return "Hello World, " + r.Name, nil
		}),
		dasf.Class("Repeater", dasf.New[repeater],
			dasf.Method("repeat_message", (*repeater).repeat).Doc("Repeat the message."),
			dasf.Method("shout", (*repeater).shout),
		).Doc("Repeats a message."),
		dasf.Func("fail", func(_ context.Context, r struct {
			Msg string `json:"msg" default:"boom"`
		}) (string, error) {
			return "", errors.New(r.Msg)
		}).Doc("Raise an exception."),
		dasf.Func("big", func(_ context.Context, r struct {
			N int `json:"n" default:"3000000"`
		}) (string, error) {
			return strings.Repeat("x", r.N), nil
		}).Doc("Return n characters."),
		dasf.Func("length", func(_ context.Context, r struct {
			Data string `json:"data"`
		}) (int, error) {
			return len(r.Data), nil
		}).Doc("Return the number of characters, so that only the request is large."),
		dasf.Func("echo", func(_ context.Context, r struct {
			Data string `json:"data"`
		}) (string, error) {
			return r.Data, nil
		}),
		dasf.Func("sleep", func(ctx context.Context, r struct {
			Seconds float64 `json:"seconds"`
			Tag     string  `json:"tag" default:""`
		}) (string, error) {
			timer := time.NewTimer(time.Duration(r.Seconds * float64(time.Second)))
			defer timer.Stop()
			select {
			case <-timer.C:
				return r.Tag, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}).Doc("Return the tag after a while."),
		dasf.Func("run_steps", func(_ context.Context, r struct {
			N        int                  `json:"n" default:"2"`
			Reporter *dasf.ProgressReport `json:"reporter" default:"{\"step_message\":\"Running steps\",\"steps\":2}"`
		}) (string, error) {
			for i := range r.N {
				r.Reporter.Sub(fmt.Sprintf("step %d", i), 0).Complete(nil)
			}
			return fmt.Sprintf("done %d", r.N), nil
		}).Doc("Run some steps."),
		dasf.Func("none", func(context.Context, dasf.None) (dasf.None, error) {
			return dasf.None{}, nil
		}),
	}
}

type repeater struct {
	Message string `json:"message" description:"What to repeat." validate:"min=1"`
}

func (r *repeater) repeat(_ context.Context, q struct {
	Repeat int `json:"repeat" description:"How often." validate:"gte=0"`
}) ([]string, error) {
	messages := make([]string, q.Repeat)
	for i := range messages {
		messages[i] = r.Message
	}
	return messages, nil
}

func (r *repeater) shout(_ context.Context, q struct {
	Suffix string `json:"suffix" default:"!"`
}) (string, error) {
	return strings.ToUpper(r.Message) + q.Suffix, nil
}
