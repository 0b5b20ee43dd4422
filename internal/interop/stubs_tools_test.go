//go:build interop

package interop_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// output runs a program and returns what it prints on standard output.
func output(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, out, errs.String())
	}
	return string(out)
}

// variables say where a broker is, as a Python stub takes it.
func variables(at peers.Endpoint) []string {
	if !at.PulsarForm() {
		return []string{"DE_BACKEND_WEBSOCKET_URL=" + at.BaseURL()}
	}
	host, port, _ := strings.Cut(at.Addr, ":")
	return []string{"DE_BACKEND_HOST=" + host, "DE_BACKEND_PORT=" + port, "DE_BACKEND_PERSISTENT=" + at.Persistent}
}

// pythonCommand is a command of an interpreter, that reads where the broker is
// from variables, and leaves nothing beside its files.
func pythonCommand(ctx context.Context, interpreter string, at peers.Endpoint, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, interpreter, args...)
	cmd.Env = append(os.Environ(), append(variables(at), "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1")...)
	return cmd
}

// described reads the description of a module that is recorded in testdata.
func described(t testing.TB, name string) codegen.Input {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", "golden", name, "api_info.json")
	if _, err := os.Stat(path); err != nil {
		path = filepath.Join("..", "..", "codegen", "testdata", "api", name+".json")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in := codegen.Input{API: parseAPI(t, text)}
	if name == "xarray_data" {
		in.Datasets = []string{"get_data.return", "mean_data.ds", "mean_data.return"}
	}
	return in
}

func parseAPI(t testing.TB, text []byte) *api.API {
	t.Helper()
	a, err := api.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// liveAPI asks a running backend what it offers.
func liveAPI(t testing.TB, at peers.Endpoint, topic string) *api.API {
	t.Helper()
	a, err := dialTest(t, connect(t, at), topic).API(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// allDescribed are the names that described takes.
func allDescribed(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"../../testdata/golden/*/api_info.json", "../../codegen/testdata/api/*.json"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, path := range paths {
			name := strings.TrimSuffix(filepath.Base(path), ".json")
			if name == "api_info" {
				name = filepath.Base(filepath.Dir(path))
			}
			names = append(names, name)
		}
	}
	return names
}

// write writes a file into a folder and returns its path.
func write(t testing.TB, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
