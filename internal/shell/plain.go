package shell

import (
	"bufio"
	"context"
	"io"
	"strings"
)

// plain reads lines from a pipe or a file.
type plain struct{ r *bufio.Reader }

func newPlain(r io.Reader) *plain { return &plain{bufio.NewReader(r)} }

func (p *plain) readLine(ctx context.Context, _ string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	line, err := p.r.ReadString('\n')
	if err == io.EOF && line != "" {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}
