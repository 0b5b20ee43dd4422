// Package apitest compares what a module says about itself with what the Python
// original said about the same module.
package apitest

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/api"
)

// Golden fails t unless schema and a are what demessaging says about the module
// of that name in testdata/golden: equal as JSON, and in the order of properties.
func Golden(t *testing.T, module string, schema *api.Schema, a api.API) {
	t.Helper()
	text, err := a.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	compare(t, module, "schema.json", schema.Append(nil))
	compare(t, module, "api_info.json", text)
}

func compare(t *testing.T, module, file string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join(root(t), "testdata", "golden", module, file))
	if err != nil {
		t.Fatal(err)
	}
	// Reading and writing sorts keywords and leaves properties in their order.
	if file == "schema.json" {
		s := &api.Schema{}
		if err := s.UnmarshalJSON(want); err != nil {
			t.Fatal(err)
		}
		want = s.Append(nil)
	} else {
		golden, err := api.Parse(want)
		if err != nil {
			t.Fatal(err)
		}
		if want, err = golden.MarshalJSON(); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(lines(t, want), lines(t, got)); diff != "" {
		t.Errorf("%s of %s (-python +go):\n%s", file, module, diff)
	}
}

func lines(t *testing.T, compact []byte) []string {
	t.Helper()
	text, err := api.Indented(compact, 1)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// root is the folder of the repository.
func root(t *testing.T) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("no source path")
	}
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}
