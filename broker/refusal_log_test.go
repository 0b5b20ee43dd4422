package broker_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/dasf-go/dasf/broker"
)

// lines is a log as JSON, for another goroutine to read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// with returns the lines with that message.
func (l *lines) with(t testing.TB, message string) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []map[string]any
	for line := range strings.Lines(l.b.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if fields["msg"] == message {
			found = append(found, fields)
		}
	}
	return found
}

func TestTheLogSaysWhoWasRefusedAndWhy(t *testing.T) {
	log := &lines{}
	b, base := serve(t, broker.Config{Authenticator: everybody(), Logger: slog.New(slog.NewJSONHandler(log, nil))})
	mustCreate(t, b, "t", broker.Rights{Producers: []string{"client"}})
	attempt(t, base+"/ws/t?token=secret-secret", "")
	attempt(t, base+"/ws/t", "other")
	dialAs(t, base+"/ws/t", "client").Close()
	ask(t, base, "DELETE", "/api/topics/t", "client", "")
	eventually(t, "the log", func() bool { return len(log.with(t, "disconnected")) == 1 })
	for _, tt := range []struct {
		message string
		at      int
		want    map[string]any
	}{
		{"connection refused", 0, map[string]any{"path": "/ws/t", "status": 401.0, "reason": "the token is not valid"}},
		{"connection refused", 1, map[string]any{"user": "other", "status": 403.0, "reason": `user "other" may not produce to the topic "t"`}},
		{"producer connected", 0, map[string]any{"user": "client", "topic": "t", "form": "plain"}},
		{"disconnected", 0, map[string]any{"user": "client", "topic": "t"}},
		{"request refused", 0, map[string]any{"user": "client", "method": "DELETE", "status": 403.0, "path": "/api/topics/t"}},
	} {
		found := log.with(t, tt.message)
		if len(found) <= tt.at {
			t.Errorf("%d lines say %q", len(found), tt.message)
			continue
		}
		if found[tt.at]["remote"] == nil {
			t.Errorf("%q does not say from where", tt.message)
		}
		for name, want := range tt.want {
			if got := found[tt.at][name]; got != want {
				t.Errorf("%q: %s is %v, want %v", tt.message, name, got, want)
			}
		}
	}
	if strings.Contains(log.b.String(), "secret-secret") {
		t.Error("the log has a token")
	}
}
