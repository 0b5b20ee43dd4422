//go:build interop

package interop_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/internal/interop/wsproxy"
	"github.com/dasf-go/dasf/transport"
)

// A stubClient runs faults.py or faults.ts.
type stubClient struct {
	name string
	run  func(t *testing.T, at peers.Endpoint, topic string, calls int) *exec.Cmd
}

func stubClients(t *testing.T) []stubClient {
	t.Helper()
	folder := compiled(t)
	return []stubClient{
		{"python", func(t *testing.T, at peers.Endpoint, topic string, calls int) *exec.Cmd {
			return pythonCommand(within(t), lab.StubPython(), at, stubFile(t, "faults.py"), pythonStub(t, reference(topic)), itoa(calls))
		}},
		{"typescript", func(t *testing.T, at peers.Endpoint, topic string, calls int) *exec.Cmd {
			return exec.CommandContext(within(t), "node", filepath.Join(folder, "faults.js"), callOptions(t, at, topic, nil), itoa(calls))
		}},
	}
}

// Each 20th message is lost, be it a request, a response or a piece of one.
func TestNoStubHangsBehindALossyNetwork(t *testing.T) {
	t.Parallel()
	clients := stubClients(t)
	for _, s := range []slot{slots[2], slots[3]} {
		for _, c := range clients {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				var lost atomic.Int64
				_, at := s.open(t).Behind(t, wsproxy.Config{Intercept: wsproxy.CountDrops(&lost, wsproxy.DropEvery(20, wsproxy.Messages))})
				topic := lab.Topic("stub")
				impatient := transport.Options{AckTimeout: 2 * time.Second}
				runGo(t, connectWith(t, at, impatient), dasf.Config{Topic: topic, AliveInterval: 2 * time.Second}, referenceMembers()...)
				const calls = 40
				good, failed := outcome(t, output(t, c.run(t, at, topic, calls)))
				if good+failed != calls || failed > calls/10 {
					t.Errorf("%d calls returned, %d failed", good, failed)
				}
				if lost.Load() == 0 {
					t.Error("the proxy lost nothing")
				}
				t.Logf("%d messages lost, %d calls returned, %d failed", lost.Load(), good, failed)
			})
		}
	}
}

// counts are what faults.py and faults.ts print, among lines of logs.
var counts = regexp.MustCompile(`(?m)^(\d+) (\d+)$`)

func outcome(t *testing.T, said string) (good, failed int) {
	t.Helper()
	found := counts.FindString(said)
	if _, err := fmt.Sscan(found, &good, &failed); err != nil {
		t.Fatalf("%v in %q", err, said)
	}
	return good, failed
}

// The network breaks again and again; the calls go on.
func TestStubsComeBackAfterABreak(t *testing.T) {
	t.Parallel()
	for _, c := range stubClients(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inner := embedded("")(t)
			p, at := inner.Behind(t, wsproxy.Config{})
			topic := lab.Topic("stub")
			runGo(t, connect(t, inner), dasf.Config{Topic: topic, AliveInterval: 2 * time.Second}, referenceMembers()...)
			done, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for n := 0; ; n++ {
					select {
					case <-done:
						return
					case <-time.After(300 * time.Millisecond):
						if n < 3 {
							p.Cut()
						}
					}
				}
			}()
			good, failed := outcome(t, output(t, c.run(t, at, topic, 200)))
			close(done)
			<-stopped
			if good != 200 || failed != 0 {
				t.Errorf("%d calls returned, %d failed", good, failed)
			}
		})
	}
}

// A backend may notice first that a call's time is over. What it says then is
// the end of the call's time to the caller as well, and no failed execution.
func TestStubsTakeTheBackendsWordForTheEndOfACallsTime(t *testing.T) {
	t.Parallel()
	at, topic := embedded("")(t), lab.Topic("stub")
	runGo(t, connect(t, at), dasf.Config{Topic: topic}, dasf.Func("sleep", func(context.Context, struct {
		Seconds float64 `json:"seconds"`
	}) (float64, error) {
		return 0, context.DeadlineExceeded
	}))
	said := runStub(t, lab.StubPython(), pythonStub(t, reference(topic)), at, `
import stub
with stub.BackendModule.time_limit(100):
    try:
        stub.sleep(0)
    except TimeoutError as e:
        print(e)
try:
    stub.sleep(0)
except ValueError as e:
    print(e)
`)
	if want := "no result within 100 s: error executing request: context deadline exceeded\nerror executing request: context deadline exceeded\n"; !strings.HasSuffix(said, want) {
		t.Error(said)
	}
	folder := compiled(t)
	script := write(t, folder, "late.mjs", []byte(`
import WebSocket from "ws";
import { Client } from "./stub.js";
const client = new Client({ ...JSON.parse(process.argv[2]), WebSocket });
for (const options of [{ timeout: 100_000 }, {}]) {
  const why = await client.sleep({ seconds: 0 }, options).catch((why) => why);
  console.log(why.code, why.message);
}
client.close();
`))
	said = output(t, exec.CommandContext(within(t), "node", script, callOptions(t, at, topic, nil)))
	if want := "deadline_exceeded no result within 100000 ms: error executing request: context deadline exceeded\ndeadline_exceeded error executing request: context deadline exceeded\n"; said != want {
		t.Error(said)
	}
}

