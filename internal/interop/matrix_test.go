//go:build interop

package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/internal/interop/wsproxy"
)

// large is the size of what fits into no frame of the peers' brokers.
const large = 3_000_000

var stepMessage = regexp.MustCompile(`"step_message": "(step \d)"`)

// A cell is one combination of broker, backend and client.
type cell struct {
	slot
	at      peers.Endpoint
	topic   string
	backend backend
	kind    clientKind
	client  client
}

// TestMatrix runs every kind of client against every kind of backend over every
// broker. Where a peer can't do something the row says how that shows.
func TestMatrix(t *testing.T) {
	rows := []struct {
		name string
		run  func(*testing.T, cell)
	}{
		{name: "function", run: checkFunction},
		{name: "class", run: checkClass},
		{name: "no result", run: checkNone},
		{name: "validation error", run: checkValidationError},
		{name: "execution error", run: checkExecutionError},
		{name: "ping", run: checkPing},
		{name: "info", run: checkInfo},
		{name: "api_info", run: checkAPIInfo},
		{name: "request of 700 kB", run: checkMediumRequest},
		{name: "response of 3 MB", run: checkLargeResponse},
		{name: "request of 3 MB", run: checkLargeRequest},
		{name: "progress", run: checkProgress},
		{name: "concurrent calls", run: checkConcurrentCalls},
		{name: "queue overflow", run: checkQueueOverflow},
	}
	for _, s := range slots {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			at := s.open(t)
			for _, b := range backends {
				t.Run(b.name, func(t *testing.T) {
					topic := lab.Topic("matrix")
					b.start(t, at, topic, limits{})
					t.Run("wire", func(t *testing.T) { checkWire(t, at, topic) })
					for _, k := range clients {
						t.Run(k.name, func(t *testing.T) {
							c := cell{s, at, topic, b, k, k.dial(t, at, topic)}
							for _, r := range rows {
								t.Run(r.name, func(t *testing.T) { r.run(t, c) })
							}
						})
					}
				})
			}
		})
	}
}

func checkFunction(t *testing.T, c cell) {
	c.want(t, call{member: "hello_world", args: map[string]any{"name": "Zoë"}}, `"Hello World, Zoë"`)
}

func checkClass(t *testing.T, c cell) {
	init := map[string]any{"message": "hi"}
	c.want(t, call{"Repeater", init, "repeat_message", map[string]any{"repeat": 3}}, `["hi", "hi", "hi"]`)
	c.want(t, call{"Repeater", init, "shout", nil}, `"HI!"`)
}

func checkNone(t *testing.T, c cell) {
	c.want(t, call{member: "none"}, `null`)
}

func checkValidationError(t *testing.T, c cell) {
	_, err := c.client.unchecked(within(t), map[string]any{"func_name": "hello_world", "name": 3})
	c.wantError(t, err, dasf.CodeInvalidRequest, "error validating request: ",
		"Input should be a valid string [type=string_type, input_value=3, input_type=int]")
	_, err = c.client.unchecked(within(t), map[string]any{
		"class_name": "Repeater", "message": "hi",
		"function": map[string]any{"func_name": "repeat_message", "repeat": -1},
	})
	c.wantError(t, err, dasf.CodeInvalidRequest, "error validating request: ",
		"Input should be greater than or equal to 0 [type=greater_than_equal, input_value=-1, input_type=int]")
}

func checkExecutionError(t *testing.T, c cell) {
	_, err := c.client.do(within(t), call{member: "fail", args: map[string]any{"msg": "no more paper"}})
	c.wantError(t, err, dasf.CodeExecution, "error executing request: no more paper")
}

func checkPing(t *testing.T, c cell) {
	err := c.client.ping(within(t))
	if c.kind.python {
		// Its producer.py knows only responses, and takes a pong for a mistake.
		c.wantError(t, err, "", "received message is not a response to the sent request")
		return
	}
	if err != nil {
		t.Error(err)
	}
}

