//go:build interop

package interop_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/echotest"
)

// oddlyNamed are the descriptions that names.py and names.ts call.
var oddlyNamed = []string{"empty", "keywords", "parameters", "texts"}

// Each request names the member and the parameters as the backend does,
// whatever the stub's language makes of them.
func TestStubsSendTheBackendsNames(t *testing.T) {
	t.Parallel()
	at, topic, dir := embedded("")(t), lab.Topic("echo"), t.TempDir()
	echotest.Run(t.Context(), t, connect(t, at), topic)
	for _, name := range oddlyNamed {
		in := described(t, name)
		in.Connection.Topic = topic
		stub, err := codegen.Python(in, codegen.PythonOptions{})
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, name+".py", stub)
	}
	cmd := pythonCommand(within(t), lab.StubPython(), at, stubFile(t, "names.py"))
	cmd.Dir = dir
	if said := output(t, cmd); !strings.HasSuffix(said, "all right\n") {
		t.Error(said)
	}
	program := filepath.Join(compiled(t), "names.js")
	if said := output(t, exec.CommandContext(within(t), "node", program, callOptions(t, at, topic, nil))); said != "all right\n" {
		t.Error(said)
	}
}
