package broker_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/brokerapi"
)

// ask makes an HTTP request as a user, "" for none, and returns status and body.
// It follows no redirect.
func ask(t testing.TB, base, method, path, user, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, "http"+strings.TrimPrefix(base, "ws")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		req.Header.Set("Authorization", "Bearer "+user)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return do(t, req)
}

func do(t testing.TB, req *http.Request) (int, string) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func wantAnswer(t testing.TB, base, method, path, user, body string, status int, text string) {
	t.Helper()
	if got, answer := ask(t, base, method, path, user, body); got != status || !strings.Contains(answer, text) {
		t.Errorf("%s %s as %q: %d %s, want %d and a text with %q", method, path, user, got, answer, status, text)
	}
}

func getJSON[T any](t testing.TB, base, path, user string) T {
	t.Helper()
	status, text := ask(t, base, http.MethodGet, path, user, "")
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil || status != 200 {
		t.Fatalf("%s: %d %s: %v", path, status, text, err)
	}
	return v
}

// pong answers as a Python backend does.
func pong(t testing.TB, base, user, source, properties string) string {
	t.Helper()
	header := http.Header{}
	if user != "" {
		header.Set("Authorization", "Token "+user)
	}
	ws, _, err := websocket.DefaultDialer.Dial(base+"/ws/status-ping", header)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	write(t, ws, `{"properties": {%s, "requestContext": "1", "source_topic": %q}, "context": "1", "payload": ""}`, properties, source)
	return receive(t, ws)
}

func TestStatusAsInDjango(t *testing.T) {
	b, base := serve(t, broker.Config{})
	wantAnswer(t, base, "GET", "/t/status/", "", "", 404, "no topic")
	wantAnswer(t, base, "GET", "/t/ping/", "", "", 404, "no topic")
	if err := b.CreateTopic("t", broker.TopicSettings{}); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, base, "GET", "/t/status/", "", "", 503, "Consumer could not be reached")
	backend := dial(t, base+"/ws/t/backend-module-2026-11-24T15:16:21")
	wantAnswer(t, base, "GET", "/t/status/", "", "", 503, "Status unknown")
	wantAnswer(t, base, "GET", "/t/ping/", "", "", 302, "")
	wantAnswer(t, base, "GET", "/t/status/", "", "", 503, "Consumer could not be reached")

	var types []string
	for range 2 {
		var m struct {
			Properties map[string]any
			Payload    *string
			MessageID  string
		}
		if err := json.Unmarshal([]byte(receive(t, backend)), &m); err != nil {
			t.Fatal(err)
		}
		if m.Properties["requestContext"] != 1.0 || m.Properties["response_topic"] != "status-ping" || m.Payload == nil || *m.Payload != "" || m.MessageID == "" {
			t.Errorf("the broker asked with %+v", m)
		}
		types = append(types, m.Properties["messageType"].(string))
	}
	if strings.Join(types, " ") != "ping api_info" {
		t.Errorf("the broker asked for %q, want ping and api_info", types)
	}
	if a := pong(t, base, "", "t", `"messageType": "pong"`); !strings.Contains(a, `"ok"`) {
		t.Error(a)
	}
	wantAnswer(t, base, "GET", "/t/status/", "", "", 200, "Consumer connected")
	if a := pong(t, base, "", "t", `"messageType": "response", "api_info": "{\"classes\": []}"`); !strings.Contains(a, `"ok"`) {
		t.Error(a)
	}
	topic := getJSON[brokerapi.Topic](t, base, "/api/topics/t", "")
	if topic.Online == nil || !*topic.Online || topic.LastPing == nil || topic.LastPong == nil || string(topic.APIInfo) != `{"classes":[]}` {
		t.Errorf("the topic is %+v", topic)
	}
	// What is no JSON changes nothing.
	pong(t, base, "", "t", `"messageType": "response", "api_info": "{"`)
	if topic := getJSON[brokerapi.Topic](t, base, "/api/topics/t", ""); string(topic.APIInfo) != `{"classes":[]}` {
		t.Errorf("api_info is %s", topic.APIInfo)
	}
	backend.Close()
	eventually(t, "the backend's end", func() bool {
		status, _ := ask(t, base, "GET", "/t/status/", "", "")
		return status == 503
	})
	if err := b.SetTopic("t", func(s *broker.TopicSettings) error { s.NoPing = true; return nil }); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, base, "GET", "/t/status/", "", "", 400, "exluded")
}

