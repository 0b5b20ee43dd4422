package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
)

// Each of these ends with 2 and one line that names the flag or variable, the
// value and the cure.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.yaml")
	if err := os.WriteFile(broken, []byte("version: 1\nloggers:\n  a: {level: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "list.yaml")
	if err := os.WriteFile(list, []byte("- 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		args    []string
		environ []string
		cfg     dasf.Config
		want    string
	}{
		{"unknown flag", []string{"--prot", "80", "schema"}, nil, dasf.Config{}, "unknown flag --prot; did you mean --port?"},
		{"unknown flag behind the command", []string{"schema", "--indnet", "2"}, nil, dasf.Config{}, "did you mean --indent?"},
		{"unknown command", []string{"lisen"}, nil, dasf.Config{}, "unknown command lisen; did you mean listen?"},
		{"port too large", []string{"-p", "99999", "schema"}, nil, dasf.Config{}, `--port is "99999": it must be the number of a port, from 1 to 65535`},
		{"port in letters", []string{"--port=abc", "schema"}, nil, dasf.Config{}, `--port is "abc"`},
		{"port in a variable", []string{"schema"}, []string{"DE_BACKEND_PORT=abc"}, dasf.Config{}, `DE_BACKEND_PORT is "abc"`},
		{"port in the program", []string{"schema"}, nil, dasf.Config{Connection: dasf.Connection{Port: "abc"}}, `Config.Connection.Port is "abc"`},
		{"queue shorter than workers", []string{"--max-workers", "5", "--queue_size", "2", "schema"}, nil, dasf.Config{}, "--queue_size and --max-workers: queue_size (2) needs to be larger than or equal to max_workers (5)"},
		{"queue in a variable", []string{"--max-workers", "5", "schema"}, []string{"de_backend_queue_size=2"}, dasf.Config{}, "de_backend_queue_size and --max-workers: queue_size (2)"},
		{"no workers", []string{"--max-workers", "0", "schema"}, nil, dasf.Config{}, `--max-workers is "0": it must be a whole number of at least 1`},
		{"header", []string{"--header", "{x", "schema"}, nil, dasf.Config{}, `--header is "{x": it must be a JSON object`},
		{"header in a variable", []string{"schema"}, []string{"DE_BACKEND_HEADER=[]"}, dasf.Config{}, `DE_BACKEND_HEADER is "[]"`},
		{"URL for producers only", []string{"--producer-url", "ws://h/", "schema"}, nil, dasf.Config{}, "--producer-url is given, but nothing says where to connect for receiving: give --consumer-url or --websocket-url too"},
		{"URL for consumers only", []string{"schema"}, []string{"DE_BACKEND_CONSUMER_URL=ws://h/"}, dasf.Config{}, "DE_BACKEND_CONSUMER_URL is given, but nothing says where to connect for sending"},
		{"URL of a web page", []string{"--websocket-url", "https://h/", "schema"}, nil, dasf.Config{}, `--websocket-url is "https://h/": it must be a URL such as ws://`},
		{"host with a scheme", []string{"--host", "ws://h", "schema"}, nil, dasf.Config{}, `--host is "ws://h"`},
		{"no host", []string{"--host", "", "schema"}, nil, dasf.Config{}, `--host is ""`},
		{"log configuration is missing", []string{"--log-config", "/none.yaml", "schema"}, nil, dasf.Config{}, "--log-config: open /none.yaml"},
		{"log configuration in a variable", []string{"schema"}, []string{"DE_LOGGING_CONFIG_FILE=/none.yaml"}, dasf.Config{}, "DE_LOGGING_CONFIG_FILE: open /none.yaml"},
		{"log configuration is broken", []string{"--log-config", broken, "schema"}, nil, dasf.Config{}, "--log-config: " + broken + ": line 4, column 1"},
		{"log level", []string{"--log-level", "11", "schema"}, nil, dasf.Config{}, `--log-level is "11": it must be one of 10, 20, 30, 40, 50`},
		{"log level in a variable", []string{"schema"}, []string{"DE_LOGGING_LEVEL=loud"}, dasf.Config{}, `DE_LOGGING_LEVEL is "loud"`},
		{"log file in no folder", []string{"--log-file", "/none/x.log", "schema"}, nil, dasf.Config{}, "/none"},
		{"log overrides", []string{"--log-overrides", "{a", "schema"}, nil, dasf.Config{}, "--log-overrides: line 2, column 1"},
		{"log format", []string{"--log-format", "xml", "schema"}, nil, dasf.Config{}, `--log-format is "xml": it must be one of text, json`},
		{"switch in a variable", []string{"schema"}, []string{"DE_LOGGING_MERGE_CONFIG=perhaps"}, dasf.Config{}, `DE_LOGGING_MERGE_CONFIG is "perhaps"`},
		{"certificates", []string{"--ca-file", "/none.pem", "schema"}, nil, dasf.Config{}, `--ca-file is "/none.pem"`},
		{"unknown member", []string{"--members", "nope", "--", "schema"}, nil, dasf.Config{}, `--members names "nope": the members are echo, fail`},
		{"unknown module", []string{"-m", "nope", "schema"}, nil, dasf.Config{}, `--module is "nope": it must be one of topic`},
		{"no topic", []string{"schema"}, nil, dasf.Config{Topic: "-"}, "no topic: give -t/--topic or DE_BACKEND_TOPIC or, in the program, Config.Topic"},
		{"odd topic", []string{"-t", "a/b", "schema"}, nil, dasf.Config{}, `--topic is "a/b"`},
		{"variables' file is missing", []string{"schema"}, []string{"DE_MESSAGING_ENV_FILE=/none/.env"}, dasf.Config{}, `DE_MESSAGING_ENV_FILE is "/none/.env"`},
		{"request file is missing", []string{"compute", "none.json"}, nil, dasf.Config{}, "none.json"},
		{"request is no YAML", []string{"compute", "{a: [b"}, nil, dasf.Config{}, "the request: line"},
		{"request is no object", []string{"compute", list}, nil, dasf.Config{}, "it must be an object"},
		{"request names no member", []string{"compute", "nope"}, nil, dasf.Config{}, "unknown member nope: the members are echo, fail"},
		{"request is missing", []string{"compute"}, nil, dasf.Config{}, "compute needs <request>"},
		{"unknown parameter", []string{"compute", "echo", "txet=a"}, nil, dasf.Config{}, "echo has no parameter txet: it takes text"},
		{"no parameter", []string{"compute", "echo", "text"}, nil, dasf.Config{}, "write NAME=VALUE"},
		{"folder for requests is missing", []string{"listen", "--dump-to", "/none"}, nil, dasf.Config{}, `--dump-to is "/none": it must be a folder that can be written to`},
		{"folder for requests is a file", []string{"listen", "--dump-to", broken}, nil, dasf.Config{}, "--dump-to"},
		{"broker for all machines", []string{"-H", "0.0.0.0", "listen", "--embedded-broker"}, nil, dasf.Config{}, "--embedded-broker would listen on 0.0.0.0"},
		{"broker with TLS", []string{"--websocket-url", "wss://localhost:1/", "listen", "--embedded-broker"}, nil, dasf.Config{}, "--embedded-broker speaks ws"},
		{"shell for completion", []string{"completion", "tcsh"}, nil, dasf.Config{}, "bash, zsh, fish"},
		{"indent", []string{"schema", "-i", "-1"}, nil, dasf.Config{}, `--indent is "-1": it must be a whole number from 0`},
		{"grace", []string{"--grace", "soon", "schema"}, nil, dasf.Config{}, `--grace is "soon": it must be a number of seconds of at least 0`},
		{"acknowledging", []string{"--ack", "never", "schema"}, nil, dasf.Config{}, `--ack is "never": it must be one of after-response, on-receipt`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.cfg.Topic == "" {
				tt.cfg.Topic = "topic"
			}
			tt.cfg.Topic = strings.TrimPrefix(tt.cfg.Topic, "-")
			r := call(t, tt.args, tt.environ, module(tt.cfg))
			if r.code != 2 || !strings.Contains(r.err, tt.want) || strings.Count(r.err, "\n") != 1 || r.out != "" {
				t.Errorf("exit code %d, stdout %q, stderr %q; want 2 and one line with %q", r.code, r.out, r.err, tt.want)
			}
		})
	}
}

func TestFailuresOfCommandsEndWith1(t *testing.T) {
	nobody := []string{"-H", "127.0.0.1", "-p", "1"}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"request is not valid", []string{"compute", "{func_name: echo, text: 5}"}, "error validating request: "},
		{"request is not valid for sending", append(nobody, "send-request", "{func_name: echo}"), "error validating request: "},
		{"member fails", []string{"compute", "fail"}, "error executing request: panic: the panic"},
		{"nobody to send to", append(nobody, "send-request", "echo", "text=a"), "connection refused"},
		{"nobody to connect to", append(nobody, "test-connect"), "connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := call(t, tt.args, nil, module(dasf.Config{Topic: "topic"}))
			if r.code != 1 || !strings.Contains(r.err, tt.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q; want 1 and %q", r.code, r.out, r.err, tt.want)
			}
		})
	}
}

func TestNoModuleIsAnError(t *testing.T) {
	if r := call(t, []string{"schema"}, nil); r.code != 1 || !strings.Contains(r.err, "no module") {
		t.Errorf("exit code %d, %q", r.code, r.err)
	}
}
