package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dasf-go/dasf"
)

// freePort returns a port that nobody listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// backend starts a module with its own broker and returns the flags that reach
// it.
func backend(t *testing.T, plain bool, m *dasf.Module) (flags []string, r *running) {
	t.Helper()
	port := freePort(t)
	flags = []string{"-H", "127.0.0.1", "-p", port}
	if plain {
		flags = []string{"--websocket-url", "ws://127.0.0.1:" + port + "/ws/"}
	}
	r = start(t, append(flags, "listen", "--embedded-broker"), nil, m)
	r.out.await(t, "waiting for incoming request")
	return flags, r
}

func TestCommandsOverAnEmbeddedBroker(t *testing.T) {
	for _, form := range []string{"Pulsar's form", "plain form"} {
		t.Run(form, func(t *testing.T) {
			m := module(dasf.Config{Topic: "topic"})
			flags, r := backend(t, form == "plain form", m)
			dir := t.TempDir()
			file := filepath.Join(dir, "request.json")
			if err := os.WriteFile(file, []byte(echoOf("from file")), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				name string
				args []string
				in   string
				code int
				out  string
				err  string
			}{
				{"YAML", []string{"send-request", "{func_name: echo, text: Peter}"}, "", 0, "\"Peter\"\n", ""},
				{"parameters", []string{"send-request", "echo", "text=7"}, "", 0, "\"7\"\n", ""},
				{"file", []string{"send-request", file}, "", 0, "\"from file\"\n", ""},
				{"standard input", []string{"send-request", "-"}, echoOf("from stdin"), 0, "\"from stdin\"\n", ""},
				{"error", []string{"send-request", "fail"}, "", 1, "", "error executing request: panic: the panic"},
				{"shell", []string{"shell", "--remote"}, "Model.echo(text=\"over the broker\")\n", 0, "\"over the broker\"\n", ""},
			} {
				t.Run(tt.name, func(t *testing.T) {
					got := callWith(t, strings.NewReader(tt.in), append(append([]string{"--log-level", "50"}, flags...), tt.args...), nil, m)
					if got.code != tt.code || got.out != tt.out || !strings.Contains(got.err, tt.err) || tt.err == "" && got.err != "" {
						t.Errorf("exit code %d, stdout %q, stderr %q", got.code, got.out, got.err)
					}
				})
			}
			t.Run("test-connect", func(t *testing.T) {
				got := call(t, append([]string{"test-connect"}, flags...), nil, m)
				form := regexp.MustCompile(`^decided by .* on the command line\nreceiving from ws://\S+/topic/dasf-test-connect-\S+: connected in \S+\nsending to ws://\S+/topic: connected in \S+\nround trip: \d\S*\n$`)
				if got.code != 0 || !form.MatchString(got.out) {
					t.Errorf("exit code %d, stdout %q, stderr %q", got.code, got.out, got.err)
				}
			})
			if code := r.end(t); code != 0 {
				t.Errorf("listen ended with %d: %s", code, r.err)
			}
		})
	}
}

func TestConnectTellsWhichDirectionFails(t *testing.T) {
	silent := newFakeBroker(t) // it delivers nothing
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"receiving", []string{"--websocket-url", silent.url("/ws/"), "--consumer-url", "ws://127.0.0.1:1/"}, "receiving: "},
		{"sending", []string{"--websocket-url", silent.url("/ws/"), "--producer-url", "ws://127.0.0.1:1/"}, "sending: "},
		{"round trip", []string{"--websocket-url", silent.url("/ws/")}, "receiving the message that was sent: ws://"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := call(t, append(tt.args, "test-connect", "--timeout", "0.3"), nil, module(dasf.Config{Topic: "topic"}))
			if got.code != 1 || !strings.Contains(got.err, tt.want) {
				t.Errorf("exit code %d, stderr %q, want 1 and %q", got.code, got.err, tt.want)
			}
		})
	}
}

func TestSecondBrokerOnOneAddress(t *testing.T) {
	m := module(dasf.Config{Topic: "topic"})
	flags, _ := backend(t, false, m)
	got := call(t, append(flags, "listen", "--embedded-broker"), nil, m)
	if got.code != 1 || !strings.Contains(got.err, "if a broker runs there already, leave the flag out") {
		t.Errorf("exit code %d, stderr %q", got.code, got.err)
	}
}

