package dasf_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

func TestACallEndsWhenItsRequestIsRefusedAlthoughItDoesNotWaitForTheBroker(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		code dasf.Code
	}{
		{"full", &transport.SendError{Result: "send-error:8", Message: "full"}, dasf.CodeBusy},
		{"not allowed", &transport.SendError{Result: "User is not allowed to publish to this topic"}, dasf.CodeUnavailable},
		{"closed", transport.ErrClosed, dasf.CodeUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := watched()
				b.stall = func(_ context.Context, m *transport.Message) error {
					if m.Properties["messageType"] == "request" {
						return tt.err
					}
					return nil
				}
				startBackend(t, b, dasf.Config{})
				client := dial(t, b)
				_, err := dasf.Call[string](t.Context(), client, "echo", echoRequest{"hi"})
				if dasf.CodeOf(err) != tt.code || !errors.Is(err, tt.err) {
					t.Errorf("got %v, code %q", err, dasf.CodeOf(err))
				}
			})
		})
	}
}

func TestARequestThatDidNotLeaveIsTakenBackWithItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		ended := make(chan error, 1)
		b.stall = func(ctx context.Context, m *transport.Message) error {
			if m.Properties["messageType"] != "request" {
				return nil
			}
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return ctx.Err()
		}
		startBackend(t, b, dasf.Config{})
		client := dial(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := dasf.Call[string](ctx, client, "echo", echoRequest{"hi"}); dasf.CodeOf(err) != dasf.CodeDeadlineExceeded {
			t.Errorf("got %v", err)
		}
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the request was taken back with %v", err)
		}
	})
}

func TestARequestThatDidNotLeaveIsNotSentOnceItsCallHasFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent
		ended := make(chan error, 10)
		b.stall = func(ctx context.Context, m *transport.Message) error {
			if m.Properties["messageType"] != "request" {
				return nil
			}
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return ctx.Err()
		}
		client := dial(t, b)
		_, err := dasf.Call[string](t.Context(), client, "echo", echoRequest{"hi"})
		if dasf.CodeOf(err) != dasf.CodeUnavailable {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		var causes []error // also those of what was sent again meanwhile
		for len(ended) > 0 {
			causes = append(causes, <-ended)
		}
		if !slices.ContainsFunc(causes, func(err error) bool { return dasf.CodeOf(err) == dasf.CodeUnavailable }) {
			t.Errorf("the request still waits to be sent: %v", causes)
		}
	})
}

// The second response goes over a connection that is there already, and no
// worker waits for it.
func TestARequestIsAcknowledgedOnlyOnceItsResponseIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		taken := make(chan struct{})
		responses := 0
		b.stall = func(_ context.Context, m *transport.Message) error {
			if m.Properties["messageType"] == "response" {
				if responses++; responses == 2 {
					<-taken
				}
			}
			return nil
		}
		tb := startBackend(t, b, dasf.Config{Workers: 1})
		client := dial(t, b)
		acknowledged := func() int {
			n := 0
			for _, event := range b.noted() {
				if event == "ack topic request" {
					n++
				}
			}
			return n
		}
		call := func(data string) {
			if _, err := dasf.Call[string](t.Context(), client, "echo", echoRequest{data}); err != nil {
				t.Errorf("%s: %v", data, err)
			}
		}
		call("a")
		second := make(chan struct{})
		go func() { call("b"); close(second) }()
		synctest.Wait()
		if n := acknowledged(); n != 1 {
			t.Errorf("%d requests are acknowledged while the second response is under way", n)
		}
		tb.stop() // waits for the response
		synctest.Wait()
		if slices.Contains(b.noted(), "nack topic request") {
			t.Error("the request was handed back")
		}
		close(taken)
		<-second
		synctest.Wait()
		if n := acknowledged(); n != 2 {
			t.Errorf("%d requests are acknowledged in the end", n)
		}
	})
}
