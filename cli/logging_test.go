package cli_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
)

// logged runs a backend until it listens, has it warn of a message, ends it and
// returns what it wrote.
func logged(t *testing.T, args, environ []string, cfg dasf.Config) (out, err string) {
	t.Helper()
	b := newFakeBroker(t)
	cfg.Topic = "topic"
	r := start(t, append([]string{"--websocket-url", b.url("/ws/")}, append(args, "listen")...), environ, module(cfg))
	b.awaitShake()
	b.deliver <- map[string]any{"messageId": "odd", "payload": "", "properties": map[string]any{"messageType": "odd"}}
	<-b.acks // in the same goroutine that warns
	b.request("1", "request", `{"func_name":"fail"}`)
	b.awaitSent() // and this one logs an error
	if code := r.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	return r.out.String(), r.err.String()
}

const (
	infoLine    = " - INFO - [demessaging]: waiting for incoming request\n"
	warningLine = " - WARNING - [demessaging]: ignored a message"
	errorLine   = " - ERROR - [demessaging]: a member panicked"
)

// has checks which of the lines above a text has.
func has(t *testing.T, what, text string, info, warning, err bool) {
	t.Helper()
	for line, want := range map[string]bool{infoLine: info, warningLine: warning, errorLine: err} {
		if strings.Contains(text, line) != want {
			t.Errorf("%s: line %q there: %v, want %v; all of it:\n%s", what, line, !want, want, text)
		}
	}
}

func TestListenLogsToStandardOutputAndWarningsToStandardErrorToo(t *testing.T) {
	out, err := logged(t, nil, nil, dasf.Config{})
	has(t, "stdout", out, true, true, true)
	has(t, "stderr", err, false, true, true)
}

func TestLogLevelOnItsLevels(t *testing.T) {
	for _, tt := range []struct {
		name          string
		args, environ []string
		info, warning bool
	}{
		{"default", nil, nil, true, true},
		{"variable", nil, []string{"DE_LOGGING_LEVEL=30"}, false, true},
		{"variable between the names", nil, []string{"de_logging_level=25"}, false, true},
		{"line beats variable", []string{"--log-level", "40"}, []string{"DE_LOGGING_LEVEL=20"}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, _ := logged(t, tt.args, tt.environ, dasf.Config{})
			has(t, "stdout", out, tt.info, tt.warning, true)
		})
	}
	out, _ := logged(t, []string{"--log-level", "10"}, nil, dasf.Config{})
	if !strings.Contains(out, " - DEBUG - ") {
		t.Log("nothing is logged at DEBUG") // not a promise
	}
}

// A logger that the program made stays, unless the command line says something
// about logging.
func TestLoggerOfTheProgram(t *testing.T) {
	for _, tt := range []struct {
		name          string
		args, environ []string
		own           bool
	}{
		{"alone", nil, nil, true},
		{"beats variables", nil, []string{"DE_LOGGING_LEVEL=10", "DE_LOGGING_FORMAT=json"}, true},
		{"yields to the line", []string{"--log-level", "20"}, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			own := newOutput()
			out, _ := logged(t, tt.args, tt.environ, dasf.Config{Logger: slog.New(slog.NewTextHandler(own, nil))})
			if got := strings.Contains(own.String(), "waiting for incoming request"); got != tt.own {
				t.Errorf("the program's logger was used: %v, want %v", got, tt.own)
			}
			if got := strings.Contains(out, infoLine); got == tt.own {
				t.Errorf("standard output was used: %v", got)
			}
		})
	}
}

func TestOtherCommandsLeaveStandardOutputAlone(t *testing.T) {
	quiet := call(t, []string{"schema"}, nil, module(dasf.Config{Topic: "topic"}))
	for _, args := range [][]string{
		{"--log-level", "10", "schema"},
		{"--log-level", "10", "--log-format", "json", "schema"},
		{"--log-overrides", "{handlers: {console: {class: my.Handler}}}", "schema"},
	} {
		r := call(t, args, nil, module(dasf.Config{Topic: "topic"}))
		if r.code != 0 || r.out != quiet.out {
			t.Errorf("%v: exit code %d, stdout %q", args, r.code, r.out)
		}
	}
	r := call(t, []string{"compute", "fail"}, nil, module(dasf.Config{Topic: "topic"}))
	if r.out != "" || strings.Count(r.err, "a member panicked") != 1 {
		t.Errorf("stdout %q, stderr %q: want an error once, on stderr", r.out, r.err)
	}
}