func TestManualsLines(t *testing.T) {
	b := newFakeBroker(t)
	r := start(t, []string{"--websocket-url", b.url("/ws/"), "listen"}, nil, module(dasf.Config{Topic: "topic"}))
	r.out.await(t, "waiting for incoming request")
	r.end(t)
	text := r.out.String()
	at := -1
	for _, want := range []string{"connection attempt url=" + b.url("/ws/topic/dasf-topic"), "connected topic=topic", "waiting for incoming request", "stopped"} {
		i := strings.Index(text, want)
		if i <= at {
			t.Errorf("%q is missing or in the wrong place:\n%s", want, text)
		}
		at = i
	}
}

func TestWorkersRunAtOnce(t *testing.T) {
	const workers = 3
	inside, leave := make(chan struct{}), make(chan struct{})
	m := dasf.NewModule(dasf.Config{Topic: "topic"}, dasf.Func("meet", func(context.Context, noParams) (int, error) {
		inside <- struct{}{}
		<-leave
		return 0, nil
	}))
	b := newFakeBroker(t)
	start(t, []string{"--websocket-url", b.url("/ws/"), "--max-workers", "3", "listen"}, nil, m)
	b.awaitShake()
	for i := range 3 * workers {
		b.request(string(rune('0'+i)), "request", `{"func_name":"meet"}`)
	}
	for range 3 {
		for range workers {
			<-inside // all of them are there at the same time
		}
		for range workers {
			leave <- struct{}{}
		}
	}
}

func TestSeveralModules(t *testing.T) {
	first := module(dasf.Config{Topic: "first"})
	second := dasf.NewModule(dasf.Config{Topic: "second", Workers: 2}, dasf.Func("other", func(context.Context, noParams) (int, error) { return 2, nil }))
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"compute", "echo", "text=a"}, "\"a\"\n"},
		{[]string{"-m", "first", "compute", "echo", "text=a"}, "\"a\"\n"},
		{[]string{"compute", "other", "--module=second"}, "2\n"},
	} {
		if got := call(t, tt.args, nil, first, second); got.code != 0 || got.out != tt.want {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q", tt.args, got.code, got.out, got.err)
		}
	}
	if got := call(t, []string{"-m", "second", "--help"}, nil, first, second); !strings.Contains(strings.Join(strings.Fields(got.out), " "), "Default: second") {
		t.Error("help does not show the settings of the module that was picked")
	}
}

func TestMembersNarrow(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--members", "fail", "schema"}, "FuncFail"},
		{[]string{"--members", "fail", "--", "schema"}, "FuncFail"},
		{[]string{"schema", "--members", "fail"}, "FuncFail"},
		{[]string{"--members", "fail", "echo", "-t", "x", "schema"}, "FuncEcho FuncFail"},
		{[]string{"schema"}, "FuncEcho FuncFail"},
	} {
		got := call(t, tt.args, nil, module(dasf.Config{Topic: "topic"}))
		var schema struct {
			Defs map[string]any `json:"$defs"`
		}
		if err := json.Unmarshal([]byte(got.out), &schema); err != nil {
			t.Fatalf("%v: %v, stderr %q", tt.args, err, got.err)
		}
		for _, name := range []string{"FuncEcho", "FuncFail"} {
			if _, ok := schema.Defs[name]; ok != strings.Contains(tt.want, name) {
				t.Errorf("%v: %s offered: %v", tt.args, name, ok)
			}
		}
	}
}

func TestShortenedFlagWarnsAndWorks(t *testing.T) {
	got := call(t, []string{"schema", "--ind", "2"}, nil, module(dasf.Config{Topic: "topic"}))
	if got.code != 0 || !strings.HasPrefix(got.out, "{\n  \"$defs\"") || !strings.Contains(got.err, "warning: --ind is short for --indent") {
		t.Errorf("exit code %d, stdout %.30q, stderr %q", got.code, got.out, got.err)
	}
}

func TestNoCommandPrintsHelpToStandardError(t *testing.T) {
	got := call(t, nil, nil, module(dasf.Config{Topic: "topic"}))
	if got.code != 0 || got.out != "" || !strings.HasPrefix(got.err, "usage: ") {
		t.Errorf("exit code %d, stdout %q, stderr %.30q", got.code, got.out, got.err)
	}
}

func TestVersion(t *testing.T) {
	got := call(t, []string{"--version"}, nil, module(dasf.Config{}))
	if got.code != 0 || !strings.Contains(got.out, "github.com/dasf-go/dasf") || strings.Count(got.out, "\n") != 1 {
		t.Errorf("exit code %d, stdout %q", got.code, got.out)
	}
}

