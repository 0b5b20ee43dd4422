// Command dasf is what can be done with DASF without a module of one's own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"

	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/progressview"
)

// commands is the grammar; each command has a file of its own.
type commands struct {
	Help cmdline.HelpFlag `short:"h" help:"Print this help, or that of a command, and exit."`

	Broker   brokerCommand   `cmd:"" help:"Run a message broker in this process."`
	Call     callCommand     `cmd:"" help:"Send a request to a backend and print the result as JSON."`
	Info     infoCommand     `cmd:"" help:"Print the JSON schema of a backend's requests."`
	APIInfo  apiInfoCommand  `cmd:"" name:"api-info" help:"Print what a backend offers, as JSON."`
	Ping     pingCommand     `cmd:"" help:"Ask a backend for a sign of life."`
	Bench    benchCommand    `cmd:"" help:"Measure how fast calls are, on this machine or through your broker."`
	Generate generateCommand `cmd:"" help:"Write the source of a client for a backend that is running."`

	BenchPart benchPartCommand `cmd:"" name:"bench-part" hidden:""`

	Completion completionCommand `cmd:"" help:"Print a completion script for a shell."`
}

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the arguments say and returns the exit code: 0, 1 for an error,
// 2 for a command line that makes no sense.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return runWith(ctx, args, os.Environ(), streams{in: os.Stdin, out: stdout, err: stderr})
}

func runWith(ctx context.Context, args, environ []string, s streams) int {
	name := "dasf"
	err := func() error {
		env, err := cmdline.NewEnviron(environ)
		if err != nil {
			return cmdline.Usagef("%v", err)
		}
		s.log, s.lookup = progressview.NewStream(s.err), env.Lookup
		groups := cmdline.ConnectionGroups()
		maps.Copy(groups, brokerGroups())
		parserOf := func(grammar *commands) *cmdline.Parser {
			return &cmdline.Parser{
				Name: "dasf", Description: "Tools for DASF, the Data Analytics Software Framework.",
				Grammar: grammar, Groups: groups, File: brokerFile, Environ: env, Out: s.out,
			}
		}
		s.reparse = func() (*commands, error) {
			again := &commands{}
			_, err := parserOf(again).Parse(args)
			return again, err
		}
		parser := parserOf(&commands{})
		if len(args) > 0 && args[0] == cmdline.CompleteCommand {
			return parser.Complete(s.out, args[1:], nil)
		}
		line, err := parser.Parse(args)
		if err != nil {
			return err
		}
		for _, warning := range line.Warnings {
			fmt.Fprintf(s.err, "dasf: warning: %s\n", warning)
		}
		if line.Command == "" {
			if err := line.PrintHelp(s.err, nil); err != nil {
				return err
			}
			return cmdline.Usagef("no command")
		}
		name += " " + line.Command
		return line.Run(ctx, s, line)
	}()
	var usage *cmdline.UsageError
	switch {
	case err == nil, errors.Is(err, cmdline.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(s.err, "%s: %v\n", name, err)
		return 2
	}
	fmt.Fprintf(s.err, "%s: %v\n", name, err)
	return 1
}

// streams are what a command reads and writes: results go to out, all else to
// err.
type streams struct {
	in       io.Reader
	out, err io.Writer
	log      *progressview.Stream // err, for what may be written while progress is drawn there
	lookup   func(variable string) (string, bool)
	reparse  func() (*commands, error) // reads the command line, and files that it names, again
}
