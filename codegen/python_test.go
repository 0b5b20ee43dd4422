package codegen_test

import (
	"strings"
	"testing"

	"github.com/dasf-go/dasf/codegen"
)

// python makes a Python stub.
func python(t testing.TB, in codegen.Input, lineLength int) string {
	t.Helper()
	stub, err := codegen.Python(in, codegen.PythonOptions{LineLength: lineLength})
	if err != nil {
		t.Fatal(err)
	}
	return string(stub)
}

// withoutConnection puts a line in the place of the code that is the same in
// all stubs.
func withoutConnection(t testing.TB, stub string) string {
	t.Helper()
	before, rest, ok := strings.Cut(stub, "def _call(")
	_, after, found := strings.Cut(rest, "    return Reliable\n")
	if !ok || !found {
		t.Fatalf("no connection in the stub:\n%s", stub)
	}
	return before + "# Here stands python/connection.py.tmpl.\n" + after
}

func TestPythonGoldens(t *testing.T) {
	for _, name := range append(append([]string{}, twins...), oddities...) {
		t.Run(name, func(t *testing.T) {
			compareGolden(t, "python/"+name+".py", "#", withoutConnection(t, python(t, described(t, name), 0)))
		})
	}
}

func TestPythonLineLengths(t *testing.T) {
	for _, width := range []int{1, 40, 60, 88, 120} {
		stub := python(t, described(t, "greet"), width)
		inside := false
		for line := range strings.Lines(withoutConnection(t, stub)) {
			line = strings.TrimSuffix(line, "\n")
			switch line {
			case "# fmt: off":
				inside = true
			case "# fmt: on":
				inside = false
			}
			if len(line) > width && width >= 60 && !inside {
				t.Errorf("line length %d: %q has %d", width, line, len(line))
			}
		}
		if off := strings.Contains(stub, "# fmt: off"); off != (width < 79) {
			t.Errorf("line length %d: black is told to leave something alone: %v", width, off)
		}
	}
}

func TestPythonConnectionFitsItsWidth(t *testing.T) {
	stub := python(t, described(t, "hello_world"), 0)
	for line := range strings.Lines(stub) {
		if n := len(strings.TrimSuffix(line, "\n")); n > 79 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// What is set goes into the stub, and nothing else, so that variables can say
// the rest.
func TestPythonConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		connection codegen.Connection
		want       string
	}{
		"only the topic": {codegen.Connection{}, `_configured(topic="hello-world-topic")`},
		"other topic":    {codegen.Connection{Topic: "other"}, `_configured(topic="other")`},
		"pulsar":         {codegen.Connection{Port: "9000", Tenant: "t"}, `_configured(topic="hello-world-topic", port="9000", tenant="t")`},
		"url":            {codegen.Connection{WebSocketURL: "ws://h/ws/", Port: "1"}, `_configured(topic="hello-world-topic", websocket_url="ws://h/ws/")`},
		"two urls": {codegen.Connection{ProducerURL: "ws://p", ConsumerURL: "ws://c"},
			`_configured(topic="hello-world-topic", producer_url="ws://p", consumer_url="ws://c")`},
		"size": {codegen.Connection{MaxPayloadSize: 1000}, `_configured(topic="hello-world-topic", max_payload_size=1000)`},
	} {
		t.Run(name, func(t *testing.T) {
			in := described(t, "hello_world")
			in.Connection = c.connection
			if stub := python(t, in, 1000); !strings.Contains(stub, c.want+"}") {
				t.Errorf("the stub has no %s in\n%s", c.want, stub[strings.Index(stub, "backend_config ="):])
			}
		})
	}
}
