package dasf_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

type echoRequest struct {
	Data string `json:"data"`
}

type sleepRequest struct {
	Seconds float64 `json:"seconds"`
}

// A testBackend is a module that runs until the test ends.
type testBackend struct {
	module *dasf.Module
	stop   context.CancelFunc
	err    chan error
	runs   atomic.Int64 // of sleep
	ended  chan error   // why the context of a sleep ended
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// end stops the backend and waits for it, which must end without an error.
func (tb *testBackend) end(t *testing.T) {
	t.Helper()
	tb.stop()
	err := <-tb.err
	if err != nil {
		t.Error(err)
	}
	tb.err <- err // for the end of the test
}

// startBackend runs a backend with the members echo, sleep, fail and big.
func startBackend(t *testing.T, b transport.Broker, cfg dasf.Config) *testBackend {
	t.Helper()
	tb := &testBackend{err: make(chan error, 1), ended: make(chan error, 100)}
	if cfg.Topic == "" {
		cfg.Topic = "topic"
	}
	if cfg.Logger == nil {
		cfg.Logger = quiet()
	}
	ready := make(chan struct{})
	cfg.Ready = func() { close(ready) }
	tb.module = dasf.NewModule(cfg,
		dasf.Func("echo", func(_ context.Context, r echoRequest) (string, error) { return r.Data, nil }),
		dasf.Func("sleep", func(ctx context.Context, r sleepRequest) (string, error) {
			tb.runs.Add(1)
			select {
			case <-time.After(time.Duration(r.Seconds * float64(time.Second))):
				return "slept", nil
			case <-ctx.Done():
				tb.ended <- context.Cause(ctx)
				return "", ctx.Err()
			}
		}),
		dasf.Func("fail", func(context.Context, dasf.None) (string, error) { return "", errors.New("boom") }),
		dasf.Func("big", func(_ context.Context, r struct {
			N int `json:"n"`
		}) (string, error) {
			return strings.Repeat("x", r.N), nil
		}),
		dasf.Func("message", func(ctx context.Context, _ dasf.None) (string, error) { return dasf.MessageID(ctx), nil }),
		dasf.Func("key", func(ctx context.Context, _ dasf.None) (string, error) { return dasf.RequestKey(ctx), nil }),
	)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { tb.err <- tb.module.Run(ctx, b) }()
	tb.stop = sync.OnceFunc(cancel)
	t.Cleanup(func() {
		tb.stop()
		<-tb.err
	})
	select {
	case <-ready:
	case err := <-tb.err:
		tb.err <- err
		t.Fatal(err)
	}
	return tb
}

func dial(t *testing.T, b transport.Broker, opts ...dasf.DialOption) *dasf.Client {
	t.Helper()
	c, err := dasf.Dial(t.Context(), b, "topic", append([]dasf.DialOption{dasf.WithLogger(quiet())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

const sleepJSON = `{"func_name":"sleep","seconds":%g}`

func TestCallOverABroker(t *testing.T) {
	b := transport.Memory()
	startBackend(t, b, dasf.Config{})
	c := dial(t, b)
	got, err := dasf.Call[string](t.Context(), c, "echo", echoRequest{"grüß dich"})
	if err != nil || got != "grüß dich" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = dasf.Call[string](t.Context(), c, "fail", nil)
	var e *dasf.Error
	if !errors.As(err, &e) || e.Code() != dasf.CodeExecution || !e.Remote() || err.Error() != "calling fail: error executing request: boom" {
		t.Errorf("got %v", err)
	}
	_, err = dasf.Call[string](t.Context(), c, "echo", map[string]any{"data": 3})
	if !errors.As(err, &e) || e.Code() != dasf.CodeInvalidRequest || len(e.Fields()) != 1 {
		t.Fatalf("got %v", err)
	}
	want := dasf.FieldError{Path: "data", Type: "string_type", Message: "Input should be a valid string", Input: "3"}
	if diff := cmp.Diff(want, e.Fields()[0]); diff != "" {
		t.Error(diff)
	}
}

// What a peer that asked for nothing more gets is what a Python backend sends,
// byte for byte in its properties: FACTS of demessaging 0.6.4's consumer.py.
func TestPlainPeerReceivesOnlyWhatPythonSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		tb := startBackend(t, b, dasf.Config{})
		p := newRawPeer(t, b, "topic")
		p.send("request", "7", fmt.Sprintf(sleepJSON, 60.0)) // long enough for accepted and alive
		props, text := p.receive()
		if text != `"slept"` {
			t.Errorf("payload %q", text)
		}
		want := map[string]string{"status": "success", "requestContext": "7", "messageType": "response", "source_topic": "topic"}
		if diff := cmp.Diff(want, props); diff != "" {
			t.Error(diff)
		}
		p.send("request", "8", `{"func_name":"fail"}`)
		props, text = p.receive()
		want["status"], want["requestContext"] = "error", "8"
		if diff := cmp.Diff(want, props); diff != "" || text != "error executing request: boom" {
			t.Errorf("%q %s", text, diff)
		}
		p.send("ping", "9", "")
		props, text = p.receive()
		if diff := cmp.Diff(map[string]string{"requestContext": "9", "messageType": "pong", "source_topic": "topic"}, props); diff != "" || text != "" {
			t.Errorf("%q %s", text, diff)
		}
		for _, kind := range []string{"info", "api_info"} {
			p.send(kind, "10", "")
			props, text = p.receive()
			if props[kind] == "" || text != "" {
				t.Errorf("%s: %v", kind, props)
			}
			delete(props, kind)
			if diff := cmp.Diff(map[string]string{"requestContext": "10", "messageType": "response", "source_topic": "topic"}, props); diff != "" {
				t.Error(diff)
			}
		}
		tb.stop()
	})
}

func TestExtensionsForAPeerThatAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		tb := startBackend(t, b, dasf.Config{})
		p := newRawPeer(t, b, "topic")
		start := time.Now()
		p.send("request", "1", fmt.Sprintf(sleepJSON, 25.0), "dasf", "1")
		props, _ := p.receive()
		if props["messageType"] != "accepted" || props["requestContext"] != "1" || props["inbox"] == "" || props["response_topic"] != "" {
			t.Errorf("accepted: %v", props)
		}
		if d := time.Since(start); d < 100*time.Millisecond || d > 200*time.Millisecond {
			t.Errorf("accepted after %v", d)
		}
		p.send("request", "2", fmt.Sprintf(sleepJSON, 25.0), "dasf", "1")
		p.receive() // accepted
		props, _ = p.receive()
		contexts := strings.Split(props["contexts"], ",")
		slices.Sort(contexts)
		if props["messageType"] != "alive" || !slices.Equal(contexts, []string{"1", "2"}) {
			t.Errorf("alive: %v", props)
		}
		tb.stop()
	})
}

