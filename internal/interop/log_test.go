//go:build interop

package interop_test

import (
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// newLog returns a logger whose lines show if the test fails.
func newLog(t testing.TB, name string) *slog.Logger {
	t.Helper()
	var lines logLines
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of %s:\n%s", name, lines.text())
		}
	})
	return slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// logLines keeps the last lines of a log. A goroutine may still write to it
// when the test is over, which testing's own log does not allow.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

const keptLines = 200

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(p))
	l.lines = l.lines[max(0, len(l.lines)-keptLines):]
	return len(p), nil
}

func (l *logLines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "")
}

func itoa(n int) string { return strconv.Itoa(n) }
