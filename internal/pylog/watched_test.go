//go:build !windows

package pylog_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/pylog"
)

// Windows does not rename a file that is open.
func TestWatchedFileFollowsItsName(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	l, _ := open(t, load(t, fileConfig(path, "class: logging.handlers.WatchedFileHandler")), pylog.Options{})
	emit(l.Logger("a"), slog.LevelInfo, "one")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	emit(l.Logger("a"), slog.LevelInfo, "two")
	if diff := cmp.Diff(map[string]string{"x.log": "two\n", "x.log.old": "one\n"}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}
