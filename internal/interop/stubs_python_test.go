//go:build interop

package interop_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/netcdf"
)

// runStub runs Python code beside a stub.
func runStub(t testing.TB, python, stub string, at peers.Endpoint, code string) string {
	t.Helper()
	cmd := pythonCommand(within(t), python, at, "-c", code)
	cmd.Dir = filepath.Dir(stub)
	return output(t, cmd)
}

// A stub does not say where the broker is; variables do.
func TestOneStubForSeveralBrokers(t *testing.T) {
	t.Parallel()
	const topic = "one-topic"
	stub := pythonStub(t, reference(topic))
	for _, open := range []func(testing.TB) peers.Endpoint{embedded(""), embedded("non-persistent"), embedded("persistent")} {
		at := open(t)
		runGo(t, connect(t, at), dasf.Config{Topic: topic}, dasf.Func("anything", func(context.Context, struct {
			Value any `json:"value"`
		}) (any, error) {
			return at.Addr, nil
		}))
		said := runStub(t, lab.StubPython(), stub, at, "import stub; print(stub.anything(1))")
		if !strings.HasSuffix(said, at.Addr+"\n") {
			t.Errorf("at %s: %s", at.Addr, said)
		}
	}
}

func TestStubSendsTheHeaderOfItsVariable(t *testing.T) {
	b, err := broker.New(broker.Config{Logger: newLog(t, "broker")})
	if err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Token secret" {
			sent.Add(1)
		}
		b.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	at := peers.Endpoint{Name: "embedded", Addr: server.Listener.Addr().String()}
	topic := lab.Topic("stub")
	runGo(t, connect(t, at), dasf.Config{Topic: topic}, referenceMembers()...)
	t.Setenv("DE_BACKEND_HEADER", `{"authorization": "Token secret"}`)
	if said := runStub(t, lab.StubPython(), pythonStub(t, reference(topic)), at, "import stub; print(stub.either('hi'))"); !strings.HasSuffix(said, "hi\n") {
		t.Error(said)
	}
	if n := sent.Load(); n < 2 {
		t.Errorf("the header came with %d handshakes, want both of the client", n)
	}
}

func TestStubRunsAsAProgram(t *testing.T) {
	t.Parallel()
	at, topic := embedded("")(t), lab.Topic("stub")
	runGo(t, connect(t, at), dasf.Config{Topic: topic}, referenceMembers()...)
	stub := pythonStub(t, reference(topic))
	for request, want := range map[string]string{
		`{"func_name": "either", "value": "hi"}`: "\"hi\"\n",
		`{"func_name": "big"}`:                   `"` + strings.Repeat("x", 3_000_000) + "\"\n",
		`{"class_name": "Counter", "start": 2, "function": {"func_name": "add", "n": 3}}`: "5\n",
	} {
		// The address by option, as the original takes it, and by variable.
		for name, args := range map[string][]string{"option": {"--websocket-url", at.BaseURL()}, "variable": nil} {
			args = append(append([]string{stub, "--log-level", "40"}, args...), "send-request", request)
			cmd := exec.CommandContext(within(t), lab.StubPython(), args...)
			cmd.Env = os.Environ()
			if name == "variable" {
				cmd.Env = append(cmd.Env, variables(at)...)
			}
			if said := output(t, cmd); said != want {
				t.Errorf("%s by %s: %.200s", request, name, said)
			}
		}
	}
}

// A call ends when the backend that holds it is killed, and when the time limit
// says so, on a broker that gives the call to nobody else and on one that may.
func TestStubNoticesThatItsBackendIsGone(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "misc")
	output(t, exec.Command("go", "build", "-o", program, "../../examples/misc"))
	for _, c := range []struct {
		name   string
		open   func(testing.TB) peers.Endpoint
		python bool
	}{
		{"go/pulsar-non-persistent", pulsar("non-persistent"), false},
		{"go/embedded", embedded(""), false},
		// Other brokers keep what a Python backend acknowledged and lost for one
		// that comes later, as far as a client can know.
		{"python/pulsar-non-persistent", pulsar("non-persistent"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at, topic := c.open(t), lab.Topic("stub")
			pid := startMisc(t, at, topic, program, c.python)
			in := described(t, "misc")
			in.Connection.Topic = topic
			said := runStub(t, lab.StubPython(), pythonStub(t, in), at, `
import os, signal, threading, stub
stub.BackendModule.liveness = 3
assert stub.echo("here") == "here"
threading.Timer(1, os.kill, (`+strconv.Itoa(pid)+`, signal.SIGKILL)).start()
try:
    stub.sleep(300)
except ConnectionError as e:
    print("gone:", e)
with stub.BackendModule.time_limit(1):
    try:
        stub.echo("nobody")
    except TimeoutError as e:
        print("late:", e)
`)
			if !strings.Contains(said, "gone: ") || !strings.Contains(said, "late: no result within 1 s") {
				t.Error(said)
			}
		})
	}
}

// startMisc starts a backend of misc and returns its process id.
func startMisc(t *testing.T, at peers.Endpoint, topic, program string, python bool) int {
	t.Helper()
	if !python {
		return startProgram(t, at, topic, program)
	}
	path, err := filepath.Abs(filepath.Join("..", "..", "testdata", "golden", "misc", "misc.py"))
	if err != nil {
		t.Fatal(err)
	}
	return lab.StartPythonBackend(t, peers.Module{Path: path, Topic: topic, At: at}).PID()
}

