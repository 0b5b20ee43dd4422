// Package cli is the command line of a backend: it makes a program of a
// [dasf.Module].
//
//	func main() {
//		cli.Main(dasf.NewModule(dasf.Config{Topic: "hello-world-topic"}, dasf.Func("hello_world", HelloWorld)))
//	}
//
// The program then has the commands and flags of a backend module of
// demessaging 0.6.4, with the same names and meanings: test-connect, listen,
// schema, send-request, compute, shell and generate. A value comes from the
// command line, else from the [dasf.Config] that the program gave, else from a
// variable (DE_BACKEND_PORT for --port), else it has its default.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
)

// Streams are the standard streams of a command. Colour, a prompt with line
// editing and progress bars are used only where a stream is an [*os.File] that
// is a terminal.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the command failed
	exitUsage  = 2 // the command line, a variable or a file that they name is wrong
)

// Main runs the command line of the process on modules and exits. With several
// modules the flag -m picks one by its topic, and the first is the default.
//
// The first SIGINT or SIGTERM ends the command: listen answers what it has in
// hand, within --grace. A second one exits at once.
func Main(modules ...*dasf.Module) {
	ctx, stop := context.WithCancelCause(context.Background())
	signals, taken := make(chan os.Signal, 2), new(interrupts)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range signals {
			switch {
			case ctx.Err() != nil:
				os.Exit(exitCode(s))
			case s != os.Interrupt || !taken.taken():
				stop(&interrupted{s})
			}
		}
	}()
	s := &session{ctx: ctx, Streams: Streams{os.Stdin, os.Stdout, os.Stderr}, modules: modules, interrupts: taken}
	os.Exit(s.exit(os.Args[1:], os.Environ()))
}

// interrupted is why a context ended: a signal.
type interrupted struct{ signal os.Signal }

func (i *interrupted) Error() string { return i.signal.String() }

// exitCode is what a shell reports of a process that a signal ended.
func exitCode(s os.Signal) int {
	if number, ok := s.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return exitFailed
}

// Run runs one command line on modules and returns the exit code: 0, 1 when
// the command failed, 2 when the command line or a variable is wrong. args are
// those behind the name of the program, environ is in the form of [os.Environ].
// Run never exits and touches nothing but what it is given, the files that its
// arguments name, and the network. The end of ctx ends the command.
func Run(ctx context.Context, args []string, streams Streams, environ []string, modules ...*dasf.Module) int {
	s := &session{ctx: ctx, Streams: streams, modules: modules}
	return s.exit(args, environ)
}

// exit runs a command line, reports what went wrong and returns the exit code.
func (s *session) exit(args, environ []string) int {
	s.program = filepath.Base(os.Args[0])
	err := s.run(args, environ)
	var usage *cmdline.UsageError
	switch {
	case err == nil, errors.Is(err, cmdline.ErrHelp):
		return exitOK
	case errors.As(err, &usage):
		s.complain(err)
		return exitUsage
	}
	s.complain(err)
	var signal *interrupted
	if s.ctx.Err() != nil && errors.As(context.Cause(s.ctx), &signal) {
		return exitCode(signal.signal)
	}
	return exitFailed
}

func (s *session) complain(err error) { fmt.Fprintf(s.Err, "%s: %v\n", s.program, err) }
