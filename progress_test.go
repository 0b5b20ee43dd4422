package dasf_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// A reportRequest has nothing but a report.
type reportRequest struct {
	Report *dasf.ProgressReport `json:"report" default:"{\"step_message\":\"root\"}"`
}

// handles makes a function of a handler of reports.
func handles(fn func(context.Context, *dasf.ProgressReport) error) *dasf.Member {
	return dasf.Func("f", func(ctx context.Context, r reportRequest) (string, error) {
		return "result", fn(ctx, r.Report)
	})
}

// outline writes a report as one line: (message status done/steps children…).
func outline(r *dasf.ProgressReport) string {
	var b strings.Builder
	fmt.Fprintf(&b, "(%s %s %d/%d", r.Message(), r.Status(), r.Done(), r.Steps())
	for _, c := range r.Children() {
		b.WriteString(" " + outline(c))
	}
	if done, failed, running := r.Folded(); done+failed+running > 0 {
		fmt.Fprintf(&b, " folded %d %d %d", done, failed, running)
	}
	return b.String() + ")"
}

func parseReport(t *testing.T, text string) *dasf.ProgressReport {
	t.Helper()
	r := new(dasf.ProgressReport)
	if err := json.Unmarshal([]byte(text), r); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
	return r
}

const handlerError = "handler error"

// What a handler leaves open is completed before the response, whichever way it ends.
func TestHandlerThatLeavesReportsOpen(t *testing.T) {
	leave := func(r *dasf.ProgressReport) {
		r.SetSteps(3)
		r.Sub("over", 0).Complete(nil)
		r.Sub("broken", 0).Complete(errors.New("broken"))
		r.Sub("open", 0).Sub("below", 0)
	}
	for _, test := range []struct {
		name     string
		handler  func(context.Context, *dasf.ProgressReport) error
		want     string
		response string
	}{
		{"it returns", func(_ context.Context, r *dasf.ProgressReport) error { leave(r); return nil },
			"(root success 3/3 (over success 0/0) (broken error 0/0) (open success 1/0 (below success 0/0)))", "success"},
		{"it fails", func(_ context.Context, r *dasf.ProgressReport) error { leave(r); return errors.New(handlerError) },
			"(root error 3/3 (over success 0/0) (broken error 0/0) (open error 1/0 (below error 0/0)))", "error"},
		{"it panics", func(_ context.Context, r *dasf.ProgressReport) error { leave(r); panic(handlerError) },
			"(root error 3/3 (over success 0/0) (broken error 0/0) (open error 1/0 (below error 0/0)))", "error"},
		{"it does nothing", func(context.Context, *dasf.ProgressReport) error { return nil },
			"(root success 0/0)", "success"},
		{"it panics at once", func(context.Context, *dasf.ProgressReport) error { panic(handlerError) },
			"(root error 0/0)", "error"},
		{"it completed the root itself", func(_ context.Context, r *dasf.ProgressReport) error {
			r.Complete(errors.New("the report says so"))
			return nil
		}, "(root error 0/0)", "success"},
		{"it completed the root before a step", func(_ context.Context, r *dasf.ProgressReport) error {
			sub := r.Sub("open", 0)
			r.Complete(nil)
			sub.Complete(errors.New("too late"))
			sub.Step()
			r.Sub("too late", 0).Step()
			r.SetMessage("too late")
			return nil
		}, "(root success 1/0 (open success 0/0))", "success"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				startModule(t, b, dasf.Config{}, handles(test.handler))
				p := newRawPeer(t, b, "topic")
				p.send("request", "0", `{"func_name":"f"}`)
				messages, _ := p.receiveCall()
				if len(messages) < 2 {
					t.Fatalf("no report: %v", messages)
				}
				last := messages[len(messages)-2]
				report := parseReport(t, last.Payload)
				if got := outline(report); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
				if last.Kind != "progress" || last.Status != string(report.Status()) {
					t.Errorf("the last message before the response is a %s with status %s", last.Kind, last.Status)
				}
				if got := messages[len(messages)-1].Status; got != test.response {
					t.Errorf("the response is a %s", got)
				}
			})
		})
	}
}

