package progressview

import (
	"strings"

	"github.com/alecthomas/kong"

	"github.com/dasf-go/dasf/internal/cmdline"
)

// Flags are those of a command that shows progress.
type Flags struct {
	Progress Mode `default:"auto" choices:"auto,tree,plain,none" placeholder:"HOW" variable:"DASF_REPORT_SHOW_METHOD" help:"How progress is shown, on standard error: auto (a tree on a terminal, else a line for each change), tree, plain or none. The variable takes AUTO, WINDOWED, PRINT and NONE, as for Python clients."`
}

// Decode implements [kong.MapperValue]: it takes a mode, or a value of
// [Variable].
func (m *Mode) Decode(ctx *kong.DecodeContext) error {
	var text string
	if err := ctx.Scan.PopValueInto("value", &text); err != nil {
		return err
	}
	switch mode := Mode(strings.ToLower(text)); mode {
	case Auto, Tree, Plain, None:
		*m = mode
		return nil
	}
	mode, err := ParseMethod(text)
	if err != nil || text == "" {
		return &cmdline.BadValue{Flag: ctx.Value.Name, Value: text, Rule: "one of auto, tree, plain, none (or AUTO, WINDOWED, PRINT, NONE, JUPYTER)"}
	}
	*m = mode
	return nil
}
