package broker_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
)

func TestReconfigure(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	mustCreate(t, b, "t", broker.Rights{Public: true})
	from := func(origin string) int {
		_, resp, err := websocket.DefaultDialer.Dial(base+"/ws/t", http.Header{"Origin": {origin}})
		if resp == nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	if got := from("https://portal.example"); got != 403 {
		t.Errorf("a page that is not listed: %d, want 403", got)
	}
	if _, status, _ := attempt(t, base+"/ws/new", "other"); status != 403 {
		t.Errorf("a new topic: %d, want 403", status)
	}
	old := dialAs(t, base+"/ws/t", "client")
	left, err := b.Reconfigure(broker.Config{
		Origins: []string{"portal.example"}, Create: broker.CreateUsers,
		UserSockets: 1, UserMessages: 1, MaxTopics: 7, AnswerAge: time.Minute,
	})
	if diff := cmp.Diff([]string{"AnswerAge", "MaxTopics"}, left); diff != "" || err != nil {
		t.Errorf("left for a new broker: %v (-want +got):\n%s", err, diff)
	}
	if got := from("https://portal.example"); got != 101 {
		t.Errorf("a listed page: %d, want 101", got)
	}
	if _, status, _ := attempt(t, base+"/ws/new", "other"); status != 101 {
		t.Errorf("a new topic: %d, want 101", status)
	}
	if _, status, _ := attempt(t, base+"/ws/t", "client"); status != 429 {
		t.Errorf("another socket: %d, want 429", status)
	}
	// The bound holds for who is connected already.
	var last string
	for range 100 {
		if last = sendAs(t, old, "", "eA=="); !strings.Contains(last, `"ok"`) {
			break
		}
	}
	if !strings.Contains(last, "1 messages a second") {
		t.Errorf("many messages: %s", last)
	}
	if _, err := b.Reconfigure(broker.Config{Origins: []string{"[a"}, Create: broker.CreateNobody}); err == nil {
		t.Error("a bad pattern was taken")
	}
	if _, status, _ := attempt(t, base+"/ws/newer", "viewer"); status != 101 {
		t.Errorf("after an error the policy changed: %d", status)
	}
	if _, err := b.Reconfigure(broker.Config{}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if a := sendAs(t, old, "", "eA=="); !strings.Contains(a, `"ok"`) {
			t.Errorf("without a bound: %s", a)
		}
	}
}

// What a consumer acknowledges before it reads the broker's goodbye counts.
func TestShutdownTakesTheLastAcknowledgements(t *testing.T) {
	b, base := serve(t, broker.Config{})
	consumer, producer := dial(t, base+"/ws/t/s"), dial(t, base+"/ws/t")
	sendAs(t, producer, "", "eA==")
	id := messageID([]byte(receive(t, consumer)))
	done := make(chan error, 1)
	go func() { done <- b.Close() }()
	eventually(t, "the goodbye", func() bool {
		status, _ := ask(t, base, "GET", "/readyz", "", "")
		return status == 503
	})
	write(t, consumer, `{"messageId":%q}`, id)
	if _, _, err := consumer.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the consumer: %v, want 1001", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := b.Stats().Acknowledged; n != 1 {
		t.Errorf("%d acknowledged, want 1", n)
	}
}
