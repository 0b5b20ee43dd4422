//go:build interop

package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// progressModule is the twin of testdata/python/progress.py.
func progressModule(c dasf.Config) *dasf.Module {
	return dasf.NewModule(c,
		dasf.Func("run_steps", func(ctx context.Context, r struct {
			N        int                  `json:"n" default:"2"`
			Reporter *dasf.ProgressReport `json:"reporter" default:"{\"step_message\":\"Running steps\",\"steps\":2}"`
		}) (string, error) {
			for i := range r.N {
				sub := r.Reporter.Sub(fmt.Sprintf("step %d", i), 0)
				if err := sub.Sub("nested", 0).Do(ctx, func(context.Context) error { return nil }); err != nil {
					return "", err
				}
				sub.Complete(nil)
			}
			return fmt.Sprintf("done %d", r.N), nil
		}),
		dasf.Func("report_failure", func(ctx context.Context, r struct {
			Reporter *dasf.ProgressReport `json:"reporter" default:"{\"step_message\":\"Failing\"}"`
		}) (string, error) {
			return "", r.Reporter.Do(ctx, func(context.Context) error { return errors.New("failed inside the report") })
		}),
		dasf.Func("print_lines", func(_ context.Context, r struct {
			N        int               `json:"n" default:"5"`
			Reporter *dasf.PrintReport `json:"reporter"`
		}) (string, error) {
			for i := range r.N {
				r.Reporter.Printf("line %d", i)
			}
			return fmt.Sprintf("printed %d", r.N), nil
		}),
		dasf.Func("many_steps", func(_ context.Context, r struct {
			N        int                  `json:"n" default:"100000"`
			Reporter *dasf.ProgressReport `json:"reporter" default:"{\"step_message\":\"Many steps\"}"`
		}) (string, error) {
			r.Reporter.SetSteps(r.N)
			for i := range r.N {
				r.Reporter.Sub(fmt.Sprintf("step %d", i), 0).Complete(nil)
			}
			return "done", nil
		}).Doc("Only Go backends run it: here each step would send all that were before."),
		dasf.Func("log_lines", func(ctx context.Context, r struct {
			N int `json:"n" default:"5"`
		}) (string, error) {
			for i := range r.N {
				dasf.Logger(ctx).InfoContext(ctx, "a line", "i", i)
			}
			return fmt.Sprintf("logged %d", r.N), nil
		}).Doc("Log, which a Python backend keeps to itself."),
	)
}

// A seen is what a client saw of a call.
type seen struct {
	trees  []*dasf.ProgressReport
	lines  []string // of a report of messages
	result string
	err    error
}

// A reportClient makes a call and returns what was seen.
type reportClient func(t *testing.T, member string, args map[string]any) seen

func dialReportsGo(t *testing.T, at peers.Endpoint, topic string) reportClient {
	c := dialGo(t, at, topic).(goClient)
	return func(t *testing.T, member string, args map[string]any) (s seen) {
		t.Helper()
		s.result, s.err = dasf.Call[string](within(t), c.Client, member, args,
			dasf.OnProgress(func(r *dasf.ProgressReport) { s.trees = append(s.trees, r) }),
			dasf.OnPrint(func(r *dasf.PrintReport) { s.lines = strings.Split(strings.Join(r.Messages(), "\n"), "\n") }))
		return s
	}
}

