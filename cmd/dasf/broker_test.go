package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func TestBrokerServesUntilItIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, printed := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"broker", "--listen", "localhost:0"}, printed, &stderr)
		printed.Close()
	}()
	lines := bufio.NewScanner(out)
	var url string
	for lines.Scan() {
		if m := regexp.MustCompile(`--websocket-url (\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			url = m[1]
			break
		}
	}
	if url == "" {
		t.Fatalf("no URL was printed; stderr: %s", &stderr)
	}
	go io.Copy(io.Discard, out)
	ws, _, err := websocket.DefaultDialer.Dial(url+"topic", nil)
	if err != nil {
		t.Fatalf("dialling the printed URL: %v", err)
	}
	defer ws.Close()
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"payload":"","context":"1"}`)); err != nil {
		t.Fatal(err)
	}
	_, answer, err := ws.ReadMessage()
	if err != nil || !strings.Contains(string(answer), `"ok"`) {
		t.Fatalf("answer %s, error %v", answer, err)
	}
	cancel()
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("on stop the socket ended with %v, want close code 1001", err)
	}
	if c := <-code; c != 0 {
		t.Errorf("exit code %d, want 0; stderr: %s", c, &stderr)
	}
}

func TestBrokerRefusesToStart(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"all interfaces", []string{"--listen", "0.0.0.0:0"}, 1, "loopback"},
		{"no host", []string{"--listen", ":0"}, 1, "loopback"},
		{"all IPv6 interfaces", []string{"--listen", "[::]:0"}, 1, "loopback"},
		{"an address of a network", []string{"--listen", "192.0.2.7:0"}, 1, "loopback"},
		{"users who are not there", []string{"--users", "/nosuch/users.json"}, 1, "dasf broker token create"},
		{"users nobody is asked for", []string{"--jwt-secret-key-file", "/nosuch", "--insecure-no-auth"}, 2, "leave one or the other out"},
		{"a key that is not there", []string{"--jwt-secret-key-file", "/nosuch"}, 1, "/nosuch"},
		{"a certificate without a key", []string{"--tls-cert", "x"}, 2, "belong together"},
		{"a certificate that is not there", []string{"--tls-cert", "/nosuch", "--tls-key", "/nosuch"}, 1, "/nosuch"},
		{"a configuration that is not there", []string{"--config", "/nosuch"}, 1, "/nosuch"},
		{"bad policy", []string{"--create-topics", "all"}, 2, "nobody, allowed, users, anyone"},
		{"negative bound", []string{"--user-sockets", "-1"}, 2, "--user-sockets"},
		{"bad time", []string{"--kept-age", "0"}, 2, "--kept-age"},
		{"no port", []string{"--listen", "127.0.0.1"}, 1, "HOST:PORT"},
		{"bad port", []string{"--listen", "127.0.0.1:http2x"}, 1, "http2x"},
		{"bad size", []string{"--max-message", "16X"}, 2, "no size"},
		{"negative size", []string{"--max-message=-1"}, 2, "no size"},
		{"message larger than everything", []string{"--max-message", "2M", "--max-bytes", "1M"}, 1, "--max-bytes is 1048576"},
		{"bad origin", []string{"--allow-origin", "[a"}, 1, "--allow-origin: pattern"},
		{"bad level", []string{"--log-level", "loud"}, 2, "loud"},
		{"unknown flag", []string{"--nope"}, 2, "--nope"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // a broker that starts after all stops at once
			var stdout, stderr bytes.Buffer
			code := run(ctx, append([]string{"broker"}, tt.args...), &stdout, &stderr)
			if code != tt.code || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("exit code %d and %q, want %d and a text with %q", code, &stderr, tt.code, tt.want)
			}
		})
	}
}

func TestHelpExitsWithSuccess(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"broker", "--help"}, &stdout, &stderr); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if !strings.Contains(stdout.String(), "--listen") {
		t.Errorf("help does not name --listen: %s", &stdout)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]size{"0": 0, "65536": 65536, "512K": 512 << 10, "16M": 16 << 20, "1G": 1 << 30} {
		var s size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q is %d, %v, want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "K", "1KK", "1T", "1.5M", "-1", "9223372036854775807K"} {
		var s size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was taken for %d", text, s)
		}
	}
}
