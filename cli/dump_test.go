//go:build !windows

package cli_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
)

// listenWith runs listen with flags, and returns the broker.
func listenWith(t *testing.T, flags ...string) (*fakeBroker, *running) {
	t.Helper()
	b := newFakeBroker(t)
	args := append([]string{"--websocket-url", b.url("/ws/"), "listen"}, flags...)
	r := start(t, args, nil, module(dasf.Config{Topic: "topic"}))
	b.awaitShake()
	return b, r
}

// answer sends a request and returns the answer's status and text.
func (b *fakeBroker) answer(payload string) (status, text string) {
	b.t.Helper()
	b.request("7", "request", payload)
	f := b.awaitSent()
	return f.Properties["status"], f.text()
}

func TestDumpToKeepsTheRequestAndAnswersIt(t *testing.T) {
	dir := t.TempDir()
	b, _ := listenWith(t, "--dump-to", dir)
	payload := `{ "func_name": "echo",  "text": "ü" }`
	if status, text := b.answer(payload); status != "success" || text != `"ü"` {
		t.Errorf("answer %s %q", status, text)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	sum := sha256.Sum256([]byte(payload))
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dt\d{12}_[a-z0-9_-]+_` + hex.EncodeToString(sum[:]) + `\.json$`)
	if !form.MatchString(entries[0].Name()) {
		t.Errorf("the file is called %s", entries[0].Name())
	}
	if text, err := os.ReadFile(filepath.Join(dir, entries[0].Name())); err != nil || string(text) != payload {
		t.Errorf("the file has %q, %v", text, err)
	}
}

func TestOnlyValidRequestsAreDumped(t *testing.T) {
	dir := t.TempDir()
	b, _ := listenWith(t, "--dump-to", dir, "--dump-tool", "touch "+dir+"/tool")
	for _, payload := range []string{`{"func_name":"echo","text":5}`, `{"func_name":"nope"}`, `{`, ``} {
		if status, text := b.answer(payload); status != "error" || !strings.HasPrefix(text, "error validating request: ") {
			t.Errorf("%s: answer %s %q", payload, status, text)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

func TestDumpFolderThatVanishesIsAnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b, _ := listenWith(t, "--dump-to", dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if status, text := b.answer(echoOf("a")); status != "error" || !strings.HasPrefix(text, "error executing request: dumping the request: ") {
		t.Errorf("answer %s %q", status, text)
	}
}

func TestDumpToolRunsFirst(t *testing.T) {
	out := filepath.Join(t.TempDir(), "copy with space")
	b, r := listenWith(t, "--dump-tool", `cp {} '`+out+`' && echo shown && echo complaint >&2`)
	if status, text := b.answer(echoOf("a")); status != "success" || text != `"a"` {
		t.Errorf("answer %s %q", status, text)
	}
	if text, err := os.ReadFile(out); err != nil || string(text) != echoOf("a") {
		t.Errorf("the tool copied %q, %v", text, err)
	}
	r.out.await(t, "line=shown")
	r.out.await(t, "line=complaint")
}

func TestToolThatFails(t *testing.T) {
	b, _ := listenWith(t, "--dump-tool", "false", "--cmd", `echo '"x"'`)
	want := "error executing request: Command 'false' returned non-zero exit status 1."
	if status, text := b.answer(echoOf("a")); status != "error" || text != want {
		t.Errorf("answer %s %q, want %q", status, text, want)
	}
}

func TestCmdGivesTheResult(t *testing.T) {
	for _, tt := range []struct{ name, cmd, status, want string }{
		{"plain", `echo '"from command"'`, "success", `"from command"`},
		{"spaces around", `printf ' \n"x" \n'`, "success", `"x"`},
		{"not run here", `echo '"a"'; exit 0`, "success", `"a"`},
		{"standard error is left out", `echo noise >&2; echo '"x"'`, "success", `"x"`},
		{"the request", `grep -c echo {} | sed 's/.*/"&"/'`, "success", `"1"`},
		{"its parts", `test -f {path} && test "$(basename {})" = {basename} && test "$(dirname {})" = {directory} && echo '"same"'`, "success", `"same"`},
		{"braces of awk", `echo '"a b"' | awk '{print $1 " c\""}'`, "success", `"a c"`},
		{"braces doubled for Python", `echo '"{{x}}"' {basename} | awk '{{print $1}}'`, "success", `"{x}"`},
		{"quoted placeholder", `cat "{}" >/dev/null && cat '{path}' >/dev/null && echo '"ok"'`, "success", `"ok"`},
		{"exit code", `echo some output; exit 3`, "error", "error executing request: Command 'echo some output; exit 3' returned non-zero exit status 3."},
		{"null for a string", `echo null`, "error", "error executing request: the output of the command does not fit the result: 1 validation error for echo\n  Input should be a valid string [type=string_type, input_value=None, input_type=NoneType]"},
		{"no JSON", `echo hello`, "error", "error executing request: the output of the command is no JSON: hello"},
		{"nothing", `true`, "error", "error executing request: the output of the command is no JSON: "},
		{"another type", `cat {}`, "error", "error executing request: the output of the command does not fit the result: 1 validation error for echo\n  Input should be a valid string [type=string_type, input_value={'func_name': 'echo', 'text': 'a'}, input_type=dict]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, _ := listenWith(t, "-c", tt.cmd)
			if status, text := b.answer(echoOf("a")); status != tt.status || text != tt.want {
				t.Errorf("answer %s %q, want %s %q", status, text, tt.status, tt.want)
			}
		})
	}
}

// A folder for temporary files may have any name.
func TestCommandsSurviveOddFolders(t *testing.T) {
	odd := filepath.Join(t.TempDir(), `a b'c"d$e`)
	if err := os.Mkdir(odd, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", odd)
	for _, cmd := range []string{`test -f {} && echo '"x"'`, `test -f "{}" && echo '"x"'`, `test -f '{}' && echo '"x"'`, `cd {directory} && test -f {basename} && echo '"x"'`} {
		b, _ := listenWith(t, "-c", cmd)
		if status, text := b.answer(echoOf("a")); status != "success" {
			t.Errorf("%s: answer %s %q", cmd, status, text)
		}
	}
	if entries, err := os.ReadDir(odd); err != nil || len(entries) > 0 {
		t.Errorf("%d files were left behind, %v", len(entries), err)
	}
}

// A call that is cancelled ends its command, and what that has started.
func TestCommandEndsWithTheCall(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pid")
	b, _ := listenWith(t, "-c", `sh -c 'echo $$ >`+pids+`.new; mv `+pids+`.new `+pids+`; sleep 100' & wait`)
	b.request("7", "request", echoOf("a"))
	pid := awaitFile(t, pids)
	b.request("7", "cancel", "")
	if err := awaitEnd(pid); err != nil {
		t.Error(err)
	}
}
