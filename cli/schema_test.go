package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
)

func TestSchemaIsPythons(t *testing.T) {
	hello := dasf.NewModule(dasf.Config{Topic: "hello-world-topic"}, dasf.Func("hello_world", func(_ context.Context, r struct {
		Name string `json:"name"`
	}) (string, error) {
		return "Hello World, " + r.Name, nil
	}))
	want, err := os.ReadFile("../testdata/golden/hello_world/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := call(t, []string{"schema", "-i", "2"}, nil, hello); got.out != string(want) {
		t.Errorf("schema -i 2 prints\n%s\ndemessaging\n%s", got.out, want)
	}
}

func TestSchemaDiff(t *testing.T) {
	type one struct {
		A int `json:"a"`
	}
	type other struct {
		A int    `json:"a"`
		B string `json:"b"`
	}
	type wider struct {
		A int    `json:"a"`
		B string `json:"b" default:"x"`
	}
	old := dasf.NewModule(dasf.Config{Topic: "topic"}, dasf.Func("f", func(context.Context, one) (int, error) { return 0, nil }))
	file := filepath.Join(t.TempDir(), "old.json")
	printed := call(t, []string{"schema", "--api", "-i", "2"}, nil, old)
	if printed.code != 0 || !strings.Contains(printed.out, `"return_schema"`) {
		t.Fatalf("schema --api: exit code %d, stdout %q, stderr %q", printed.code, printed.out, printed.err)
	}
	if err := os.WriteFile(file, []byte(printed.out), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		now  *dasf.Member
		code int
		out  string
		err  string
	}{
		{"same", dasf.Func("f", func(context.Context, one) (int, error) { return 0, nil }), 0, "", ""},
		{"optional parameter", dasf.Func("f", func(context.Context, wider) (int, error) { return 0, nil }), 0, "", ""},
		{"required parameter", dasf.Func("f", func(context.Context, other) (int, error) { return 0, nil }), 1, "breaks  f.b: ", "1 change breaks existing clients"},
		{"gone", dasf.Func("g", func(context.Context, one) (int, error) { return 0, nil }), 1, "breaks  f: the function is gone", "1 change breaks"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := call(t, []string{"schema", "--diff", file}, nil, dasf.NewModule(dasf.Config{Topic: "topic"}, tt.now))
			if got.code != tt.code || !strings.Contains(got.out, tt.out) || !strings.Contains(got.err, tt.err) {
				t.Errorf("exit code %d, stdout %q, stderr %q", got.code, got.out, got.err)
			}
		})
	}
	for _, tt := range []struct{ file, want string }{{"/none.json", `--diff is "/none.json"`}, {"schema_test.go", "it must be what schema --api prints"}} {
		if got := call(t, []string{"schema", "--diff", tt.file}, nil, old); got.code != 2 || !strings.Contains(got.err, tt.want) {
			t.Errorf("%s: exit code %d, stderr %q", tt.file, got.code, got.err)
		}
	}
}
