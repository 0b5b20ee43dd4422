package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/transport"
)

type greeting struct {
	Name   string `json:"name"`
	Repeat int    `json:"repeat" default:"1"`
}

// serve runs a broker and a backend on it, and returns the broker's address.
func serve(t *testing.T) string {
	t.Helper()
	b, err := broker.New(broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b)
	address := strings.TrimPrefix(server.URL, "http://")
	ready := make(chan struct{})
	m := dasf.NewModule(dasf.Config{Topic: "greeter", Ready: func() { close(ready) }},
		dasf.Func("greet", func(_ context.Context, g greeting) (string, error) { return strings.Repeat(g.Name, g.Repeat), nil }),
		dasf.Func("report", func(_ context.Context, r struct {
			Report *dasf.ProgressReport `json:"report" default:"{\"step_message\":\"Working\"}"`
		}) (string, error) {
			r.Report.Step()
			return "reported", nil
		}))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx, transport.Pulsar(address, transport.PulsarOptions{})) }()
	select {
	case <-ready:
	case err := <-done:
		t.Fatal(err)
	case <-time.After(20 * time.Second):
		t.Fatal("the backend does not get ready")
	}
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = b.Close()
		server.Close()
	})
	return address
}

func dasfCommand(t *testing.T, in string, environ []string, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = runWith(t.Context(), args, environ, streams{in: strings.NewReader(in), out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestCallShowsProgress(t *testing.T) {
	address := serve(t)
	url := "ws://" + address + "/ws/"
	for _, tt := range []struct {
		args, environ []string
		want          string
	}{
		{nil, nil, "Working: done, 1 step\n"},
		{[]string{"--progress", "none"}, nil, ""},
		{nil, []string{"DASF_REPORT_SHOW_METHOD=NONE"}, ""},
	} {
		code, out, err := dasfCommand(t, "", tt.environ, append([]string{"call", "-t", "greeter", "--websocket-url", url, "report"}, tt.args...)...)
		if code != 0 || out != "\"reported\"\n" || !strings.Contains(err, tt.want) || tt.want == "" && err != "" {
			t.Errorf("%v %v: exit code %d, %q, %q", tt.args, tt.environ, code, out, err)
		}
	}
}

func TestCommandsOfAClient(t *testing.T) {
	address := serve(t)
	host, port, _ := strings.Cut(address, ":")
	pulsar, plain := []string{"-H", host, "-p", port}, []string{"--websocket-url", "ws://" + address + "/ws/"}
	for _, tt := range []struct {
		name    string
		args    []string
		in      string
		environ []string
		want    string // the beginning of standard output
	}{
		{"call with YAML", append(pulsar, "call", "-t", "greeter", "{func_name: greet, name: Ada}"), "", nil, "\"Ada\"\n"},
		{"call from standard input", append(pulsar, "call", "-t", "greeter", "-"), `{"func_name": "greet", "name": "Ada"}`, nil, "\"Ada\"\n"},
		{"call with parameters typed by the backend", append(pulsar, "call", "-t", "greeter", "greet", "name=7", "repeat=2"), "", nil, "\"77\"\n"},
		{"call in the plain form", append(plain, "call", "-t", "greeter", "greet", "name=Ada"), "", nil, "\"Ada\"\n"},
		{"call by variables", []string{"call", "greet", "name=Ada"}, "", []string{"DE_BACKEND_TOPIC=greeter", "DE_BACKEND_HOST=" + host, "de_backend_port=" + port}, "\"Ada\"\n"},
		{"ping", append(pulsar, "ping", "-t", "greeter"), "", nil, "greeter answered in "},
		{"info", append(pulsar, "info", "-t", "greeter"), "", nil, `{"$defs": {"FuncGreet": {"properties": `},
		{"info indented", append(pulsar, "info", "-t", "greeter", "-i", "2"), "", nil, "{\n  \"$defs\": {\n"},
		{"Python", append(pulsar, "generate", "-t", "greeter"), "", nil, `"""`},
		{"TypeScript", append(pulsar, "generate", "-t", "greeter", "--lang", "typescript"), "", nil, "/**"},
		{"Go", append(pulsar, "generate", "-t", "greeter", "--lang", "go"), "", nil, "// Code generated"},
		{"api-info", append(pulsar, "api-info", "-t", "greeter"), "", nil, `{"classes": [], "functions": [{"name": "greet", `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, stderr := dasfCommand(t, tt.in, tt.environ, tt.args...)
			if code != 0 || !strings.HasPrefix(out, tt.want) || stderr != "" {
				t.Errorf("exit code %d, stdout %.100q, stderr %q; want %q", code, out, stderr, tt.want)
			}
		})
	}
}

func TestFailuresOfAClient(t *testing.T) {
	address := serve(t)
	host, port, _ := strings.Cut(address, ":")
	pulsar := []string{"-H", host, "-p", port}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no topic", append(pulsar, "ping"), 2, "dasf ping: no topic: give -t/--topic or DE_BACKEND_TOPIC\n"},
		{"no request", append(pulsar, "call", "-t", "greeter"), 2, "call needs <request>"},
		{"unknown member", append(pulsar, "call", "-t", "greeter", "nope"), 2, "unknown member nope: the members are greet"},
		{"the backend refuses", append(pulsar, "call", "-t", "greeter", "{func_name: greet}"), 1, "error validating request: 1 validation error for greet"},
		{"nobody listens", append(pulsar, "ping", "-t", "nobody", "--timeout", "0.1"), 1, "topic nobody: no answer within 100ms"},
		{"no broker", []string{"-H", "127.0.0.1", "-p", "1", "ping", "-t", "greeter"}, 1, "connection refused"},
		{"unknown command", []string{"pnig"}, 2, "did you mean ping?"},
		{"no command", nil, 2, "no command"},
		{"half a URL", []string{"--consumer-url", "ws://h/", "ping", "-t", "greeter"}, 2, "--consumer-url is given"},
		{"bad timeout", append(pulsar, "ping", "-t", "greeter", "--timeout", "soon"), 2, `--timeout is "soon"`},
		{"bad level", append(pulsar, "ping", "-t", "greeter", "--log-level", "loud"), 2, "loud"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, stderr := dasfCommand(t, "", nil, tt.args...)
			if code != tt.code || out != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q; want %d and %q", code, out, stderr, tt.code, tt.want)
			}
		})
	}
}

func TestCompletionOfDasf(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"completion", "fish"}, "complete -c dasf"},
		{[]string{"__complete", "zsh", "pi"}, "ping\t"},
	} {
		if code, out, stderr := dasfCommand(t, "", nil, tt.args...); code != 0 || !strings.Contains(out, tt.want) {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q", tt.args, code, out, stderr)
		}
	}
}
