package cli_test

import (
	"bytes"
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/cli"
	"github.com/dasf-go/dasf/transport"
)

type progressRequest struct {
	Report *dasf.ProgressReport `json:"report" default:"{\"step_message\":\"Working\"}"`
	Text   *dasf.PrintReport    `json:"text"`
}

func progressModule(ready func()) *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "progress-cli", Ready: ready},
		dasf.Func("f", func(_ context.Context, r progressRequest) (string, error) {
			r.Report.Sub("step", 0).Complete(nil)
			r.Text.Print("a message")
			return "result", nil
		}))
}

// Progress goes to standard error, a line for each change where that is no
// terminal; the result alone goes to standard output.
func TestProgressOfCommands(t *testing.T) {
	b, err := broker.New(broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b)
	defer server.Close()
	defer b.Close()
	url := "ws" + strings.TrimPrefix(server.URL, "http") + "/ws/"
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- progressModule(func() { close(ready) }).Run(ctx, transport.WebSocket(url, transport.Options{}))
	}()
	<-ready
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	compute, send := []string{"compute", "f"}, []string{"--websocket-url", url, "send-request", "f"}
	const shown = "Working: done, 1 step"
	for _, test := range []struct {
		name    string
		args    []string
		in      string
		environ []string
		lines   []string // parts of standard error
		nothing bool     // is on standard error
	}{
		{"compute", compute, "", nil, []string{shown, "a message\n"}, false},
		{"send-request", send, "", nil, []string{shown, "a message\n"}, false},
		{"shell", []string{"shell"}, "Model.f()", nil, []string{shown, "a message\n"}, false},
		{"shell --remote", []string{"--websocket-url", url, "shell", "--remote"}, "Model.f()", nil, []string{shown}, false},
		{"none", append(send, "--progress", "none"), "", nil, nil, true},
		{"plain", append(compute, "--progress=plain"), "", nil, []string{shown}, false},
		{"a tree where there is no terminal", append(compute, "--progress=tree"), "", nil, []string{shown}, false},
		{"the variable", send, "", []string{"DASF_REPORT_SHOW_METHOD=NONE"}, nil, true},
		{"the variable of curses", send, "", []string{"dasf_report_show_method=windowed"}, []string{shown}, false},
		{"the command line beats the variable", append(send, "--progress", "auto"), "", []string{"DASF_REPORT_SHOW_METHOD=NONE"}, []string{shown}, false},
		{"the report says so itself", []string{"compute", `{func_name: f, text: null, report: {step_message: a, settings: {show_method: NONE}}}`}, "", nil, nil, true},
		{"the command line beats the report", []string{"compute", "--progress", "plain", `{func_name: f, report: {step_message: Working, settings: {show_method: NONE}}}`}, "", nil, []string{shown}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, errors bytes.Buffer
			args := append([]string{"--log-level", "40"}, test.args...)
			code := cli.Run(t.Context(), args, cli.Streams{In: strings.NewReader(test.in), Out: &out, Err: &errors}, test.environ, progressModule(nil))
			if diff := cmp.Diff("\"result\"\n", out.String()); code != 0 || diff != "" {
				t.Errorf("exit code %d, standard output: %s", code, diff)
			}
			for _, part := range test.lines {
				if !strings.Contains(errors.String(), part) {
					t.Errorf("no %q in %q", part, errors.String())
				}
			}
			if test.nothing && errors.Len() > 0 {
				t.Errorf("on standard error: %q", errors.String())
			}
		})
	}
}

func TestBadProgressMode(t *testing.T) {
	for _, test := range []struct {
		args, environ []string
		want          string
	}{
		{[]string{"compute", "--progress", "loud", "f"}, nil, `--progress is "loud": it must be one of auto, tree, plain, none`},
		{[]string{"compute", "f"}, []string{"DASF_REPORT_SHOW_METHOD=LOUD"}, `DASF_REPORT_SHOW_METHOD is "LOUD": it must be one of`},
	} {
		var out, errors bytes.Buffer
		code := cli.Run(t.Context(), test.args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errors}, test.environ, progressModule(nil))
		if code != 2 || !strings.Contains(errors.String(), test.want) {
			t.Errorf("exit code %d: %s", code, errors.String())
		}
	}
}

func TestShowProgress(t *testing.T) {
	for method, want := range map[string]bool{"": true, "NONE": false, "LOUD": true} {
		t.Setenv("DASF_REPORT_SHOW_METHOD", method)
		var shown bytes.Buffer
		err := cli.ShowProgress(&shown, func(show ...dasf.CallOption) error {
			_, err := dasf.Call[string](t.Context(), dasf.Local(progressModule(nil)), "f", progressRequest{}, show...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"Working: done, 1 step", "a message\n"} {
			if got := strings.Contains(shown.String(), part); got != want {
				t.Errorf("%q: %q is shown: %v, in %q", method, part, got, shown.String())
			}
		}
		if !want && shown.Len() > 0 {
			t.Errorf("%q: %q is shown", method, shown.String())
		}
	}
}
