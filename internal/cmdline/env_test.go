package cmdline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/internal/cmdline"
)

// envFile writes a dotenv file and returns its path.
func envFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEnvFile(t *testing.T) {
	const text = "\ufeff# a comment\n\nPLAIN=value # comment\nexport EXPORTED = spaced \nSINGLE='a \"b\" $x # \\n'\n" +
		"DOUBLE=\"line\\nbreak \\\"q\\\" # no comment\" # comment\nMULTI='one\ntwo'\nREF=${PLAIN}-${OUTSIDE}-${NONE:-none}\nHASH=a#b\nEMPTY=\nCRLF=x\r\nKEPT=from file\nJSON={\"a\": \"b\"}\nLAST=end"
	env, err := cmdline.NewEnviron([]string{"KEPT=from environment", "OUTSIDE=out", "de_messaging_env_file=" + envFile(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"PLAIN": "value", "EXPORTED": "spaced", "SINGLE": `a "b" $x # \n`, "DOUBLE": "line\nbreak \"q\" # no comment",
		"MULTI": "one\ntwo", "REF": "value-out-none", "HASH": "a#b", "CRLF": "x", "KEPT": "from environment", "plain": "value",
		"JSON": `{"a": "b"}`, "LAST": "end",
	} {
		if got, ok := env.Lookup(name); !ok || got != want {
			t.Errorf("%s is %q, %v, want %q", name, got, ok, want)
		}
	}
	if got, ok := env.Lookup("EMPTY"); ok {
		t.Errorf("an empty variable is set to %q", got)
	}
}

func TestBrokenEnvFileSaysWhere(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no equals sign", "A=1\n\nnonsense\n", ":3: expected NAME=value"},
		{"no name", "=1\n", ":1: expected NAME=value"},
		{"quote not closed", "A='x\nB=2\n", ":1: a quote is not closed"},
		{"text behind a quote", "A=1\nB='x' y\n", ":2: text behind a closing quote"},
		{"after a long value", "A='x\ny\nz'\nnonsense\n", ":4: expected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := cmdline.NewEnviron([]string{"DE_MESSAGING_ENV_FILE=" + envFile(t, tt.text)})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "DE_MESSAGING_ENV_FILE") {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	_, err := cmdline.NewEnviron([]string{"DE_MESSAGING_ENV_FILE=/none/.env"})
	if err == nil || !strings.Contains(err.Error(), `DE_MESSAGING_ENV_FILE is "/none/.env"`) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestVariableInFileIsNamedWithIt(t *testing.T) {
	path := envFile(t, "DE_BACKEND_MAX_WORKERS=none\n")
	_, _, err := parse(t, []string{"DE_MESSAGING_ENV_FILE=" + path}, nil, "schema")
	if err == nil || !strings.Contains(err.Error(), "DE_BACKEND_MAX_WORKERS in "+path+` is "none"`) {
		t.Errorf("got %v, want the variable, the file and the value", err)
	}
}

func TestUpperCaseSpellingWins(t *testing.T) {
	for _, environ := range [][]string{{"de_backend_host=low", "DE_BACKEND_HOST=up"}, {"DE_BACKEND_HOST=up", "de_backend_host=low"}} {
		if g, _, err := parse(t, environ, nil, "schema"); err != nil || g.Host != "up" {
			t.Errorf("%v: host %q, %v", environ, g.Host, err)
		}
	}
}

func FuzzEnvFile(f *testing.F) {
	for _, seed := range []string{"A=1", "export A='x'\n#c\nB=\"${A}\\n\"", "A", "=", "A=\"", "A='\\'", "A=${", "\r\n"} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "env")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = cmdline.NewEnviron([]string{"DE_MESSAGING_ENV_FILE=" + path}) // must end, without a panic
	})
}
