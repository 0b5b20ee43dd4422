package broker_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
)

// The answers to messages that wait for the disk, and to those that do not, come
// in the order of the messages.
func TestAnswersKeepTheirOrder(t *testing.T) {
	_, base := serve(t, broker.Config{Dir: t.TempDir(), StoreResponses: broker.StoreDisabled})
	out := dial(t, base+"/ws/t")
	kinds := []struct {
		text   string
		result string
	}{
		{`{"payload":"","context":%d}`, "ok"},
		{`{"payload":"","context":%d,"properties":{"messageType":"response"}}`, "ok"}, // not stored
		{`{"payload":"","context":%d,"properties":[]}`, "error"},
	}
	const n = 600
	for i := range n {
		write(t, out, kinds[i%len(kinds)].text, i)
	}
	for i := range n {
		f := read(t, out)
		if want := kinds[i%len(kinds)].result; !strings.HasPrefix(f.Result, want) || want == "ok" && f.Context != float64(i) {
			t.Fatalf("answer %d is %+v, want %s", i, f, want)
		}
	}
}

// A broker that stops answers what it has taken, and has taken what it answers.
func TestShutdownWaitsForTheDisk(t *testing.T) {
	dir := t.TempDir()
	b, base := serve(t, broker.Config{Dir: dir})
	out := dial(t, base+"/ws/t")
	const n = 2000
	for i := range n {
		write(t, out, `{"payload":"","context":%d}`, i)
	}
	eventually(t, "some messages to be taken", func() bool { return b.Stats().Received > 10 })
	stopped := make(chan error, 1)
	go func() { stopped <- b.Shutdown(context.Background()) }()
	answered := 0
	for ; answered < n; answered++ {
		_, text, err := out.ReadMessage()
		if websocket.IsCloseError(err, websocket.CloseGoingAway) {
			break
		}
		if err != nil || !strings.Contains(string(text), `"ok"`) {
			t.Fatalf("answer %d: %s, %v", answered, text, err)
		}
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	b, _ = serve(t, broker.Config{Dir: dir})
	if st := b.Stats(); st.Messages != int64(answered) {
		t.Errorf("%d messages were answered with ok, %d are stored", answered, st.Messages)
	}
}

// A producer that leaves at once gets its answers, and its messages are stored.
func TestAProducerThatClosesAtOnceIsAnswered(t *testing.T) {
	b, base := serve(t, broker.Config{Dir: t.TempDir()})
	out := dial(t, base+"/ws/v2/producer/persistent/public/default/t")
	const n = 50
	for i := range n {
		write(t, out, `{"payload":"","context":"%d"}`, i)
	}
	if err := out.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, "")); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if f := read(t, out); f.Result != "ok" {
			t.Fatalf("answer %d is %+v", i, f)
		}
	}
	wantClose(t, out, 1000)
	if st := b.Stats(); st.Received != n {
		t.Errorf("%d messages were taken, want %d", st.Received, n)
	}
}

// A large message goes through the store as through memory, and comes again
// from the disk.
func TestALargeMessageFromTheStore(t *testing.T) {
	_, base := serve(t, broker.Config{Dir: t.TempDir()})
	out := dial(t, base+"/ws/t")
	payload := strings.Repeat("QUJD", 1<<20)
	write(t, out, `{"payload":%q,"properties":{"a":1},"unknown":[1,2]}`, payload)
	if f := read(t, out); f.Result != "ok" {
		t.Fatalf("answered with %+v", f)
	}
	for range 2 {
		in := dial(t, base+"/ws/t/s")
		_, text, err := in.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), payload) || !strings.Contains(string(text), `"unknown":[1,2]`) {
			t.Errorf("got %d bytes: %.200s…", len(text), text)
		}
		in.Close()
	}
}

func TestAFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "index.db"), []byte(strings.Repeat("no index ", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ dir, want string }{
		{file, file},
		{damaged, "index.db"},
	} {
		b, err := broker.New(broker.Config{Dir: tt.dir})
		if err == nil {
			b.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error with %q", tt.dir, err, tt.want)
		}
	}
}

// What the API says of the store and of topics that only the store has.
func TestTheStoreIsReported(t *testing.T) {
	b, base := serve(t, broker.Config{Dir: t.TempDir()})
	out := dial(t, base+"/ws/resting")
	write(t, out, `{"payload":"QQ=="}`)
	read(t, out)
	out.Close()
	eventually(t, "the topic to leave the memory", func() bool {
		st := b.Stats()
		return len(st.Topics) == 1 && st.Topics[0].Resting
	})
	for path, want := range map[string]string{
		"/api/broker":         `"store":{"disk":`,
		"/api/topics":         `"name":"resting"`,
		"/api/topics/resting": `"backlog":1`,
		"/metrics":            "dasf_broker_store_disk_bytes",
	} {
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d, want %s in it:\n%.2000s", path, w.Code, want, w.Body)
		}
	}
}
