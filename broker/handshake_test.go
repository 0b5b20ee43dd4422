package broker_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
)

// serve starts a server with a broker and returns its ws URL without a path.
func serve(t testing.TB, c broker.Config) (*broker.Broker, string) {
	t.Helper()
	b := newBroker(t, c)
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return b, wsURL(server.URL)
}

// dial opens a WebSocket that is closed at the end of the test.
func dial(t testing.TB, url string) *websocket.Conn {
	t.Helper()
	ws, resp, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		if resp != nil {
			body, _ := io.ReadAll(resp.Body)
			t.Fatalf("%s: %s: %s", url, resp.Status, body)
		}
		t.Fatalf("%s: %v", url, err)
	}
	t.Cleanup(func() { ws.Close() })
	return ws
}

func TestHandshakeAnswers(t *testing.T) {
	_, base := serve(t, broker.Config{})
	const producer, consumer = "/ws/v2/producer/non-persistent/public/default/", "/ws/v2/consumer/non-persistent/public/default/"
	for _, tt := range []struct {
		name   string
		path   string
		status int
		text   string
	}{
		{"plain producer", "/ws/ok", 101, ""},
		{"plain producer, slash at the end", "/ws/ok/", 101, ""},
		{"plain consumer", "/ws/t/sub.with:colon-and.dot", 101, ""},
		{"plain consumer, slash at the end", "/ws/t/sub/", 101, ""},
		{"plain topic of 60 characters", "/ws/" + strings.Repeat("x", 60), 101, ""},
		{"plain topic with a dot, which Django answers with 500", "/ws/a.b", 101, ""},
		{"plain topic called v2", "/ws/v2", 101, ""},
		{"plain subscription of a topic called v2", "/ws/v2/sub", 101, ""},
		{"status-ping", "/ws/status-ping", 101, ""},
		{"status-ping, slash at the end", "/ws/status-ping/", 101, ""},
		{"plain topic too long", "/ws/" + strings.Repeat("x", 513), 400, "longer than 512"},
		{"plain subscription too long", "/ws/t/" + strings.Repeat("x", 513), 400, "longer than 512"},
		{"no topic", "/ws/", 400, "empty topic"},
		{"only slashes", "/ws//", 400, "empty topic"},
		{"no topic, a subscription", "/ws//sub", 400, "empty topic"},
		{"three levels", "/ws/x/y/z", 404, "/ws/TOPIC"},
		{"root", "/", 404, "/ws/TOPIC"},
		{"elsewhere", "/other/ok", 404, "/ws/TOPIC"},
		{"control character", "/ws/a%0Ab", 400, "control characters"},
		{"no UTF-8", "/ws/a%FFb", 400, "UTF-8"},
		{"slash in a plain topic", "/ws/a%2Fb", 400, "slash"},
		{"bad query", "/ws/a?%zz", 400, "query"},

		{"producer", producer + "t", 101, ""},
		{"persistent producer", "/ws/v2/producer/persistent/public/default/t", 101, ""},
		{"consumer", consumer + "t/s", 101, ""},
		{"another namespace, which Pulsar wants created first", "/ws/v2/producer/persistent/nosuch/default/t", 101, ""},
		{"producer: topic empty", producer, 400, "empty topic"},
		{"producer: topic missing", "/ws/v2/producer/non-persistent/public/default", 400, "topic name"},
		{"producer: namespace missing", "/ws/v2/producer/non-persistent/public", 400, "topic name"},
		{"producer: all missing", "/ws/v2/producer/", 400, "topic name"},
		{"producer: nothing more", "/ws/v2/producer", 400, "topic name"},
		{"producer: unknown domain", "/ws/v2/producer/foo/public/default/t", 400, "non-persistent"},
		{"producer: a segment too many", producer + "a/b", 400, "topic name"},
		{"producer: slash in the topic", producer + "a%2Fb", 400, "slash"},
		{"producer: empty tenant", "/ws/v2/producer/non-persistent//default/t", 400, "empty tenant"},
		{"producer: empty namespace", "/ws/v2/producer/non-persistent/public//t", 400, "empty namespace"},
		{"producer: 9000 characters", producer + strings.Repeat("x", 9000), 414, "longer than"},
		{"producer: unknown parameter", producer + "t?unknownParam=1&sendTimeoutMillis=1000", 101, ""},
		{"producer: compressionType", producer + "t?compressionType=FOO", 400, "compressionType"},
		{"producer: sendTimeoutMillis", producer + "t?sendTimeoutMillis=x", 400, "sendTimeoutMillis"},
		{"producer: messageRoutingMode", producer + "t?messageRoutingMode=FOO", 400, "messageRoutingMode"},
		{"consumer: subscription missing", consumer + "t", 400, "topic name"},
		{"consumer: subscription empty", consumer + "t/", 400, "empty subscription"},
		{"consumer: a segment too many", consumer + "t/s/x", 400, "topic name"},
		{"consumer: unknown domain", "/ws/v2/consumer/foo/public/default/t/s", 400, "non-persistent"},
		{"consumer: subscriptionType", consumer + "t/s?subscriptionType=Foo", 400, "subscriptionType"},
		{"consumer: subscriptionType in lower case", consumer + "t/s?subscriptionType=shared", 400, "subscriptionType"},
		{"consumer: receiverQueueSize a word", consumer + "t/s?receiverQueueSize=abc", 400, "receiverQueueSize"},
		{"consumer: receiverQueueSize negative", consumer + "t/s?receiverQueueSize=-1", 400, "receiverQueueSize"},
		{"consumer: receiverQueueSize 0", consumer + "t/zero?receiverQueueSize=0", 101, ""},
		{"consumer: ackTimeoutMillis", consumer + "t/s?ackTimeoutMillis=10", 400, "ackTimeoutMillis"},
		{"consumer: ackTimeoutMillis 0", consumer + "t/s0?ackTimeoutMillis=0", 101, ""},
		{"consumer: subscriptionMode", consumer + "t/s?subscriptionMode=Foo", 400, "subscriptionMode"},
		{"consumer: subscriptionInitialPosition", consumer + "t/s?subscriptionInitialPosition=Foo", 400, "subscriptionInitialPosition"},
		{"consumer: pullMode", consumer + "t/s?pullMode=maybe", 400, "pullMode"},
		{"consumer: maxRedeliverCount", consumer + "t/s?maxRedeliverCount=-1", 400, "maxRedeliverCount"},
		{"consumer: deadLetterTopic", consumer + "t/s?deadLetterTopic=a/b", 400, "deadLetterTopic"},
		{"consumer: its own dead letters", consumer + "t/s?deadLetterTopic=persistent://public/default/t", 400, "the topic itself"},
		{"plain consumer: the same parameters", "/ws/t/p?subscriptionType=shared", 400, "subscriptionType"},
		{"reader", "/ws/v2/reader/non-persistent/public/default/t", 404, "reader"},
		{"another role", "/ws/v2/nosuch/non-persistent/public/default/t", 404, "/ws/v2"},
		{"first version of the API", "/ws/producer/non-persistent/public/default/t", 404, "/ws/v2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			says := regexp.MustCompile(`^1; redelivers=true; max-frame=16777216; (late=true|window=(1|1000|10000); resizes=true; consumer=[A-Z2-7]{26})$`)
			ws, resp, err := websocket.DefaultDialer.Dial(base+tt.path, nil)
			if err == nil {
				ws.Close()
			}
			if resp == nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.status || !strings.Contains(string(body), tt.text) {
				t.Errorf("%d %q, want %d and a text with %q", resp.StatusCode, body, tt.status, tt.text)
			}
			if tt.status == 101 && !says.MatchString(resp.Header.Get("Dasf-Broker")) {
				t.Errorf("header Dasf-Broker: %q", resp.Header.Get("Dasf-Broker"))
			}
		})
	}
}