// A duplicate comes from a broker that redelivers, or from a producer that
// got no acknowledgement; its messageId differs.
func TestDuplicateIsRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		tb := startBackend(t, b, dasf.Config{})
		p := newRawPeer(t, b, "topic")
		request := fmt.Sprintf(sleepJSON, 5.0)
		p.send("request", "1", request)
		time.Sleep(time.Second)
		p.send("request", "1", request) // in hand: ignored
		p.receive()
		p.send("request", "1", request) // answered: the stored answer
		_, text := p.receive()
		if text != `"slept"` || tb.runs.Load() != 1 {
			t.Errorf("got %q after %d runs", text, tb.runs.Load())
		}
		p.send("request", "1", fmt.Sprintf(sleepJSON, 1.0)) // another request
		p.receive()
		if tb.runs.Load() != 2 {
			t.Errorf("another payload under the same context: %d runs, want 2", tb.runs.Load())
		}
		time.Sleep(2 * time.Minute)
		p.send("request", "1", fmt.Sprintf(sleepJSON, 1.0)) // too long ago to be known
		p.receive()
		if tb.runs.Load() != 3 {
			t.Errorf("after ResendAge: %d runs, want 3", tb.runs.Load())
		}
		tb.stop()
	})
}

func TestStoredAnswerThatIsGoneIsSaid(t *testing.T) {
	b := transport.Memory()
	startBackend(t, b, dasf.Config{ResendBytes: 10})
	p := newRawPeer(t, b, "topic")
	p.send("request", "1", `{"func_name":"big","n":100}`)
	if _, text := p.receive(); len(text) != 102 {
		t.Errorf("got %q", text)
	}
	p.send("request", "1", `{"func_name":"big","n":100}`)
	if _, text := p.receive(); !strings.Contains(text, "no longer kept (Config.ResendBytes 10") {
		t.Errorf("got %q", text)
	}
}

