package dasf_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// logging makes a function of a handler that logs.
func logging(fn func(context.Context, *slog.Logger)) *dasf.Member {
	return dasf.Func("f", func(ctx context.Context, _ dasf.None) (string, error) {
		fn(ctx, dasf.Logger(ctx))
		return "result", nil
	})
}

func logSome(ctx context.Context, l *slog.Logger) {
	l.DebugContext(ctx, "debug")
	l.Info("info", "n", 3, "f", 1.5, "text", "ü", "list", []string{"a"})
	l.WithGroup("g").With("a", true).Warn("warn", slog.Group("h", "b", nil))
}

// logTo returns a logger to a text without times.
func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

const loggedDebug = "level=DEBUG msg=debug\n"
const logged = "level=INFO msg=info n=3 f=1.5 text=ü list=[a]\nlevel=WARN msg=warn g.a=true g.h.b=<nil>\n"

// The records of a handler reach a client that asks, and the backend's own log all the same.
func TestLogReachesTheClientThatAsks(t *testing.T) {
	for _, way := range []string{"over a broker", "without one"} {
		for _, test := range []struct {
			level    slog.Level
			withhold bool
			want     string
		}{
			{slog.LevelDebug, false, loggedDebug + logged},
			{slog.LevelInfo, false, logged},
			{slog.LevelError, false, ""},
			{slog.LevelDebug, true, ""},
		} {
			t.Run(fmt.Sprint(way, " ", test.level, " ", test.withhold), func(t *testing.T) {
				var own, seen bytes.Buffer
				cfg := dasf.Config{Topic: "topic", Logger: logTo(&own), WithholdLog: test.withhold}
				var c *dasf.Client
				if way == "without one" {
					c = dasf.Local(dasf.NewModule(cfg, logging(logSome)))
				} else {
					b := transport.Memory()
					startModule(t, b, cfg, logging(logSome))
					c = dial(t, b)
				}
				start := time.Now()
				client := logTo(&seen)
				got, err := dasf.Call[string](t.Context(), c, "f", nil, dasf.OnLog(test.level, func(r slog.Record) {
					if r.Time.Before(start) || r.Time.After(time.Now()) {
						t.Errorf("the time is %v", r.Time)
					}
					if err := client.Handler().Handle(t.Context(), r); err != nil {
						t.Error(err)
					}
				}))
				if err != nil || got != "result" {
					t.Errorf("got %q, %v", got, err)
				}
				if diff := cmp.Diff(test.want, seen.String()); diff != "" {
					t.Errorf("seen by the client (-want +got): %s", diff)
				}
				if !strings.Contains(own.String(), loggedDebug+logged) {
					t.Errorf("the backend's own log is %q", own.String())
				}
			})
		}
	}
}

