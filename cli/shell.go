package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/progressview"
	"github.com/dasf-go/dasf/internal/shell"
)

type shellCommand struct {
	progressview.Flags
	Remote cmdline.Switch `help:"Send the calls through the broker to a backend that listens, in place of running them here."`
}

// Help is the second part of the command's help.
func (c *shellCommand) Help() string {
	return `The language is Starlark, which reads like Python. From a pipe or a file the shell reads plain lines, prints values only, and stops at the first error.

    >>> Model.hello_world(name="Peter")
    >>> Model.HelloWorld(message="hi").repeat_message(repeat=2)
    >>> [Model.hello_world(name=n) for n in ["Ada", "Grace"]]
    >>> help(Model.hello_world)
    >>> schema(Model)["title"]`
}

func (c *shellCommand) run(s *session) (err error) {
	client := dasf.Local(s.module)
	if c.Remote {
		if client, err = s.dial(); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	description := s.module.API()
	return shell.Run(s.ctx, shell.Options{
		Call: func(ctx context.Context, request json.RawMessage) (json.RawMessage, error) {
			return s.show(c.Progress).do(ctx, client, request)
		},
		API: &description, In: s.In, Out: s.Out, Err: s.Err,
		// The line editor works on the streams of the process.
		Terminal:   s.In == os.Stdin && isTerminal(s.In) && isTerminal(s.Out),
		History:    s.historyFile(),
		Interrupts: s.interrupts.during,
	})
}

// historyFile is where the shell keeps what was typed, "" where there is no
// home.
func (s *session) historyFile() string {
	state, ok := s.environ.Lookup("XDG_STATE_HOME")
	if home, found := s.environ.Lookup("HOME"); !ok && found {
		state, ok = filepath.Join(home, ".local", "state"), true
	}
	if local, found := s.environ.Lookup("LOCALAPPDATA"); !ok && found && runtime.GOOS == "windows" {
		state, ok = local, true
	}
	if !ok {
		return ""
	}
	return filepath.Join(state, "dasf", "shell_history")
}