// checkWire asks as demessaging asks, by hand, and compares what a backend
// writes with what demessaging's writes: no property more and none less.
func checkWire(t *testing.T, at peers.Endpoint, topic string) {
	raw, err := peers.DialRaw(within(t), at, topic)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for i, tt := range []struct {
		request    peers.Request
		properties map[string]string
		payload    string
	}{
		{
			peers.Request{Type: "ping"},
			map[string]string{"messageType": "pong"}, "",
		},
		{
			peers.Request{Payload: []byte(`{"func_name": "hello_world", "name": "Zoë"}`)},
			map[string]string{"messageType": "response", "status": "success"}, `"Hello World, Zoë"`,
		},
		{
			peers.Request{Payload: []byte(`{"func_name": "fail"}`)},
			map[string]string{"messageType": "response", "status": "error"}, `error executing request: boom`,
		},
		{
			peers.Request{Payload: []byte(`{"func_name": "none"}`), Properties: map[string]any{"requestContext": 3}},
			map[string]string{"messageType": "response", "status": "success"}, `null`,
		},
	} {
		if err := raw.Send(tt.request); err != nil {
			t.Fatal(err)
		}
		answer, err := raw.Receive(within(t))
		if err != nil {
			t.Fatal(err)
		}
		want := maps.Clone(tt.properties)
		want["requestContext"], want["source_topic"] = strconv.Itoa(i), topic
		got := map[string]string{}
		for name := range answer.Properties {
			got[name] = answer.Property(name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("properties of the answer to %s (-want +got):\n%s", tt.request.Payload, diff)
		}
		if answer.Text() != tt.payload {
			t.Errorf("payload of the answer to %s: %q, want %q", tt.request.Payload, answer.Text(), tt.payload)
		}
	}
}

func checkInfo(t *testing.T, c cell) {
	got, err := c.client.info(within(t))
	if err != nil {
		t.Fatal(err)
	}
	wantJSON(t, got, string(c.backend.schema(t, c.at, c.topic)))
}

func checkAPIInfo(t *testing.T, c cell) {
	got, err := c.client.apiInfo(within(t))
	if err != nil {
		t.Fatal(err)
	}
	var api struct {
		Classes, Functions []struct{ Name string }
	}
	if err := json.Unmarshal(got, &api); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if len(api.Classes) != 1 || api.Classes[0].Name != "Repeater" || len(api.Functions) < 7 {
		t.Errorf("the module's members are missing in %s", got)
	}
}

// checkMediumRequest: its envelope of 933,000 bytes still fits into one frame everywhere.
func checkMediumRequest(t *testing.T, c cell) {
	c.want(t, call{member: "length", args: map[string]any{"data": strings.Repeat("x", 700_000)}}, `700000`)
}

func checkLargeResponse(t *testing.T, c cell) {
	got, err := c.client.do(within(t), call{member: "big", args: map[string]any{"n": large}})
	if c.kind.python {
		// It takes the first piece for the whole response: producer.py does not
		// look at the property fragment.
		c.wantPythonError(t, err, "ValidationError", "Invalid JSON: EOF while parsing a string at line 1 column 384000")
		checkFunction(t, c)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != `"`+strings.Repeat("x", large)+`"` {
		t.Errorf("got %d bytes, %.20q…, want a string of %d x", len(got), got, large)
	}
}

func checkLargeRequest(t *testing.T, c cell) {
	request := call{member: "length", args: map[string]any{"data": strings.Repeat("x", large)}}
	switch {
	case c.frame > 2*large, !c.kind.python && !c.backend.python:
		// One frame holds it, or the backend is known to put pieces together.
		c.want(t, request, fmt.Sprint(large))
	case c.kind.python:
		checkLostRequest(t, c, request)
	default:
		_, err := c.client.do(within(t), request)
		c.wantError(t, err, dasf.CodeTooLarge, "the request has 3000032 bytes, and the broker takes 78")
		checkFunction(t, c)
	}
}

// checkLostRequest: demessaging sends a request of any size in one frame, and
// waits for ever for the answer to one over which the broker has closed the
// socket. What comes then depends on how it was closed: websocket-client
// connects again after a lost connection, but takes a close frame for the end
// (_app.py, teardown), and every later call of the client fails.
func checkLostRequest(t *testing.T, c cell, request call) {
	closed, opened := make(chan error, 8), make(chan struct{}, 8)
	proxy, err := wsproxy.New(wsproxy.Config{
		Target: c.at.Addr,
		Opened: func(_ int, path string) {
			if !wsproxy.Consumer(path) {
				opened <- struct{}{}
			}
		},
		Closed: func(_ int, path string, by wsproxy.Direction, err error) {
			if !wsproxy.Consumer(path) {
				closed <- err
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Close() })
	python := dialPython(t, c.at.Through(proxy.Addr()), c.topic)
	c.client = python
	checkFunction(t, c)
	await(t, opened, "the client's producer")
	lost, err := python.Start(request.python())
	if err != nil {
		t.Fatal(err)
	}
	err = await(t, closed, "the broker to close the socket")
	if c.closesWithFrame {
		if !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
			t.Errorf("closed by %v, want 1009", err)
		}
		var raised *peers.PythonException
		if err := c.afterTheEnd(t); !errors.As(err, &raised) || !strings.Contains(raised.Text, "connection has been established") &&
			!strings.Contains(raised.Text, "Connection is already closed") {
			t.Errorf("a later call of the client: got %v, want an exception about its connection", err)
		}
	} else {
		await(t, opened, "the client to connect again")
		checkFunction(t, c)
	}
	select {
	case answer := <-lost:
		t.Errorf("the lost call ended after all: %s, %v", answer.Value, answer.Error)
	default:
	}
}

// afterTheEnd returns what a call of a client raises whose socket was closed. A
// call that comes before the client has read the close frame is lost too.
func (c cell) afterTheEnd(t *testing.T) error {
	t.Helper()
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := c.client.do(ctx, call{member: "none"})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	return context.DeadlineExceeded
}

func checkProgress(t *testing.T, c cell) {
	steps, err := c.client.progress(within(t), call{member: "run_steps", args: map[string]any{"n": 3}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"step 0", "step 1", "step 2"}, steps); diff != "" {
		t.Errorf("steps reported (-want +got):\n%s", diff)
	}
}

func checkConcurrentCalls(t *testing.T, c cell) {
	ctx := within(t)
	var wg sync.WaitGroup
	errs := make([]error, c.concurrent)
	for i := range errs {
		wg.Go(func() {
			text := fmt.Sprintf("call %d", i)
			got, err := c.client.do(ctx, call{member: "echo", args: map[string]any{"data": text}})
			if err == nil && string(got) != `"`+text+`"` {
				err = fmt.Errorf("%s has the answer of another call: %s", text, got)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// checkQueueOverflow calls a backend of one worker and a queue of one more than
// it takes, all at once.
func checkQueueOverflow(t *testing.T, c cell) {
	const calls = 5
	topic := lab.Topic("overflow")
	c.backend.start(t, c.at, topic, limits{workers: 1, queue: 1})
	busy := c.kind.dial(t, c.at, topic)
	ctx := within(t)
	if _, err := busy.do(ctx, call{member: "hello_world", args: map[string]any{"name": "x"}}); err != nil {
		t.Fatal(err) // and now it is connected, so that the calls below arrive together
	}
	seconds := 1
	if c.pushesAll {
		seconds = 4 // Django may take seconds to pass on all five
	}
	var wg sync.WaitGroup
	errs := make([]error, calls)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = busy.do(ctx, call{member: "sleep", args: map[string]any{"seconds": seconds}})
		})
	}
	wg.Wait()
	full := 0
	for _, err := range errs {
		if err != nil {
			full++
			c.wantError(t, err, dasf.CodeBusy, "request rejected due to queue overflow, try again later")
		}
	}
	overflows := c.pushesAll || c.backend.python
	switch {
	case full == calls:
		t.Error("no call was run")
	case overflows && full == 0:
		t.Error("no call was refused")
	case !overflows && full > 0:
		t.Errorf("%d calls were refused, though the broker keeps what the backend has no room for", full)
	}
}

// want makes a call and compares its result, as JSON.
func (c cell) want(t *testing.T, q call, want string) {
	t.Helper()
	got, err := c.client.do(within(t), q)
	if err != nil {
		t.Errorf("%s: %v", q.member, err)
		return
	}
	wantJSON(t, got, want)
}

// wantError checks an error that a backend sent: its code, where the client has
// codes, and that its text holds all parts.
func (c cell) wantError(t *testing.T, err error, code dasf.Code, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error without %q:\n%.2000s", part, err)
		}
	}
	if got := dasf.CodeOf(err); !c.kind.python && got != code {
		t.Errorf("error of code %q, want %q:\n%.2000s", got, code, err)
	}
}

func (c cell) wantPythonError(t *testing.T, err error, class, part string) {
	t.Helper()
	var raised *peers.PythonException
	if !errors.As(err, &raised) || raised.Type != class || !strings.Contains(raised.Text, part) {
		t.Errorf("got %v, want %s: …%s…", err, class, part)
	}
}

func wantJSON(t *testing.T, got json.RawMessage, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Errorf("%v in %.200q", err, got)
		return
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%v in %.200q", err, want)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("result (-want +got):\n%.2000s", diff)
	}
}

// await returns what comes from a channel.
func await[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callLimit)
	defer cancel()
	select {
	case v := <-from:
		return v
	case <-ctx.Done():
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}
