package pylog_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/pylog"
)

// files returns what lies in a folder, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

func fileConfig(path, more string) string {
	return fmt.Sprintf("version: 1\nformatters: {f: {format: '%%(message)s'}}\nhandlers: {h: {filename: %q, formatter: f, %s}}\nroot: {handlers: [h], level: INFO}\n", path, more)
}

// Python 3.11 with the same configuration leaves the same files.
func TestRotationIsPythons(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	l, _ := open(t, load(t, fileConfig(path, "class: logging.handlers.RotatingFileHandler, maxBytes: 20, backupCount: 2, mode: w")), pylog.Options{})
	for i := range 9 {
		emit(l.Logger("a"), slog.LevelInfo, fmt.Sprintf("line %d", i))
	}
	want := map[string]string{"x.log": "line 8\n", "x.log.1": "line 6\nline 7\n", "x.log.2": "line 4\nline 5\n"}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestLineLongerThanTheFileIsWrittenWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	l, _ := open(t, load(t, fileConfig(path, "class: logging.handlers.RotatingFileHandler, maxBytes: 10, backupCount: 1")), pylog.Options{})
	long := strings.Repeat("x", 30)
	emit(l.Logger("a"), slog.LevelInfo, long)
	emit(l.Logger("a"), slog.LevelInfo, "b")
	want := map[string]string{"x.log": "b\n", "x.log.1": long + "\n"}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutBackupsAFileGrows(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	l, _ := open(t, load(t, fileConfig(path, "class: logging.handlers.RotatingFileHandler, maxBytes: 10")), pylog.Options{})
	for range 5 {
		emit(l.Logger("a"), slog.LevelInfo, "line")
	}
	if diff := cmp.Diff(map[string]string{"x.log": strings.Repeat("line\n", 5)}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestModes(t *testing.T) {
	for _, tt := range []struct{ name, more, want string }{
		{"append", "class: logging.FileHandler", "old\nnew\n"},
		{"replace", "class: logging.FileHandler, mode: w", "new\n"},
		{"a rotating file is never replaced", "class: logging.handlers.RotatingFileHandler, mode: w, maxBytes: 1000, backupCount: 1", "old\nnew\n"},
		{"watched", "class: logging.handlers.WatchedFileHandler", "old\nnew\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.log")
			if err := os.WriteFile(path, []byte("old\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			l, _ := open(t, load(t, fileConfig(path, tt.more)), pylog.Options{})
			emit(l.Logger("a"), slog.LevelInfo, "new")
			if got, err := os.ReadFile(path); err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestLogFileMadeByTheFirstLine(t *testing.T) {
	dir := t.TempDir()
	c := pylog.Default()
	c.AddFile(filepath.Join(dir, "x.log"))
	l, _ := open(t, c, pylog.Options{})
	if len(files(t, dir)) != 0 {
		t.Error("the file is there before there is anything to log")
	}
	emit(l.Logger("demessaging.y"), slog.LevelInfo, "text")
	if got := files(t, dir)["x.log"]; got != "2025-11-24 16:00:00,123 - INFO - [demessaging.y.emit]: text\n" {
		t.Errorf("got %q", got)
	}
}

func TestLogFileThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "none", "x.log")} {
		c := pylog.Default()
		c.AddFile(path)
		if _, err := c.Open(pylog.Options{}); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v, want an error that names it", path, err)
		}
	}
}

func TestManyGoroutinesLogWholeLines(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	l, _ := open(t, load(t, fileConfig(path, "class: logging.handlers.RotatingFileHandler, maxBytes: 100000, backupCount: 3")), pylog.Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				emit(l.Logger("a"), slog.LevelInfo, strings.Repeat("x", 50))
			}
		})
	}
	wg.Wait()
	lines := 0
	for name, text := range files(t, dir) {
		for line := range strings.Lines(text) {
			if lines++; line != strings.Repeat("x", 50)+"\n" {
				t.Fatalf("%s has the line %q", name, line)
			}
		}
	}
	if lines != 1600 {
		t.Errorf("%d lines, want 1600", lines)
	}
}
