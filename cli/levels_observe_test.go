package cli_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
)

// gated has a member that waits until its context ends or the test is over.
func gated(t *testing.T, b *fakeBroker) []*dasf.Member {
	b.release = make(chan struct{})
	gate := b.release
	return []*dasf.Member{dasf.Func("wait", func(ctx context.Context, _ noParams) (string, error) {
		b.started <- struct{}{}
		select {
		case <-gate:
		case <-ctx.Done():
		}
		return "", nil
	})}
}

const waitRequest = `{"func_name":"wait"}`

// atOnce delivers requests that wait and counts those that were started.
func atOnce(t *testing.T, b *fakeBroker, _ *running) string {
	b.awaitShake()
	const all = 8
	for i := range all {
		b.request(strconv.Itoa(i), "request", waitRequest)
	}
	n := 0
	for range all {
		select {
		case <-b.started:
			if n++; n == 5 {
				return "at least 5"
			}
		case <-time.After(quiet):
			return strconv.Itoa(n)
		}
	}
	t.Fatal("not reached")
	return ""
}

// quiet is how long nothing must happen until it counts as not happening.
const quiet = 300 * time.Millisecond

// waiting fills the queue behind one worker and counts what fits in.
func waiting(t *testing.T, b *fakeBroker, _ *running) string {
	b.awaitShake()
	b.request("first", "request", waitRequest)
	<-b.started
	const more = 8
	for i := range more {
		b.request(strconv.Itoa(i), "request", waitRequest)
	}
	refused := 0
	for {
		select {
		case f := <-b.sent:
			if !strings.Contains(f.text(), "queue overflow") {
				t.Fatalf("unexpected answer %v %q", f.Properties, f.text())
			}
			refused++
		case <-time.After(quiet):
			return strconv.Itoa(more - refused)
		}
	}
}

func keptOrClosed(_ *testing.T, b *fakeBroker, _ *running) string {
	b.awaitShake()
	b.request("1", "request", echoOf("a"))
	b.awaitSent()
	b.request("2", "request", echoOf("b"))
	b.awaitSent()
	select {
	case <-b.closed:
		return "closed"
	case <-time.After(quiet):
		return "kept"
	}
}

func givenUp(t *testing.T, b *fakeBroker, r *running) string {
	b.awaitShake()
	b.request("1", "request", echoOf("a"))
	timer := time.AfterFunc(quiet, func() { close(b.hold) })
	defer timer.Stop()
	for {
		select {
		case <-b.sent:
			return "answered"
		case <-r.out.changed:
			if strings.Contains(r.out.String(), "sending a response") {
				return "given up"
			}
		case <-time.After(patience):
			t.Fatal("neither answered nor given up")
		}
	}
}

func acknowledged(_ *testing.T, b *fakeBroker, _ *running) string {
	b.awaitShake()
	b.request("1", "request", waitRequest)
	<-b.started
	select {
	case <-b.acks:
		return "on-receipt"
	case <-time.After(quiet):
		return "after-response"
	}
}

// stopped ends the backend while a handler waits for its context to end.
func stopped(_ *testing.T, b *fakeBroker, r *running) string {
	b.awaitShake()
	b.request("1", "request", waitRequest)
	<-b.started
	r.stop()
	select {
	case <-b.sent:
		return "ended"
	case <-time.After(quiet):
		return "goes on"
	}
}

// redeliveries delivers requests that were delivered before, and returns the
// largest number of times that is not refused.
func redeliveries(t *testing.T, b *fakeBroker, _ *running) string {
	b.awaitShake()
	const most = 6
	for n := 1; n <= most; n++ {
		b.requestWith(n, map[string]string{"requestContext": strconv.Itoa(n), "messageType": "request"}, echoOf("a"))
	}
	taken := 0
	for range most {
		f := b.awaitSent()
		if f.text() == `"a"` {
			taken = max(taken, number(f.Properties["requestContext"]))
		} else if !strings.Contains(f.text(), "never answered") {
			t.Errorf("unexpected answer %v %q", f.Properties, f.text())
		}
	}
	return strconv.Itoa(taken)
}

// askedForLife returns whether a client whose call runs is asked if it is there.
func askedForLife(_ *testing.T, b *fakeBroker, _ *running) string {
	b.awaitShake()
	b.requestWith(0, map[string]string{"requestContext": "1", "messageType": "request", "dasf": "1", "watch": "1"}, waitRequest)
	for {
		if f := b.awaitSent(); f.Properties["messageType"] == "alive" {
			return strconv.FormatBool(f.Properties["watch"] != "")
		}
	}
}
