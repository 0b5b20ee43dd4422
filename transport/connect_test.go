package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/transport"
)

func TestFirstConnection(t *testing.T) {
	html := func(status int, title string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "text/html;charset=iso-8859-1")
			w.WriteHeader(status)
			fmt.Fprintf(w, "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=ISO-8859-1\"/>\n<title>Error %d %s</title>\n</head>\n<body>", status, title)
			return true
		}
	}
	text := func(status int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			if status/100 == 3 {
				w.Header().Set("Location", "https://elsewhere/ws/")
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	cases := []struct {
		name      string
		refuse    func(http.ResponseWriter, *http.Request) bool
		status    int
		body      string
		temporary bool
		again     bool // it is tried again
		text      string
	}{
		{"400", html(400, "Invalid query params: Empty subscription name"), 400, "Invalid query params: Empty subscription name", false, false,
			"consuming topic/sub: opening ws://broker/ws/topic/sub: broker answered 400 Bad Request: Invalid query params: Empty subscription name"},
		{"401", html(401, "Failed to authenticate"), 401, "Failed to authenticate", false, false,
			"consuming topic/sub: opening ws://broker/ws/topic/sub: broker answered 401 Unauthorized: Failed to authenticate (a header with a valid token is missing)"},
		{"403", html(403, "Not authorized"), 403, "Not authorized", false, false,
			"consuming topic/sub: opening ws://broker/ws/topic/sub: broker answered 403 Forbidden: Not authorized (the token does not grant this topic)"},
		{"404", html(404, "Failed to create producer/consumer: {&quot;errorMsg&quot;:&quot;Namespace not found&quot;}"), 404, `Failed to create producer/consumer: {"errorMsg":"Namespace not found"}`, false, false,
			`consuming topic/sub: opening ws://broker/ws/topic/sub: broker answered 404 Not Found: Failed to create producer/consumer: {"errorMsg":"Namespace not found"} (check the URL, and for Pulsar tenant and namespace)`},
		{"409", html(409, "Exclusive consumer is already connected"), 409, "Exclusive consumer is already connected", true, false,
			"consuming topic/sub: opening ws://broker/ws/topic/sub: broker answered 409 Conflict: Exclusive consumer is already connected (another consumer holds this subscription)"},
		{"500", text(500, ""), 500, "", true, false,
			"consuming topic/sub: opening ws://broker/ws/topic/sub: broker answered 500 Internal Server Error (check the topic: brokers answer so to a name that they can't parse)"},
		{"a long text", text(400, strings.Repeat("bad\n ", 300)), 400, strings.Repeat("bad ", 50) + "…", false, false, ""},
		{"a web server", text(200, "<html><title>It works!</title>"), 200, "It works!", false, false,
			"consuming topic/sub: opening ws://broker/ws/topic/sub: broker answered 200 OK: It works! (what answers there does not speak WebSocket; check the URL)"},
		{"moved", text(301, ""), 301, "moved to https://elsewhere/ws/", false, false,
			"consuming topic/sub: opening ws://broker/ws/topic/sub: broker answered 301 Moved Permanently: moved to https://elsewhere/ws/"},
		{"429", text(429, "slow down"), 429, "slow down", true, true, ""},
		{"502", text(502, ""), 502, "", true, true, ""},
		{"503", html(503, "Service Unavailable"), 503, "Service Unavailable", true, true, ""},
		{"504", text(504, ""), 504, "", true, true, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				l.refuse = c.refuse
				o := l.options()
				for _, failFast := range []bool{false, true} {
					o.FailFast = failFast
					ctx, cancel := context.WithTimeout(l.Context(), time.Minute)
					defer cancel()
					begin := time.Now()
					_, err := transport.WebSocket("ws://broker/ws/", o).Consume(ctx, "topic", transport.ConsumeOptions{Subscription: "sub"})
					var refused *transport.HandshakeError
					if !errors.As(err, &refused) {
						t.Fatalf("Consume: %v, want a HandshakeError", err)
					}
					want := &transport.HandshakeError{URL: "ws://broker/ws/topic/sub", Status: c.status, Body: c.body}
					if d := cmp.Diff(want, refused); d != "" {
						t.Errorf("-want +got:\n%s", d)
					}
					if refused.Temporary() != c.temporary {
						t.Errorf("Temporary() is %v", refused.Temporary())
					}
					if again := time.Since(begin) == time.Minute && errors.Is(err, context.DeadlineExceeded); again != (c.again && !failFast) {
						t.Errorf("FailFast %v: Consume returned after %v: %v", failFast, time.Since(begin), err)
					}
					if c.text != "" && err.Error() != c.text {
						t.Errorf("error is  %s\nwant      %s", err, c.text)
					}
				}
				want := 0
				if c.again {
					want = 1 // not with FailFast
				}
				if lines := l.log.lines("can't be reached"); len(lines) != want {
					t.Errorf("log lines %q, want %d", lines, want)
				}
			})
		})
	}
}

