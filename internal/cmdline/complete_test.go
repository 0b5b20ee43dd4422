package cmdline_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/cmdline"
)

func TestCompletion(t *testing.T) {
	values := map[string]func([]string) []string{
		"member": func([]string) []string { return []string{"one", "other"} },
		"request": func(before []string) []string {
			if len(before) == 0 {
				return []string{"one", cmdline.OfferFiles}
			}
			return []string{before[0] + "="}
		},
	}
	for _, tt := range []struct {
		name, shell string
		words       []string
		want        []string
	}{
		{"commands", "zsh", []string{""}, []string{"schema", "listen", "compute", "broker"}},
		{"part of a command", "zsh", []string{"co"}, []string{"compute"}},
		{"behind a flag with its value", "zsh", []string{"-t", "x", "co"}, []string{"compute"}},
		{"behind a switch", "zsh", []string{"--debug", "co"}, []string{"compute"}},
		{"flags", "zsh", []string{"schema", "--in"}, []string{"--indent"}},
		{"flags of the program behind a command", "zsh", []string{"schema", "--top"}, []string{"--topic"}},
		{"choices", "zsh", []string{"--persistent", ""}, []string{"yes", "no"}},
		{"choices behind =", "zsh", []string{"--persistent=n"}, []string{"--persistent=no"}},
		{"choices behind = in bash", "bash", []string{"--persistent", "=", "n"}, []string{"no"}},
		{"choices behind = and nothing in bash", "bash", []string{"--persistent", "="}, []string{"yes", "no"}},
		{"members and commands", "zsh", []string{"--members", "one", "o"}, []string{"one", "other"}},
		{"folder", "zsh", []string{"listen", "--dump-to", ""}, []string{":dir"}},
		{"text", "zsh", []string{"listen", "--cmd", ""}, nil},
		{"argument", "zsh", []string{"compute", ""}, []string{"one", ":file"}},
		{"second argument", "zsh", []string{"compute", "one", ""}, []string{"one="}},
		{"behind --", "zsh", []string{"compute", "--", ""}, []string{"one", ":file"}},
		{"command of a command", "zsh", []string{"broker", "token", ""}, []string{"add"}},
		{"unknown command", "zsh", []string{"nope", ""}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			p := &cmdline.Parser{Name: "prog", Grammar: &shape{}}
			if err := p.Complete(&out, append([]string{tt.shell}, tt.words...), values); err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.Lines(out.String()) {
				word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
				got = append(got, word)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The scripts are at least read by their shells, where those are installed.
func TestScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script, err := cmdline.Script(shell, "my-prog")
		if err != nil || strings.Contains(script, "PROGRAM") || strings.Contains(script, "IDENT") {
			t.Fatalf("%s: %v\n%s", shell, err, script)
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s here", shell)
			continue
		}
		cmd := exec.Command(path, "-n")
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(path), err, out)
		}
	}
	if _, err := cmdline.Script("tcsh", "prog"); err == nil {
		t.Error("a script for a shell that is not known")
	}
	if _, err := cmdline.Script("bash", "my prog; rm"); err == nil {
		t.Error("a script with a name that the shell would take apart")
	}
}
