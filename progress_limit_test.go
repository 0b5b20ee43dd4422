package dasf_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

const reportLimit = 64 << 10

// reportsOf runs a handler over a broker and returns the reports that it sent,
// of which each is checked: it is whole, within the limit, and can be read.
func reportsOf(t *testing.T, b transport.Broker, cfg dasf.Config, limit int, request string, handler func(context.Context, *dasf.ProgressReport) error) []*dasf.ProgressReport {
	t.Helper()
	startModule(t, b, cfg, handles(handler))
	p := newRawPeer(t, b, "topic")
	p.send("request", "0", request)
	var reports []*dasf.ProgressReport
	for {
		props, text := p.receive()
		if props["messageType"] == "response" {
			return reports
		}
		if props["num_fragments"] != "" {
			t.Errorf("a report was cut: %v", props)
		}
		if len(text) > limit {
			t.Errorf("a report has %d bytes", len(text))
		}
		if !utf8.ValidString(text) {
			t.Errorf("a report is not UTF-8")
		}
		reports = append(reports, parseReport(t, text))
	}
}

const plainRequest = `{"func_name":"f"}`

// A hundred thousand steps: the oldest become one line, the newest stay.
func TestHundredThousandChildren(t *testing.T) {
	const n = 100_000
	reports := reportsOf(t, transport.Memory(), dasf.Config{}, reportLimit, plainRequest, func(_ context.Context, r *dasf.ProgressReport) error {
		r.SetSteps(n)
		for i := range n {
			var err error
			if i%100 == 0 {
				err = errors.New("one of a hundred")
			}
			r.Sub(fmt.Sprintf("step %d", i), 0).Complete(err)
		}
		return nil
	})
	last := reports[len(reports)-1]
	done, failed, running := last.Folded()
	children := last.Children()
	if last.Done() != n || done+failed+len(children) != n || running != 0 || failed < 950 {
		t.Errorf("%d done: %d and %d failed as a number, %d as children", last.Done(), done, failed, len(children))
	}
	if len(children) < 300 {
		t.Errorf("only %d children fit", len(children))
	}
	for i, c := range children {
		if want := fmt.Sprintf("step %d", n-len(children)+i); c.Message() != want {
			t.Fatalf("child %d is %s, want %s", i, c.Message(), want)
		}
	}
	text, _ := json.Marshal(last)
	line := fmt.Sprintf(`"children":[{"settings":{"show_method":"AUTO","use_curses":true},"report_id":"root","status":"success","step_message":"%d steps done","steps":%d,"children":[],"report_type":"tree"},`, done, done)
	if !strings.Contains(string(text), line) {
		t.Errorf("no line of the folded steps in %.600s", text)
	}
}

func TestReportsStayWithinTheirLimit(t *testing.T) {
	long := strings.Repeat("ü\u0001\"", 1<<20)
	for _, test := range []struct {
		name    string
		request string
		handler func(*dasf.ProgressReport)
		want    func(*dasf.ProgressReport) bool
	}{
		{"all steps are running", plainRequest, func(r *dasf.ProgressReport) {
			for range 10_000 {
				r.Sub("open", 0)
			}
		}, func(r *dasf.ProgressReport) bool { return r.Done() == 10_000 }},
		{"steps that were only counted end", plainRequest, func(r *dasf.ProgressReport) {
			var all []*dasf.ProgressReport
			for i := range 2_000 {
				all = append(all, r.Sub(fmt.Sprint(i), 0))
			}
			for i, one := range all {
				if i%2 == 0 {
					one.Complete(errors.New("odd"))
				}
			}
		}, func(r *dasf.ProgressReport) bool {
			_, failed, _ := r.Folded()
			for _, c := range r.Children() {
				if c.Status() == dasf.ReportError {
					failed++
				}
			}
			return r.Done() == 2_000 && failed == 1_000
		}},
		{"a chain", plainRequest, func(r *dasf.ProgressReport) {
			for range 5_000 {
				r = r.Sub("deeper", 0)
			}
		}, func(r *dasf.ProgressReport) bool { return r.Done() == 1 }},
		{"a tree of finished trees", plainRequest, func(r *dasf.ProgressReport) {
			for range 100 {
				sub := r.Sub("branch", 0)
				for range 100 {
					twig := sub.Sub("twig", 0)
					twig.Sub("leaf", 0).Complete(nil)
					twig.Complete(nil)
				}
				sub.Complete(nil)
			}
		}, func(r *dasf.ProgressReport) bool { return r.Done() == 100 }},
		{"a long text", plainRequest, func(r *dasf.ProgressReport) { r.SetMessage(long) },
			func(r *dasf.ProgressReport) bool {
				return strings.HasPrefix(r.Message(), "ü\u0001\"") && strings.HasSuffix(r.Message(), "…")
			}},
		{"long texts of what runs", plainRequest, func(r *dasf.ProgressReport) {
			for range 400 {
				r.Sub(long, 0)
			}
		}, func(r *dasf.ProgressReport) bool { return r.Done() == 400 }},
		{"long texts of a chain", plainRequest, func(r *dasf.ProgressReport) {
			for range 100 {
				r.Sub(long, 0).Complete(nil)
				r = r.Sub(long, 0)
			}
		}, func(r *dasf.ProgressReport) bool { return r.Done() == 2 }},
		{"no UTF-8", plainRequest, func(r *dasf.ProgressReport) { r.SetMessage("a\xff\xfeb") },
			func(r *dasf.ProgressReport) bool { return r.Message() == "a\ufffd\ufffdb" }},
		{"a client's tree", `{"func_name":"f","report":{"step_message":"a","report_id":"` + strings.Repeat("x", 100_000) + `","children":[` +
			strings.Repeat(`{"step_message":"b","children":[{"step_message":"c"}],"status":"error"},`, 5_000) + `{"step_message":"b"}]}}`,
			func(r *dasf.ProgressReport) { r.Sub("mine", 0).Complete(nil) },
			func(r *dasf.ProgressReport) bool { return r.Done() == 5_002 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			reports := reportsOf(t, transport.Memory(), dasf.Config{}, reportLimit, test.request, func(_ context.Context, r *dasf.ProgressReport) error {
				test.handler(r)
				return nil
			})
			last := reports[len(reports)-1]
			if !test.want(last) || last.Status() != dasf.ReportSuccess {
				text, _ := json.Marshal(last)
				t.Errorf("the last state is %.1000s", text)
			}
		})
	}
}

