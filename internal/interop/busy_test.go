//go:build interop

package interop_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/internal/interop/wsproxy"
	"github.com/dasf-go/dasf/transport"
)

// A busyBackend has one worker, which a call of sleep holds until it is freed.
type busyBackend struct {
	topic   string
	started chan struct{}
	release chan struct{}
	once    sync.Once
}

func (b *busyBackend) free() { b.once.Do(func() { close(b.release) }) }

func startBusy(t *testing.T, at peers.Endpoint) *busyBackend {
	t.Helper()
	b := &busyBackend{topic: lab.Topic("busy"), started: make(chan struct{}, 1), release: make(chan struct{})}
	members := []*dasf.Member{dasf.Func("sleep", func(ctx context.Context, r struct {
		Seconds float64 `json:"seconds"`
	}) (float64, error) {
		b.started <- struct{}{}
		select {
		case <-b.release:
			return r.Seconds, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})}
	for _, m := range referenceMembers() {
		if m.Name() == "either" || m.Name() == "length" {
			members = append(members, m)
		}
	}
	runGo(t, connect(t, at), dasf.Config{Topic: b.topic, Workers: 1}, members...)
	return b
}

// occupy has the worker work.
func (b *busyBackend) occupy(t *testing.T, at peers.Endpoint) {
	t.Helper()
	c := dialTest(t, connect(t, at), b.topic)
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	held := make(chan error, 1)
	go func() {
		_, err := dasf.Call[float64](ctx, c, "sleep", map[string]any{"seconds": 1})
		held <- err
	}()
	t.Cleanup(func() {
		defer cancel()
		b.free()
		if err := <-held; err != nil {
			t.Errorf("the call that held the worker: %v", err)
		}
	})
	await(t, b.started, "the call that holds the worker")
}

// While its workers are busy, a backend answers what needs none of them, where
// the broker delivers it. Pulsar's store does not: there the answer comes when
// a worker is free.
func TestQuestionsToABusyBackend(t *testing.T) {
	t.Parallel()
	for _, s := range slots {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			at := s.open(t)
			b := startBusy(t, at)
			b.occupy(t, at)
			c := dialTest(t, connect(t, at), b.topic)
			questions := map[string]func(context.Context) error{
				"ping":     func(ctx context.Context) error { _, err := c.Ping(ctx); return err },
				"info":     func(ctx context.Context) error { _, err := c.Info(ctx); return err },
				"api_info": func(ctx context.Context) error { _, err := c.API(ctx); return err },
			}
			answers, ctx := make(chan error, len(questions)), within(t)
			for _, ask := range questions {
				go func() { answers <- ask(ctx) }()
			}
			if s.name == "pulsar-persistent" {
				b.free()
			}
			for range questions {
				if err := await(t, answers, "an answer"); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// obedient clients make a call for each line that they read: of a small request
// or of one that goes in pieces.
var obedient = map[string]func(t *testing.T, at peers.Endpoint, topic string) *exec.Cmd{
	"python": func(t *testing.T, at peers.Endpoint, topic string) *exec.Cmd {
		cmd := pythonCommand(within(t), lab.StubPython(), at, "-c", `
import sys, stub
stub.BackendModule.liveness = 3
for line in sys.stdin:
    small = line == "small\n"
    print("got", stub.either(7) if small else stub.length("x" * 2_000_000), flush=True)
`)
		cmd.Dir = filepath.Dir(pythonStub(t, reference(topic)))
		return cmd
	},
	"typescript": func(t *testing.T, at peers.Endpoint, topic string) *exec.Cmd {
		script := write(t, compiled(t), topic+".mjs", []byte(`
import { createInterface } from "node:readline";
import WebSocket from "ws";
import { Client } from "./stub.js";
const client = new Client({ ...JSON.parse(process.argv[2]), liveness: 3000, WebSocket });
for await (const line of createInterface({ input: process.stdin })) {
  const small = line === "small";
  console.log("got", await (small ? client.either({ value: 7 }) : client.length({ text: "x".repeat(2_000_000) })));
}
client.close();
`))
		return exec.CommandContext(within(t), "node", script, callOptions(t, at, topic, nil))
	},
}

// An obedientClient is one of them that runs, behind a proxy that counts its
// pings. The channel is closed when it ends.
type obedientClient struct {
	pings atomic.Int64
	tell  io.WriteCloser
	said  chan string
	ended chan struct{}
	err   error // once it ended
}

func startObedient(t *testing.T, kind string, inner peers.Endpoint, topic string) *obedientClient {
	t.Helper()
	c := &obedientClient{said: make(chan string, 10), ended: make(chan struct{})}
	_, at := inner.Behind(t, wsproxy.Config{Intercept: func(f wsproxy.Frame) wsproxy.Action {
		if f.Direction == wsproxy.ToBroker && strings.Contains(string(f.Data), `"ping"`) {
			c.pings.Add(1)
		}
		return wsproxy.Action{}
	}})
	cmd := obedient[kind](t, at, topic)
	var errs strings.Builder
	cmd.Stderr = &errs
	tell, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.tell = tell
	go func() {
		defer close(c.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "got ") {
				c.said <- lines.Text()
			}
		}
		close(c.said)
		if err := cmd.Wait(); err != nil {
			c.err = fmt.Errorf("%s: %w\n%s", kind, err, errs.String())
		}
	}()
	t.Cleanup(func() { <-c.ended }) // at the latest when its context does
	return c
}

// end lets the client end.
func (c *obedientClient) end(t *testing.T) {
	t.Helper()
	c.tell.Close()
	await(t, c.ended, "the end of the client")
	if c.err != nil {
		t.Error(c.err)
	}
}

func (c *obedientClient) call(t *testing.T, what string) {
	t.Helper()
	if _, err := io.WriteString(c.tell, what+"\n"); err != nil {
		t.Fatal(err)
	}
}

// On Pulsar's store pings wait behind the requests while all workers are busy.
// A stub that had one answered before took that for a backend that is gone, and
// one that has had none for a backend that takes no pieces.
func TestStubsWaitForABusyBackend(t *testing.T) {
	t.Parallel()
	at := slots[1].open(t)
	for kind := range obedient {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := startBusy(t, at)
			knows, fresh := startObedient(t, kind, at, b.topic), startObedient(t, kind, at, b.topic)
			knows.call(t, "large")
			if said := await(t, knows.said, "the first call"); said != "got 2000000" {
				t.Fatal(said)
			}
			before := knows.pings.Load()
			if before == 0 {
				t.Error("the client sent a request in pieces and had asked nobody")
			}
			b.occupy(t, at)
			knows.call(t, "small")
			fresh.call(t, "large")
			for ctx := within(t); ctx.Err() == nil && (knows.pings.Load() < before+3 || fresh.pings.Load() < 3); {
				select {
				case said, ok := <-knows.said:
					t.Fatalf("the client that had an answer before said %q, %v, while the backend was busy", said, ok)
				case said, ok := <-fresh.said:
					t.Fatalf("the client that had none said %q, %v, while the backend was busy", said, ok)
				case <-time.After(50 * time.Millisecond):
				}
			}
			b.free()
			if said := await(t, knows.said, "the small call"); said != "got 7" {
				t.Error(said)
			}
			if said := await(t, fresh.said, "the large call"); said != "got 2000000" {
				t.Error(said)
			}
			knows.end(t)
			fresh.end(t)
		})
	}
}

// So it is with a Go client.
func TestGoClientWaitsForABusyBackend(t *testing.T) {
	t.Parallel()
	at := slots[1].open(t)
	b := startBusy(t, at)
	text := map[string]any{"text": strings.Repeat("x", 2_000_000)}
	var pings atomic.Int64
	_, behind := at.Behind(t, wsproxy.Config{Intercept: func(f wsproxy.Frame) wsproxy.Action {
		if f.Direction == wsproxy.ToBroker && strings.Contains(string(f.Data), `"ping"`) {
			pings.Add(1)
		}
		return wsproxy.Action{}
	}})
	client := func() *dasf.Client {
		return dialTest(t, connectWith(t, behind, transport.Options{}), b.topic, dasf.WithLiveness(2*time.Second))
	}
	knows, fresh := client(), client()
	if n, err := dasf.Call[int](within(t), knows, "length", text); err != nil || n != 2_000_000 {
		t.Fatalf("got %d, %v", n, err)
	}
	before := pings.Load()
	b.occupy(t, at)
	results, ctx := make(chan error, 2), within(t)
	go func() {
		_, err := dasf.Call[int](ctx, knows, "either", map[string]any{"value": 7})
		results <- err
	}()
	go func() {
		_, err := dasf.Call[int](ctx, fresh, "length", text)
		results <- err
	}()
	for ctx.Err() == nil && pings.Load() < before+6 {
		select {
		case err := <-results:
			t.Fatalf("a call ended with %v while the backend was busy", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
	b.free()
	for range 2 {
		if err := await(t, results, "a result"); err != nil {
			t.Error(err)
		}
	}
}
