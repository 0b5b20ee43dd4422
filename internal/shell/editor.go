package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/reeflective/readline"
)

// An editor reads lines from the terminal of the process.
type editor struct {
	rl     *readline.Shell
	prompt string
}

func newEditor(ctx context.Context, s *shell) (*editor, error) {
	e := &editor{rl: readline.NewShell()}
	// The first Tab writes what all candidates have in common, and shows them.
	_ = e.rl.Config.Set("menu-complete-display-prefix", true)
	e.rl.Prompt.Primary(func() string { return e.prompt })
	e.rl.Completer = func(line []rune, cursor int) readline.Completions {
		text := string(line[:cursor])
		word, candidates := s.complete(text)
		// The library replaces all that follows the last space.
		c := readline.CompleteValues(candidates...)
		c.PREFIX = text[strings.LastIndexAny(text, " \t")+1:]
		return c.Prefix(strings.TrimSuffix(c.PREFIX, word))
	}
	if s.History != "" {
		if err := e.keep(s.History); err != nil {
			fmt.Fprintf(s.Err, "what you type will not be kept: %v\n", err)
		}
	}
	return e, ctx.Err()
}

// keep makes the lines of earlier runs available, and those of this one to
// later ones.
func (e *editor) keep(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	history, err := readline.NewHistoryFromFile(file)
	if err != nil {
		return err
	}
	e.rl.History.Add("shell", history)
	return nil
}

const ctrlC = 3

// readLine implements lineReader. The end of ctx ends the editing as a Ctrl-C
// does.
func (e *editor) readLine(ctx context.Context, prompt string) (string, error) {
	e.prompt = prompt
	defer context.AfterFunc(ctx, func() {
		e.rl.Keys.Feed(false, ctrlC)
		e.rl.Keys.RequestRefresh()
	})()
	line, err := e.rl.Readline()
	if errors.Is(err, readline.ErrInterrupt) {
		err = errInterrupted
	}
	return line, err
}
