package pylog_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/pylog"
)

func TestWrongConfigurationsSayWhere(t *testing.T) {
	const head = "version: 1\n"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "is empty"},
		{"a list", "- 1\n", "line 1, column 1: expected a mapping"},
		{"no YAML", "a: [b\n", "line 2, column 1"},
		{"no version", "handlers: {}\n", "version: 1"},
		{"other version", "version: 2\n", "line 1, column 10: version is \"2\""},
		{"unknown formatter", head + "formatters: {simple: {}}\nhandlers:\n  h:\n    class: logging.StreamHandler\n    formatter: simpel\n",
			`line 6, column 16: no formatter is called "simpel": there are simple`},
		{"unknown handler", head + "loggers:\n  a:\n    handlers: [h]\n", `line 4, column 16: no handler is called "h"`},
		{"unknown level", head + "root:\n  level: LOUD\n", `line 3, column 10: "LOUD" is no level`},
		{"broken format", head + "formatters:\n  f: {format: '%(message'}\n", "line 3, column 15: the format of f"},
		{"unknown style", head + "formatters:\n  f: {format: '%(message)s', style: '!'}\n", "style"},
		{"unknown directive", head + "formatters:\n  f: {datefmt: '%Q'}\n", "line 3, column 16: the datefmt of f: the directive %Q"},
		{"file without a name", head + "handlers:\n  f: {class: logging.FileHandler}\n", "line 3, column 6: the handler f has no filename"},
		{"no class", head + "handlers:\n  f: {level: INFO}\n", "the handler f has no class"},
		{"bad size", head + "handlers:\n  f: {class: logging.handlers.RotatingFileHandler, filename: x, maxBytes: 10MB}\n", `"10MB" must be a whole number`},
		{"key twice", head + "root: {}\nroot: {}\n", "line 3, column 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "logging.yaml")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := pylog.Read(path)
			if err == nil {
				_, err = c.Open(pylog.Options{})
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an error with %q and the name of the file", err, tt.want)
			}
		})
	}
}

func TestWhatCannotBeMappedIsNamed(t *testing.T) {
	const text = `
version: 1
disable_existing_loggers: false
incremental: true
filters: {only: {name: demessaging}}
formatters:
  own: {class: my.Formatter, format: "%(message)s"}
handlers:
  mail: {class: logging.handlers.SMTPHandler, mailhost: localhost}
  made: {"()": my.factory}
  none: {class: logging.NullHandler}
  out: {class: logging.StreamHandler, stream: ext://sys.stdout, formatter: own, filters: [only]}
  odd: {class: logging.StreamHandler, stream: cfg://streams.x}
loggers:
  demessaging: {handlers: [mail, made, none, out], level: INFO}
`
	l, w := open(t, load(t, text), pylog.Options{})
	want := []string{
		"the class my.Formatter of the formatter own", "the class logging.handlers.SMTPHandler of the handler mail",
		"the handler made, which is made by a function", "filters of the handler out",
		"the stream cfg://streams.x of the handler odd, which is standard error now", "incremental", "filters",
	}
	if diff := cmp.Diff(want, l.Unmapped()); diff != "" {
		t.Error(diff)
	}
	emit(l.Logger("demessaging"), slog.LevelInfo, "text")
	if w.out.String() != "text\n" {
		t.Errorf("what can be mapped wrote %q", w.out.String())
	}
}

func TestMergeDoesWhatMergeConfigDoes(t *testing.T) {
	c := load(t, `
version: 1
formatters: {simple: {format: "mine %(message)s"}}
handlers: {extra: {class: logging.StreamHandler, stream: ext://sys.stderr, formatter: simple}}
loggers: {demessaging: {handlers: [extra], level: DEBUG}}
`).MergeInto(pylog.Default())
	l, w := open(t, c, pylog.Options{})
	emit(l.Logger("demessaging"), slog.LevelDebug, "debug")
	emit(l.Logger("websocket"), slog.LevelDebug, "left out")
	// Lists are appended to one another, so the record reaches console and
	// extra; a string is replaced, so both write with the new format.
	want := []string{"mine debug\n", "mine debug\n"}
	if diff := cmp.Diff(want, []string{w.out.String(), w.err.String()}); diff != "" {
		t.Error(diff)
	}
}

