package dasf_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// A recorded call is a section of testdata/progress/calls.txtar.
type recordedCall struct {
	name    string
	request string
	answers []recordedMessage // the reports and the response
}

type recordedMessage struct{ Kind, Status, Payload string }

func recordedCalls(t *testing.T) []recordedCall {
	t.Helper()
	text, err := os.ReadFile("testdata/progress/calls.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var calls []recordedCall
	for section := range strings.SplitSeq(string(text), "\n-- ") {
		name, body, ok := strings.Cut(section, " --\n")
		if !ok {
			continue // the prose
		}
		c := recordedCall{name: name}
		for line := range strings.Lines(body) {
			kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			status, payload, ok := strings.Cut(rest, " ")
			switch {
			case !ok:
			case kind == "request":
				c.request = payload
			default:
				c.answers = append(c.answers, recordedMessage{kind, status, payload})
			}
		}
		calls = append(calls, c)
	}
	if len(calls) == 0 {
		t.Fatal("no calls in the file")
	}
	return calls
}

type runStepsRequest struct {
	N        int                  `json:"n" default:"2"`
	Delay    float64              `json:"delay" default:"0.1"`
	Reporter *dasf.ProgressReport `json:"reporter" default:"{\"step_message\":\"Running steps\",\"steps\":2}"`
}

// runSteps does what the reference module does, and waits after each change, so
// that each is sent by itself.
func runSteps(_ context.Context, r runStepsRequest) (string, error) {
	pause := func() { time.Sleep(time.Second) }
	r.Reporter.Submit()
	pause()
	for i := range r.N {
		sub := r.Reporter.Sub(fmt.Sprintf("step %d", i), 0)
		pause()
		if i == 0 {
			nested := sub.Sub("nested", 0)
			pause()
			nested.Complete(nil)
			pause()
		}
		sub.Complete(nil)
		pause()
	}
	r.Reporter.Complete(nil)
	return fmt.Sprintf("done %d", r.N), nil
}

func reportFail(ctx context.Context, r struct {
	Reporter *dasf.ProgressReport `json:"reporter" default:"{\"step_message\":\"Failing\"}"`
}) (string, error) {
	return "", r.Reporter.Do(ctx, func(context.Context) error {
		time.Sleep(time.Second)
		return errors.New("failed inside the report")
	})
}

// startModule runs a module until the test ends.
func startModule(t *testing.T, b transport.Broker, cfg dasf.Config, members ...*dasf.Member) (stop func()) {
	t.Helper()
	ready := make(chan struct{})
	cfg.Topic, cfg.Ready = "topic", func() { close(ready) }
	if cfg.Logger == nil {
		cfg.Logger = quiet()
	}
	m := dasf.NewModule(cfg, members...)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx, b) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	return stop
}

// receiveCall receives the reports and the response of one call.
func (p *rawPeer) receiveCall() (messages []recordedMessage, properties []map[string]string) {
	p.t.Helper()
	for {
		props, text := p.receive()
		messages = append(messages, recordedMessage{props["messageType"], props["status"], text})
		properties = append(properties, maps.Clone(props))
		if props["messageType"] == "response" {
			return messages, properties
		}
	}
}

// A Go backend sends to a Python client what the Python backend sent to it.
func TestBackendReportsAsRecorded(t *testing.T) {
	for _, call := range recordedCalls(t) {
		t.Run(call.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				startModule(t, b, dasf.Config{}, dasf.Func("run_steps", runSteps), dasf.Func("report_fail", reportFail))
				p := newRawPeer(t, b, "topic")
				p.send("request", "3", call.request)
				got, properties := p.receiveCall()
				if diff := cmp.Diff(call.answers, got); diff != "" {
					t.Errorf("messages (-recorded +sent):\n%s", diff)
				}
				for i, props := range properties {
					want := map[string]string{
						"messageType": got[i].Kind, "status": got[i].Status, "requestContext": "3", "source_topic": "topic",
					}
					if diff := cmp.Diff(want, props); diff != "" {
						t.Errorf("properties of message %d: %s", i, diff)
					}
				}
			})
		})
	}
}

// A Go client reads the reports of a Python backend.
func TestClientReadsReportsAsRecorded(t *testing.T) {
	for _, call := range recordedCalls(t) {
		t.Run(call.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := transport.Memory()
				c := dial(t, b)
				var backend sync.WaitGroup
				backend.Go(func() { replay(t, b, call.answers) })
				defer backend.Wait()
				var got []recordedMessage
				result, err := c.Do(t.Context(), json.RawMessage(call.request), dasf.OnProgress(func(r *dasf.ProgressReport) {
					text, err := json.Marshal(r)
					if err != nil {
						t.Error(err)
					}
					got = append(got, recordedMessage{"progress", string(r.Status()), string(text)})
				}))
				response := recordedMessage{"response", "success", string(result)}
				if err != nil {
					response.Status, response.Payload = "error", err.Error()
				}
				if diff := cmp.Diff(call.answers, append(got, response)); diff != "" {
					t.Errorf("(-sent +seen):\n%s", diff)
				}
			})
		})
	}
}

// replay answers one request as a Python backend does, with messages that were recorded.
func replay(t *testing.T, b transport.Broker, messages []recordedMessage) {
	in, err := b.Consume(t.Context(), "topic", transport.ConsumeOptions{Subscription: "backend-module-2026-11-24T15:20:20"})
	if err != nil {
		t.Error(err)
		return
	}
	defer in.Close()
	request, err := in.Receive(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	if err := in.Ack(t.Context(), request); err != nil {
		t.Error(err)
	}
	out, err := b.Produce(t.Context(), request.Properties["response_topic"])
	if err != nil {
		t.Error(err)
		return
	}
	defer out.Close()
	for _, m := range messages {
		id := request.Properties["requestContext"]
		answer := &transport.Message{Context: id, Properties: map[string]string{
			"messageType": m.Kind, "status": m.Status, "requestContext": id, "source_topic": "topic",
		}}
		answer.SetBytes([]byte(m.Payload))
		if err := out.Send(t.Context(), answer); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second) // so that the client's function sees each of them
	}
}
