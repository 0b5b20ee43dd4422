package cmdline_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/cmdline"
)

// server is a grammar with a command that does something without a command of
// its own.
type server struct {
	Help   cmdline.HelpFlag `short:"h" help:"Print this help."`
	Server struct {
		Run struct {
			Listen  string         `help:"Where to listen."`
			Config  string         `help:"A file."`
			Workers cmdline.Int    `min:"1" help:"How many."`
			Size    size           `help:"How much."`
			Names   []string       `help:"Who."`
			Open    cmdline.Switch `help:"For all."`
		} `cmd:"" hidden:"" default:"withargs"`
		User struct {
			Add struct {
				Name string `arg:""`
			} `cmd:"" help:"Add one."`
		} `cmd:"" help:"Manage users."`
	} `cmd:"" help:"Serve."`
}

// size is a type with an error of its own.
type size int

func (s *size) UnmarshalText(text []byte) error {
	if string(text) != "large" {
		return errors.New(string(text) + " is no size")
	}
	*s = 3
	return nil
}

func parseServer(file map[string]cmdline.FileValue, args ...string) (*server, *cmdline.Result, string, error) {
	g, out := &server{}, &bytes.Buffer{}
	p := &cmdline.Parser{Name: "prog", Grammar: g, Out: out}
	p.File = func(command string, _ func(string) (string, bool)) (func(string) (cmdline.FileValue, bool), error) {
		if command != "server" {
			return nil, nil
		}
		return func(flag string) (cmdline.FileValue, bool) { v, ok := file[flag]; return v, ok }, nil
	}
	r, err := p.Parse(args)
	return g, r, out.String(), err
}

func TestACommandThatDoesSomethingByItself(t *testing.T) {
	for _, args := range [][]string{{"server", "--listen", "x"}, {"--listen=x", "server"}} {
		g, r, _, err := parseServer(nil, args...)
		if err != nil || r.Command != "server" || g.Server.Run.Listen != "x" {
			t.Errorf("%q: %v, %+v", args, err, g)
		}
	}
	g, r, _, err := parseServer(nil, "server", "user", "add", "al")
	if err != nil || r.Command != "server user add" || g.Server.User.Add.Name != "al" {
		t.Errorf("%v, %+v", err, g)
	}
	for want, args := range map[string][]string{
		"unknown command usr; did you mean user?": {"server", "usr"},
		"unknown flag --listen":                   {"server", "user", "add", "al", "--listen", "x"},
		"server user needs":                       {"server", "user"},
	} {
		if _, _, _, err := parseServer(nil, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", args, err, want)
		}
	}
	_, _, help, err := parseServer(nil, "server", "--help")
	if !errors.Is(err, cmdline.ErrHelp) {
		t.Fatal(err)
	}
	for _, want := range []string{"usage: prog server [options]\n       prog server [options] COMMAND ...\n\nServe.", "--listen LISTEN", "Manage users.", "prog server COMMAND --help"} {
		if !strings.Contains(help, want) {
			t.Errorf("help has no %q:\n%s", want, help)
		}
	}
	if strings.Contains(help, "Run") || strings.Contains(help, " run") {
		t.Errorf("help names the hidden command:\n%s", help)
	}
	var out bytes.Buffer
	if err := (&cmdline.Parser{Name: "prog", Grammar: &server{}}).Complete(&out, []string{"zsh", "server", "--l"}, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("--listen\tWhere to listen\n", out.String()); diff != "" {
		t.Errorf("completion (-want +got):\n%s", diff)
	}
}

func TestAConfigurationFile(t *testing.T) {
	file := map[string]cmdline.FileValue{
		"listen": {Text: "file", Where: "f.yaml:1:9: listen"}, "workers": {Text: "3"},
		"names": {Text: "a,b"}, "open": {Text: "true"}, "size": {Text: "large"},
	}
	g, r, _, err := parseServer(file, "server", "--workers", "4")
	run := g.Server.Run
	if err != nil || run.Listen != "file" || run.Workers != 4 || strings.Join(run.Names, " ") != "a b" || !run.Open || run.Size != 3 {
		t.Errorf("%v, %+v", err, run)
	}
	if got := r.Source("listen").String(); got != "f.yaml:1:9: listen" {
		t.Errorf("the source of listen is %q", got)
	}
	for flag, want := range map[string]string{
		"workers": `f.yaml:2:3: workers is "x": it must be a whole number of at least 1`,
		"open":    `f.yaml:2:3: open is "x": it must be true or false`,
		"size":    `f.yaml:2:3: size: x is no size`,
	} {
		bad := map[string]cmdline.FileValue{flag: {Text: "x", Where: "f.yaml:2:3: " + flag}}
		if _, _, _, err := parseServer(bad, "server"); err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
