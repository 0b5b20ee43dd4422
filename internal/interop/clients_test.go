//go:build interop

package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// A call is what both kinds of clients are asked to do.
type call struct {
	class  string
	init   map[string]any
	member string
	args   map[string]any
}

// A client is one kind of client at work.
type client interface {
	// do makes a call and returns the JSON of its result.
	do(ctx context.Context, c call) (json.RawMessage, error)
	// unchecked sends a request that the client itself would refuse.
	unchecked(ctx context.Context, request map[string]any) (json.RawMessage, error)
	// ping asks whether the backend is there.
	ping(ctx context.Context) error
	// info and apiInfo ask for the module's descriptions.
	info(ctx context.Context) (json.RawMessage, error)
	apiInfo(ctx context.Context) (json.RawMessage, error)
	// progress makes a call and returns the messages of the steps that its reports held.
	progress(ctx context.Context, c call) ([]string, error)
}

// A clientKind is one kind of client of the matrix.
type clientKind struct {
	name   string
	python bool
	dial   func(t testing.TB, at peers.Endpoint, topic string) client
}

var clients = []clientKind{
	{name: "go-client", dial: dialGo},
	{name: "python-client", python: true, dial: func(t testing.TB, at peers.Endpoint, topic string) client {
		return dialPython(t, at, topic)
	}},
}

type goClient struct{ *dasf.Client }

func dialGo(t testing.TB, at peers.Endpoint, topic string) client {
	t.Helper()
	c, err := dasf.Dial(within(t), connect(t, at), topic, dasf.WithLogger(newLog(t, "go-client")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("closing the Go client: %v", err)
		}
	})
	return goClient{c}
}

func (g goClient) do(ctx context.Context, c call) (json.RawMessage, error) {
	if c.class != "" {
		return dasf.Call[json.RawMessage](ctx, g.Object(c.class, c.init), c.member, c.args)
	}
	return dasf.Call[json.RawMessage](ctx, g.Client, c.member, c.args)
}

func (g goClient) unchecked(ctx context.Context, request map[string]any) (json.RawMessage, error) {
	text, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	return g.Do(ctx, text)
}

func (g goClient) ping(ctx context.Context) error {
	_, err := g.Ping(ctx)
	return err
}

func (g goClient) info(ctx context.Context) (json.RawMessage, error) { return g.Info(ctx) }

func (g goClient) apiInfo(ctx context.Context) (json.RawMessage, error) {
	api, err := g.API(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(api)
}

func (g goClient) progress(ctx context.Context, c call) ([]string, error) {
	var mu sync.Mutex
	var steps []string
	_, err := dasf.Call[json.RawMessage](ctx, g.Client, c.member, c.args, dasf.OnProgress(func(r *dasf.ProgressReport) {
		mu.Lock()
		defer mu.Unlock()
		steps = nil // each report is the whole tree
		for _, child := range r.Children() {
			steps = append(steps, child.Message())
		}
	}))
	return steps, err
}

// pythonClient is demessaging's own client, by way of the driver script.
type pythonClient struct{ *peers.PythonClient }

func dialPython(t testing.TB, at peers.Endpoint, topic string) pythonClient {
	t.Helper()
	stub := lab.Stub(t, matrixModule(t, at, topic))
	return pythonClient{lab.StartPythonClient(t, python(t, "driver.py"), stub, at)}
}

func (c call) python() peers.PythonCall {
	return peers.PythonCall{Member: c.member, Class: c.class, Init: c.init, Args: c.args}
}

func (p pythonClient) do(ctx context.Context, c call) (json.RawMessage, error) {
	return p.Call(ctx, c.python())
}

// unchecked goes through MessageProducer, which says in its answer what became of a request.
func (p pythonClient) unchecked(ctx context.Context, request map[string]any) (json.RawMessage, error) {
	return p.ask(ctx, peers.PythonCall{Send: request})
}

func (p pythonClient) ping(ctx context.Context) error {
	_, err := p.ask(ctx, peers.PythonCall{Send: "", Properties: map[string]string{"messageType": "ping"}})
	return err
}

func (p pythonClient) info(ctx context.Context) (json.RawMessage, error) {
	return p.ask(ctx, peers.PythonCall{Send: "", Properties: map[string]string{"messageType": "info"}})
}

func (p pythonClient) apiInfo(ctx context.Context) (json.RawMessage, error) {
	return p.ask(ctx, peers.PythonCall{Send: "", Properties: map[string]string{"messageType": "api_info"}})
}

func (p pythonClient) ask(ctx context.Context, c peers.PythonCall) (json.RawMessage, error) {
	value, err := p.Call(ctx, c)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Status string          `json:"status"`
		Error  string          `json:"error"`
		Msg    json.RawMessage `json:"msg"` // a text, or after an error the whole envelope
	}
	if err := json.Unmarshal(value, &answer); err != nil {
		return nil, err
	}
	if answer.Status != "success" {
		return nil, errors.New(answer.Error)
	}
	var text string
	if err := json.Unmarshal(answer.Msg, &text); err != nil {
		return nil, fmt.Errorf("reading the answer %s: %w", value, err)
	}
	return json.RawMessage(text), nil
}

// progress reads what the client prints: it makes nothing else of a report.
func (p pythonClient) progress(ctx context.Context, c call) ([]string, error) {
	_, err := p.do(ctx, c)
	var steps []string
	for _, m := range stepMessage.FindAllStringSubmatch(p.Printed(), -1) {
		if len(steps) == 0 || steps[len(steps)-1] < m[1] {
			steps = append(steps, m[1])
		}
	}
	return steps, err
}
