//go:build !windows

package cli

import (
	"context"
	"os/exec"
	"strings"
	"syscall"
)

// shellCmd runs a line in a process group of its own, so that the end of ctx
// reaches what the line starts.
func shellCmd(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// quoting follows a command line of a POSIX shell and knows how it is quoted at
// the place that was reached.
type quoting struct {
	in      byte // ' or ", 0 outside
	escaped bool
}

func (q *quoting) step(c byte) {
	switch {
	case q.escaped:
		q.escaped = false
	case c == '\\' && q.in != '\'':
		q.escaped = true
	case q.in == c:
		q.in = 0
	case q.in == 0 && (c == '\'' || c == '"'):
		q.in = c
	}
}

// quote writes text so that the shell takes it as it is, at this place.
func (q *quoting) quote(text string) string {
	switch q.in {
	case '\'':
		return strings.ReplaceAll(text, "'", `'\''`)
	case '"':
		return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(text)
	}
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,") == "" && text != "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