func TestReportOfTheClientWins(t *testing.T) {
	var seen []string
	m := dasf.NewModule(dasf.Config{Topic: "topic", Logger: quiet()}, handles(func(_ context.Context, r *dasf.ProgressReport) error {
		seen = append(seen, outline(r)+r.ID()+r.ShowMethod())
		return nil
	}))
	for _, test := range []struct{ name, request, want string }{
		{"left out", `{"func_name":"f"}`, "(root running 0/0)rootAUTO"},
		{"null", `{"func_name":"f","report":null}`, "( running 0/0)"},
		{"given", `{"func_name":"f","report":{"step_message":"mine","steps":7,"report_id":"x","settings":{"show_method":"PRINT"}}}`,
			"(mine running 0/7)xPRINT"},
		{"with children", `{"func_name":"f","report":{"step_message":"mine","children":[{"step_message":"a","status":"success"},{"step_message":"b"}]}}`,
			"(mine running 1/0 (a success 0/0) (b running 0/0))rootAUTO"},
		{"over already", `{"func_name":"f","report":{"step_message":"mine","status":"success"}}`, "(mine running 0/0)rootAUTO"},
	} {
		seen = nil
		if _, err := m.Handle(t.Context(), json.RawMessage(test.request)); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff([]string{test.want}, seen); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// Other than in Python, where the parameter must have a default or be there.
func TestParameterWithoutADefaultIsFilled(t *testing.T) {
	type request struct {
		Tree  *dasf.ProgressReport `json:"tree"`
		Value dasf.ProgressReport  `json:"value"`
		Print *dasf.PrintReport    `json:"print"`
	}
	m := dasf.NewModule(dasf.Config{Topic: "topic"}, dasf.Func("f", func(_ context.Context, r request) (string, error) {
		r.Print.Print("a")
		return fmt.Sprint(outline(r.Tree), outline(&r.Value), r.Print.Messages()), nil
	}))
	got, err := dasf.Call[string](t.Context(), dasf.Local(m), "f", request{})
	if want := "(Working running 0/0)(Working running 0/0)[a]"; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// The texts are pydantic's for the same values.
func TestReportThatDoesNotFitIsAValidationError(t *testing.T) {
	m := dasf.NewModule(dasf.Config{Topic: "topic"}, handles(func(context.Context, *dasf.ProgressReport) error { return nil }))
	for _, test := range []struct{ report, want string }{
		{`{}`, "report.step_message\n  Field required [type=missing, input_value={}, input_type=dict]"},
		{`{"step_message":"a","settings":{"show_method":"x"}}`,
			"report.settings.show_method\n  Input should be 'NONE', 'AUTO', 'PRINT', 'WINDOWED' or 'JUPYTER' [type=enum, input_value='x', input_type=str]"},
		{`{"step_message":"a","settings":{"a":1}}`, "report.settings.a\n  Extra inputs are not permitted [type=extra_forbidden, input_value=1, input_type=int]"},
		{`{"step_message":"a","status":"bad"}`, "report.status\n  Input should be 'success', 'error' or 'running' [type=enum, input_value='bad', input_type=str]"},
		{`{"step_message":"a","children":[{"steps":1.5}]}`, "report.children.0.step_message\n  Field required [type=missing, input_value={'steps': 1.5}, input_type=dict]\n" +
			"report.children.0.steps\n  Input should be a valid integer, got a number with a fractional part [type=int_from_float, input_value=1.5, input_type=float]"},
		{`{"step_message":"a","report_type":"print"}`, "report.report_type\n  Input should be 'tree' [type=literal_error, input_value='print', input_type=str]"},
		{`3`, "report\n  Input should be an object [type=model_type, input_value=3, input_type=int]"},
	} {
		_, err := m.Handle(t.Context(), json.RawMessage(`{"func_name":"f","report":`+test.report+`}`))
		if dasf.CodeOf(err) != dasf.CodeInvalidRequest || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%s: got %v\nwant %s", test.report, err, test.want)
		}
	}
}

// Ten states a second of one report, and the last one.
func TestReportsAreCoalesced(t *testing.T) {
	for _, test := range []struct {
		name     string
		interval time.Duration
		most     int
	}{{"by default", 0, 10}, {"as configured", 20 * time.Millisecond, 50}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				start := time.Now()
				startModule(t, b, dasf.Config{ProgressInterval: test.interval}, handles(func(_ context.Context, r *dasf.ProgressReport) error {
					start = time.Now()
					r.SetSteps(1000)
					for range 1000 {
						time.Sleep(time.Millisecond)
						r.Step()
					}
					return nil
				}))
				p := newRawPeer(t, b, "topic")
				p.send("request", "0", `{"func_name":"f"}`)
				var took []time.Duration
				var last string
				for {
					props, text := p.receive()
					if props["messageType"] != "progress" {
						break
					}
					took, last = append(took, time.Since(start)), text
				}
				if got := time.Since(start); got != time.Second {
					t.Errorf("the response came after %v", got)
				}
				if n := len(took) - 1; n < test.most-1 || n > test.most+1 {
					t.Errorf("%d states before the last one", n)
				}
				if want := "(root success 1000/1000 folded 1000 0 0)"; outline(parseReport(t, last)) != want {
					t.Errorf("the last state is %s", last)
				}
			})
		})
	}
}