// What would be cut into pieces a Python client can't read.
func TestReportsAreNeverCut(t *testing.T) {
	many := func(_ context.Context, r *dasf.ProgressReport) error {
		for range 1000 {
			r.Sub("a step of many", 0).Complete(nil)
		}
		return nil
	}
	for _, test := range []struct {
		name  string
		cfg   dasf.Config
		b     *watchedBroker
		limit int
	}{
		{"a small payload size", dasf.Config{MaxPayloadSize: 10_000}, watched(), 10_000},
		{"a tiny payload size", dasf.Config{MaxPayloadSize: 10}, watched(), 4096},
		{"a broker that loses what is large", dasf.Config{}, lossy(), 49_152},
	} {
		t.Run(test.name, func(t *testing.T) {
			startModule(t, test.b, test.cfg, handles(many))
			p := newRawPeer(t, test.b, "topic")
			p.send("request", "0", plainRequest)
			for {
				props, text := p.receive()
				if props["messageType"] == "response" {
					break
				}
				if props["num_fragments"] != "" || len(text) > test.limit || parseReport(t, text).Message() != "root" {
					t.Errorf("%d bytes, %v", len(text), props)
				}
			}
		})
	}
}

func lossy() *watchedBroker {
	b := watched()
	b.delivery = nonPersistent
	return b
}

// Whatever is done to a tree, no step is lost or counted twice, and what is
// read of its JSON is what was written.
func TestFoldingKeepsCount(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 0))
		root := dasf.NewProgressReport("root", 0)
		type entry struct {
			report *dasf.ProgressReport
			text   string
		}
		open := []entry{{root, "root"}}
		added, stepped := 0, 0
		for range 3000 {
			i := random.IntN(len(open))
			one := open[i]
			switch k := random.IntN(10); {
			case k < 6:
				text := strings.Repeat("m", random.IntN(10))
				if sub := one.report.Sub(text, random.IntN(3)); one.report == root {
					added++
					open = append(open, entry{sub, text})
				} else if sub != nil {
					open = append(open, entry{sub, text})
				}
			case k < 7 && one.report == root:
				root.Advance(3)
				stepped += 3
			case one.report != root:
				one.report.Complete(errors.ErrUnsupported)
				open[i] = open[len(open)-1]
				open = open[:len(open)-1]
			}
		}
		m := dasf.NewModule(dasf.Config{Topic: "t"}, handles(func(context.Context, *dasf.ProgressReport) error { return nil }))
		last := ""
		_, err := dasf.Call[string](t.Context(), dasf.Local(m), "f", map[string]any{"report": root},
			dasf.OnProgress(func(r *dasf.ProgressReport) {
				text, _ := json.Marshal(r)
				last = string(text)
				if len(text) > reportLimit {
					t.Errorf("seed %d: %d bytes", seed, len(text))
				}
				if r.Done() != added+stepped {
					t.Errorf("seed %d: %d are done, want %d and %d", seed, r.Done(), added, stepped)
				}
			}))
		if err != nil {
			t.Fatal(err)
		}
		again, _ := json.Marshal(parseReport(t, last))
		if string(again) != last {
			t.Errorf("seed %d: read and written again it is\n%s\nbefore it was\n%s", seed, again, last)
		}
	}
}

