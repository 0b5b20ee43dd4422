package dasf_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

type printRequest struct {
	Report *dasf.PrintReport `json:"report"`
}

// printing makes a function of a handler that prints.
func printing(fn func(context.Context, *dasf.PrintReport) error) *dasf.Member {
	return dasf.Func("f", func(ctx context.Context, r printRequest) (string, error) { return "", fn(ctx, r.Report) })
}

// shownByPython is what a client of deprogressapi prints of the reports of a
// call: the last message of each that is running. To one that is completed it
// adds an empty message first (producer.py, and print.py, complete).
func shownByPython(t *testing.T, messages []recordedMessage) (lines []string) {
	t.Helper()
	for _, m := range messages {
		if m.Kind != "progress" {
			continue
		}
		r := new(dasf.PrintReport)
		if err := json.Unmarshal([]byte(m.Payload), r); err != nil {
			t.Fatal(err)
		}
		all := r.Messages()
		if n := len(all); n > 0 && r.Status() == dasf.ReportRunning {
			lines = append(lines, strings.Split(all[n-1], "\n")...)
		}
	}
	return lines
}

// A client of deprogressapi sees each message once, however fast they come.
func TestMessagesAreShownOnceByPython(t *testing.T) {
	slow := func() { time.Sleep(time.Second) }
	fast := func() { time.Sleep(time.Millisecond) }
	for _, test := range []struct {
		name  string
		pause func()
		err   error
		more  []string
	}{
		{"slow", slow, nil, nil}, {"fast", fast, nil, nil}, {"at once", func() {}, nil, nil},
		{"slow, failing", slow, errors.New("broken"), []string{"broken"}},
		{"fast, failing", fast, errors.New("broken"), []string{"broken"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				var want []string
				startModule(t, b, dasf.Config{}, printing(func(_ context.Context, r *dasf.PrintReport) error {
					for i := range 10 {
						r.Printf("message %d", i)
						want = append(want, fmt.Sprint("message ", i))
						test.pause()
					}
					return test.err
				}))
				p := newRawPeer(t, b, "topic")
				p.send("request", "0", plainRequest)
				messages, _ := p.receiveCall()
				if diff := cmp.Diff(append(want, test.more...), shownByPython(t, messages)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestPrintReportOnTheWire(t *testing.T) {
	const head = `{"settings":{"show_method":"AUTO","use_curses":true},"report_id":"root","status":`
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		startModule(t, b, dasf.Config{}, printing(func(ctx context.Context, r *dasf.PrintReport) error {
			return r.Do(ctx, func(context.Context) error {
				time.Sleep(time.Second)
				r.Print("a\"ü")
				time.Sleep(time.Second)
				return nil
			})
		}))
		p := newRawPeer(t, b, "topic")
		p.send("request", "0", plainRequest)
		got, _ := p.receiveCall()
		want := []recordedMessage{
			{"progress", "running", head + `"running","messages":[],"report_type":"print"}`},
			{"progress", "running", head + `"running","messages":["a\"ü"],"report_type":"print"}`},
			{"progress", "success", head + `"success","messages":["a\"ü",""],"report_type":"print"}`},
			{"response", "success", `""`},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPrintReportStaysWithinItsLimit(t *testing.T) {
	for _, test := range []struct {
		name  string
		print func(*dasf.PrintReport)
		limit int
	}{
		{"many messages", func(r *dasf.PrintReport) {
			for i := range 100_000 {
				r.Printf("message %d", i)
			}
		}, reportLimit},
		{"many messages over time", func(r *dasf.PrintReport) {
			for i := range 300 {
				r.Printf("message %d %s", i, strings.Repeat("\u0001", 100))
				time.Sleep(time.Second)
			}
		}, reportLimit},
		{"many long messages", func(r *dasf.PrintReport) {
			for range 100 {
				r.Print(strings.Repeat("\u0001", 1<<20))
			}
		}, reportLimit},
		{"a long message", func(r *dasf.PrintReport) { r.Print(strings.Repeat("\u0001", 1<<20)) }, reportLimit},
		{"a long message and a tiny limit", func(r *dasf.PrintReport) { r.Print(strings.Repeat("\u0001", 1<<20)) }, 4096},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				startModule(t, b, dasf.Config{MaxPayloadSize: min(test.limit, 512_000)}, printing(func(_ context.Context, r *dasf.PrintReport) error {
					test.print(r)
					r.Print("the last one")
					return nil
				}))
				p := newRawPeer(t, b, "topic")
				p.send("request", "0", plainRequest)
				messages, _ := p.receiveCall()
				for _, m := range messages {
					if len(m.Payload) > test.limit {
						t.Errorf("a report has %d bytes", len(m.Payload))
					}
				}
				lines := shownByPython(t, messages)
				if lines[len(lines)-1] != "the last one" {
					t.Errorf("the last line is %q", lines[len(lines)-1])
				}
			})
		})
	}
}

func TestPrintReportOfAClientStaysWithinTheLimit(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for name, messages := range map[string][]string{
		"a long one": {long}, "a long one and others": {"a", long, "b"}, "many lines in one": {strings.Repeat("line\n", 40_000)}, "none": {},
	} {
		b := transport.Memory()
		t.Run(name, func(t *testing.T) {
			startModule(t, b, dasf.Config{}, printing(func(_ context.Context, r *dasf.PrintReport) error { r.Print("mine"); return nil }))
			p := newRawPeer(t, b, "topic")
			report, _ := json.Marshal(map[string]any{"messages": messages, "status": "success"})
			p.send("request", "0", `{"func_name":"f","report":`+string(report)+`}`)
			sent, _ := p.receiveCall()
			last := sent[len(sent)-2].Payload
			if len(last) > reportLimit || !strings.Contains(last, "mine") {
				t.Errorf("%d bytes: %.300s", len(last), last)
			}
		})
	}
}

// The lines that are gone are counted in the first of those that are left.
func TestMessagesLeftOutAreCounted(t *testing.T) {
	var last []string
	m := dasf.NewModule(dasf.Config{Topic: "topic"}, printing(func(_ context.Context, r *dasf.PrintReport) error {
		for range 10_000 {
			r.Print("0123456789")
		}
		return nil
	}))
	_, err := dasf.Call[string](t.Context(), dasf.Local(m), "f", nil, dasf.OnPrint(func(r *dasf.PrintReport) { last = r.Messages() }))
	if err != nil {
		t.Fatal(err)
	}
	var omitted int
	if _, err := fmt.Sscanf(last[0], "%d earlier lines were left out", &omitted); err != nil {
		t.Fatalf("%v in %q", err, last[0])
	}
	if left := strings.Count(strings.Join(last, "\n"), "0123456789"); omitted+left != 10_000 || left < 5_000 {
		t.Errorf("%d are left out, %d are left", omitted, left)
	}
}

func FuzzPrintReport(f *testing.F) {
	for _, seed := range []string{`{}`, `{"messages":["a","b\n"],"status":"error","report_type":"print"}`, `{"messages":[null]}`, `3`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r dasf.PrintReport
		if r.UnmarshalJSON(text) != nil {
			return
		}
		once, err := json.Marshal(&r)
		if err != nil {
			t.Fatal(err)
		}
		var again dasf.PrintReport
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatalf("%v in %s", err, once)
		}
		if twice, err := json.Marshal(&again); err != nil || string(twice) != string(once) {
			t.Errorf("%v\n%s\n%s", err, once, twice)
		}
	})
}
