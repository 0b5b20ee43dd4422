// Package shell is a prompt at which the members of a backend are called in
// Starlark, a language that reads like Python:
//
//	>>> Model.hello_world(name="Peter")
//	"Hello World, Peter"
//	>>> Model.HelloWorld(message="hi").repeat_message(repeat=2)
//	["hi", "hi"]
//
// Loops, functions and variables are Starlark's. help and schema describe what
// there is.
package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/dasf-go/dasf"
)

// Options say what a shell calls and where it reads and writes.
type Options struct {
	// Call sends a request and returns its result.
	Call func(ctx context.Context, request json.RawMessage) (json.RawMessage, error)
	// API describes the members.
	API *dasf.API
	// In is read line by line when Terminal is not set.
	In       io.Reader
	Out, Err io.Writer
	// Terminal says that the standard streams of the process are a terminal:
	// then lines are edited, with history and completion.
	Terminal bool
	// History is the file that keeps what was typed; "" keeps nothing.
	History string
	// Interrupts has a Ctrl-C during a call end that call only. It returns
	// what ends that.
	Interrupts func(interrupted func()) (stop func())
}

var errInterrupted = errors.New("interrupted")

// A lineReader reads one line without its end. It returns errInterrupted for a
// Ctrl-C and [io.EOF] at the end.
type lineReader interface {
	readLine(ctx context.Context, prompt string) (string, error)
}

// A shell is one run of the prompt.
type shell struct {
	Options
	lines   lineReader
	globals starlark.StringDict
	thread  *starlark.Thread
	ctx     context.Context // of the statement that runs
}

// errExit ends the shell.
var errExit = errors.New("exit")

// Run reads and runs statements until the input ends. From a terminal it goes
// on after an error; else it stops and returns it.
func Run(ctx context.Context, o Options) error {
	s := &shell{Options: o, ctx: ctx}
	s.globals = starlark.StringDict{}
	s.thread = &starlark.Thread{Name: "shell", Print: func(_ *starlark.Thread, text string) { fmt.Fprintln(o.Out, text) }}
	predeclare(s)
	if o.Terminal {
		fmt.Fprintln(o.Out, `Call a member as Model.NAME(...). help() tells what there is, Ctrl-D ends.`)
		editor, err := newEditor(ctx, s)
		if err != nil {
			return err
		}
		s.lines = editor
	} else {
		s.lines = newPlain(o.In)
	}
	for {
		err := s.statement(ctx)
		switch {
		case err == nil:
		case errors.Is(err, errExit), errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !o.Terminal:
			return errors.New(explain(err))
		case errors.Is(err, errInterrupted):
			fmt.Fprintln(o.Out)
		default:
			fmt.Fprintln(o.Err, explain(err))
		}
	}
}

// dialect is what of Starlark is allowed: at a prompt loops stand outside of
// functions, and names are assigned again.
func dialect() *syntax.FileOptions {
	return &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true, Recursion: true, LoadBindsGlobally: true}
}

// statement reads one statement, which may go over several lines, and runs it.
func (s *shell) statement(ctx context.Context) error {
	prompt, first := ">>> ", ""
	var ended error
	file, err := dialect().ParseCompoundStmt("<stdin>", func() ([]byte, error) {
		line, err := s.lines.readLine(ctx, prompt)
		if err != nil {
			ended = err
			return nil, err
		}
		if prompt == ">>> " {
			first = strings.TrimSpace(line)
		}
		prompt = "... "
		return []byte(line + "\n"), nil
	})
	switch {
	case ended != nil && !(errors.Is(ended, io.EOF) && file != nil):
		return ended
	case err != nil:
		return err
	}
	if first == "exit" || first == "quit" {
		return errExit
	}
	return s.execute(ctx, file)
}

func (s *shell) execute(ctx context.Context, file *syntax.File) (err error) {
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer func() {
		if err != nil && errors.Is(context.Cause(running), errInterrupted) && ctx.Err() == nil {
			err = errInterrupted
		}
	}()
	s.ctx = running
	s.thread.Uncancel()
	interrupt := func() {
		cancel(errInterrupted)
		s.thread.Cancel(errInterrupted.Error())
	}
	defer context.AfterFunc(ctx, interrupt)()
	if s.Interrupts != nil {
		defer s.Interrupts(interrupt)()
	}
	if expr := onlyExpression(file); expr != nil {
		v, err := starlark.EvalExprOptions(file.Options, s.thread, expr, s.globals)
		if err != nil {
			return err
		}
		s.globals["_"] = v
		if v != starlark.None {
			fmt.Fprintln(s.Out, v)
		}
		return nil
	}
	return starlark.ExecREPLChunk(file, s.thread, s.globals)
}

func onlyExpression(f *syntax.File) syntax.Expr {
	if len(f.Stmts) == 1 {
		if stmt, ok := f.Stmts[0].(*syntax.ExprStmt); ok {
			return stmt.X
		}
	}
	return nil
}

// explain is an error as the user sees it: where it happened, if that is not
// the line that was just typed, and why.
func explain(err error) string {
	var eval *starlark.EvalError
	if errors.As(err, &eval) && len(eval.CallStack) > 2 {
		return eval.Backtrace()
	}
	return "error: " + err.Error()
}