// A change that comes while the report is held back is sent when its time has come.
func TestChangeIsSentWithoutAnotherOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		var start time.Time
		startModule(t, b, dasf.Config{}, handles(func(_ context.Context, r *dasf.ProgressReport) error {
			start = time.Now()
			r.SetMessage("one")
			synctest.Wait()
			time.Sleep(time.Millisecond)
			r.SetMessage("two")
			time.Sleep(time.Hour)
			return nil
		}))
		p := newRawPeer(t, b, "topic")
		p.send("request", "0", `{"func_name":"f"}`)
		for _, want := range []struct {
			message string
			at      time.Duration
		}{{"one", 0}, {"two", 100 * time.Millisecond}, {"two", time.Hour + time.Millisecond}} {
			_, text := p.receive()
			if got := parseReport(t, text).Message(); got != want.message || time.Since(start) != want.at {
				t.Errorf("got %q after %v, want %q after %v", got, time.Since(start), want.message, want.at)
			}
		}
	})
}

// What did not change is not sent again.
func TestSubmitOfWhatWasSentSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		startModule(t, b, dasf.Config{}, handles(func(_ context.Context, r *dasf.ProgressReport) error {
			for range 5 {
				r.Submit()
				time.Sleep(time.Second)
			}
			return nil
		}))
		p := newRawPeer(t, b, "topic")
		p.send("request", "0", `{"func_name":"f"}`)
		messages, _ := p.receiveCall()
		if len(messages) != 3 {
			t.Errorf("got %v, want running, success and the response", messages)
		}
	})
}

// A stalledBroker takes no reports.
func stalledBroker(stall func(ctx context.Context) error) *watchedBroker {
	b := watched()
	b.stall = func(ctx context.Context, m *transport.Message) error {
		if m.Properties["messageType"] == "progress" {
			return stall(ctx)
		}
		return nil
	}
	return b
}

func TestClientThatTakesNoReportsHoldsNobodyUp(t *testing.T) {
	for _, test := range []struct {
		name  string
		stall func(ctx context.Context) error
		after time.Duration // from the end of the handler to the response
	}{
		{"it is dead", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 5 * time.Second},
		{"it is slow", func(ctx context.Context) error { time.Sleep(2 * time.Second); return nil }, 4 * time.Second},
		{"it is refused", func(context.Context) error { return errors.New("refused") }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := stalledBroker(test.stall)
				var over time.Time
				startModule(t, b, dasf.Config{ProducerConnectionTimeout: 5 * time.Second}, handles(func(_ context.Context, r *dasf.ProgressReport) error {
					start := time.Now()
					for range 100 {
						r.Step()
						r.Sub("a", 0).Complete(nil)
						time.Sleep(time.Second)
					}
					if d := time.Since(start); d != 100*time.Second {
						t.Errorf("the handler took %v", d)
					}
					over = time.Now()
					return nil
				}))
				p := newRawPeer(t, b, "topic")
				p.send("request", "0", `{"func_name":"f"}`)
				messages, _ := p.receiveCall()
				if got := time.Since(over); got > test.after {
					t.Errorf("the response came %v after the end of the handler", got)
				}
				if last := messages[len(messages)-1]; last.Status != "success" {
					t.Errorf("got %v", last)
				}
			})
		})
	}
}

func (b *watchedBroker) sentReports() (n int) {
	for _, e := range b.noted() {
		if strings.HasPrefix(e, "sent ") && strings.HasSuffix(e, " progress") {
			n++
		}
	}
	return n
}

func TestCancelledCallSendsNoMoreReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		ended := make(chan struct{})
		startModule(t, b, dasf.Config{}, handles(func(ctx context.Context, r *dasf.ProgressReport) error {
			defer close(ended)
			r.Step()
			<-ctx.Done()
			for range 10 {
				r.Step()
				time.Sleep(time.Second)
			}
			return ctx.Err()
		}))
		c := dial(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := dasf.Call[string](ctx, c, "f", nil); dasf.CodeOf(err) != dasf.CodeDeadlineExceeded {
			t.Errorf("got %v", err)
		}
		<-ended
		synctest.Wait()
		if sent := b.sentReports(); sent > 2 { // the second just before the end
			t.Errorf("%d reports were sent: %q", sent, b.noted())
		}
	})
}