// What is no handshake is 405, as in Pulsar, and leaves nothing behind.
func TestNoHandshake(t *testing.T) {
	b, base := serve(t, broker.Config{})
	for _, tt := range []struct {
		name   string
		method string
		header http.Header
		status int
	}{
		{"plain GET", http.MethodGet, nil, 405},
		{"POST", http.MethodPost, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}}, 405},
		{"version 8", http.MethodGet, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"8"}}, 405},
		{"no key", http.MethodGet, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}}, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, "http"+strings.TrimPrefix(base, "ws")+"/ws/t/s", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = tt.header
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != tt.status {
				t.Errorf("%s, want %d", resp.Status, tt.status)
			}
		})
	}
	if st := b.Stats(); len(st.Topics) != 0 || st.Sockets != 0 {
		t.Errorf("%d topics and %d sockets are left", len(st.Topics), st.Sockets)
	}
}

func TestOrigins(t *testing.T) {
	const local, public = "127.0.0.1:8080", "192.0.2.1:8080"
	for _, tt := range []struct {
		name    string
		origin  string
		host    string
		address string // where the request arrives
		allowed []string
		ok      bool
	}{
		{"no browser", "", local, local, nil, true},
		{"a page of this machine", "http://localhost:3000", local, local, nil, true},
		{"a page of this machine, IPv6", "http://[::1]:3000", local, local, nil, true},
		{"Python's client", "http://127.0.0.1:8080", local, local, nil, true},
		{"another site's page", "https://evil.example", local, local, nil, false},
		{"another site whose name leads here", "http://evil.example:8080", "evil.example:8080", local, nil, false},
		{"a name that begins like this machine's", "http://localhost.evil.example", local, local, nil, false},
		{"a sandboxed page", "null", local, local, nil, false},
		{"no URL", "::", local, local, nil, false},
		{"Python's client from elsewhere", "http://broker.example:8080", "broker.example:8080", public, nil, true},
		{"Python's client in another case", "http://Broker.example:8080", "broker.example:8080", public, nil, true},
		{"another page, from elsewhere", "http://other.example", "broker.example:8080", public, nil, false},
		{"a listed host", "https://portal.example:8443", local, local, []string{"portal.example"}, true},
		{"a listed host in another case", "https://Portal.example", local, local, []string{"PORTAL.example"}, true},
		{"a listed host and port", "https://portal.example:8443", local, local, []string{"portal.example:8443"}, true},
		{"another port than the listed", "https://portal.example:8444", local, local, []string{"portal.example:8443"}, false},
		{"a pattern", "https://a.portal.example", local, local, []string{"*.portal.example"}, true},
		{"not the pattern", "https://portal.example.evil", local, local, []string{"*.portal.example"}, false},
		{"everyone", "https://evil.example", local, local, []string{"*"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBroker(t, broker.Config{Origins: tt.allowed})
			addr, err := net.ResolveTCPAddr("tcp", tt.address)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx := context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(addr))
				b.ServeHTTP(w, r.WithContext(ctx))
			}))
			defer server.Close()
			header := http.Header{"Host": {tt.host}}
			if tt.origin != "" {
				header.Set("Origin", tt.origin)
			}
			ws, resp, err := websocket.DefaultDialer.Dial(wsURL(server.URL)+"/ws/t", header)
			if err == nil {
				ws.Close()
			}
			if resp == nil {
				t.Fatal(err)
			}
			want := http.StatusForbidden
			if tt.ok {
				want = http.StatusSwitchingProtocols
			}
			if resp.StatusCode != want {
				t.Errorf("%s, want %d", resp.Status, want)
			}
		})
	}
}

