package dasf_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// Whoever asks for the fourth piece of a response that is no longer there was
// answered with the fourth piece of the error that says so: with nothing.
func TestPiecesThatAreNoLongerKeptAreSaid(t *testing.T) {
	b := transport.Memory()
	startBackend(t, b, dasf.Config{ResendBytes: 10, MaxPayloadSize: 1000})
	p := newRawPeer(t, b, "topic")
	p.send("request", "1", `{"func_name":"big","n":2998}`, "dasf", "1")
	var inbox string
	for inbox == "" {
		props, _ := p.receive()
		if props["fragment"] == "3" {
			inbox = props["inbox"]
		}
	}
	out, err := b.Produce(t.Context(), inbox)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := out.Send(t.Context(), &transport.Message{Properties: map[string]string{
		"messageType": "resend", "requestContext": "1", "caller": p.reply, "missing": "3", "dasf": "1"}}); err != nil {
		t.Fatal(err)
	}
	props, text := p.receive()
	want := map[string]string{"status": "error", "requestContext": "1", "messageType": "response", "source_topic": "topic",
		"dasf": "1", "inbox": inbox, "code": "processing"}
	if diff := cmp.Diff(want, props); diff != "" || !strings.Contains(text, "no longer kept (Config.ResendBytes 10") {
		t.Errorf("got %q, properties %s", text, diff)
	}
}

// Answers that their callers have do not drive out those that may have to be
// sent again, however many there are.
func TestWhatHasArrivedIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent
		var lost atomic.Bool
		b.lose = func(topic string, m *transport.Message) bool {
			return m.Properties["requestContext"] == "0" && m.Properties["fragment"] == "2" && lost.CompareAndSwap(false, true)
		}
		tb := startBackend(t, b, dasf.Config{ResendBytes: 900_000})
		c := dial(t, b)
		big := func() {
			got, err := dasf.Call[string](t.Context(), c, "big", map[string]int{"n": 300_000})
			if err != nil || len(got) != 300_000 {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		}
		var first sync.WaitGroup
		first.Go(big)
		synctest.Wait() // its pieces were sent, and one was lost
		if !lost.Load() {
			t.Fatal("no piece was lost")
		}
		for range 10 {
			big()
			synctest.Wait()
		}
		first.Wait()
		tb.stop()
		c.Close()
	})
}