// A report in hand at a shutdown says nothing of its end: another backend goes on.
func TestHandedBackCallIsNotReportedAsFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		m := dasf.NewModule(dasf.Config{Topic: "topic", Logger: quiet(), Grace: dasf.Seconds(1)},
			handles(func(ctx context.Context, r *dasf.ProgressReport) error {
				r.Step()
				<-ctx.Done()
				return ctx.Err()
			}))
		p := newRawPeer(t, b, "topic")
		p.send("request", "0", `{"func_name":"f"}`)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.Run(ctx, b) }()
		_, text := p.receive()
		if got := outline(parseReport(t, text)); got != "(root running 1/0 folded 1 0 0)" {
			t.Errorf("got %s", got)
		}
		stop()
		<-ended
		if sent := b.sentReports(); sent != 1 {
			t.Errorf("%d reports were sent: %q", sent, b.noted())
		}
	})
}

func TestTwoReportsOfOneCall(t *testing.T) {
	type request struct {
		A *dasf.ProgressReport `json:"a" default:"{\"step_message\":\"a\",\"report_id\":\"a\"}"`
		B *dasf.ProgressReport `json:"b" default:"{\"step_message\":\"b\",\"report_id\":\"b\"}"`
		C *dasf.PrintReport    `json:"c"`
	}
	b := transport.Memory()
	startModule(t, b, dasf.Config{}, dasf.Func("f", func(_ context.Context, r request) (string, error) {
		r.A.Step()
		r.B.Advance(2)
		r.C.Print("text")
		return "", nil
	}))
	c := dial(t, b)
	last := map[string]string{}
	_, err := dasf.Call[string](t.Context(), c, "f", request{},
		dasf.OnProgress(func(r *dasf.ProgressReport) { last[r.ID()] = outline(r) }),
		dasf.OnPrint(func(r *dasf.PrintReport) { last["c"] = strings.TrimSpace(strings.Join(r.Messages(), "\n")) }))
	want := map[string]string{"a": "(a success 1/0 folded 1 0 0)", "b": "(b success 2/0 folded 2 0 0)", "c": "text"}
	if diff := cmp.Diff(want, last); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// A class may have a report for its constructor and one for the method.
func TestReportsOfAClass(t *testing.T) {
	type ctor struct {
		Report *dasf.ProgressReport `json:"report" default:"{\"step_message\":\"constructor\",\"report_id\":\"c\"}"`
	}
	m := dasf.NewModule(dasf.Config{Topic: "topic"}, dasf.Class("C", dasf.New[ctor],
		dasf.Method("m", func(c *ctor, _ context.Context, r reportRequest) (string, error) {
			c.Report.Step()
			r.Report.Step()
			return "", nil
		})))
	last := map[string]string{}
	_, err := dasf.Call[string](t.Context(), dasf.Local(m).Object("C", ctor{}), "m", reportRequest{},
		dasf.OnProgress(func(r *dasf.ProgressReport) { last[r.ID()] = outline(r) }))
	want := map[string]string{"c": "(constructor success 1/0 folded 1 0 0)", "root": "(root success 1/0 folded 1 0 0)"}
	if diff := cmp.Diff(want, last); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// Without a broker reports reach the caller as with one: in its goroutine, in
// order, the last one before the result.
func TestReportsWithoutABroker(t *testing.T) {
	m := dasf.NewModule(dasf.Config{Topic: "topic"}, handles(func(_ context.Context, r *dasf.ProgressReport) error {
		for i := range 3 {
			r.Sub(fmt.Sprint(i), 0).Complete(nil)
			time.Sleep(time.Second)
		}
		return nil
	}))
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		var unlocked sync.Mutex // the race detector sees a call from another goroutine
		got, err := dasf.Call[string](t.Context(), dasf.Local(m), "f", nil, dasf.OnProgress(func(r *dasf.ProgressReport) {
			if !unlocked.TryLock() {
				t.Error("called twice at one time")
			}
			defer unlocked.Unlock()
			if r.Done() > 0 { // before that it may be seen, or not
				seen = append(seen, fmt.Sprintf("%s %d", r.Status(), r.Done()))
			}
		}))
		if err != nil || got != "result" {
			t.Errorf("got %q, %v", got, err)
		}
		if diff := cmp.Diff([]string{"running 1", "running 2", "running 3", "success 3"}, seen); diff != "" {
			t.Error(diff)
		}
	})
}

