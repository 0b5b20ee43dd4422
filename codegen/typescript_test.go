package codegen_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/codegen"
)

// typeScript makes a TypeScript file.
func typeScript(t testing.TB, in codegen.Input) string {
	t.Helper()
	stub, err := codegen.TypeScript(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(stub)
}

// withoutParts puts a line in the place of each part that is the same in all
// files.
func withoutParts(t testing.TB, stub string) string {
	t.Helper()
	for _, part := range []string{"options", "json", "socket", "connection"} {
		name := "typescript/" + part + ".ts.tmpl"
		text, err := fs.ReadFile(codegen.Templates(), name)
		if err != nil {
			t.Fatal(err)
		}
		before, after, ok := strings.Cut(stub, strings.Trim(string(text), "\n"))
		if !ok {
			t.Fatalf("the file does not contain %s", name)
		}
		stub = before + "// Here stands " + name + "." + after
	}
	return stub
}

func TestTypeScriptGoldens(t *testing.T) {
	for _, name := range append(append([]string{}, twins...), oddities...) {
		t.Run(name, func(t *testing.T) {
			compareGolden(t, "typescript/"+name+".ts", "//", withoutParts(t, typeScript(t, described(t, name))))
		})
	}
}

// prettier breaks lines at 80; what can't be broken are names and strings.
func TestTypeScriptLineLength(t *testing.T) {
	for _, name := range append(append([]string{}, twins...), oddities...) {
		for line := range strings.Lines(typeScript(t, described(t, name))) {
			line = strings.TrimSuffix(line, "\n")
			broken := name != "long" && !strings.Contains(line, "*") && !strings.Contains(line, "`the request has")
			if len([]rune(line)) > 80 && broken {
				t.Errorf("%s: %d columns: %s", name, len([]rune(line)), line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("%s: spaces at the end of %q", name, line)
			}
		}
	}
}

func TestTypeScriptConnection(t *testing.T) {
	in := described(t, "hello_world")
	in.Connection = codegen.Connection{Topic: "other", WebSocketURL: "ws://broker.example.org/ws/", Tenant: "t"}
	stub := typeScript(t, in)
	for _, want := range []string{
		"export const topic = \"other\";\n",
		"const defaults: Options = {\n  topic,\n  url: \"ws://broker.example.org/ws/\",\n  tenant: \"t\",\n};\n",
	} {
		if !strings.Contains(stub, want) {
			t.Errorf("the file does not contain %q", want)
		}
	}
}
