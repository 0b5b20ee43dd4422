//go:build !windows

package cli_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// awaitFile returns what a file contains once it is there.
func awaitFile(t *testing.T, path string) string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	t.Fatalf("%s did not appear", path)
	return ""
}

// awaitEnd returns nil once a process is gone.
func awaitEnd(pid string) error {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err := syscall.Kill(n, 0); errors.Is(err, syscall.ESRCH) || isZombie(pid) {
			return nil
		}
	}
	return errors.New("the process " + pid + " is still there")
}

// isZombie reports whether a process has ended but nobody has asked for it.
func isZombie(pid string) bool {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return false
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	return len(fields) > 0 && fields[0] == "Z"
}