func TestTooManySockets(t *testing.T) {
	b, base := serve(t, broker.Config{MaxSockets: 2})
	first := dial(t, base+"/ws/t")
	dial(t, base+"/ws/t/s")
	_, resp, err := websocket.DefaultDialer.Dial(base+"/ws/u", nil)
	if resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("a third socket: %v, %v, want 503", resp, err)
	}
	if n := len(b.Stats().Topics); n != 1 {
		t.Errorf("%d topics, want 1", n)
	}
	eventually(t, "both sockets to be there", func() bool { return b.Stats().Sockets == 2 })
	first.Close()
	eventually(t, "a place for another socket", func() bool { return b.Stats().Sockets == 1 })
	dial(t, base+"/ws/u")
}

// The broker is a handler among others, below any path.
func TestMountedElsewhere(t *testing.T) {
	b := newBroker(t, broker.Config{})
	mux := http.NewServeMux()
	mux.Handle("/dasf/ws/", http.StripPrefix("/dasf", b))
	server := httptest.NewServer(mux)
	defer server.Close()
	dial(t, wsURL(server.URL)+"/dasf/ws/topic/sub")
	if st := b.Stats(); len(st.Topics) != 1 || st.Topics[0].Name != "topic" {
		t.Errorf("topics %+v, want one called topic", st.Topics)
	}
}

// A response writer that can't be hijacked, HTTP/2 for example, gets an answer.
func TestNoHijack(t *testing.T) {
	b := newBroker(t, broker.Config{})
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/ws/t/s", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-Websocket-Version": "13", "Sec-Websocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
		r.Header.Set(name, value)
	}
	b.ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", w.Code)
	}
	if st := b.Stats(); len(st.Topics) != 0 || st.Sockets != 0 {
		t.Errorf("%d topics and %d sockets are left", len(st.Topics), st.Sockets)
	}
}
