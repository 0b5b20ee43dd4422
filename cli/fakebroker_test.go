package cli_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
)

// patience bounds every wait for something that must come.
const patience = 20 * time.Second

// A fakeBroker accepts every socket, notes how it was asked for, and leaves
// what is delivered to the test. It is no broker: nothing is routed.
type fakeBroker struct {
	t      *testing.T
	server *httptest.Server
	header http.Header // of its answers to handshakes

	shakes  chan shake          // of consumers of a backend's topic
	inboxes chan shake          // of consumers of a client's topic, an inbox or a probe's topic
	acks    chan string         // messageIds that were acknowledged
	sent    chan frame          // by producers
	hold    chan struct{}       // producers' handshakes wait for it, if it is set
	deliver chan map[string]any // to the last consumer of a topic without "_"
	mu      sync.Mutex
	opened  int // producers
	closed  chan struct{}
	started chan struct{} // handlers that wait
	release chan struct{} // lets stubborn handlers go on
}

type shake struct {
	path, query, host string
	header            http.Header
}

// A frame is what a producer sent.
type frame struct {
	topic      string
	Properties map[string]string `json:"properties"`
	Payload    string            `json:"payload"`
	Context    any               `json:"context"`
}

func (f frame) text() string {
	b, err := base64.StdEncoding.DecodeString(f.Payload)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func newFakeBroker(t *testing.T) *fakeBroker {
	b := &fakeBroker{t: t, shakes: make(chan shake, 100), inboxes: make(chan shake, 100), acks: make(chan string, 1000), sent: make(chan frame, 1000),
		deliver: make(chan map[string]any, 1000), closed: make(chan struct{}, 100), started: make(chan struct{}, 100)}
	b.server = httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(b.server.Close)
	return b
}

func (b *fakeBroker) address() string        { return strings.TrimPrefix(b.server.URL, "http://") }
func (b *fakeBroker) port() string           { return b.address()[strings.LastIndexByte(b.address(), ':')+1:] }
func (b *fakeBroker) url(path string) string { return "ws://" + b.address() + path }

func (b *fakeBroker) serve(w http.ResponseWriter, r *http.Request) {
	consumer, topic := classify(r.URL.Path)
	if !consumer && b.hold != nil {
		select {
		case <-b.hold:
		case <-r.Context().Done():
			return
		}
	}
	ws, err := new(websocket.Upgrader).Upgrade(w, r, b.header)
	if err != nil {
		return
	}
	defer ws.Close()
	if consumer {
		b.consume(ws, topic, shake{r.URL.Path, r.URL.RawQuery, r.Host, r.Header})
		return
	}
	b.mu.Lock()
	b.opened++
	b.mu.Unlock()
	b.produce(ws, topic)
}

// classify tells a consumer's path from a producer's, in both forms.
func classify(path string) (consumer bool, topic string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) > 2 && parts[1] == "v2" {
		return parts[2] == "consumer", parts[6]
	}
	if len(parts) == 3 {
		return true, parts[1]
	}
	return false, parts[len(parts)-1]
}

func (b *fakeBroker) consume(ws *websocket.Conn, topic string, s shake) {
	done := make(chan struct{})
	if strings.Contains(topic, "_") {
		b.inboxes <- s
	} else {
		b.shakes <- s
		go func() {
			for {
				select {
				case m := <-b.deliver:
					_ = ws.WriteJSON(m)
				case <-done:
					return
				}
			}
		}()
	}
	defer close(done)
	for {
		var ack struct{ MessageID string }
		if ws.ReadJSON(&ack) != nil {
			return
		}
		b.acks <- ack.MessageID
	}
}

func (b *fakeBroker) produce(ws *websocket.Conn, topic string) {
	defer func() { b.closed <- struct{}{} }()
	for {
		f := frame{topic: topic}
		if ws.ReadJSON(&f) != nil {
			return
		}
		if ws.WriteJSON(map[string]any{"result": "ok", "messageId": "1:1", "context": f.Context}) != nil {
			return
		}
		if f.topic != "topic" { // probes go to the backend's own topic
			b.sent <- f
		}
	}
}