func TestRequestThatCantBeReadIsAnswered(t *testing.T) {
	b := transport.Memory()
	startBackend(t, b, dasf.Config{})
	p := newRawPeer(t, b, "topic")
	for _, test := range []struct{ name, payload, want string }{
		{"no payload", "", "EOF"},
		{"not JSON", "{", "EOF"},
		{"an array", "[1]", "object"},
		{"not UTF-8", "{\"func_name\":\"echo\",\"data\":\"\xff\"}", "unicode"},
		{"garbage behind it", `{"func_name":"echo","data":"x"} y`, "trailing"},
		{"no func_name", `{}`, "func_name\n  Field required"},
		{"unknown func_name", `{"func_name":"nope"}`, "literal_error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.send("request", "1", test.payload)
			props, text := p.receive()
			if props["status"] != "error" || !strings.HasPrefix(text, "error validating request: ") || !strings.Contains(text, test.want) {
				t.Errorf("got %v %q", props, text)
			}
		})
	}
	m := &transport.Message{Payload: []byte("!!!!"), Properties: map[string]string{
		"response_topic": p.reply, "requestContext": "1", "messageType": "request"}}
	if err := p.out.Send(t.Context(), m); err == nil {
		if _, text := p.receive(); !strings.Contains(text, "not base64") {
			t.Errorf("got %q", text)
		}
	}
	p.send("request", "2", `{"func_name":"echo","data":"still there"}`)
	if _, text := p.receive(); text != `"still there"` {
		t.Errorf("the next request: %q", text)
	}
}

func TestMessagesThatAreNoRequestsAreAcknowledgedAndIgnored(t *testing.T) {
	b := watched()
	startBackend(t, b, dasf.Config{})
	p := newRawPeer(t, b, "topic")
	p.send("response", "1", `"x"`)
	p.send("progress", "1", `{}`)
	p.send("something", "1", "")
	p.send("request", "1", `{}`, "response_topic", "")
	p.send("request", "1", `{}`, "requestContext", "")
	p.send("request", "1", `{}`, "messageType", "")
	p.send("cancel", "99", "")
	p.send("resend", "99", "", "missing", "x,,-3,99999999999999999999")
	p.send("request", "2", `{"func_name":"echo","data":"x"}`)
	for {
		props, text := p.receive()
		if props["requestContext"] == "2" {
			if text != `"x"` {
				t.Errorf("got %q", text)
			}
			break
		}
	}
	acked := 0
	for _, e := range b.noted() {
		if strings.HasPrefix(e, "ack topic ") && e != "ack topic ping" {
			acked++
		}
	}
	if acked < 8 {
		t.Errorf("%d messages acknowledged, want at least 8: %v", acked, b.noted())
	}
}

func TestProducerKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			name      string
			keepAlive *time.Duration
			wait      time.Duration
			want      int
		}{
			{"kept", nil, 119 * time.Second, 1},
			{"closed after it", nil, 121 * time.Second, 0},
			{"0 closes at once", dasf.Seconds(0), time.Millisecond, 0},
		} {
			b := watched()
			tb := startBackend(t, b, dasf.Config{ProducerKeepAlive: test.keepAlive})
			p := newRawPeer(t, b, "topic")
			p.send("request", "0", `{"func_name":"echo","data":"x"}`)
			p.receive()
			time.Sleep(test.wait)
			if got := b.producers(p.reply); got != test.want {
				t.Errorf("%s: %d producers open, want %d", test.name, got, test.want)
			}
			tb.stop()
		}
	})
}

func TestRefusedResponseTopicIsAcknowledged(t *testing.T) {
	b := watched()
	b.refuse = func(topic string) error {
		if strings.HasPrefix(topic, "topic_forbidden") {
			return &transport.HandshakeError{URL: topic, Status: 403}
		}
		return nil
	}
	tb := startBackend(t, b, dasf.Config{})
	p := newRawPeer(t, b, "topic")
	p.send("request", "0", `{"func_name":"echo","data":"x"}`, "response_topic", "topic_forbidden")
	p.send("request", "1", `{"func_name":"echo","data":"next"}`)
	if _, text := p.receive(); text != `"next"` {
		t.Errorf("got %q", text)
	}
	tb.stop()
	<-tb.err
	tb.err <- nil
	if n := count(b.noted(), "ack topic request"); n != 2 {
		t.Errorf("%d requests acknowledged, want 2: a refused response must not come back for ever", n)
	}
}