// closing stands in front of a broker and closes the connection over the first
// requests: with a close frame, after which websocket-client does not come back
// by itself, or without.
func closing(t *testing.T, at peers.Endpoint, requests int64, frame bool) peers.Endpoint {
	t.Helper()
	var closed atomic.Int64
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: at.Addr})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		producer := strings.Count(r.URL.Path, "/") == 2
		if !producer || closed.Add(1) > requests {
			forward.ServeHTTP(w, r)
			return
		}
		c, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if _, _, err := c.ReadMessage(); err == nil && frame {
			goodbye := websocket.FormatCloseMessage(websocket.CloseInternalServerErr, "goodbye")
			_ = c.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(10*time.Second)) // the client may be gone
		}
	}))
	t.Cleanup(func() {
		server.Close()
		if n := closed.Load(); n <= 2 {
			t.Errorf("the connection was closed only %d times", n)
		}
	})
	return peers.Endpoint{Name: "closing", Addr: server.Listener.Addr().String()}
}

// eitherOf calls a member with each stub, and returns what came of it.
var eitherOf = map[string]func(t *testing.T, at peers.Endpoint, topic string) string{
	"python": func(t *testing.T, at peers.Endpoint, topic string) string {
		return runStub(t, lab.StubPython(), pythonStub(t, reference(topic)), at, `
import stub
try:
    print("got", stub.either(7))
except ConnectionError as e:
    print(e)
`)
	},
	"typescript": func(t *testing.T, at peers.Endpoint, topic string) string {
		script := write(t, compiled(t), topic+".mjs", []byte(`
import WebSocket from "ws";
import { Client } from "./stub.js";
const client = new Client({ ...JSON.parse(process.argv[2]), WebSocket });
const got = await client.either({ value: 7 }).catch((why) => why);
console.log(typeof got === "number" ? "got" : got.code, got.message ?? got);
client.close();
`))
		return output(t, exec.CommandContext(within(t), "node", script, callOptions(t, at, topic, nil)))
	},
}

func TestStubsComeBackAfterACloseFrame(t *testing.T) {
	t.Parallel()
	for name, call := range eitherOf {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inner, topic := embedded("")(t), lab.Topic("stub")
			at := closing(t, inner, 2, true)
			runGo(t, connect(t, inner), dasf.Config{Topic: topic}, referenceMembers()...)
			if said := call(t, at, topic); !strings.Contains(said, "got 7\n") {
				t.Error(said)
			}
		})
	}
}

// A broker that closes the connection over a request, as the Django broker does
// for what it can't store, would have it again and again.
func TestStubsGiveUpOnABrokerThatClosesForARequest(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"python":     "the broker does not take the request: ",
		"typescript": "unavailable the broker refused the message: it closes the connection",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, topic := closing(t, embedded("")(t), 1000, false), lab.Topic("stub")
			if said := eitherOf[name](t, at, topic); !strings.Contains(said, want) {
				t.Error(said)
			}
		})
	}
}

// A broker that takes seconds to acknowledge has the request all the same: a
// Python backend, which knows no request again, would run it twice.
func TestStubsSendOnceToASlowBroker(t *testing.T) {
	t.Parallel()
	for name, call := range eitherOf {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inner, topic := embedded("")(t), lab.Topic("stub")
			runGo(t, connect(t, inner), dasf.Config{Topic: topic}, referenceMembers()...)
			var requests atomic.Int64
			_, at := inner.Behind(t, wsproxy.Config{
				Refuse: func(string) int {
					time.Sleep(300 * time.Millisecond) // a far broker: the socket opens after the call began
					return 0
				},
				Intercept: func(f wsproxy.Frame) wsproxy.Action {
					if f.Direction == wsproxy.ToClient {
						return wsproxy.Action{Delay: 3 * time.Second}
					}
					if !wsproxy.Consumer(f.Path) && strings.Contains(string(f.Data), "request") {
						requests.Add(1)
					}
					return wsproxy.Action{}
				},
			})
			if said := call(t, at, topic); !strings.Contains(said, "got 7\n") {
				t.Error(said)
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("the request was sent %d times", n)
			}
		})
	}
}
