//go:build interop

package interop_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// twinPrograms are the examples whose description is that of a recorded module.
var twinPrograms = map[string]string{
	"all_types": "alltypes", "greet": "greet", "hello_world": "helloworld", "hello_world_class": "helloclass",
	"misc": "misc", "progress": "progress",
}

// The golden stubs call the modules that they were made from, and the programs
// that are their twins. [TestStubCarriesDatasets] has the one with datasets.
func TestGoldenStubsCallTheirTwins(t *testing.T) {
	t.Parallel()
	programs := t.TempDir()
	args := []string{"build", "-o", programs + string(filepath.Separator)}
	for _, example := range twinPrograms {
		args = append(args, "../../examples/"+example)
	}
	output(t, exec.Command("go", args...))
	starts := map[string]func(t *testing.T, at peers.Endpoint, topic, name string){
		"go-backend": func(t *testing.T, at peers.Endpoint, topic, name string) {
			program := filepath.Join(programs, twinPrograms[name])
			lab.StartProgram(t, name, []string{program, "--topic", topic, "listen"}, variables(at)...)
		},
		"python-backend": func(t *testing.T, at peers.Endpoint, topic, name string) {
			path, err := filepath.Abs(filepath.Join("..", "..", "testdata", "golden", name, name+".py"))
			if err != nil {
				t.Fatal(err)
			}
			lab.StartPythonBackend(t, peers.Module{Path: path, Topic: topic, At: at})
		},
	}
	for backend, start := range starts {
		for _, s := range []slot{slots[2], slots[3]} {
			t.Run(backend+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				at, dir := s.open(t), t.TempDir()
				var topics []string
				for name := range twinPrograms {
					in := described(t, name)
					in.Connection.Topic = lab.Topic("twin")
					topics = append(topics, in.Connection.Topic)
					start(t, at, in.Connection.Topic, name)
					stub, err := codegen.Python(in, codegen.PythonOptions{})
					if err != nil {
						t.Fatal(err)
					}
					write(t, dir, name+".py", stub)
				}
				for _, topic := range topics {
					awaitBackend(t, at, topic)
				}
				cmd := pythonCommand(within(t), lab.StubPython(), at, stubFile(t, "twins.py"))
				cmd.Dir = dir
				if said := output(t, cmd); !strings.HasSuffix(said, "all right\n") || !strings.Contains(said, `"step_message": "step 2"`) {
					t.Error(said)
				}
			})
		}
	}
}
