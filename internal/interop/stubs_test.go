//go:build interop

package interop_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// reference describes the Go twin of testdata/stubs/reference.py, offline.
func reference(topic string) codegen.Input {
	a := dasf.NewModule(dasf.Config{Topic: topic}, referenceMembers()...).API()
	return codegen.Input{API: &a}
}

// pythonStub writes a stub, and returns its path.
func pythonStub(t testing.TB, in codegen.Input) string {
	t.Helper()
	stub, err := codegen.Python(in, codegen.PythonOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return write(t, t.TempDir(), "stub.py", stub)
}

func TestBlackLeavesStubsAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{stubFile(t, "judge.py")}
	add := func(name, first string, width int) {
		stub, err := codegen.Python(described(t, name), codegen.PythonOptions{LineLength: width})
		if err != nil {
			t.Fatal(err)
		}
		path := write(t, dir, fmt.Sprintf("%s_%d%s.py", name, width, strings.Trim(first, "# \n")), append([]byte(first), stub...))
		args = append(args, path, strconv.Itoa(width))
	}
	for _, name := range allDescribed(t) {
		for _, width := range []int{1, 20, 40, 60, 78, 79, 80, 88, 100, 120, 200} {
			add(name, "# short\n", width)
		}
	}
	for _, width := range []int{60, 79, 88, 120, 300} {
		add("hello_world", "", width)
	}
	if diff := output(t, exec.Command(lab.StubPython(), args...)); diff != "" {
		t.Errorf("black changes stubs:\n%.4000s", diff)
	}
}

func TestStubsTypeCheckAndImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var paths, imports []string
	for _, name := range allDescribed(t) {
		stub, err := codegen.Python(described(t, name), codegen.PythonOptions{})
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, write(t, dir, "stub_"+name+".py", stub))
		imports = append(imports, "import stub_"+name)
	}
	mypy := exec.Command(lab.StubPython(), append([]string{"-m", "mypy", "--cache-dir", filepath.Join(dir, "cache")}, paths...)...)
	mypy.Dir = dir
	if said, err := mypy.CombinedOutput(); err != nil {
		t.Errorf("mypy: %v\n%s", err, said)
	}
	// A warning would be the user's to see at each import.
	for _, python := range []string{lab.StubPython(), lab.OldestPython()} {
		importing := exec.Command(python, "-W", "error::UserWarning", "-W", "error::RuntimeWarning", "-c", strings.Join(without(imports, python == lab.OldestPython()), "\n"))
		importing.Dir = dir
		if said, err := importing.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", python, err, said)
		}
	}
}

// without leaves out what needs xarray, which a user of the others need not have.
func without(imports []string, xarray bool) []string {
	var out []string
	for _, one := range imports {
		if !xarray || one != "import stub_xarray_data" && one != "import stub_values" {
			out = append(out, one)
		}
	}
	return out
}

func TestSignaturesAreThoseOfTheOriginal(t *testing.T) {
	t.Parallel()
	for name, count := range map[string]int{
		"all_types": 3, "greet": 4, "hello_world": 1, "hello_world_class": 3, "misc": 7, "progress": 2, "xarray_data": 2,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			module, err := filepath.Abs(filepath.Join("..", "..", "testdata", "golden", name, name+".py"))
			if err != nil {
				t.Fatal(err)
			}
			theirs := lab.Stub(t, peers.Module{Path: module, Topic: name + "-topic"})
			said := output(t, exec.Command(lab.Python(), stubFile(t, "signatures.py"), pythonStub(t, described(t, name)), theirs))
			if want := fmt.Sprintf("%d signatures\n", count); said != want {
				t.Errorf("%s", said)
			}
		})
	}
}

// One stub calls a Go backend and a Python one, over every broker, and gets
// the same values.
func TestStubCalls(t *testing.T) {
	t.Parallel()
	for _, b := range stubBackends {
		for _, s := range slots {
			t.Run(b.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				at, topic := s.open(t), lab.Topic("stub")
				b.start(t, at, topic)
				in := codegen.Input{API: liveAPI(t, at, topic), Remote: true}
				args := []string{stubFile(t, "calls.py"), pythonStub(t, in)}
				if !b.python {
					args = append(args, "nan")
				}
				if !b.python || s.frame > 4*mebibyte {
					args = append(args, "large")
				}
				pythons := map[string]string{"0.6.4": lab.StubPython(), "0.6.0": lab.OldestPython()}
				if s.caps.Durable {
					delete(pythons, "0.6.0") // these brokers are slow, and the same to both
				}
				for name, python := range pythons {
					said := output(t, pythonCommand(within(t), python, at, args...))
					if !strings.HasSuffix(said, "all right\n") {
						t.Errorf("demessaging %s:\n%s", name, said)
					}
					if !strings.Contains(said, "step 1") || strings.Contains(said, "showing a progress report") {
						t.Errorf("demessaging %s: the progress was not shown as it should:\n%s", name, said)
					}
				}
			})
		}
	}
}

// What a Python backend says of itself makes the stub that its twin in Go makes.
func TestStubsOfBothBackendsAreEqual(t *testing.T) {
	t.Parallel()
	at := embedded("")(t)
	var stubs []string
	for _, b := range stubBackends {
		topic := lab.Topic("stub")
		b.start(t, at, topic)
		in := codegen.Input{API: liveAPI(t, at, topic), Connection: codegen.Connection{Topic: "one"}}
		for _, make := range []func() ([]byte, error){
			func() ([]byte, error) { return codegen.Python(in, codegen.PythonOptions{}) },
			func() ([]byte, error) { return codegen.TypeScript(in) },
			func() ([]byte, error) { return codegen.Go(in, "stub") },
		} {
			stub, err := make()
			if err != nil {
				t.Fatal(err)
			}
			stubs = append(stubs, string(stub))
		}
	}
	for i, language := range []string{"Python", "TypeScript", "Go"} {
		if stubs[i] != stubs[i+3] {
			t.Errorf("%s: the stub of the Go backend differs from that of the Python one:\n%s", language, differences(stubs[i], stubs[i+3]))
		}
	}
	// So does the module, without a broker.
	stub, err := codegen.Python(reference("one"), codegen.PythonOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if string(stub) != stubs[0] {
		t.Errorf("the stub that is made offline differs:\n%s", differences(string(stub), stubs[0]))
	}
}

func differences(a, b string) string {
	var out strings.Builder
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			fmt.Fprintf(&out, "%d: %s\n%d: %s\n", i+1, as[i], i+1, bs[i])
		}
		if out.Len() > 2000 {
			break
		}
	}
	return out.String()
}
