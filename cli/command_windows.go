package cli

import (
	"context"
	"os/exec"
	"strings"
	"syscall"
)

// shellCmd runs a line in cmd.exe, which takes it as it stands.
func shellCmd(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /S /C "` + line + `"`}
	return cmd
}

// quoting follows a command line of cmd.exe, which knows double quotes only. A
// file name can't contain one.
type quoting struct{ in bool }

func (q *quoting) step(c byte) {
	if c == '"' {
		q.in = !q.in
	}
}

func (q *quoting) quote(text string) string {
	if q.in || !strings.ContainsAny(text, " \t&()[]{}^=;!'+,`~%") {
		return text
	}
	return `"` + text + `"`
}