// startProgram starts a backend that was built, and returns its process id once
// it answers.
func startProgram(t *testing.T, at peers.Endpoint, topic, program string) int {
	t.Helper()
	process := lab.StartProgram(t, filepath.Base(program), []string{program, "--topic", topic, "listen"}, variables(at)...)
	awaitBackend(t, at, topic)
	return process.PID()
}

// awaitBackend pings until a backend answers. A ping that comes before it does
// may be lost.
func awaitBackend(t *testing.T, at peers.Endpoint, topic string) {
	t.Helper()
	c := dialTest(t, connect(t, at), topic)
	for ctx := within(t); ; {
		short, cancel := context.WithTimeout(ctx, time.Second)
		_, err := c.Ping(short)
		cancel()
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// Ctrl-C ends the waiting and the backend's work.
func TestStubCancelsWithCtrlC(t *testing.T) {
	t.Parallel()
	at, topic := embedded("")(t), lab.Topic("stub")
	canceled := make(chan struct{})
	runGo(t, connect(t, at), dasf.Config{Topic: topic}, dasf.Func("sleep", func(ctx context.Context, _ struct {
		Seconds float64 `json:"seconds"`
	}) (float64, error) {
		<-ctx.Done()
		close(canceled)
		return 0, ctx.Err()
	}))
	said := runStub(t, lab.StubPython(), pythonStub(t, reference(topic)), at, `
import os, signal, threading, stub
threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    stub.sleep(300)
except KeyboardInterrupt:
    print("interrupted")
`)
	if !strings.HasSuffix(said, "interrupted\n") {
		t.Error(said)
	}
	await(t, canceled, "the end of the handler's context")
}

// With a demessaging that is not known the stub warns once, and calls as
// demessaging does.
func TestStubWithAnotherDemessaging(t *testing.T) {
	t.Parallel()
	at, topic := embedded("")(t), lab.Topic("stub")
	runGo(t, connect(t, at), dasf.Config{Topic: topic}, referenceMembers()...)
	said := runStub(t, lab.StubPython(), pythonStub(t, reference(topic)), at, `
import warnings
import demessaging
demessaging.__version__ = "0.7.1"
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import stub
    values = [stub.either(7), stub.Counter(start=2).add(), stub.big(500_000) == "x" * 500_000]
told = [w for w in caught if "not with 0.7.1" in str(w.message)]
print(values, len(told), type(stub.BackendModule.backend_config.messaging_config.producer).__name__)
`)
	if !strings.HasSuffix(said, "[7, 3, True] 1 MessageProducer\n") {
		t.Error(said)
	}
}

// Datasets go both ways with the newest xarray, for which demessaging's own
// validator fails.
func TestStubCarriesDatasets(t *testing.T) {
	t.Parallel()
	golden, err := filepath.Abs(filepath.Join("..", "..", "testdata", "golden", "xarray_data", "xarray_data.py"))
	if err != nil {
		t.Fatal(err)
	}
	at := embedded("")(t)
	python, inGo := lab.Topic("stub"), lab.Topic("stub")
	lab.StartPythonBackend(t, peers.Module{Path: golden, Topic: python, At: at})
	var stored *netcdf.Dataset
	runGo(t, connect(t, at), dasf.Config{Topic: inGo},
		dasf.Func("mean_data", func(_ context.Context, r struct {
			DS *netcdf.Dataset `json:"ds"`
		}) (*netcdf.Dataset, error) {
			stored = r.DS
			return r.DS, nil
		}))
	byHand := codegen.Input{API: liveAPI(t, at, python), Remote: true, Datasets: []string{"get_data.return", "mean_data.ds", "mean_data.return"}}
	bySchema := codegen.Input{API: liveAPI(t, at, inGo), Remote: true}
	const code = `
import numpy, xarray, stub
ds = xarray.Dataset(
    {"t2m": (("x", "y"), numpy.arange(6.0).reshape(2, 3), {"units": "K"})},
    coords={"x": [10, 20], "y": [1.0, 2.0, 3.0]},
    attrs={"title": "größer"},
)
got = stub.mean_data(ds)
assert type(got) is xarray.Dataset
print(xarray.__version__, got.identical(ds), got.t2m.values.tolist())
`
	if said := runStub(t, lab.StubPython(), pythonStub(t, bySchema), at, code); !strings.HasSuffix(said, "True [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]\n") {
		t.Errorf("the Go backend: %s", said)
	}
	if stored == nil {
		t.Fatal("the Go backend got no dataset")
	}
	if _, err := stored.Var("t2m"); err != nil {
		t.Errorf("the Go backend got a dataset without t2m: %v", err)
	}
	said := runStub(t, lab.StubPython(), pythonStub(t, byHand), at, code+"print(stub.get_data().t2m.shape)\n")
	if !strings.HasSuffix(said, "False [1.5, 2.5, 3.5]\n(2, 3)\n") {
		t.Errorf("the Python backend: %s", said)
	}
}
