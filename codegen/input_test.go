package codegen_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/api"
)

// made makes a stub in each language.
func made(t *testing.T, in codegen.Input) (python, typeScript, golang string, err error) {
	t.Helper()
	py, err1 := codegen.Python(in, codegen.PythonOptions{})
	ts, err2 := codegen.TypeScript(in)
	pkg, err3 := codegen.Go(in, "stub")
	for _, e := range []error{err1, err2, err3} {
		if e != nil {
			err = e
		}
	}
	return string(py), string(ts), string(pkg), err
}

func TestInputs(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*codegen.Input)
		err    string
	}{
		"as it is":         {func(*codegen.Input) {}, ""},
		"no API":           {func(in *codegen.Input) { in.API = nil }, "Input.API is nil"},
		"no topic":         {func(in *codegen.Input) { in.API.RPCSchema.Title = "" }, "set Input.Connection.Topic"},
		"topic by hand":    {func(in *codegen.Input) { in.API.RPCSchema = nil; in.Connection.Topic = "t" }, ""},
		"a dataset":        {func(in *codegen.Input) { in.Datasets = []string{"mean_data.ds"} }, ""},
		"a data array":     {func(in *codegen.Input) { in.Datasets = []string{"mean_data.ds=DataArray"} }, ""},
		"no such dataset":  {func(in *codegen.Input) { in.Datasets = []string{"mean_data.da"} }, "mean_data.da: there is no such parameter"},
		"no such class":    {func(in *codegen.Input) { in.Datasets = []string{"mean_data.ds=Frame"} }, `not "Frame"`},
		"a type unsourced": {func(in *codegen.Input) { in.Types = []codegen.Type{{Name: "T"}} }, "needs a name and a source"},
	} {
		t.Run(name, func(t *testing.T) {
			in := described(t, "xarray_data")
			in.Datasets = nil
			c.change(&in)
			_, _, _, err := made(t, in)
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
}

// What a backend of this project sends under x-dasf is used, and what the
// caller adds comes behind it.
func TestPieces(t *testing.T) {
	in := described(t, "greet")
	in.API.Extension = &api.Extension{Doc: "From the backend.", Imports: "numpy\nimport pandas as pd", HardCode: "ONE = 1"}
	in.Imports = []string{"import pandas as pd", "from scipy import signal"}
	in.HardCode = []string{"TWO = 2\n"}
	in.Types = []codegen.Type{{Name: "GreetResponse", Source: "class GreetResponse(Base):\n    pass\n"}, {Name: "More", Source: "class More: ...\n"}}
	stub := python(t, in, 0)
	for _, want := range []string{
		"\"\"\"From the backend.\"\"\"\n",
		"\nimport numpy\nimport pandas as pd\nfrom scipy import signal\n\n__all__",
		"\nclass GreetResponse(Base):\n    pass\n\n\nclass More: ...\n\n\nONE = 1\n\n\nTWO = 2\n\n\n@configure",
		") -> GreetResponse:",
	} {
		if !strings.Contains(stub, want) {
			t.Errorf("the stub does not contain %q:\n%s", want, withoutConnection(t, stub))
		}
	}
	if strings.Contains(stub, "greeting_time") {
		t.Error("the type that was given by hand is made as well")
	}
	in.Doc = "From the caller."
	if !strings.HasPrefix(python(t, in, 0), "\"\"\"From the caller.\"\"\"\n") {
		t.Error("the caller's description is not the first line")
	}
}

func TestTemplates(t *testing.T) {
	in := described(t, "hello_world")
	in.Templates = fstest.MapFS{
		"python/function.py.tmpl":     {Data: []byte("def {{.Name}}({{.Params}}):\n    return 7")},
		"typescript/module.ts.tmpl":   {Data: []byte("// {{.Topic}}\n")},
		"go/package.go.tmpl":          {Data: []byte("package {{.Package}} // mine\n")},
		"typescript/options.ts.tmpl":  {Data: []byte("// none\n")},
		"python/connection.py.tmpl":   {Data: []byte("def _call(x):\n    return x\n")},
		"python/something/else.tmpl":  {Data: []byte("{{.")},
		"typescript/unused.ts.tmpl":   {Data: []byte("{{.")},
		"python/class_that_is_absent": {Data: []byte("{{.")},
	}
	py, ts, pkg, err := made(t, in)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(py, "def hello_world(name: str):\n    return 7\n") || !strings.Contains(py, "def _call(x):\n    return x\n") {
		t.Errorf("the template for functions is not used:\n%s", py)
	}
	if ts != "// export const topic = \"hello-world-topic\";\n" {
		t.Errorf("the template for TypeScript is not used: %s", ts)
	}
	if pkg != "package stub // mine\n" {
		t.Errorf("the template for Go is not used: %s", pkg)
	}
	for name, text := range map[string]string{"does not parse": "{{.", "asks for what is not there": "{{.Nothing}}"} {
		in.Templates = fstest.MapFS{"python/function.py.tmpl": {Data: []byte(text)}}
		if _, err := codegen.Python(in, codegen.PythonOptions{}); err == nil || !strings.Contains(err.Error(), "python/function.py.tmpl") {
			t.Errorf("a template that %s: %v", name, err)
		}
	}
}

// What a running backend cannot say is named where the stub begins.
func TestRemoteNotes(t *testing.T) {
	in := described(t, "misc")
	if stub := python(t, in, 0); strings.Contains(stub, "--dataset") {
		t.Error("a stub that was made offline names what a running backend lacks")
	}
	in.Remote = true
	stub := python(t, in, 0)
	for _, want := range []string{"# Made from the api_info of a running backend", "# stub anew with --dataset:\n#   none.return\n\n"} {
		if !strings.Contains(stub, want) {
			t.Errorf("no %q in\n%s", want, withoutConnection(t, stub))
		}
	}
	in.API.Extension = &api.Extension{Doc: "Described."}
	if stub := python(t, in, 0); strings.Contains(stub, "holds neither") {
		t.Error("a backend that described itself is said not to")
	}
}
