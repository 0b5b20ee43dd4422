package pylog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/pylog"
)

// load reads a configuration from text.
func load(t *testing.T, text string) *pylog.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logging.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := pylog.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type output struct{ out, err bytes.Buffer }

func open(t *testing.T, c *pylog.Config, o pylog.Options) (*pylog.Logging, *output) {
	t.Helper()
	w := &output{}
	o.Stdout, o.Stderr = &w.out, &w.err
	l, err := c.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, w
}

var when = time.Date(2025, 11, 24, 16, 0, 0, 123456000, time.UTC)

func emit(l *slog.Logger, level slog.Level, text string, args ...any) {
	if !l.Enabled(context.Background(), level) {
		return
	}
	var pc [1]uintptr
	runtime.Callers(1, pc[:])
	r := slog.NewRecord(when, level, text, pc[0])
	r.Add(args...)
	_ = l.Handler().Handle(context.Background(), r)
}

// What is wanted was printed by Python 3.11's logging.Formatter.
func TestFormatsWriteWhatPythonWrites(t *testing.T) {
	for _, tt := range []struct{ style, format, date, want string }{
		{"%", "%(asctime)s - %(levelname)s - [%(name)s]: %(message)s", "", "2025-11-24 16:00:00,123 - WARNING - [demessaging.x]: hello world"},
		{"%", "[%(levelname)-8s] %(name)15s %(levelno)03d %(message).5s %%", "", "[WARNING ]   demessaging.x 030 hello %"},
		{"%", "%(msecs)03d %(created)f %(msecs)f", "", "123 1764000000.123456 123.456000"},
		{"%", "%(created).2f|%(levelno)8.1f|%(levelno)-6d|%(message)s", "", "1764000000.12|    30.0|30    |hello world"},
		{"{", "{asctime} {levelname:<9}|{name:>14}|{levelno:^7d}|{msecs:03.0f}|{{x}} {message!s}", "", "2025-11-24 16:00:00,123 WARNING  | demessaging.x|  30   |123|{x} hello world"},
		{"{", "{levelname:*^11}{message:.4}", "", "**WARNING**hell"},
		{"$", "$levelname ${name} $$ $message $asctime", "%Y%m%dT%H%M%S", "WARNING demessaging.x $ hello world 20251124T160000"},
		{"%", "%(asctime)s", "%a %A %b %B %d %e %H %I %j %m %M %p %S %y %Y %T %D %F %c %x %X %% %z",
			"Mon Monday Nov November 24 24 16 04 328 11 00 PM 00 25 2025 16:00:00 11/24/25 2025-11-24 Mon Nov 24 16:00:00 2025 11/24/25 16:00:00 % +0000"},
		{"%", "%(funcName)s %(filename)s %(module)s", "", "emit pylog_test.go pylog_test"},
	} {
		t.Run(tt.format, func(t *testing.T) {
			text := fmt.Sprintf("version: 1\nformatters: {f: {format: %q, style: %q", tt.format, tt.style)
			if tt.date != "" {
				text += fmt.Sprintf(", datefmt: %q", tt.date)
			}
			text += "}}\nhandlers: {h: {class: logging.StreamHandler, formatter: f, stream: 'ext://sys.stdout'}}\nroot: {handlers: [h]}\n"
			l, w := open(t, load(t, text), pylog.Options{})
			emit(l.Logger("demessaging.x"), slog.LevelWarn, "hello world")
			if got := w.out.String(); got != tt.want+"\n" {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestDefaultWritesToStdoutAndWarningsToStderrToo(t *testing.T) {
	l, w := open(t, pylog.Default(), pylog.Options{})
	log := l.Logger("demessaging.messaging.consumer")
	emit(log, slog.LevelDebug, "debug")
	emit(log, slog.LevelInfo, "info")
	emit(log, slog.LevelWarn, "warn")
	const stamp = "2025-11-24 16:00:00,123 - "
	wantOut := stamp + "INFO - [demessaging.messaging.consumer]: info\n" + stamp + "WARNING - [demessaging.messaging.consumer]: warn\n"
	wantErr := stamp + "WARNING - [demessaging.messaging.consumer]: warn\n"
	if diff := cmp.Diff([]string{wantOut, wantErr}, []string{w.out.String(), w.err.String()}); diff != "" {
		t.Error(diff)
	}
	if len(l.Unmapped()) > 0 {
		t.Errorf("the built-in configuration has parts that can't be mapped: %v", l.Unmapped())
	}
}

func TestOneStreamGetsEachRecordOnce(t *testing.T) {
	l, w := open(t, pylog.Default(), pylog.Options{OneStream: true})
	emit(l.Logger("demessaging"), slog.LevelWarn, "warn")
	if n := strings.Count(w.out.String()+w.err.String(), "warn"); n != 1 {
		t.Errorf("the record was written %d times", n)
	}
}

func TestLevelsArePythons(t *testing.T) {
	for _, tt := range []struct {
		level int
		want  string
	}{
		{10, "D I W E C"}, {15, "I W E C"}, {20, "I W E C"}, {30, "W E C"}, {40, "E C"}, {50, "C"}, {51, ""},
	} {
		c := pylog.Default()
		c.SetLevel(tt.level)
		l, w := open(t, c, pylog.Options{})
		log := l.Logger("demessaging")
		for i, text := range []string{"D", "I", "W", "E", "C"} {
			emit(log, slog.Level(-4+4*i), text)
		}
		var got []string
		for line := range strings.Lines(w.out.String()) {
			got = append(got, strings.TrimSpace(line[strings.LastIndex(line, ": ")+2:]))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("level %d: logged %v, want %v", tt.level, got, tt.want)
		}
	}
}

func TestLoggersInheritAsInPython(t *testing.T) {
	const text = `
version: 1
formatters: {f: {format: "%(name)s %(message)s"}}
handlers:
  out: {class: logging.StreamHandler, formatter: f, stream: ext://sys.stdout}
  err: {class: logging.StreamHandler, formatter: f, stream: ext://sys.stderr}
loggers:
  a: {level: ERROR, handlers: [out]}
  a.b: {level: NOTSET}
  a.b.c: {propagate: no, level: DEBUG}
  x: {}
root: {level: INFO, handlers: [err]}
`
	l, w := open(t, load(t, text), pylog.Options{})
	for _, name := range []string{"a", "a.b", "a.b.c", "a.b.c.d", "x", "x.y", "other"} {
		emit(l.Logger(name), slog.LevelInfo, "info")
		emit(l.Logger(name), slog.LevelError, "error")
	}
	wantOut := "a error\na.b error\n"
	// a.b.c has no handler and does not propagate: its warnings go to
	// logging.lastResort.
	wantErr := "a error\na.b error\nerror\nerror\nx info\nx error\nx.y info\nx.y error\nother info\nother error\n"
	if diff := cmp.Diff([]string{wantOut, wantErr}, []string{w.out.String(), w.err.String()}); diff != "" {
		t.Error(diff)
	}
}

func TestAttributesFollowTheMessage(t *testing.T) {
	const text = `
version: 1
formatters: {f: {format: "%(message)s [%(topic)s]"}}
handlers: {h: {class: logging.StreamHandler, formatter: f, stream: ext://sys.stdout}}
root: {handlers: [h], level: 10}
`
	l, w := open(t, load(t, text), pylog.Options{})
	log := l.Logger("a").With("topic", "hello").WithGroup("g").With("n", 1)
	emit(log, slog.LevelInfo, "text", "err", errors.New("two words"), "took", time.Second,
		slog.Group("in", "x", 2), "stack", "main.f\n\tmain.go:1\n")
	want := `text [hello] g.n=1 g.err="two words" g.took=1s g.in.x=2` + "\nmain.f\n\tmain.go:1\n"
	if diff := cmp.Diff(want, w.out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestJSONLines(t *testing.T) {
	l, w := open(t, pylog.Default(), pylog.Options{JSON: true})
	emit(l.Logger("demessaging").With("topic", "t"), slog.LevelInfo, "text\nmore", "err", errors.New("bad"), "n", 7, "took", 1500*time.Millisecond)
	var got map[string]any
	if err := json.Unmarshal(w.out.Bytes(), &got); err != nil {
		t.Fatalf("%q: %v", w.out.String(), err)
	}
	want := map[string]any{"time": "2025-11-24T16:00:00.123456Z", "level": "INFO", "logger": "demessaging", "msg": "text\nmore",
		"topic": "t", "err": "bad", "n": 7.0, "took": "1.5s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTerminalGetsTintOnlyFromTheBuiltInConfiguration(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config *pylog.Config
		o      pylog.Options
		colour bool
		python bool
	}{
		{"terminal", pylog.Default(), pylog.Options{StdoutTerminal: true, Colour: true}, true, false},
		{"terminal without colour", pylog.Default(), pylog.Options{StdoutTerminal: true}, false, false},
		{"no terminal", pylog.Default(), pylog.Options{Colour: true}, false, true},
		{"own configuration", load(t, "version: 1\nformatters: {f: {format: '- INFO - %(message)s'}}\nhandlers: {h: {class: logging.StreamHandler, stream: 'ext://sys.stdout', formatter: f}}\nloggers: {demessaging: {level: INFO, handlers: [h]}}\n"),
			pylog.Options{StdoutTerminal: true, Colour: true}, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, w := open(t, tt.config, tt.o)
			emit(l.Logger("demessaging"), slog.LevelInfo, "text", "key", "value")
			got := w.out.String()
			if strings.Contains(got, "\x1b[") != tt.colour || strings.Contains(got, "- INFO -") != tt.python || !strings.Contains(got, "text") {
				t.Errorf("got %q", got)
			}
		})
	}
}