// Fifty goroutines in one tree. The race detector watches.
func TestManyGoroutinesReport(t *testing.T) {
	const goroutines, rounds = 50, 40
	b := transport.Memory()
	startModule(t, b, dasf.Config{ProgressInterval: time.Millisecond}, handles(func(ctx context.Context, r *dasf.ProgressReport) error {
		var wg sync.WaitGroup
		for i := range goroutines {
			wg.Go(func() {
				mine := r.Sub(fmt.Sprint("goroutine ", i), rounds)
				for j := range rounds {
					sub := mine.Sub(fmt.Sprint("round ", j), 0)
					sub.SetMessage("changed")
					r.Step()
					_ = sub.Do(ctx, func(context.Context) error { return nil })
					_, _ = r.Done(), r.Children()
					if _, err := json.Marshal(mine); err != nil {
						t.Error(err)
					}
				}
				mine.Complete(nil)
			})
		}
		wg.Wait()
		return nil
	}))
	c := dial(t, b)
	var last *dasf.ProgressReport
	if _, err := dasf.Call[string](t.Context(), c, "f", nil, dasf.OnProgress(func(r *dasf.ProgressReport) { last = r })); err != nil {
		t.Fatal(err)
	}
	if want := goroutines + goroutines*rounds; last.Done() != want || last.Status() != dasf.ReportSuccess {
		t.Errorf("%d done, want %d; %s", last.Done(), want, last.Status())
	}
}

// A goroutine that a handler leaves behind can do no harm.
func TestReportingAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		release := make(chan struct{})
		var wg sync.WaitGroup
		startModule(t, b, dasf.Config{}, handles(func(_ context.Context, r *dasf.ProgressReport) error {
			sub := r.Sub("left", 0)
			wg.Go(func() {
				<-release
				sub.Step()
				sub.Sub("late", 0).Complete(nil)
				r.Sub("late", 0).Complete(nil)
				sub.Complete(nil)
			})
			return nil
		}))
		p := newRawPeer(t, b, "topic")
		p.send("request", "0", plainRequest)
		p.receiveCall()
		before := b.sentReports()
		close(release)
		wg.Wait()
		time.Sleep(time.Minute)
		if got := b.sentReports(); got != before {
			t.Errorf("%d reports were sent after the response", got-before)
		}
	})
}

func FuzzProgressReport(f *testing.F) {
	for _, seed := range []string{
		`{"step_message":"a"}`, `{"step_message":"a","steps":"2","children":[{"step_message":"3 steps done","steps":3,"status":"success"}]}`,
		`{"settings":{"show_method":"PRINT","use_curses":false},"report_id":"x","status":"error","step_message":"","steps":-1,"children":[],"report_type":"tree"}`,
		`{"step_message":null}`, `[]`, `{"step_message":"a","children":[{"step_message":"1 step failed","steps":1,"status":"error"},{"step_message":"9223372036854775807 steps running","steps":9223372036854775807}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r dasf.ProgressReport
		if r.UnmarshalJSON(text) != nil {
			return
		}
		once, err := json.Marshal(&r)
		if err != nil {
			t.Fatalf("%v after reading %q", err, text)
		}
		twice, err := json.Marshal(parseReport(t, string(once)))
		if err != nil || string(once) != string(twice) {
			t.Errorf("%v\n%s\n%s", err, once, twice)
		}
		if r.Done() < 0 {
			t.Errorf("%d done in %s", r.Done(), once)
		}
		r.Sub("more", 0).Complete(nil)
		r.Complete(nil)
		if _, err := json.Marshal(&r); err != nil {
			t.Error(err)
		}
	})
}

// A client's tree may have what runs below what is over; a handler may go on there.
func TestStepsBelowACompletedReportOfTheClient(t *testing.T) {
	request := `{"func_name":"f","report":{"step_message":"a","children":[{"step_message":"b","status":"success","children":[{"step_message":"c"}]}]}}`
	reports := reportsOf(t, transport.Memory(), dasf.Config{}, reportLimit, request, func(_ context.Context, r *dasf.ProgressReport) error {
		c := r.Children()[0].Children()[0]
		for range 2000 {
			c.Sub("below", 0).Complete(nil)
			r.Sub("beside", 0).Complete(nil)
		}
		return nil
	})
	if last := reports[len(reports)-1]; last.Done() != 2001 {
		t.Errorf("%d steps are done, want 2001", last.Done())
	}
}
