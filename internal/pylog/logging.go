package pylog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/lmittmann/tint"
)

// Options say where the streams of a configuration go.
type Options struct {
	// Stdout and Stderr are what ext://sys.stdout and ext://sys.stderr are.
	Stdout, Stderr io.Writer
	// OneStream says that both are the same: a record that one logger writes
	// to either is then written once.
	OneStream bool
	// JSON writes every record as a JSON object, in place of the formats.
	JSON bool
	// StdoutTerminal and StderrTerminal say that the stream is a terminal. The
	// built-in configuration writes to a terminal for people to read; Colour
	// adds colour there.
	StdoutTerminal, StderrTerminal, Colour bool
}

// A Logging is a configuration with its streams and files open. It is safe for
// concurrent use.
type Logging struct {
	plan  *plan
	sinks map[string]*sink
	last  *sink
}

// Open checks the configuration and opens its files.
func (c *Config) Open(o Options) (*Logging, error) {
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	l := &Logging{plan: p, sinks: map[string]*sink{}}
	complain := func(what string) func(error) {
		return func(err error) { fmt.Fprintf(o.Stderr, "logging to %s: %v\n", what, err) }
	}
	for name, h := range p.handlers {
		if h == nil {
			continue
		}
		if l.sinks[name], err = h.open(o, c.own); err != nil {
			return nil, errors.Join(fmt.Errorf("the logging handler %s: %w", name, err), l.Close())
		}
		l.sinks[name].onError = complain(h.stream + h.path)
	}
	// What Python does with a logger that has no handler: logging.lastResort.
	l.last = &sink{level: warning.toSlog(), format: &format{parts: []part{{attr: "message", precision: -1}}},
		stream: "stderr", to: "stderr", w: o.Stderr, json: o.JSON, onError: complain("stderr")}
	return l, nil
}

func (h *handlerPlan) open(o Options, own bool) (*sink, error) {
	s := &sink{level: h.level.toSlog(), format: h.format, stream: h.stream, to: h.stream, json: o.JSON}
	if h.null {
		s.level = slog.Level(1 << 30)
		return s, nil
	}
	if h.level == notSet {
		s.level = slog.Level(-1 << 30)
	}
	if h.stream == "" {
		f := &logFile{path: h.path, truncate: h.truncate, watched: h.watched, maxBytes: h.maxBytes, backups: h.backupCount}
		s.w, s.closer = f, f
		if h.delay {
			return s, mayCreate(h.path)
		}
		return s, f.open()
	}
	terminal := o.StderrTerminal
	s.w = o.Stderr
	if h.stream == "stdout" {
		s.w, terminal = o.Stdout, o.StdoutTerminal
	}
	if o.OneStream {
		s.to = "both"
	}
	if terminal && own && !o.JSON {
		s.tint = tint.NewTextHandler(s.w, &tint.Options{Level: s.level, TimeFormat: "15:04:05.000", NoColor: !o.Colour})
	}
	return s, nil
}

// mayCreate finds the mistakes in the name of a file that is opened later.
func mayCreate(path string) error {
	if info, err := os.Stat(path); err == nil {
		if info.IsDir() {
			return &fs.PathError{Op: "open", Path: path, Err: errors.New("is a folder")}
		}
		return nil
	}
	info, err := os.Stat(filepath.Dir(path))
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: path, Err: errors.New("not in a folder")}
	}
	return err
}

// Unmapped returns what of the configuration has no counterpart here and was
// left out.
func (l *Logging) Unmapped() []string { return l.plan.unmapped }

// Logger returns the logger of that name. As in Python, what is not set for it
// comes from the logger whose name is in front of its dots, at last from the
// root logger.
func (l *Logging) Logger(name string) *slog.Logger {
	h := &handler{logger: name, level: l.level(name).toSlog()}
	for {
		p := l.plan.loggers[name]
		if p != nil {
			for _, handler := range p.handlers {
				h.sinks = append(h.sinks, l.sinks[handler])
			}
		}
		if name == "" || p != nil && !p.propagate {
			break
		}
		name = parent(name)
	}
	if len(h.sinks) == 0 {
		h.sinks = []*sink{l.last}
	}
	return slog.New(h)
}

func (l *Logging) level(name string) level {
	for {
		p := l.plan.loggers[name]
		switch {
		case name == "" && p == nil:
			return warning
		case p != nil && (p.level != notSet || name == ""):
			return p.level
		}
		name = parent(name)
	}
}

func parent(name string) string { return name[:max(strings.LastIndexByte(name, '.'), 0)] }

// Close closes the files.
func (l *Logging) Close() error {
	var errs []error
	for _, s := range l.sinks {
		if s != nil {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}
