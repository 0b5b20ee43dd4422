//go:build !windows

package cli_test

import (
	"os/exec"
	"testing"

	"github.com/dasf-go/dasf/cli"
)

func TestExpand(t *testing.T) {
	const plain, odd = "/data/f.json", `/a b'c"d$e/f.json`
	for _, tt := range []struct{ template, path, want string }{
		{"cat {}", plain, "cat /data/f.json"},
		{"cat {path}", plain, "cat /data/f.json"},
		{"{basename} {directory}", plain, "f.json /data"},
		{"cat", plain, "cat"},
		{"", plain, ""},
		{"awk '{print $1}' {}", plain, "awk '{print $1}' /data/f.json"},
		{"{other} {}", plain, "{other} /data/f.json"},
		{"{ {} }", plain, "{ /data/f.json }"},
		{"awk '{{print $1}}' {}", plain, "awk '{print $1}' /data/f.json"},
		{"echo {{}}", plain, "echo {}"},
		{"awk '{{print $1}' {}", plain, "awk '{{print $1}' /data/f.json"},
		{"${HOME} {}", plain, "${HOME} /data/f.json"},
		{"cat {}", odd, `cat '/a b'\''c"d$e/f.json'`},
		{`cat "{}"`, odd, `cat "/a b'c\"d\$e/f.json"`},
		{`cat '{}'`, odd, `cat '/a b'\''c"d$e/f.json'`},
		{`\"{}`, "/a b", `\"'/a b'`},
		{`"\"{}"`, "/a b", `"\"/a b"`},
		{`'\'{}`, "/a b", `'\''/a b'`},
		{"cat {basename}", odd, "cat f.json"},
	} {
		if got := cli.Expand(tt.template, tt.path); got != tt.want {
			t.Errorf("%s with %s: %s, want %s", tt.template, tt.path, got, tt.want)
		}
	}
}

// Whatever a path looks like, the shell takes it for one word that is the path.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"/a b", `'`, `"`, "`date`", "$(date)", `\`, "a\nb", "*", "~", "-x", "!", "{}", "ü"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, r := range path {
			if r == 0 {
				return // no path has it, and no argument
			}
		}
		for _, template := range []string{`printf %s {path}`, `printf %s "{path}"`, `printf %s '{path}'`, `printf %s ""{path}''`} {
			out, err := exec.Command("/bin/sh", "-c", cli.Expand(template, path)).Output()
			if err != nil || string(out) != path {
				t.Errorf("%s: the shell made %q of %q: %v", template, out, path, err)
			}
		}
	})
}