// An unmodified Python client ends its call at a type that it does not know
// (demessaging's producer.py), so it must never get a record.
func TestNoLogForWhoDidNotAsk(t *testing.T) {
	for _, test := range []struct {
		name string
		more []string
	}{
		{"a Python client", nil},
		{"a Go client that does not ask", []string{"dasf", "1"}},
		{"a level without the extensions", []string{"log", "DEBUG"}},
		{"a level that is none", []string{"dasf", "1", "log", "everything"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				startModule(t, b, dasf.Config{}, logging(logSome))
				p := newRawPeer(t, b, "topic")
				p.send("request", "0", plainRequest, test.more...)
				messages, _ := p.receiveCall()
				if diff := cmp.Diff([]recordedMessage{{"response", "success", `"result"`}}, messages); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestLogOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		startModule(t, b, dasf.Config{}, logging(func(_ context.Context, l *slog.Logger) { l.Info("one"); l.Warn("two", "n", 2) }))
		p := newRawPeer(t, b, "topic")
		p.send("request", "7", plainRequest, "dasf", "1", "log", "INFO")
		props, text := p.receive()
		now := time.Now().Format(time.RFC3339Nano)
		want := `{"time":"` + now + `","level":"INFO","msg":"one"}` + "\n"
		if rest, ok := strings.CutPrefix(text, want); !ok || rest != "" && rest != `{"time":"`+now+`","level":"WARN","msg":"two","n":2}`+"\n" {
			t.Errorf("got %q, want %q", text, want)
		}
		if props["inbox"] == "" {
			t.Error("no inbox")
		}
		delete(props, "inbox")
		wantProps := map[string]string{"messageType": "log", "requestContext": "7", "source_topic": "topic", "dasf": "1"}
		if diff := cmp.Diff(wantProps, props); diff != "" {
			t.Error(diff)
		}
	})
}

// A client that is slow gets to know how much it missed.
func TestLogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.stall = func(_ context.Context, m *transport.Message) error {
			if m.Properties["messageType"] == "log" {
				time.Sleep(time.Second)
			}
			return nil
		}
		const n = 100_000
		startModule(t, b, dasf.Config{}, logging(func(_ context.Context, l *slog.Logger) {
			l.Info("first")
			synctest.Wait()
			for i := range n {
				l.Info("record", "i", i)
			}
			l.Info(strings.Repeat("x", 20_000))
		}))
		c := dial(t, b)
		seen, missed := 0, 0
		_, err := dasf.Call[string](t.Context(), c, "f", nil, dasf.OnLog(slog.LevelInfo, func(r slog.Record) {
			if seen++; r.Message == "records of the log were left out" {
				seen--
				r.Attrs(func(a slog.Attr) bool { missed += int(a.Value.Int64()); return true })
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		if seen < 500 || seen > 1001 || seen+missed != n+2 {
			t.Errorf("%d records were seen and %d missed", seen, missed)
		}
	})
}

// Foreign records and reports are ignored one by one; the call goes on.
func TestWhatCanNotBeReadIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		c := dial(t, b)
		done := make(chan struct{})
		go func() {
			defer close(done)
			replay(t, b, []recordedMessage{
				{"progress", "running", `{"step_message":"of no type","report_id":"root"}`},
				{"progress", "running", `{"report_type":"tree"}`},
				{"progress", "running", `[]`},
				{"progress", "running", `{"report_type":"basic"}`},
				{"progress", "running", `{"report_type":"print","messages":["fine"]}`},
				{"progress", "running", `{"report_type":"tree","step_message":"fine"}`},
				{"log", "", "no record\n{\"level\":\"INFO\",\"msg\":\"fine\"}\n{\"level\":\"LOUD\",\"msg\":\"a\"}\n{\"level\":\"INFO\",\"msg\":\n"},
				{"response", "success", `"over"`},
			})
		}()
		var seen []string
		got, err := c.Do(t.Context(), json.RawMessage(plainRequest),
			dasf.OnProgress(func(r *dasf.ProgressReport) { seen = append(seen, "tree "+r.Message()) }),
			dasf.OnPrint(func(r *dasf.PrintReport) { seen = append(seen, "print "+r.Messages()[0]) }),
			dasf.OnLog(slog.LevelInfo, func(r slog.Record) { seen = append(seen, "log "+r.Message) }))
		<-done
		if err != nil || string(got) != `"over"` {
			t.Errorf("got %s, %v", got, err)
		}
		if diff := cmp.Diff([]string{"print fine", "tree fine", "log fine"}, seen); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLoggerOutsideOfACall(t *testing.T) {
	if dasf.Logger(t.Context()) != slog.Default() {
		t.Error("it is not the default")
	}
	own := quiet()
	m := dasf.NewModule(dasf.Config{Topic: "t", Logger: own}, logging(func(_ context.Context, l *slog.Logger) {
		if l != own {
			t.Error("within a call it is not the module's")
		}
	}))
	if _, err := m.Handle(t.Context(), json.RawMessage(plainRequest)); err != nil {
		t.Error(err)
	}
}

func FuzzLogRecords(f *testing.F) {
	var lines bytes.Buffer
	logSome(f.Context(), slog.New(slog.NewJSONHandler(&lines, nil)))
	f.Add(lines.Bytes())
	f.Add([]byte(`{"time":"x","level":3,"msg":{}}`))
	f.Add([]byte(`{"a":[1,2,[{"b":1e999}]],"n":12345678901234567890}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, r := range dasf.ParseRecords(text) {
			if err := slog.NewJSONHandler(io.Discard, nil).Handle(t.Context(), r); err != nil {
				t.Errorf("%v in %q", err, text)
			}
		}
	})
}

// A client's function that is busy does not make records pile up.
func TestLogThatNobodyTakesIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		startModule(t, b, dasf.Config{}, logging(func(_ context.Context, l *slog.Logger) {
			for range 3000 {
				l.Info(strings.Repeat("x", 1000))
				time.Sleep(time.Millisecond)
			}
		}))
		var own bytes.Buffer
		c := dial(t, b, dasf.WithLogger(logTo(&own)))
		seen := 0
		_, err := dasf.Call[string](t.Context(), c, "f", nil, dasf.OnLog(slog.LevelInfo, func(slog.Record) {
			if seen++; seen == 1 {
				time.Sleep(time.Minute)
			}
		}))
		if err != nil || seen < 500 || seen > 1500 {
			t.Errorf("%d records were seen, %v", seen, err)
		}
		if !strings.Contains(own.String(), "records of a handler's log were dropped") {
			t.Errorf("the client's own log says nothing of it: %q", own.String())
		}
	})
}