// A pong from somebody who has no right to the topic tells nothing about it.
func TestForgedPong(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	mustCreate(t, b, "t", broker.Rights{Consumers: []string{"backend"}, Producers: []string{"client"}})
	mustCreate(t, b, "u", broker.Rights{Consumers: []string{"client", broker.AnonymousUser}})
	for user, want := range map[string]string{"client": "not allowed", "": "not allowed", "backend": `"ok"`} {
		if a := pong(t, base, user, "t", `"messageType": "pong"`); !strings.Contains(a, want) {
			t.Errorf("a pong of %q: %s", user, a)
		}
	}
	if a := pong(t, base, "backend", "", `"messageType": "pong"`); !strings.Contains(a, "error: no source topic") {
		t.Errorf("a pong for no topic: %s", a)
	}
}

// Python's client takes a ping on its topic for the answer to its call 1.
func TestTopicsOfClientsAreNotPinged(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody(), StatusInterval: 20 * time.Millisecond})
	mustCreate(t, b, "t", broker.Rights{Producers: []string{"client"}, Consumers: []string{"backend"}})
	answers := dialAs(t, base+"/ws/mine/python-backend-1", "client")
	sendAs(t, dialAs(t, base+"/ws/t", "client"), "mine", "eA==")
	wantAnswer(t, base, "GET", "/mine/ping/", "admin", "", 302, "")
	wantAnswer(t, base, "POST", "/api/topics/mine/ping", "admin", "", 202, "")
	// The backend is pinged, also because the request is for it.
	backend := dialAs(t, base+"/ws/t/any", "backend")
	for !strings.Contains(receive(t, backend), `"messageType":"ping"`) {
	}
	sendAs(t, dialAs(t, base+"/ws/mine", "backend"), "", "cmVzcG9uc2U=")
	if text := receive(t, answers); !strings.Contains(text, "cmVzcG9uc2U=") {
		t.Errorf("the client received %s", text)
	}
}

// A backend that connects is asked at once what it offers.
func TestABackendIsAskedWhenItConnects(t *testing.T) {
	_, base := serve(t, broker.Config{StatusInterval: time.Hour})
	for _, path := range []string{
		"/ws/t/backend-module-2026-11-24T15:16:21",
		"/ws/v2/consumer/non-persistent/public/default/t/dasf-t?subscriptionType=Shared",
	} {
		backend := dial(t, base+path)
		for _, want := range []string{"ping", "api_info"} {
			if text := receive(t, backend); !strings.Contains(text, `"messageType":"`+want+`"`) {
				t.Errorf("%s received %s, want %s", path, text, want)
			}
		}
		backend.Close()
	}
	client := dial(t, base+"/ws/t_abcdefgh/python-backend-2026-11-24T15:16:21")
	sendAs(t, dial(t, base+"/ws/t_abcdefgh"), "", "eA==")
	if text := receive(t, client); !strings.Contains(text, "eA==") {
		t.Errorf("the client received %s", text)
	}
}