// request delivers a message to the backend.
func (b *fakeBroker) request(id, kind, payload string) {
	b.requestWith(0, map[string]string{"requestContext": id, "messageType": kind}, payload)
}

// requestWith is request with more properties, for a message that was delivered
// before so many times.
func (b *fakeBroker) requestWith(before int, properties map[string]string, payload string) {
	properties["response_topic"] = "answers"
	b.deliver <- map[string]any{
		"messageId": properties["requestContext"], "payload": base64.StdEncoding.EncodeToString([]byte(payload)),
		"publishTime": "2026-11-24T15:16:22.139567+00:00", "redeliveryCount": before, "properties": properties,
	}
}

func (b *fakeBroker) awaitShake() shake {
	b.t.Helper()
	return b.await(b.shakes)
}

func (b *fakeBroker) await(shakes chan shake) shake {
	b.t.Helper()
	select {
	case s := <-shakes:
		return s
	case <-time.After(patience):
		b.t.Fatal("no consumer connected")
		return shake{}
	}
}

func (b *fakeBroker) awaitSent() frame {
	b.t.Helper()
	select {
	case f := <-b.sent:
		return f
	case <-time.After(patience):
		b.t.Fatal("nothing was sent")
		return frame{}
	}
}

// output is a stream that may be read while it is written.
type output struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func newOutput() *output { return &output{changed: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until the text contains one of wants and returns that.
func (o *output) await(t *testing.T, wants ...string) string {
	t.Helper()
	deadline := time.After(patience)
	for {
		for _, want := range wants {
			if strings.Contains(o.String(), want) {
				return want
			}
		}
		select {
		case <-o.changed:
		case <-deadline:
			t.Fatalf("none of %q was printed:\n%s", wants, o)
		}
	}
}

// A running command.
type running struct {
	out, err *output
	stop     context.CancelFunc
	code     chan int
}

// start runs a command until the test ends.
func start(t *testing.T, args, environ []string, modules ...*dasf.Module) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{newOutput(), newOutput(), cancel, make(chan int, 1)}
	go func() {
		r.code <- cli.Run(ctx, args, cli.Streams{In: strings.NewReader(""), Out: r.out, Err: r.err}, environ, modules...)
	}()
	t.Cleanup(func() { r.end(t) })
	return r
}

// end ends the command and returns its exit code.
func (r *running) end(t *testing.T) int {
	r.stop()
	select {
	case code := <-r.code:
		r.code <- code // for the next who asks
		return code
	case <-time.After(patience):
		t.Errorf("the command did not end; stdout:\n%s\nstderr:\n%s", r.out, r.err)
		return -1
	}
}

// result is what a command that ended by itself left.
type result struct {
	code     int
	out, err string
}

// call runs a command to its end.
func call(t *testing.T, args, environ []string, modules ...*dasf.Module) result {
	t.Helper()
	return callWith(t, strings.NewReader(""), args, environ, modules...)
}

func callWith(t *testing.T, in io.Reader, args, environ []string, modules ...*dasf.Module) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, err strings.Builder
	code := cli.Run(ctx, args, cli.Streams{In: in, Out: &out, Err: &err}, environ, modules...)
	return result{code, out.String(), err.String()}
}

// The members that tests call.

type noParams = dasf.None

type echoRequest struct {
	Text string `json:"text" description:"What to give back."`
}

func echo(_ context.Context, r echoRequest) (string, error) { return r.Text, nil }

func fail(context.Context, noParams) (string, error) { panic("the panic") }

// module makes a module with the members echo, fail and those given.
func module(cfg dasf.Config, more ...*dasf.Member) *dasf.Module {
	return dasf.NewModule(cfg, append([]*dasf.Member{
		dasf.Func("echo", echo).Doc("Give a text back."), dasf.Func("fail", fail)}, more...)...)
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func echoOf(text string) string { return fmt.Sprintf(`{"func_name":"echo","text":%s}`, mustJSON(text)) }

// free lets the handlers that wait go on.
func (b *fakeBroker) free() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.release != nil {
		close(b.release)
		b.release = nil
	}
}
