//go:build interop

package interop_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// typeScriptFolder makes a folder in which tsc finds the packages of the tools.
func typeScriptFolder(t testing.TB) string {
	t.Helper()
	dir := lab.Folder(t, "typescript")
	if err := os.Symlink(lab.TypeScriptModules(), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "package.json", []byte(`{"type": "module"}`))
	copyStubFile(t, dir, "tsconfig.json")
	return dir
}

func copyStubFile(t testing.TB, dir, name string) {
	t.Helper()
	text, err := os.ReadFile(stubFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, name, text)
}

func nodeTool(dir string, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(lab.TypeScriptModules(), ".bin", args[0]), args[1:]...)
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	return string(said), err
}

func typeScriptStub(t testing.TB, in codegen.Input) []byte {
	t.Helper()
	stub, err := codegen.TypeScript(in)
	if err != nil {
		t.Fatal(err)
	}
	return stub
}

// compiledOnce is the folder of JavaScript that the tests share.
var compiledOnce struct {
	sync.Once
	dir string
}

// compiled returns a folder with the JavaScript of stubs of several modules,
// and of the programs that call them on a topic that they are told.
func compiled(t testing.TB) string {
	t.Helper()
	compiledOnce.Do(func() {
		dir := typeScriptFolder(t)
		write(t, dir, "stub.ts", typeScriptStub(t, reference("stub")))
		progress := progressModule(dasf.Config{Topic: "progress"}).API()
		write(t, dir, "progress_stub.ts", typeScriptStub(t, codegen.Input{API: &progress}))
		for _, name := range oddlyNamed {
			write(t, dir, name+"_stub.ts", typeScriptStub(t, described(t, name)))
		}
		for _, name := range []string{"calls.ts", "node.ts", "faults.ts", "progress.ts", "names.ts"} {
			copyStubFile(t, dir, name)
		}
		if said, err := nodeTool(dir, "tsc", "-p", "."); err != nil {
			t.Fatalf("tsc: %v\n%s", err, said)
		}
		compiledOnce.dir = filepath.Join(dir, "out")
	})
	if compiledOnce.dir == "" {
		t.Fatal("the stubs were not compiled, as another test says")
	}
	return compiledOnce.dir
}

func TestTypeScriptStubsCompileAndArePretty(t *testing.T) {
	t.Parallel()
	dir := typeScriptFolder(t)
	for _, name := range allDescribed(t) {
		write(t, dir, name+".ts", typeScriptStub(t, described(t, name)))
	}
	in := described(t, "hello_world")
	in.Connection = codegen.Connection{
		WebSocketURL: "wss://" + strings.Repeat("a-long-name.", 8) + "example.org/ws/", Host: "h", Port: "1", Topic: strings.Repeat("topic-", 15),
	}
	write(t, dir, "connection.ts", typeScriptStub(t, in))
	// Without anything of Node, and for an older language.
	write(t, dir, "older.json", []byte(`{"extends": "./tsconfig.json", "compilerOptions": {"types": [], "target": "es2020",
		"lib": ["es2020", "dom"], "module": "es2020", "moduleResolution": "bundler", "noEmit": true}}`))
	for name, args := range map[string][]string{
		"tsc":            {"tsc", "-p", ".", "--noEmit"},
		"tsc for es2020": {"tsc", "-p", "older.json"},
		"prettier":       {"prettier", "--check", "*.ts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if said, err := nodeTool(dir, args...); err != nil {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}

// callOptions are the options of calls.ts, as JSON.
func callOptions(t testing.TB, at peers.Endpoint, topic string, able []string) string {
	t.Helper()
	options := map[string]any{"topic": topic, "able": able}
	if at.PulsarForm() {
		host, port, _ := strings.Cut(at.Addr, ":")
		options["host"], options["port"], options["persistent"] = host, port, at.Persistent
	} else {
		options["url"] = at.BaseURL()
	}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func ableOf(b stubBackend) []string {
	if b.python {
		return []string{}
	}
	return []string{"nan", "large"}
}

func TestTypeScriptStubInNode(t *testing.T) {
	t.Parallel()
	folder := compiled(t)
	for _, b := range stubBackends {
		for _, s := range slots {
			t.Run(b.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				at, topic := s.open(t), lab.Topic("stub")
				b.start(t, at, topic)
				cmd := exec.CommandContext(within(t), "node", filepath.Join(folder, "node.js"), callOptions(t, at, topic, ableOf(b)))
				if said := output(t, cmd); said != "all right\n" {
					t.Error(said)
				}
			})
		}
	}
}

// Pages can send no headers, so that a token is part of the address; the
// WebSocket class of Node takes both.
func TestTypeScriptStubSendsItsTokenAndHeaders(t *testing.T) {
	t.Parallel()
	inner, topic := embedded("")(t), lab.Topic("stub")
	var sent atomic.Int64
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: inner.Addr})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("token") == "a+b/ü" && r.Header.Get("X-Station") == "7" {
			sent.Add(1)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	runGo(t, connect(t, inner), dasf.Config{Topic: topic}, referenceMembers()...)
	for _, persistent := range []string{"", "non-persistent"} {
		at := peers.Endpoint{Name: "embedded", Addr: server.Listener.Addr().String(), Persistent: persistent}
		script := write(t, compiled(t), topic+persistent+".mjs", []byte(`
import WebSocket from "ws";
import { Client } from "./stub.js";
const given = { token: "a+b/ü", headers: { "X-Station": "7" }, WebSocket };
const client = new Client({ ...JSON.parse(process.argv[2]), ...given });
console.log(await client.either({ value: 7 }));
client.close();
`))
		sent.Store(0)
		if said := output(t, exec.CommandContext(within(t), "node", script, callOptions(t, at, topic, nil))); said != "7\n" {
			t.Error(said)
		}
		if n := sent.Load(); n < 2 {
			t.Errorf("%q: token and header came with %d handshakes, want both of the client", persistent, n)
		}
	}
}