func TestRightsToPages(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	mustCreate(t, b, "t", broker.Rights{Consumers: []string{"backend"}, Producers: []string{"client"}, Viewers: []string{"viewer"}})
	mustCreate(t, b, "public", broker.Rights{Public: true})
	columns := []string{"admin", "watcher", "backend", "client", "viewer", "other", ""}
	for _, tt := range []struct {
		method, path, body string
		want               [7]int
	}{
		{"GET", "/t/status/", "", [7]int{503, 503, 503, 503, 503, 403, 401}},
		{"GET", "/public/status/", "", [7]int{503, 503, 503, 503, 503, 503, 503}},
		{"GET", "/nosuch/status/", "", [7]int{404, 404, 403, 403, 403, 403, 401}},
		{"GET", "/t/ping/", "", [7]int{302, 403, 403, 302, 403, 403, 401}},
		{"POST", "/t/ping/", "", [7]int{302, 403, 403, 302, 403, 403, 401}},
		{"PUT", "/t/ping/", "", [7]int{405, 405, 405, 405, 405, 405, 405}},
		{"GET", "/public/ping/", "", [7]int{302, 302, 302, 302, 302, 302, 302}},
		{"GET", "/healthz", "", [7]int{200, 200, 200, 200, 200, 200, 200}},
		{"GET", "/readyz", "", [7]int{200, 200, 200, 200, 200, 200, 200}},
		{"GET", "/metrics", "", [7]int{200, 200, 403, 403, 403, 403, 401}},
		{"GET", "/api/broker", "", [7]int{200, 200, 403, 403, 403, 403, 401}},
		{"GET", "/api/sockets", "", [7]int{200, 200, 403, 403, 403, 403, 401}},
		{"GET", "/api/topics", "", [7]int{200, 200, 200, 200, 200, 200, 200}},
		{"GET", "/api/topics/t", "", [7]int{200, 200, 200, 200, 200, 403, 401}},
		{"GET", "/api/topics/nosuch", "", [7]int{404, 404, 403, 403, 403, 403, 401}},
		{"POST", "/api/topics/t/ping", "", [7]int{202, 202, 403, 202, 403, 403, 401}},
		{"PATCH", "/api/topics/t", `{}`, [7]int{200, 403, 403, 403, 403, 403, 401}},
		{"POST", "/api/topics", `{"name":"t"}`, [7]int{409, 403, 403, 403, 403, 403, 401}},
		{"DELETE", "/api/topics/nosuch", "", [7]int{404, 403, 403, 403, 403, 403, 401}},
		{"GET", "/api/nosuch", "", [7]int{404, 404, 404, 404, 404, 404, 404}},
		{"PUT", "/api/topics/t", "", [7]int{404, 404, 404, 404, 404, 404, 404}},
	} {
		for i, user := range columns {
			wantAnswer(t, base, tt.method, tt.path, user, tt.body, tt.want[i], "")
		}
	}
	wantAnswer(t, base, "GET", "/api/topics", "wrong", "", 401, `{"error":"the token is not valid"}`)
	// Only what one may see is listed, and rights are for administrators.
	for user, want := range map[string]int{"admin": 2, "watcher": 2, "backend": 2, "viewer": 2, "other": 1, "": 1} {
		topics := getJSON[brokerapi.Topics](t, base, "/api/topics", user)
		if len(topics.Topics) != want {
			t.Errorf("%q sees %d topics, want %d", user, len(topics.Topics), want)
		}
		for _, x := range topics.Topics {
			if (x.Settings != nil) != (user == "admin") {
				t.Errorf("%q sees the settings %+v", user, x.Settings)
			}
		}
	}
}

