package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dasf-go/dasf"
)

// hooks are what listen does with a valid request besides running it, or in
// its place: demessaging 0.6.4, backend/module.py, handle_message.
type hooks struct {
	dumpTo, dumpTool, command string

	module *dasf.Module // checks requests and results
	logger *slog.Logger
}

func (h *hooks) wanted() bool { return h.dumpTo != "" || h.dumpTool != "" || h.command != "" }

func (h *hooks) middleware(next dasf.Handler) dasf.Handler {
	return func(ctx context.Context, request json.RawMessage) (json.RawMessage, error) {
		if err := h.module.Validate(request); err != nil {
			return nil, err
		}
		name := fileName(time.Now(), dasf.MessageID(ctx), request)
		if h.dumpTo != "" {
			if err := os.WriteFile(filepath.Join(h.dumpTo, name), request, 0o666); err != nil {
				return nil, fmt.Errorf("dumping the request: %w", err)
			}
		}
		if h.dumpTool == "" && h.command == "" {
			return next(ctx, request)
		}
		return h.runTools(ctx, name, request, next)
	}
}

// runTools runs the commands on a temporary file.
func (h *hooks) runTools(ctx context.Context, name string, request json.RawMessage, next dasf.Handler) (_ json.RawMessage, err error) {
	folder, err := os.MkdirTemp("", "dasf-request-")
	if err != nil {
		return nil, fmt.Errorf("dumping the request: %w", err)
	}
	defer func() {
		if e := os.RemoveAll(folder); e != nil {
			h.logger.Warn("removing the folder of a request", "folder", folder, "err", e)
		}
	}()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, request, 0o600); err != nil {
		return nil, fmt.Errorf("dumping the request: %w", err)
	}
	if h.dumpTool != "" {
		out := &lineLog{logger: h.logger, level: slog.LevelInfo, text: "dump tool"}
		err := runShell(ctx, expand(h.dumpTool, path), out, h.stderr("dump tool"))
		out.flush()
		if err != nil {
			return nil, err
		}
	}
	if h.command == "" {
		return next(ctx, request)
	}
	var out bounded
	if err := runShell(ctx, expand(h.command, path), &out, h.stderr("command")); err != nil {
		return nil, err
	}
	return h.result(request, out.text)
}

func (h *hooks) stderr(text string) *lineLog {
	return &lineLog{logger: h.logger, level: slog.LevelWarn, text: text}
}

// result takes what the command printed for the result of the request.
func (h *hooks) result(request json.RawMessage, printed []byte) (json.RawMessage, error) {
	if !json.Valid(printed) {
		return nil, fmt.Errorf("the output of the command is no JSON: %s", shorten(strings.TrimSpace(string(printed))))
	}
	result, err := h.module.Result(request, printed)
	if err != nil {
		return nil, fmt.Errorf("the output of the command does not fit the result: %w", err)
	}
	return result, nil
}

// fileName is that of the original: when, which message, what.
func fileName(now time.Time, message string, request []byte) string {
	sum := sha256.Sum256(request)
	when := strings.Replace(now.Format("2006-01-02t150405.000000"), ".", "", 1)
	return when + "_" + slug(message) + "_" + hex.EncodeToString(sum[:]) + ".json"
}

// slug does what demessaging's slugify does with ASCII text.
func slug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_':
			b.WriteRune(r)
		case (r == '-' || r == ' ') && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-_")
}

// writableFolder returns why files can't be written to a folder.
func writableFolder(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return plainReason(err)
	}
	if !info.IsDir() {
		return errors.New("it is a file")
	}
	probe, err := os.CreateTemp(path, ".dasf-*")
	if err != nil {
		return plainReason(err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// plainReason leaves out the path, which the caller names.
func plainReason(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

func shorten(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