func TestCompletionCommand(t *testing.T) {
	got := call(t, []string{"completion", "bash"}, nil, module(dasf.Config{}))
	if got.code != 0 || !strings.Contains(got.out, "complete -F") {
		t.Errorf("exit code %d, stdout %q, stderr %q", got.code, got.out, got.err)
	}
	got = call(t, []string{"__complete", "zsh", "compute", "e"}, nil, module(dasf.Config{Topic: "topic"}))
	if got.code != 0 || got.out != "echo\n:file\n" {
		t.Errorf("exit code %d, stdout %q, stderr %q", got.code, got.out, got.err)
	}
}

func TestShellFromAPipe(t *testing.T) {
	m := module(dasf.Config{Topic: "topic"})
	got := callWith(t, strings.NewReader("for t in [\"a\", \"b\"]:\n    print(Model.echo(text=t))\n\nModel.echo(\"c\")\n"), []string{"shell"}, nil, m)
	if got.code != 0 || got.out != "a\nb\n\"c\"\n" || got.err != "" {
		t.Errorf("exit code %d, stdout %q, stderr %q", got.code, got.out, got.err)
	}
	got = callWith(t, strings.NewReader("Model.nope()\nModel.echo(\"c\")\n"), []string{"shell"}, nil, m)
	if got.code != 1 || got.out != "" || !strings.Contains(got.err, "Model has no nope: there are echo, fail") {
		t.Errorf("after an error: exit code %d, stdout %q, stderr %q", got.code, got.out, got.err)
	}
}

func TestGeneratePrintsNothingElse(t *testing.T) {
	m := module(dasf.Config{Topic: "topic"})
	quiet := call(t, []string{"generate"}, nil, m)
	loud := call(t, []string{"--log-level", "10", "generate", "--no-formatters", "--no-isort", "--no-black", "--no-autoflake"}, nil, m)
	if quiet.code != 0 || quiet.err != "" || loud.out != quiet.out || !bytes.Contains([]byte(quiet.out), []byte("def echo(text: str) -> str:")) {
		t.Errorf("exit code %d, stdout %q, stderr %q; with logs %q", quiet.code, quiet.out, quiet.err, loud.out)
	}
}

func TestGenerateTakesTheModulesPieces(t *testing.T) {
	m := module(dasf.Config{Topic: "topic", Doc: "Mine.", Stub: dasf.Stub{
		Imports: []string{"import numpy as np"}, HardCode: []string{"ONE = 1"},
		Templates: fstest.MapFS{"python/function.py.tmpl": {Data: []byte("def {{.Name}}({{.Params}}):\n    return ONE")}},
	}})
	got := call(t, []string{"generate"}, nil, m)
	for _, want := range []string{"\"\"\"Mine.\"\"\"\n", "\nimport numpy as np\n", "\nONE = 1\n", "\ndef echo(text: str):\n    return ONE\n"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("the stub lacks %q:\n%s", want, got.out)
		}
	}
}

func TestGenerateWritesDownWhatWasSet(t *testing.T) {
	for _, tt := range []struct {
		name          string
		args, environ []string
		cfg           dasf.Connection
		with, without []string
	}{
		{"nothing", nil, nil, dasf.Connection{}, []string{"topic"}, []string{"localhost", "8080", "websocket_url="}},
		{"line", []string{"-p", "9000"}, nil, dasf.Connection{}, []string{`port="9000"`}, []string{"host=", "websocket_url="}},
		{"variable", nil, []string{"DE_BACKEND_TENANT=mine"}, dasf.Connection{}, []string{`tenant="mine"`}, []string{"port="}},
		{"program", nil, nil, dasf.Connection{WebSocketURL: "ws://h/ws/", Header: map[string]string{"authorization": "secret"}}, []string{`websocket_url="ws://h/ws/"`}, []string{"secret", "port="}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := call(t, append(tt.args, "generate"), tt.environ, module(dasf.Config{Topic: "topic", Connection: tt.cfg}))
			for _, want := range tt.with {
				if !strings.Contains(got.out, want) {
					t.Errorf("the stub lacks %s:\n%s", want, got.out)
				}
			}
			for _, not := range tt.without {
				if strings.Contains(got.out, not) {
					t.Errorf("the stub has %s:\n%s", not, got.out)
				}
			}
		})
	}
}