func TestTopicsThroughTheAPI(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	wantAnswer(t, base, "POST", "/api/topics", "admin", `{"name":"t","public":true,"consumers":["bob"],"message_ttl":1.5,"store_sources":"store"}`, 201, `"consumers":["bob"]`)
	wantAnswer(t, base, "PATCH", "/api/topics/t", "admin", `{"add":{"consumers":["al","bob"],"viewers":["vi"]},"remove":{"consumers":["bob"]},"public":false,"dasf":false}`, 200, `"viewers":["vi"]`)
	s, err := b.TopicSettings("t")
	if err != nil || s.Public || !s.NoPing || strings.Join(s.Consumers, ",") != "al" || s.MessageTTL != 1500*time.Millisecond || s.Sources != broker.StoreForever {
		t.Errorf("settings %+v, %v", s, err)
	}
	wantAnswer(t, base, "POST", "/api/topics", "admin", `{"name":"a/b/c"}`, 201, `"name":"a/b/c"`)
	wantAnswer(t, base, "GET", "/api/topics/a%2Fb%2Fc", "admin", "", 200, `"name":"a/b/c"`)
	wantAnswer(t, base, "GET", "/a/b/c/status/", "admin", "", 503, "")
	for body, want := range map[string]string{
		`{`:                                        "bad body",
		`{"name":"x"} {}`:                          "more than one",
		`{"name":"x","publik":true}`:               "publik",
		`{"name":""}`:                              "empty topic name",
		`{"name":"a/b"}`:                           "TENANT/NAMESPACE/TOPIC",
		`{"name":"x","owner":"me"}`:                "by the broker alone",
		`{"name":"x","topic_ttl":-1}`:              "topic_ttl is -1",
		`{"name":"x","ack_timeout":1e300}`:         "ack_timeout",
		`{"name":"x","store_sources":"sometimes"}`: "sometimes",
		`{"name":"x","consumers":["a b"]}`:         "without spaces",
		`{"name":"x","producers":"` + strings.Repeat("x", 2<<20) + `"}`: "too large",
	} {
		wantAnswer(t, base, "POST", "/api/topics", "admin", body, 400, want)
	}
	if _, err := b.TopicSettings("x"); err == nil {
		t.Error("a topic was made of a bad body")
	}
	wantAnswer(t, base, "DELETE", "/api/topics/t", "admin", "", 204, "")
	wantAnswer(t, base, "DELETE", "/api/topics/t", "admin", "", 404, "no such topic")
	wantAnswer(t, base, "PATCH", "/api/topics/t", "admin", `{}`, 404, "no such topic")
	req := httptest.NewRequest("POST", "http"+strings.TrimPrefix(base, "ws")+"/api/topics", strings.NewReader(`{"name":"x"}`))
	req.RequestURI = ""
	req.Header.Set("Authorization", "Token admin")
	req.Header.Set("Content-Type", "text/plain")
	if status, text := do(t, req); status != 415 {
		t.Errorf("a form's body: %d %s, want 415", status, text)
	}
}