func count(events []string, event string) int {
	n := 0
	for _, e := range events {
		if e == event {
			n++
		}
	}
	return n
}

func TestPythonSizedPieces(t *testing.T) {
	b := transport.Memory()
	startBackend(t, b, dasf.Config{MaxPayloadSize: 1000})
	p := newRawPeer(t, b, "topic")
	p.send("request", "0", `{"func_name":"big","n":2998}`) // 3,000 bytes with its quotes, 4,000 characters
	for i := range 4 {
		m, err := p.in.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"status": "success", "requestContext": "0", "messageType": "response", "source_topic": "topic",
			"fragment": fmt.Sprint(i), "num_fragments": "4"}
		if diff := cmp.Diff(want, maps.Clone(m.Properties)); diff != "" || len(m.Payload) != 1000 {
			t.Errorf("piece %d: %d characters, %s", i, len(m.Payload), diff)
		}
		p.in.Ack(t.Context(), m)
	}
	p.send("request", "1", `{"func_name":"big","n":998}`) // exactly max_payload_size: whole
	if props, text := p.receive(); props["fragment"] != "" || len(text) != 1000 {
		t.Errorf("got %v", props)
	}
}

func TestHostilePiecesOfARequest(t *testing.T) {
	b := transport.Memory()
	startBackend(t, b, dasf.Config{})
	p := newRawPeer(t, b, "topic")
	for _, test := range []struct{ name, fragment, count string }{
		{"fragment -1", "-1", "3"},
		{"fragment beyond the count", "3", "3"},
		{"a count of 10^9", "0", "1000000000"},
		{"no numbers", "first", "all"},
		{"count 0", "0", "0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.send("request", "1", `"x"`, "fragment", test.fragment, "num_fragments", test.count)
			props, text := p.receive()
			if props["status"] != "error" || !strings.Contains(text, "fragment") {
				t.Errorf("got %v %q", props, text)
			}
		})
	}
	p.send("request", "2", `{"func_name":"echo","data":"still there"}`)
	if _, text := p.receive(); text != `"still there"` {
		t.Errorf("got %q", text)
	}
}

func TestPieceThatNeverComesIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		tb := startBackend(t, b, dasf.Config{AssemblyAge: 10 * time.Second})
		p := newRawPeer(t, b, "topic")
		p.send("request", "1", `{"func_name"`, "fragment", "0", "num_fragments", "2")
		props, text := p.receive()
		if props["status"] != "error" || !strings.Contains(text, "AssemblyAge (10s)") {
			t.Errorf("got %v %q", props, text)
		}
		tb.stop()
		<-tb.err
		tb.err <- nil
		if count(b.noted(), "ack topic request") != 1 {
			t.Error("the piece was not acknowledged")
		}
	})
}

func TestRequestKeyIsTheSameForTheSameCall(t *testing.T) {
	b := transport.Memory()
	startBackend(t, b, dasf.Config{})
	p := newRawPeer(t, b, "topic")
	p.send("request", "5", `{"func_name":"key"}`)
	if _, text := p.receive(); text != `"topic_aroEhfGH/5"` {
		t.Errorf("got %s", text)
	}
	if dasf.RequestKey(t.Context()) != "" {
		t.Error("a key outside of a request")
	}
}

func TestMessageIDIsTheBrokers(t *testing.T) {
	b := transport.Memory()
	startBackend(t, b, dasf.Config{})
	p := newRawPeer(t, b, "topic")
	p.send("request", "5", `{"func_name":"message"}`)
	_, first := p.receive()
	p.send("request", "6", `{"func_name":"message"}`)
	if _, second := p.receive(); len(first) < 3 || first == second {
		t.Errorf("got %s and %s", first, second)
	}
	if dasf.MessageID(t.Context()) != "" {
		t.Error("a message outside of a request")
	}
}
