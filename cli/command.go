package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// killDelay is how long the pipes of a command are read once it has ended, or
// was killed: something that it started may still hold them.
const killDelay = 5 * time.Second

// A commandError is worded as Python's CalledProcessError: callers know it.
type commandError struct {
	line   string
	status int
}

func (e *commandError) Error() string {
	return fmt.Sprintf("Command '%s' returned non-zero exit status %d.", e.line, e.status)
}

// runShell runs a command line in the system's shell. It ends with ctx, with
// all that it started.
func runShell(ctx context.Context, line string, stdout io.Writer, stderr *lineLog) error {
	cmd := shellCmd(ctx, line)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = stdout, stderr, killDelay
	err := cmd.Run()
	stderr.flush()
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // what it left running may go on
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exit) && exit.Exited():
		return &commandError{line, exit.ExitCode()}
	}
	return fmt.Errorf("command %q: %w", line, err)
}

// placeholder finds what a command may have for the file of a request.
var placeholder = regexp.MustCompile(`\{(path|basename|directory)?\}`)

// expand puts the path of a file into a command. Braces that are no
// placeholder are left alone. But where every other brace is doubled, as
// Python's str.format wants them, they are made single, as it does.
func expand(template, path string) string {
	values := map[string]string{"": path, "path": path, "basename": filepath.Base(path), "directory": filepath.Dir(path)}
	pythons := forPython(template)
	var b strings.Builder
	var q quoting
	for template != "" {
		if pythons && (strings.HasPrefix(template, "{{") || strings.HasPrefix(template, "}}")) {
			b.WriteByte(template[0])
			template = template[2:]
			continue
		}
		if m := placeholder.FindStringSubmatch(template); m != nil && strings.HasPrefix(template, m[0]) {
			b.WriteString(q.quote(values[m[1]]))
			template = template[len(m[0]):]
			continue
		}
		q.step(template[0])
		b.WriteByte(template[0])
		template = template[1:]
	}
	return b.String()
}

// forPython reports whether a template is one for str.format with doubled
// braces.
func forPython(template string) bool {
	rest := strings.NewReplacer("{{", "", "}}", "").Replace(template)
	if rest == template {
		return false
	}
	return !strings.ContainsAny(placeholder.ReplaceAllString(rest, ""), "{}")
}

// A lineLog logs what is written to it, line by line. It is not safe for
// concurrent use.
type lineLog struct {
	logger *slog.Logger
	level  slog.Level
	text   string
	rest   []byte
}

// longestLine is where a line without an end is cut.
const longestLine = 64 << 10

func (l *lineLog) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, after, whole := bytes.Cut(l.rest, []byte{'\n'})
		if !whole && len(line) < longestLine {
			l.rest = append(l.rest[:0], line...)
			return len(p), nil
		}
		l.print(line)
		l.rest = after
	}
}

func (l *lineLog) print(line []byte) {
	l.logger.Log(context.Background(), l.level, l.text, "line", strings.TrimRight(string(line), "\r"))
}

// flush logs a last line that has no end.
func (l *lineLog) flush() {
	if len(l.rest) > 0 {
		l.print(l.rest)
		l.rest = nil
	}
}

// mostOutput bounds what a command may print as a result.
const mostOutput = 256 << 20

// bounded keeps what is written to it, up to a bound.
type bounded struct{ text []byte }

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.text)+len(p) > mostOutput {
		return 0, fmt.Errorf("the output is longer than %d bytes", mostOutput)
	}
	b.text = append(b.text, p...)
	return len(p), nil
}