// A page of another site must not administer a broker that asks for no token,
// whatever name it has had resolved to this machine.
func TestPagesOfOtherSitesDoNotReachTheAPI(t *testing.T) {
	_, base := serve(t, broker.Config{Origins: []string{"portal.example"}})
	for _, tt := range []struct {
		host, origin string
		want         int
	}{
		{"", "", 200},
		{"localhost:80", "", 200},
		{"127.0.0.1", "", 200},
		{"[::1]:80", "", 200},
		{"portal.example", "https://portal.example", 200},
		{"evil.example", "", 403},
		{"evil.example:8080", "http://evil.example:8080", 403},
		{"", "https://evil.example", 403},
		{"", "null", 403},
	} {
		for _, path := range []string{"/api/topics", "/metrics"} {
			req, err := http.NewRequest("GET", "http"+strings.TrimPrefix(base, "ws")+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = tt.host
			if tt.origin != "" {
				req.Header.Set("Origin", tt.origin)
			}
			if status, text := do(t, req); status != tt.want {
				t.Errorf("%s of %q from %q: %d %s, want %d", path, tt.host, tt.origin, status, text, tt.want)
			}
		}
	}
}

func TestWhatTheAPIShows(t *testing.T) {
	_, base := serve(t, broker.Config{})
	dial(t, base+"/ws/v2/consumer/persistent/public/default/t/s?subscriptionType=Shared")
	producer := dial(t, base+"/ws/t")
	for range 3 {
		write(t, producer, `{"payload":"eA=="}`)
		receive(t, producer)
	}
	dial(t, base+"/ws/t_abcdefgh/x")
	eventually(t, "three sockets", func() bool { // counted a moment after the handshake's answer
		return getJSON[brokerapi.Broker](t, base, "/api/broker", "").Sockets == 3
	})
	topics := getJSON[brokerapi.Topics](t, base, "/api/topics", "").Topics
	if len(topics) != 1 || topics[0].Name != "t" || topics[0].Consumers != 1 || topics[0].Producers != 1 || topics[0].Backlog != 3 || topics[0].Online != nil {
		t.Errorf("topics %+v", topics)
	}
	if all := getJSON[brokerapi.Topics](t, base, "/api/topics?all", "").Topics; len(all) != 2 || all[1].Kind != "response" {
		t.Errorf("all topics %+v", all)
	}
	topic := getJSON[brokerapi.Topic](t, base, "/api/topics/t", "")
	if len(topic.Subscriptions) != 1 || topic.Subscriptions[0].Type != "Shared" || topic.Subscriptions[0].Messages != 3 || len(topic.Sockets) != 2 {
		t.Errorf("topic %+v", topic)
	}
	if sockets := getJSON[brokerapi.Sockets](t, base, "/api/sockets", "").Sockets; len(sockets) != 3 || sockets[0].User != broker.AnonymousUser || sockets[0].Remote == "" {
		t.Errorf("sockets %+v", sockets)
	}
	if st := getJSON[brokerapi.Broker](t, base, "/api/broker", ""); st.Received != 3 || st.Messages != 3 || st.Sockets != 3 || st.Started.IsZero() {
		t.Errorf("broker %+v", st)
	}
	attempt(t, base+"/ws/t?subscriptionType=x&sendTimeoutMillis=y", "") // a refused handshake
	_, text := ask(t, base, "GET", "/metrics", "", "")
	for _, want := range []string{
		"# TYPE dasf_broker_received_total counter\ndasf_broker_received_total 3\n",
		"dasf_broker_sockets 3\n",
		`dasf_broker_topic_backlog_messages{topic="t"} 3` + "\n",
		`dasf_broker_handshakes_refused_total{reason="request"} 1` + "\n",
		"dasf_build_info{", "go_goroutines ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics have no %q", want)
		}
	}
	if strings.Contains(text, "t_abcdefgh") {
		t.Error("metrics name the topic of a client")
	}
}

func TestReady(t *testing.T) {
	b, base := serve(t, broker.Config{MaxSockets: 1})
	wantAnswer(t, base, "GET", "/readyz", "", "", 200, "ok")
	dial(t, base+"/ws/t")
	wantAnswer(t, base, "GET", "/readyz", "", "", 503, "taken")
	b.Close()
	wantAnswer(t, base, "GET", "/readyz", "", "", 503, "shutting down")
	wantAnswer(t, base, "GET", "/healthz", "", "", 200, "ok")
}

// Where the broker is mounted below a path, a ping leads to the status there.
func TestPingBelowAPath(t *testing.T) {
	b := newBroker(t, broker.Config{})
	if err := b.CreateTopic("t", broker.TopicSettings{}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/dasf/", http.StripPrefix("/dasf", b))
	server := httptest.NewServer(mux)
	defer server.Close()
	resp, err := http.Get(server.URL + "/dasf/t/ping/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Request.URL.Path; got != "/dasf/t/status/" || resp.StatusCode != 503 {
		t.Errorf("a ping leads to %s, %s", got, resp.Status)
	}
}

// The API may be asked for while everything changes.
func TestLookingWhileTopicsComeAndGo(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody(), StatusInterval: time.Millisecond, KeptAge: 10 * time.Millisecond})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 50 {
			name := fmt.Sprint("t", i%5)
			_ = b.CreateTopic(name, broker.TopicSettings{Rights: broker.Rights{Public: true}})
			if ws, _, err := websocket.DefaultDialer.Dial(base+"/ws/"+name, nil); err == nil {
				_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"properties":{"response_topic":"r"},"payload":""}`))
				ws.Close()
			}
			_ = b.DeleteTopic(name)
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		getJSON[brokerapi.Topics](t, base, "/api/topics?all", "admin")
		ask(t, base, "GET", "/metrics", "admin", "")
		ask(t, base, "GET", "/t1/status/", "admin", "")
	}
}
