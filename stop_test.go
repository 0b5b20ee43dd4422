package dasf_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

func TestCancelEndsTheHandlersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		tb := startBackend(t, b, dasf.Config{})
		c := dial(t, b)
		for _, test := range []struct {
			name  string
			after time.Duration
		}{{"once it is held", time.Second}, {"before it is known to be held", 50 * time.Millisecond}} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			time.AfterFunc(test.after, cancel)
			_, err := dasf.Call[string](ctx, c, "sleep", sleepRequest{3000})
			if dasf.CodeOf(err) != dasf.CodeCanceled || !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v", test.name, err)
			}
			if cause := <-tb.ended; dasf.CodeOf(cause) != dasf.CodeCanceled {
				t.Errorf("%s: the handler's context ended with %v", test.name, cause)
			}
		}
		tb.stop()
		c.Close()
	})
}

func TestDeadlineIsTheHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		tb := startBackend(t, b, dasf.Config{Workers: 1})
		c := dial(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := dasf.Call[string](ctx, c, "sleep", sleepRequest{3000})
		if dasf.CodeOf(err) != dasf.CodeDeadlineExceeded || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if cause := <-tb.ended; !errors.Is(cause, context.DeadlineExceeded) && dasf.CodeOf(cause) != dasf.CodeCanceled {
			t.Errorf("the handler's context ended with %v", cause)
		}
		p := newRawPeer(t, b, "topic")
		p.send("request", "1", fmt.Sprintf(sleepJSON, 1.0), "timeout", "0", "dasf", "1")
		props, text := p.receive()
		if props["code"] != "deadline_exceeded" || !strings.Contains(text, "before it was started") {
			t.Errorf("expired on arrival: %v %q", props, text)
		}
		p.send("request", "2", fmt.Sprintf(sleepJSON, 0.0), "timeout", "soon")
		if _, text := p.receive(); text != `"slept"` {
			t.Errorf("a timeout that is no number: %q", text)
		}
		tb.stop()
		c.Close()
	})
}

// Client and backend have one deadline; which of them sees it first is chance.
func TestTheContextsErrorIsFoundWhicheverSideSawItFirst(t *testing.T) {
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		b := transport.Memory()
		startModule(t, b, dasf.Config{}, dasf.Func("f", func(context.Context, dasf.None) (dasf.None, error) {
			return dasf.None{}, cause
		}))
		c := dial(t, b)
		_, err := dasf.Call[dasf.None](t.Context(), c, "f", nil)
		var e *dasf.Error
		if !errors.As(err, &e) || !e.Remote() || !errors.Is(err, cause) {
			t.Errorf("got %v for a backend's %v", err, cause)
		}
		for _, other := range []error{context.Canceled, context.DeadlineExceeded} {
			if other != cause && errors.Is(err, other) {
				t.Errorf("%v is taken for %v", err, other)
			}
		}
		c.Close()
	}
}

func TestStopFinishesWhatIsInHandAndHandsBackTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		tb := startBackend(t, b, dasf.Config{Workers: 1, QueueSize: 10})
		p := newRawPeer(t, b, "topic")
		p.send("request", "0", fmt.Sprintf(sleepJSON, 10.0))
		time.Sleep(time.Second)
		tb.stop()
		time.Sleep(time.Second)
		p.send("request", "1", `{"func_name":"echo","data":"for the next one"}`)
		if _, text := p.receive(); text != `"slept"` {
			t.Errorf("got %q", text)
		}
		if err := <-tb.err; err != nil {
			t.Error(err)
		}
		tb.err <- nil
		next := startBackend(t, b, dasf.Config{Workers: 1})
		if _, text := p.receive(); text != `"for the next one"` {
			t.Errorf("got %q", text)
		}
		next.stop()
	})
}

func TestStopCancelsWhatOutlivesTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		tb := startBackend(t, b, dasf.Config{Grace: dasf.Seconds(5)})
		p := newRawPeer(t, b, "topic")
		p.send("request", "0", fmt.Sprintf(sleepJSON, 100.0))
		time.Sleep(time.Second)
		start := time.Now()
		tb.end(t)
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("stopped after %v, want 5s", d)
		}
		// Not acknowledged: the next backend gets it.
		next := startBackend(t, b, dasf.Config{})
		time.Sleep(time.Second)
		if next.runs.Load() != 1 {
			t.Error("the request was not handed back")
		}
		time.Sleep(100 * time.Second)
		if _, text := p.receive(); text != `"slept"` {
			t.Errorf("got %q", text)
		}
		next.stop()
	})
}

func TestStopRefusesWhatIsNotStartedWhereNothingIsRedelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent
		tb := startBackend(t, b, dasf.Config{Workers: 1})
		p := newRawPeer(t, b, "topic")
		p.send("request", "0", fmt.Sprintf(sleepJSON, 10.0))
		p.send("request", "1", fmt.Sprintf(sleepJSON, 10.0))
		time.Sleep(time.Second)
		tb.stop()
		texts := map[string]string{}
		for range 2 {
			props, text := p.receive()
			texts[props["requestContext"]] = text
		}
		if texts["0"] != `"slept"` || !strings.Contains(texts["1"], "shutting down") {
			t.Errorf("got %v", texts)
		}
	})
}