// The reports of a call that a handler makes go to its own caller, not to the
// handler's.
func TestReportsOfACallWithinACall(t *testing.T) {
	inner := dasf.NewModule(dasf.Config{Topic: "inner"}, handles(func(_ context.Context, r *dasf.ProgressReport) error {
		r.SetMessage("inner")
		return nil
	}))
	outer := dasf.NewModule(dasf.Config{Topic: "outer"}, dasf.Func("g", func(ctx context.Context, _ dasf.None) (string, error) {
		return dasf.Call[string](ctx, dasf.Local(inner), "f", nil)
	}))
	_, err := dasf.Call[string](t.Context(), dasf.Local(outer), "g", nil, dasf.OnProgress(func(r *dasf.ProgressReport) {
		t.Errorf("got %s", outline(r))
	}))
	if err != nil {
		t.Error(err)
	}
}

// A client that sends a request with a nil report means that the backend makes it.
func TestNilReportOfAGoClientIsLeftOut(t *testing.T) {
	m := dasf.NewModule(dasf.Config{Topic: "topic"}, dasf.Func("run_steps", func(_ context.Context, r runStepsRequest) (string, error) {
		return outline(r.Reporter), nil
	}))
	got, err := dasf.Call[string](t.Context(), dasf.Local(m), "run_steps", runStepsRequest{N: 1})
	if want := "(Running steps running 0/2)"; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	got, err = dasf.Call[string](t.Context(), dasf.Local(m), "run_steps", runStepsRequest{Reporter: dasf.NewProgressReport("mine", 9)})
	if want := "(mine running 0/9)"; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestReportsOfNilAndZero(t *testing.T) {
	for name, r := range map[string]*dasf.ProgressReport{"nil": nil, "zero": {}} {
		r.Step()
		r.Advance(3)
		r.SetMessage("a")
		r.SetSteps(3)
		r.Submit()
		r.Sub("a", 1).Sub("b", 2).Step()
		r.Complete(nil)
		if got := outline(r) + r.ID() + r.ShowMethod(); got != "( running 0/0)" {
			t.Errorf("%s: %s", name, got)
		}
		if err := r.Do(t.Context(), func(context.Context) error { return errors.ErrUnsupported }); err != errors.ErrUnsupported {
			t.Errorf("%s: Do returns %v", name, err)
		}
	}
	for name, r := range map[string]*dasf.PrintReport{"nil": nil, "zero": {}} {
		r.Print("a")
		r.Printf("%d", 3)
		r.Submit()
		r.Complete(nil)
		if got := fmt.Sprint(r.Messages(), r.Status(), r.ID(), r.ShowMethod()); got != "[]running" {
			t.Errorf("%s: %q", name, got)
		}
		if err := r.Do(t.Context(), func(context.Context) error { return errors.ErrUnsupported }); err != errors.ErrUnsupported {
			t.Errorf("%s: Do returns %v", name, err)
		}
	}
	for _, r := range []any{&dasf.ProgressReport{}, &dasf.PrintReport{}} {
		if text, err := json.Marshal(r); err != nil || !strings.Contains(string(text), `"report_id":"root"`) {
			t.Errorf("%s, %v", text, err)
		}
	}
}

func TestBlockOfAReport(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name string
		ctx  context.Context
		fn   func(context.Context) error
		err  error
		want dasf.ReportStatus
	}{
		{"it returns nothing", t.Context(), func(context.Context) error { return nil }, nil, dasf.ReportSuccess},
		{"it returns an error", t.Context(), func(context.Context) error { return errors.ErrUnsupported }, errors.ErrUnsupported, dasf.ReportError},
		{"the context has ended", ended, func(context.Context) error { t.Error("run"); return nil }, context.Canceled, dasf.ReportError},
	} {
		r := dasf.NewProgressReport("a", 0)
		if err := r.Do(test.ctx, test.fn); err != test.err {
			t.Errorf("%s: got %v", test.name, err)
		}
		if r.Status() != test.want {
			t.Errorf("%s: the report is %s", test.name, r.Status())
		}
	}
	r := dasf.NewProgressReport("a", 0)
	func() {
		defer func() {
			if p := recover(); p != "the panic" {
				t.Errorf("recovered %v", p)
			}
		}()
		_ = r.Do(t.Context(), func(context.Context) error { panic("the panic") })
	}()
	if r.Status() != dasf.ReportError {
		t.Errorf("after a panic the report is %s", r.Status())
	}
}

func TestConfigOfReports(t *testing.T) {
	if got := dasf.NewModule(dasf.Config{Topic: "t"}).Config().ProgressInterval; got != 100*time.Millisecond {
		t.Errorf("the default is %v", got)
	}
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "ProgressInterval is -1s; it must be more than 0") {
			t.Errorf("got %s", p)
		}
	}()
	dasf.NewModule(dasf.Config{Topic: "t", ProgressInterval: -time.Second})
}