func TestJSONLogs(t *testing.T) {
	out, err := logged(t, []string{"--log-format", "json"}, nil, dasf.Config{})
	for line := range strings.Lines(out + err) {
		var v struct{ Time, Level, Logger, Msg string }
		if e := json.Unmarshal([]byte(line), &v); e != nil || v.Time == "" || v.Level == "" || v.Logger == "" || v.Msg == "" {
			t.Errorf("%q: %v", line, e)
		}
	}
	if viaVariable, _ := logged(t, nil, []string{"DE_LOGGING_FORMAT=json"}, dasf.Config{}); !strings.HasPrefix(viaVariable, "{") {
		t.Errorf("the variable has no effect: %q", viaVariable)
	}
}

func TestLogFile(t *testing.T) {
	for _, way := range []string{"line", "variable"} {
		path := filepath.Join(t.TempDir(), "x.log")
		args, environ := []string{"--log-file", path}, []string{"DE_LOGGING_LOGFILE=/none/nowhere.log"}
		if way == "variable" {
			args, environ = nil, []string{"DE_LOGGING_LOGFILE=" + path}
		}
		out, _ := logged(t, args, environ, dasf.Config{})
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "]: waiting for incoming request\n") || !strings.Contains(string(text), " - INFO - [demessaging.") {
			t.Errorf("%s: the file has %q, %v", way, text, err)
		}
		has(t, "stdout", out, true, true, true)
	}
}

func TestLogConfig(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	full := write("full.yaml", `
version: 1
formatters: {short: {format: "short %(levelname)s %(message)s"}}
handlers: {out: {class: logging.StreamHandler, formatter: short, stream: ext://sys.stdout}}
loggers: {demessaging: {handlers: [out], level: INFO}}
`)
	part := write("part.yaml", `
version: 1
formatters: {simple: {format: "part %(levelname)s %(message)s"}}
loggers: {websocket: {level: ERROR}}
`)
	odd := write("odd.yaml", `
version: 1
formatters: {short: {format: "odd %(levelname)s %(message)s"}}
handlers:
  out: {class: logging.StreamHandler, formatter: short, stream: ext://sys.stdout}
  mail: {class: logging.handlers.SMTPHandler}
  syslog: {class: logging.handlers.SysLogHandler}
loggers: {demessaging: {handlers: [out, mail, syslog], level: INFO}}
`)
	over := write("over.yaml", "{formatters: {simple: {format: 'over %(message)s'}}}")
	for _, tt := range []struct {
		name          string
		args, environ []string
		want          []string
		without       string
	}{
		{"file", []string{"--log-config", full}, nil, []string{"short INFO waiting for incoming request\n"}, "[demessaging]"},
		{"file in a variable", nil, []string{"DE_LOGGING_CONFIG_FILE=" + full}, []string{"short INFO waiting for incoming request\n"}, "[demessaging]"},
		{"line beats variable", []string{"--log-config", full}, []string{"DE_LOGGING_CONFIG_FILE=/none"}, []string{"short INFO waiting"}, "[demessaging]"},
		{"level replaces that of the file", []string{"--log-config", full, "--log-level", "30"}, nil, []string{"short WARNING ignored"}, "INFO"},
		{"merged", []string{"--log-config", part, "--merge-log-config"}, nil, []string{"part INFO waiting for incoming request\n"}, "connected topic"},
		{"merged by a variable", []string{"--log-config", part}, []string{"DE_LOGGING_MERGE_CONFIG=yes"}, []string{"part INFO waiting"}, "connected topic"},
		{"overrides", []string{"--log-overrides", "{formatters: {simple: {format: 'over %(message)s'}}}"}, nil, []string{"over waiting for incoming request\n"}, "[demessaging]"},
		{"overrides in a file", []string{"--log-overrides", over}, nil, []string{"over waiting"}, "[demessaging]"},
		{"overrides in a variable", nil, []string{`DE_LOGGING_CONFIG_OVERRIDES={"formatters": {"simple": {"format": "over %(message)s"}}}`}, []string{"over waiting"}, "[demessaging]"},
		{"what can't be mapped", []string{"--log-config", odd}, nil, []string{"odd WARNING parts of the logging configuration have no counterpart here and were left out: the class logging.handlers.SMTPHandler of the handler mail; the class logging.handlers.SysLogHandler of the handler syslog\n", "odd INFO waiting"}, "[demessaging]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, _ := logged(t, tt.args, tt.environ, dasf.Config{})
			for _, want := range tt.want {
				if strings.Count(out, want) != 1 {
					t.Errorf("stdout has not %q once:\n%s", want, out)
				}
			}
			if strings.Contains(out, tt.without) {
				t.Errorf("stdout has %q:\n%s", tt.without, out)
			}
		})
	}
}

func TestFilesOnlyFromLinesThatAreLogged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	if r := call(t, []string{"--log-file", path, "schema"}, nil, module(dasf.Config{Topic: "topic"})); r.code != 0 {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("schema logs nothing, and made a log file")
	}
}
