package cli

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"github.com/dasf-go/dasf/internal/cmdline"
)

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columns returns the width of help: that of the terminal, 80 elsewhere.
func columns(w io.Writer, environ *cmdline.Environ) int {
	const least, otherwise, most = 40, 80, 100
	if text, ok := environ.Lookup("COLUMNS"); ok {
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			return min(max(n, least), most)
		}
	}
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return min(max(n, least), most)
		}
	}
	return otherwise
}