// pythonLog is a line of demessaging's own log.
var pythonLog = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d .*$`)

// dialReportsPython reads what deprogressapi prints: a tree as JSON, of a
// report of messages the last one each time.
func dialReportsPython(t *testing.T, at peers.Endpoint, topic string) reportClient {
	stub := lab.Stub(t, peers.Module{Path: python(t, "progress.py"), Topic: topic, At: at})
	c := lab.StartPythonClient(t, python(t, "driver.py"), stub, at)
	printed := 0
	return func(t *testing.T, member string, args map[string]any) (s seen) {
		t.Helper()
		raw, err := c.Call(within(t), peers.PythonCall{Member: member, Args: args})
		if s.err = err; err == nil {
			if err := json.Unmarshal(raw, &s.result); err != nil {
				t.Fatal(err)
			}
		}
		text := c.Printed()[printed:]
		printed += len(text)
		text = pythonLog.ReplaceAllString(text, "")
		if !strings.Contains(text, "{") {
			s.lines = strings.Split(strings.TrimSpace(text), "\n")
			return s
		}
		for d := json.NewDecoder(strings.NewReader(text)); ; {
			r := new(dasf.ProgressReport)
			if err := d.Decode(r); err == io.EOF {
				return s
			} else if err != nil {
				t.Fatalf("%v in %.500s", err, text)
			}
			s.trees = append(s.trees, r)
		}
	}
}

// dialReportsTypeScript looks at what the callback of a stub is given.
func dialReportsTypeScript(t *testing.T, at peers.Endpoint, topic string) reportClient {
	program, options := filepath.Join(compiled(t), "progress.js"), callOptions(t, at, topic, nil)
	return func(t *testing.T, member string, args map[string]any) (s seen) {
		t.Helper()
		if args == nil {
			args = map[string]any{}
		}
		said := output(t, exec.CommandContext(within(t), "node", program, options, member, asJSON(t, args)))
		for line := range strings.Lines(said) {
			var one struct {
				Report json.RawMessage `json:"report"`
				Words  []string        `json:"words"`
				Type   string          `json:"type"`
				Result string          `json:"result"`
				Error  string          `json:"error"`
			}
			if err := json.Unmarshal([]byte(line), &one); err != nil {
				t.Fatalf("%v in %.500s", err, line)
			}
			switch {
			case one.Error != "":
				s.err = errors.New(one.Error)
			case one.Report == nil:
				s.result = one.Result
			case one.Type == "print":
				s.lines = strings.Split(strings.Join(one.Words, "\n"), "\n")
			default:
				tree := new(dasf.ProgressReport)
				if err := json.Unmarshal(one.Report, tree); err != nil {
					t.Fatalf("%v in %.500s", err, line)
				}
				s.trees = append(s.trees, tree)
			}
		}
		return s
	}
}

// TestProgress holds the reports of each kind of backend against each kind of client.
func TestProgress(t *testing.T) {
	for _, s := range slots {
		if s.name != "embedded-plain" && s.name != "django" {
			continue // TestMatrix has a report over each broker
		}
		t.Run(s.name, func(t *testing.T) {
			at := s.open(t)
			for _, backend := range []string{"go", "python"} {
				topic := lab.Topic("progress")
				if backend == "python" {
					lab.StartPythonBackend(t, peers.Module{Path: python(t, "progress.py"), Topic: topic, At: at})
				} else {
					startModule(t, at, progressModule(dasf.Config{Topic: topic}))
				}
				for name, dial := range map[string]func(*testing.T, peers.Endpoint, string) reportClient{
					"go": dialReportsGo, "python": dialReportsPython, "typescript": dialReportsTypeScript,
				} {
					t.Run(backend+"-backend/"+name+"-client", func(t *testing.T) {
						call := dial(t, at, topic)
						t.Run("tree", func(t *testing.T) { checkTree(t, call) })
						t.Run("failure", func(t *testing.T) { checkFailure(t, call) })
						t.Run("messages", func(t *testing.T) { checkMessages(t, call) })
						t.Run("no log", func(t *testing.T) { checkNoLog(t, call) })
						if backend == "go" {
							t.Run("a hundred thousand steps", func(t *testing.T) { checkManySteps(t, call) })
						}
					})
				}
			}
		})
	}
}

func checkTree(t *testing.T, call reportClient) {
	s := call(t, "run_steps", map[string]any{"n": 3})
	if s.err != nil || s.result != "done 3" || len(s.trees) == 0 {
		t.Fatalf("got %q, %v, %d reports", s.result, s.err, len(s.trees))
	}
	last := s.trees[len(s.trees)-1]
	var got []string
	for _, c := range append([]*dasf.ProgressReport{last}, last.Children()...) {
		got = append(got, fmt.Sprintf("%s %s %d/%d", c.Message(), c.Status(), c.Done(), c.Steps()))
	}
	want := []string{"Running steps success 3/2", "step 0 success 1/0", "step 1 success 1/0", "step 2 success 1/0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the last report (-want +got):\n%s", diff)
	}
}

func checkFailure(t *testing.T, call reportClient) {
	s := call(t, "report_failure", nil)
	if s.err == nil || !strings.Contains(s.err.Error(), "failed inside the report") || len(s.trees) == 0 {
		t.Fatalf("got %v, %d reports", s.err, len(s.trees))
	}
	if last := s.trees[len(s.trees)-1]; last.Status() != dasf.ReportError || last.Message() != "Failing" {
		t.Errorf("the last report is %s: %s", last.Message(), last.Status())
	}
}

// Each message is seen, and seen once, however they travel together.
func checkMessages(t *testing.T, call reportClient) {
	s := call(t, "print_lines", map[string]any{"n": 8})
	if s.err != nil || s.result != "printed 8" {
		t.Fatalf("got %q, %v", s.result, s.err)
	}
	var got, want []string
	for _, line := range s.lines {
		if line != "" {
			got = append(got, line)
		}
	}
	for i := range 8 {
		want = append(want, fmt.Sprint("line ", i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// A Python client would end its call at a message of type log.
func checkNoLog(t *testing.T, call reportClient) {
	if s := call(t, "log_lines", map[string]any{"n": 8}); s.err != nil || s.result != "logged 8" {
		t.Errorf("got %q, %v", s.result, s.err)
	}
}

// The tree does not fit into one message; deprogressapi reads each state of it.
func checkManySteps(t *testing.T, call reportClient) {
	const n = 100_000
	s := call(t, "many_steps", map[string]any{"n": n})
	if s.err != nil || s.result != "done" || len(s.trees) == 0 {
		t.Fatalf("got %q, %v, %d reports", s.result, s.err, len(s.trees))
	}
	last := s.trees[len(s.trees)-1]
	done, _, _ := last.Folded()
	if last.Done() != n || last.Steps() != n || done+len(last.Children()) != n || len(last.Children()) < 100 {
		t.Errorf("%d of %d done: %d folded, %d children", last.Done(), last.Steps(), done, len(last.Children()))
	}
}

// A Go client that asks gets the log of a Go backend.
func TestLogOfAHandlerOverABroker(t *testing.T) {
	at := embedded("")(t)
	topic := lab.Topic("log")
	startModule(t, at, progressModule(dasf.Config{Topic: topic}))
	c := dialGo(t, at, topic).(goClient)
	var got []string
	result, err := dasf.Call[string](within(t), c.Client, "log_lines", nil, dasf.OnLog(slog.LevelInfo, func(r slog.Record) {
		r.Attrs(func(a slog.Attr) bool { got = append(got, r.Message+" "+a.String()); return true })
	}))
	if err != nil || result != "logged 5" {
		t.Errorf("got %q, %v", result, err)
	}
	want := []string{"a line i=0", "a line i=1", "a line i=2", "a line i=3", "a line i=4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// startModule runs a Go backend until the test ends.
func startModule(t *testing.T, at peers.Endpoint, m *dasf.Module) {
	t.Helper()
	ready := make(chan struct{})
	m, err := m.With(func(c *dasf.Config) {
		c.Logger = newLog(t, "go-backend")
		c.Ready = func() { close(ready) }
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx, connect(t, at)) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("running the Go backend: %v", err)
		}
	})
	select {
	case <-ready:
	case <-within(t).Done():
		t.Fatal("the Go backend is not ready")
	}
}