func TestABrokerThatIsNotUpYet(t *testing.T) {
	inLab(t, func(l *lab) {
		l.stop()
		go func() {
			time.Sleep(time.Hour)
			l.start()
		}()
		begin := time.Now()
		consumer, _ := l.consume(l.plain(), "topic")
		if d := time.Since(begin); d < time.Hour || d > time.Hour+10*time.Second {
			t.Errorf("Consume returned after %v, want an hour and at most 10 s", d)
		}
		consumer.Close()
		want := []string{
			"topic/sub away: opening ws://broker/ws/topic/sub: dial pipe broker:80: connection refused",
			"topic/sub connected", "topic/sub away",
		}
		if d := cmp.Diff(want, l.changes()); d != "" {
			t.Errorf("changes, -want +got:\n%s", d)
		}
	})
	inLab(t, func(l *lab) {
		l.stop()
		o := l.options()
		o.FailFast = true
		_, err := transport.WebSocket("ws://broker/ws/", o).Produce(l.Context(), "topic")
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Produce with FailFast: %v, want ECONNREFUSED", err)
		}
		if changes := l.changes(); len(changes) != 0 {
			t.Errorf("changes %q, want none: the error says it", changes)
		}
	})
	inLab(t, func(l *lab) {
		l.stop()
		ctx, cancel := context.WithCancel(l.Context())
		result := make(chan error)
		go func() {
			_, err := l.plain().Produce(ctx, "topic")
			result <- err
		}()
		time.Sleep(time.Minute)
		cancel()
		err := <-result
		if !errors.Is(err, context.Canceled) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Produce: %v, want the end of the context and the last attempt's error", err)
		}
	})
}

func TestABrokerThatAcceptsAndSaysNothing(t *testing.T) {
	inLab(t, func(l *lab) {
		blocked := make(chan struct{})
		l.Cleanup(func() { close(blocked) })
		l.refuse = func(http.ResponseWriter, *http.Request) bool {
			<-blocked
			return true
		}
		o := l.options()
		o.FailFast = true
		begin := time.Now()
		_, err := transport.WebSocket("ws://broker/ws/", o).Produce(l.Context(), "topic")
		if err == nil || !strings.Contains(err.Error(), "no connection within the ConnectTimeout") || time.Since(begin) != 15*time.Second {
			t.Errorf("Produce: %v after %v, want an error after 15 s", err, time.Since(begin))
		}
		// Without FailFast it is tried until the context ends, which is felt
		// at once, also in the middle of an attempt.
		ctx, cancel := context.WithTimeout(l.Context(), time.Minute)
		defer cancel()
		begin = time.Now()
		_, err = l.plain().Produce(ctx, "topic")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
			t.Errorf("Produce: %v after %v, want an error after a minute", err, time.Since(begin))
		}
		if n := l.net.Open(); n != 0 {
			synctest.Wait()
			if n := l.net.Open(); n > 8 {
				t.Errorf("%d ends of connections are open", n)
			}
		}
	})
}

func TestASubscriptionThatABrokerDoesNotGiveBack(t *testing.T) {
	// The broker takes the dead connection for alive and answers 409.
	cases := []struct {
		name    string
		options transport.ConsumeOptions
		renamed bool
	}{
		{"Exclusive and NonDurable", transport.ConsumeOptions{Subscription: "sub", Type: transport.Exclusive, NonDurable: true}, true},
		{"Exclusive and durable", transport.ConsumeOptions{Subscription: "sub", Type: transport.Exclusive}, false},
		{"Shared and NonDurable", transport.ConsumeOptions{Subscription: "sub", Type: transport.Shared, NonDurable: true}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				consumer, err := l.pulsar().Consume(l.Context(), "topic", c.options)
				if err != nil {
					t.Fatal(err)
				}
				l.Cleanup(func() { consumer.Close() })
				broker := l.next()
				const path = "/ws/v2/consumer/persistent/public/default/topic/sub"
				l.set(func() {
					l.refuse = func(w http.ResponseWriter, r *http.Request) bool {
						if r.URL.Path != path {
							return false
						}
						w.WriteHeader(http.StatusConflict)
						return true
					}
				})
				broker.end()
				if !c.renamed {
					time.Sleep(5 * time.Minute)
					l.set(func() { l.refuse = nil })
				}
				broker = l.next()
				if got := broker.request.URL.Path; (got != path) != c.renamed || !strings.HasPrefix(got, path) {
					t.Errorf("the broker was asked for %s, another name: want %v", got, c.renamed)
				}
				broker.deliver("x")
				l.receive(consumer)
			})
		})
	}
}

func TestAReconnectThatIsRefusedIsWarnedOfOnceAndGoesOn(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		l.set(func() { l.refuse = refuseConsumers(http.StatusUnauthorized) })
		broker.end()
		time.Sleep(time.Hour)
		l.set(func() { l.refuse = refuseConsumers(http.StatusForbidden) })
		time.Sleep(time.Hour)
		lines := l.log.lines("level=WARN")
		if len(lines) != 2 || !strings.Contains(lines[0], "answered 401") || !strings.Contains(lines[1], "answered 403") {
			t.Errorf("lines at Warn: %q, want one for 401 and one for 403", lines)
		}
		l.set(func() { l.refuse = nil })
		broker = l.next()
		broker.deliver("x")
		l.receive(consumer)
	})
}
