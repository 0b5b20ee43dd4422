//go:build interop

package interop_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/internal/interop/wsproxy"
)

// onePerBroker are the brokers, without the forms of their addresses.
var onePerBroker = []slot{slots[0], slots[1], slots[3]}

// twoSleeps call sleep twice, and print what the first call returned.
var twoSleeps = map[string]func(t *testing.T, at peers.Endpoint, topic string) *exec.Cmd{
	"python": func(t *testing.T, at peers.Endpoint, topic string) *exec.Cmd {
		cmd := pythonCommand(within(t), lab.StubPython(), at, "-c", `
import stub
print("slept", stub.sleep(1), flush=True)
stub.sleep(2)
`)
		cmd.Dir = filepath.Dir(pythonStub(t, reference(topic)))
		return cmd
	},
	"typescript": func(t *testing.T, at peers.Endpoint, topic string) *exec.Cmd {
		script := write(t, compiled(t), topic+".mjs", []byte(`
import WebSocket from "ws";
import { Client } from "./stub.js";
const client = new Client({ ...JSON.parse(process.argv[2]), WebSocket });
console.log("slept", await client.sleep({ seconds: 1 }));
await client.sleep({ seconds: 2 });
`))
		return exec.CommandContext(within(t), "node", script, callOptions(t, at, topic, nil))
	},
}

// A stub's calls are kept for as long as it says that it is there, however
// often it is asked, and cancelled when its process is killed.
func TestCallsOfAStubThatIsKilledAreCancelled(t *testing.T) {
	t.Parallel()
	for name, client := range twoSleeps {
		for _, s := range onePerBroker {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				var answers atomic.Int64
				inner := s.open(t)
				_, at := inner.Behind(t, wsproxy.Config{Intercept: func(f wsproxy.Frame) wsproxy.Action {
					if f.Direction == wsproxy.ToBroker && strings.Contains(string(f.Data), `"alive"`) {
						answers.Add(1)
					}
					return wsproxy.Action{}
				}})
				topic := lab.Topic("stub")
				started, ended := make(chan float64, 2), make(chan error, 2)
				finish := make(chan struct{})
				runGo(t, connect(t, inner), dasf.Config{Topic: topic, CancelOnDisconnect: true, AliveInterval: 2 * time.Second},
					dasf.Func("sleep", func(ctx context.Context, r struct {
						Seconds float64 `json:"seconds"`
					}) (float64, error) {
						started <- r.Seconds
						select {
						case <-finish:
							return r.Seconds, nil
						case <-ctx.Done():
							ended <- context.Cause(ctx)
							return 0, ctx.Err()
						}
					}))
				cmd := client(t, at, topic)
				var said strings.Builder
				cmd.Stdout, cmd.Stderr = &said, &said
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				await(t, started, "the first call")
				// More than would have ended it, had they gone unanswered.
				for ctx := within(t); answers.Load() < 4 && len(ended) == 0 && ctx.Err() == nil; {
					time.Sleep(20 * time.Millisecond)
				}
				select {
				case finish <- struct{}{}:
				case err := <-ended:
					t.Fatalf("the handler's context ended with %v, while its client was there and answered %d questions", err, answers.Load())
				}
				if got := await(t, started, "the second call"); got != 2 {
					t.Errorf("sleep was called with %v", got)
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				err := cmd.Wait()
				if !strings.Contains(said.String(), "slept 1") || cmd.ProcessState.ExitCode() != -1 {
					t.Errorf("the client said %q and ended with %v", said.String(), err)
				}
				if n := answers.Load(); n < 4 {
					t.Errorf("the client said %d times that it was there", n)
				}
				if err := await(t, ended, "the end of the handler's context"); !errors.Is(err, dasf.ErrClientGone) {
					t.Errorf("the handler's context ended with %v", err)
				}
			})
		}
	}
}

// An AbortSignal ends the waiting and the backend's work.
func TestTypeScriptStubCancelsWithAnAbortSignal(t *testing.T) {
	t.Parallel()
	folder := compiled(t)
	for _, s := range onePerBroker {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			at, topic := s.open(t), lab.Topic("stub")
			ended := make(chan error, 1)
			runGo(t, connect(t, at), dasf.Config{Topic: topic}, dasf.Func("steps", func(ctx context.Context, r struct {
				N      int                  `json:"n" default:"2"`
				Report *dasf.ProgressReport `json:"report" default:"{\"step_message\":\"Steps\"}"`
			}) (int, error) {
				r.Report.Sub("begun", 0)
				<-ctx.Done()
				ended <- ctx.Err()
				return 0, ctx.Err()
			}))
			script := write(t, folder, topic+".mjs", []byte(`
import WebSocket from "ws";
import { Client } from "./stub.js";
const client = new Client({ ...JSON.parse(process.argv[2]), WebSocket });
const stop = new AbortController();
const begun = () => stop.abort(new Error("too dear"));
const call = client.steps({ n: 1 }, { signal: stop.signal, onProgress: begun });
const why = await call.catch((why) => why);
console.log(why.code, why.message);
client.close();
`))
			said := output(t, exec.CommandContext(within(t), "node", script, callOptions(t, at, topic, nil)))
			if want := "canceled the call was canceled: too dear\n"; said != want {
				t.Error(said)
			}
			if err := await(t, ended, "the end of the handler's context"); dasf.CodeOf(err) != dasf.CodeCanceled {
				t.Errorf("the handler's context ended with %v", err)
			}
		})
	}
}