func TestOverrides(t *testing.T) {
	c := pylog.Default()
	if err := c.Override("--log-overrides", []byte("{formatters: {simple: {format: '%(message)s!'}}, loggers: {websocket: {level: DEBUG}}}")); err != nil {
		t.Fatal(err)
	}
	l, w := open(t, c, pylog.Options{})
	emit(l.Logger("websocket"), slog.LevelDebug, "debug")
	if w.out.String() != "debug!\n" {
		t.Errorf("got %q", w.out.String())
	}
	if err := c.Override("--log-overrides", []byte("{a")); err == nil || !strings.Contains(err.Error(), "--log-overrides: line 2, column 1") {
		t.Errorf("got %v, want an error with the name and the place", err)
	}
}

func TestRootAloneGetsLevelAndFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	c := load(t, "version: 1\nhandlers: {h: {class: logging.StreamHandler}}\nroot: {handlers: [h]}\n")
	c.SetLevel(10)
	c.AddFile(path)
	l, w := open(t, c, pylog.Options{})
	emit(l.Logger("demessaging"), slog.LevelDebug, "debug")
	text, err := os.ReadFile(path)
	if err != nil || w.err.String() != "debug\n" || !strings.HasSuffix(string(text), "[demessaging.emit]: debug\n") {
		t.Errorf("stderr %q, file %q, %v", w.err.String(), text, err)
	}
}

func TestAliasesAndMergeKeys(t *testing.T) {
	c := load(t, `
version: 1
base: &base {class: logging.StreamHandler, stream: ext://sys.stdout}
formatters: {f: {format: "%(message)s"}}
handlers:
  a: {<<: *base, formatter: f}
  b: *base
loggers:
  x: &x {handlers: [a], level: INFO, propagate: false}
  y: *x
`)
	c.SetLevel(30)
	l, w := open(t, c, pylog.Options{})
	emit(l.Logger("x"), slog.LevelInfo, "left out")
	emit(l.Logger("y"), slog.LevelWarn, "shown")
	if w.out.String() != "shown\n" {
		t.Errorf("got %q", w.out.String())
	}
	if len(l.Unmapped()) > 0 {
		t.Errorf("not mapped: %v", l.Unmapped())
	}
}

func TestNullHandlerSaysNothing(t *testing.T) {
	l, w := open(t, load(t, "version: 1\nhandlers: {n: {class: logging.NullHandler}}\nloggers: {a: {handlers: [n], propagate: false}}\n"), pylog.Options{})
	emit(l.Logger("a"), slog.LevelError, "text")
	if w.out.Len()+w.err.Len() > 0 {
		t.Errorf("got %q and %q", w.out.String(), w.err.String())
	}
}

func TestRootWithoutLevelTakesEverything(t *testing.T) {
	l, w := open(t, load(t, "version: 1\nhandlers: {h: {class: logging.StreamHandler}}\nroot: {handlers: [h], level: NOTSET}\n"), pylog.Options{})
	emit(l.Logger("a"), slog.LevelDebug, "text")
	if w.err.String() != "text\n" {
		t.Errorf("got %q", w.err.String())
	}
}

func TestFileWithEmptyHandlers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	c := load(t, "version: 1\nloggers: {a: {handlers: , level: INFO}}\n")
	c.AddFile(path)
	l, _ := open(t, c, pylog.Options{})
	emit(l.Logger("a"), slog.LevelInfo, "text")
	if text, err := os.ReadFile(path); err != nil || !strings.HasSuffix(string(text), "text\n") {
		t.Errorf("the file has %q, %v", text, err)
	}
}
