package cli_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dasf-go/dasf"
)

func get(t *testing.T, url string) (status int, text string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestMetricsOfABackend(t *testing.T) {
	b := newFakeBroker(t)
	own := new(countingObserver)
	r := start(t, []string{"--websocket-url", b.url("/ws/"), "listen", "--metrics-addr", "127.0.0.1:0"}, nil,
		module(dasf.Config{Topic: "topic", Observer: own}))
	r.out.await(t, "waiting for incoming request")
	base := regexp.MustCompile(`http://[^"]*/metrics`).FindString(r.out.String())
	base = strings.TrimSuffix(base, "/metrics")
	b.request("1", "request", echoOf("text"))
	b.awaitSent()
	b.request("2", "request", `{"func_name":"fail"}`)
	b.awaitSent()
	b.request("3", "request", `{"func_name":"nobody"}`)
	b.awaitSent()

	for _, path := range []string{"/healthz", "/readyz"} {
		if status, text := get(t, base+path); status != http.StatusOK || text != "ok\n" {
			t.Errorf("%s: %d %q", path, status, text)
		}
	}
	if status, _ := get(t, base+"/else"); status != http.StatusNotFound {
		t.Errorf("/else: %d", status)
	}
	status, text := get(t, base+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	for _, want := range []string{
		`dasf_requests_total{code="ok",member="echo",topic="topic"} 1`,
		`dasf_requests_total{code="execution",member="fail",topic="topic"} 1`,
		`dasf_requests_total{code="invalid_request",member="unknown",topic="topic"} 1`,
		`dasf_request_seconds_count{member="echo",topic="topic"} 1`,
		`dasf_request_wait_seconds_count{topic="topic"} 3`,
		`dasf_requests_running{topic="topic"} 0`,
		`dasf_requests_waiting{topic="topic"} 0`,
		`dasf_messages_total{event="dropped",topic="topic"} 0`,
		`dasf_connections{topic="topic"} `,
		`dasf_reconnects_total{topic="topic"} 0`,
		"go_goroutines ", "process_open_fds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if n := own.requests.Load(); n != 3 {
		t.Errorf("the program's own observer was told of %d requests", n)
	}
	if code := r.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := http.Get(base + "/healthz"); err == nil {
		t.Error("the metrics are served on after the end")
	}
}

func TestBadMetricsAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"9090":          `--metrics-addr is "9090": it must be HOST:PORT`,
		"203.0.113.1:1": "--metrics-addr: listen tcp",
	} {
		got := call(t, []string{"listen", "--metrics-addr", address}, nil, module(dasf.Config{Topic: "topic"}))
		if got.code == 0 || !strings.Contains(got.err, want) {
			t.Errorf("%s: exit code %d, %s", address, got.code, got.err)
		}
	}
}

func TestReadinessEndsWithTheConnection(t *testing.T) {
	m := module(dasf.Config{Topic: "topic"})
	_, broker := backend(t, true, m)
	port := regexp.MustCompile(`ws://127\.0\.0\.1:(\d+)`).FindStringSubmatch(broker.out.String())[1]
	r := start(t, []string{"--websocket-url", "ws://127.0.0.1:" + port + "/ws/", "listen", "--metrics-addr", "127.0.0.1:0"}, nil,
		module(dasf.Config{Topic: "other"}))
	r.out.await(t, "waiting for incoming request")
	base := strings.TrimSuffix(regexp.MustCompile(`http://[^"]*/metrics`).FindString(r.out.String()), "/metrics")
	if status, text := get(t, base+"/readyz"); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	broker.end(t)
	r.out.await(t, "disconnected")
	status, text := get(t, base+"/readyz")
	if status != http.StatusServiceUnavailable || !strings.Contains(text, "the connection to the broker is lost") {
		t.Errorf("%d %s", status, text)
	}
	if _, text := get(t, base+"/metrics"); !strings.Contains(text, `dasf_disconnects_total{topic="other"} `) ||
		strings.Contains(text, `dasf_disconnects_total{topic="other"} 0`) {
		t.Error("no disconnect was counted")
	}
}

type countingObserver struct{ requests atomic.Int64 }

func (o *countingObserver) Request(dasf.RequestEvent) { o.requests.Add(1) }
func (o *countingObserver) Held(int, int)             {}
func (o *countingObserver) Count(dasf.Counter, int)   {}
