package cmdline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// A Parser reads command lines. Its fields must not be changed while it does.
type Parser struct {
	// Name is the name of the program, for its help.
	Name string
	// Description is the first text of its help.
	Description string
	// Grammar is a pointer to a struct with kong's tags.
	Grammar any
	// Groups are the headings of flags: see [kong.Groups].
	Groups kong.Groups
	// File, unless nil, returns what a configuration file gives the flags of
	// the command, of which it is told the path. It may look at what is on the
	// command line. What it returns may be nil: there is no file.
	File func(command string, onLine func(flag string) (string, bool)) (func(flag string) (FileValue, bool), error)
	// Environ has the variables that the tags variable name.
	Environ *Environ
	// Given returns what the program itself gives a flag, if anything. It may
	// look at what is on the command line. nil means nothing.
	Given func(onLine func(flag string) (string, bool)) (func(flag string) (string, bool), error)
	// Out is where help goes.
	Out io.Writer
	// Width is the width of help in columns; 0 means 80.
	Width int
}

// A FileValue is the text that a configuration file gives a flag.
type FileValue struct {
	Text  string
	Where string // file, line, column and key, for errors
}

// ErrHelp is what [Parser.Parse] returns after it has printed help.
var ErrHelp = errors.New("help was asked for")

// A HelpFlag is the flag that prints help.
type HelpFlag bool

// A Result is a command line that was read into a grammar.
type Result struct {
	// Command is the name of the command, with those above it, "" if there is
	// none.
	Command string
	// Warnings are what the user should know, a line each.
	Warnings []string

	sources map[string]Source
	parser  *Parser
	kong    *kong.Kong
	node    *kong.Node
	context *kong.Context
}

// Run calls the method Run of the command; see [kong.Context.Run]. ctx is
// bound as a [context.Context].
func (r *Result) Run(ctx context.Context, binds ...any) error {
	r.context.BindTo(ctx, (*context.Context)(nil))
	return r.context.Run(binds...)
}

// Source returns where a flag has its value from. The flag must be one of the
// program or of the command.
func (r *Result) Source(flag string) Source { return r.sources[flag] }

// Given reports whether a flag's value is not its default.
func (r *Result) Given(flag string) bool { return r.sources[flag].Level != Default }

// Named is how an error calls a flag: by what gave it its value.
func (r *Result) Named(flag string) string {
	if s := r.sources[flag]; s.Level != Default {
		return s.Name
	}
	return "--" + flag
}

// Parse reads args, without the name of the program, into the grammar. Errors
// are one line that names the flag or variable, the value and the cure.
func (p *Parser) Parse(args []string) (*Result, error) {
	k, err := p.build()
	if err != nil {
		return nil, err
	}
	l, err := take(k.Model.Node, args)
	if err != nil {
		return nil, p.helpAnyway(k, args, err)
	}
	r := &Result{Warnings: l.warnings, sources: map[string]Source{}, parser: p, kong: k, node: l.node(), Command: commandPath(l.node())}
	resolver, err := p.resolver(r, l)
	if err != nil {
		return nil, err
	}
	if _, ok := l.last("help"); ok {
		if err := r.PrintHelp(p.Out, resolver); err != nil {
			return nil, err
		}
		return nil, ErrHelp
	}
	kong.Resolvers(kong.ResolverFunc(resolver)).Apply(k)
	r.context, err = k.Parse(l.words())
	if value := (*BadValue)(nil); r.Command == "" && len(k.Model.Children) > 0 && !errors.As(err, &value) {
		return r, nil // kong insists on a command; the program decides here
	}
	if err != nil {
		return nil, r.explain(err)
	}
	return r, nil
}

func (p *Parser) build() (*kong.Kong, error) {
	k, err := kong.New(p.Grammar, kong.Name(p.Name), kong.Description(p.Description), kong.NoDefaultHelp(),
		p.Groups, kong.Exit(func(int) {}), kong.Writers(p.Out, p.Out))
	if err != nil {
		return nil, fmt.Errorf("reading the grammar of the command line: %w", err)
	}
	return k, nil
}

// helpAnyway prints help for a line that asks for it and is wrong elsewhere.
func (p *Parser) helpAnyway(k *kong.Kong, args []string, wrong error) error {
	for _, word := range args {
		if word == "--" {
			break
		}
		if word == "--help" || word == "-h" {
			r := &Result{sources: map[string]Source{}, parser: p, kong: k, node: k.Model.Node}
			if err := r.PrintHelp(p.Out, nil); err != nil {
				return err
			}
			return ErrHelp
		}
	}
	return wrong
}

type resolve = func(*kong.Context, *kong.Path, *kong.Flag) (any, error)

// resolver gives what the program gave, else the variable's value, and notes
// in r where each flag has its value from.
func (p *Parser) resolver(r *Result, l *line) (resolve, error) {
	program := func(string) (string, bool) { return "", false }
	if p.Given != nil {
		given, err := p.Given(l.last)
		if err != nil {
			return nil, err
		}
		program = given
	}
	file := func(string) (FileValue, bool) { return FileValue{}, false }
	if p.File != nil {
		values, err := p.File(r.Command, l.last)
		if err != nil {
			return nil, err
		}
		if values != nil {
			file = values
		}
	}
	for _, g := range l.flags {
		r.sources[g.flag.Name] = Source{CommandLine, "--" + g.flag.Name}
	}
	return func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		if _, ok := l.last(f.Name); ok {
			return nil, nil
		}
		if value, ok := program(f.Name); ok {
			r.sources[f.Name] = Source{Program, f.Tag.Get("field")}
			return value, nil
		}
		if value, ok := file(f.Name); ok {
			r.sources[f.Name] = Source{File, value.Where}
			return value.Text, nil
		}
		if name := f.Tag.Get("variable"); name != "" && p.Environ != nil {
			if value, ok := p.Environ.Lookup(name); ok {
				r.sources[f.Name] = Source{Variable, p.Environ.spelling(name)}
				return value, nil
			}
		}
		return nil, nil
	}, nil
}

// explain makes one line of kong's error, which names the source of the value.
func (r *Result) explain(err error) error {
	var value *BadValue
	if errors.As(err, &value) {
		return r.Bad(value.Flag, value.Value, value.Rule)
	}
	var usage *UsageError
	if errors.As(err, &usage) {
		return usage
	}
	text := err.Error()
	for flag, source := range r.sources {
		if rest, ok := strings.CutPrefix(text, "--"+flag+": "); ok && source.Level == File {
			return usagef("%s: %s", source.Name, rest)
		}
	}
	if missing, ok := strings.CutPrefix(text, "expected "); ok {
		return usagef("%s needs %s: see %s %s --help", r.Command, strings.Trim(missing, `"`), r.parser.Name, r.Command)
	}
	if extra, ok := strings.CutPrefix(text, "unexpected argument "); ok {
		return usagef("%s takes no such argument: %s", r.Command, extra)
	}
	return usagef("%s", text)
}

// Bad makes the error for a value that a flag does not take.
func (r *Result) Bad(flag, value, rule string) error {
	return usagef("%s is %q: it must be %s", r.Named(flag), value, rule)
}
