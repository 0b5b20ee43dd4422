package codegen_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/api"
)

var update = flag.Bool("update", false, "write the golden stubs anew")

// how stands at the top of each golden stub.
const how = "Golden stub. Write it anew with: go test ./codegen -update"

// twins are the modules whose descriptions demessaging made.
var twins = []string{"all_types", "greet", "hello_world", "hello_world_class", "misc", "progress", "xarray_data"}

// oddities are descriptions with all that is hard to name or to write.
var oddities = []string{"empty", "keywords", "long", "parameters", "texts", "types", "values"}

// described returns the input for the description of that name.
func described(t testing.TB, name string) codegen.Input {
	t.Helper()
	path := filepath.Join("..", "testdata", "golden", name, "api_info.json")
	if _, err := os.Stat(path); err != nil {
		path = filepath.Join("testdata", "api", name+".json")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := api.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	in := codegen.Input{API: a}
	if name == "xarray_data" {
		in.Datasets = []string{"get_data.return", "mean_data.ds", "mean_data.return"}
		in.Remote = true
	}
	return in
}

// compareGolden compares a stub with the golden one of that path, or writes it.
func compareGolden(t *testing.T, path, comment, got string) {
	t.Helper()
	got = comment + " " + how + "\n" + got
	path = filepath.Join("testdata", path)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-golden +made):\n%s", path, diff)
	}
}
