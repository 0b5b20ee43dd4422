//go:build interop

package faults_test

import (
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// A call's deadline travels as the time that is left, and a request that nobody
// waits for is cancelled where it runs.
func TestDeadlineAndCancel(t *testing.T) {
	on(t, every, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "deadline")
		backend := b.backend(nil)
		client, err := dasf.Dial(t.Context(), connectWith(s.at, transport.Options{}), b.topic)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		deadline(t, client)
		waitFor(t, "the handler to be cancelled", func() bool { return len(b.ended()) == 1 })
		cancelled(t, b, client)
		waitFor(t, "the handler to be cancelled", func() bool { return len(b.ended()) == 2 })
		interrupted(t, b, backend, client)
		waitFor(t, "the handler to be cancelled", func() bool { return len(b.ended()) == 3 })
	})
}

// deadline makes a call that would take an hour and may take two seconds.
func deadline(t *testing.T, c *dasf.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := dasf.Call[string](ctx, c, "work", workRequest{ID: "deadline", MS: 3_600_000})
	if dasf.CodeOf(err) != dasf.CodeDeadlineExceeded {
		t.Errorf("the call with a deadline ended with %v", err)
	}
}

// cancelled makes a call and cancels it once it runs.
func cancelled(t *testing.T, b *bench, c *dasf.Client) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := dasf.Call[string](ctx, c, "work", workRequest{ID: "cancelled", MS: 3_600_000})
		done <- err
	}()
	waitFor(t, "the call to run", func() bool { return b.runs() == 2 })
	cancel()
	if err := <-done; dasf.CodeOf(err) != dasf.CodeCanceled {
		t.Errorf("the cancelled call ended with %v", err)
	}
}

// interrupted runs the command send-request and sends it what Ctrl-C sends,
// once the backend has told it that it holds the call.
func interrupted(t *testing.T, b *bench, backend *process, c *dasf.Client) {
	t.Helper()
	p := start(t, "backend", settings{Topic: b.topic, At: b.server.at, Alive: 2, Args: []string{"send-request", "work", "id=interrupted", "ms=3600000"}})
	waitFor(t, "the call to run", func() bool { return b.runs() == 3 })
	told := regexp.MustCompile(`connected topic=` + b.topic + `_\w+ url=`)
	waitFor(t, "the backend to answer the second client", func() bool { return len(told.FindAllString(backend.Log(), -1)) == 2 })
	if _, err := c.Ping(t.Context()); err != nil { // and its word has arrived
		t.Error(err)
	}
	if err := p.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	<-p.Done()
	if code := p.ExitCode(); code != 130 {
		t.Errorf("send-request exits with %d:\n%s", code, p.Log())
	}
}
