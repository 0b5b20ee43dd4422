package dasf_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceparent = "00-" + traceID + "-00f067aa0ba902b7-01"
)

// A lockedBuffer takes log lines from several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestTraceTravelsToTheHandlerAndOn(t *testing.T) {
	b := transport.Memory()
	var lines lockedBuffer
	var second *dasf.Client
	seen := make(chan dasf.Trace, 2)
	start := func(topic string, fn func(context.Context) (string, error)) {
		ready := make(chan struct{})
		m := dasf.NewModule(dasf.Config{Topic: topic, Ready: func() { close(ready) },
			Logger: slog.New(slog.NewTextHandler(&lines, nil))},
			dasf.Func("go", func(ctx context.Context, _ dasf.None) (string, error) {
				seen <- dasf.TraceOf(ctx)
				dasf.Logger(ctx).Info("the handler of " + topic)
				return fn(ctx)
			}))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.Run(ctx, b) }()
		<-ready
		t.Cleanup(func() { stop(); <-ended })
	}
	start("inner", func(context.Context) (string, error) { panic("on purpose") })
	start("topic", func(ctx context.Context) (string, error) { return dasf.Call[string](ctx, second, "go", nil) })
	second, err := dasf.Dial(t.Context(), b, "inner", dasf.WithLogger(quiet()))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	c := dial(t, b)
	want := dasf.Trace{Parent: traceparent, State: "vendor=1"}
	if _, err := dasf.Call[string](dasf.WithTrace(t.Context(), want), c, "go", nil); err == nil {
		t.Error("no error from the panic")
	}
	for range 2 {
		if diff := cmp.Diff(want, <-seen); diff != "" {
			t.Error(diff)
		}
	}
	for _, line := range []string{"the handler of topic", "the handler of inner", "a member panicked"} {
		found := false
		for text := range strings.Lines(lines.String()) {
			found = found || strings.Contains(text, line) && strings.Contains(text, "trace_id="+traceID)
		}
		if !found {
			t.Errorf("no line %q with the trace-id in:\n%s", line, lines.String())
		}
	}
}

func TestWhatIsATraceparent(t *testing.T) {
	for text, ok := range map[string]bool{
		traceparent:                           true,
		"":                                    false,
		"00-" + traceID + "-00f067aa0ba902b7": false,
		"00-" + strings.ToUpper(traceID) + "-00f067aa0ba902b7-01":    false,
		"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01":     false,
		"00-" + traceID + "-0000000000000000-01":                     false,
		"ff-" + traceID + "-00f067aa0ba902b7-01":                     false,
		traceparent + "-more":                                        false,
		"01" + traceparent[2:] + "-more":                             true,
		"01" + traceparent[2:] + "more":                              false,
		"01" + traceparent[2:] + "-" + strings.Repeat("x", 300):      false,
		"00_" + traceID + "-00f067aa0ba902b7-01":                     false,
		"00-" + traceID[:31] + "\n" + "-00f067aa0ba902b7-01":         false,
		"0é" + traceparent[3:]:                                       false,
		"00-" + traceID + "-00f067aa0ba902b7-01\x00":                 false,
		strings.Repeat("00-"+traceID+"-00f067aa0ba902b7-01", 100000): false,
	} {
		if got := (dasf.Trace{Parent: text}).ID(); (got == traceID) != ok {
			t.Errorf("%.80q: ID is %q", text, got)
		}
	}
}

// A trace that can't be read is none, and never a reason to fail a call.
func TestBrokenTraceIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		seen := make(chan dasf.Trace, 10)
		tb := startBackend(t, b, dasf.Config{Middleware: []dasf.Middleware{func(next dasf.Handler) dasf.Handler {
			return func(ctx context.Context, request json.RawMessage) (json.RawMessage, error) {
				seen <- dasf.TraceOf(ctx)
				return next(ctx, request)
			}
		}}})
		p := newRawPeer(t, b, "topic")
		for i, properties := range [][]string{
			{"traceparent", "nonsense", "tracestate", "a=1"},
			{"tracestate", "a=1"},
			{"traceparent", traceparent, "tracestate", strings.Repeat("x", 513)},
		} {
			p.send("request", fmt.Sprint(i), `{"func_name":"echo","data":"x"}`, properties...)
			if _, text := p.receive(); text != `"x"` {
				t.Errorf("got %q", text)
			}
			want := dasf.Trace{}
			if i == 2 {
				want.Parent = traceparent
			}
			if diff := cmp.Diff(want, <-seen); diff != "" {
				t.Errorf("%v: %s", properties, diff)
			}
		}
		tb.stop()
	})
}
