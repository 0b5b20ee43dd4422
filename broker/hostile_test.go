package broker_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf/broker"
)

// raw sends a request as it stands and returns the status, 0 if the connection
// ends without one, and the head of the answer.
func raw(t testing.TB, base, request string) (int, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		return 0, ""
	}
	var head strings.Builder
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &head)), nil)
	if err != nil {
		return 0, head.String()
	}
	resp.Body.Close()
	return resp.StatusCode, head.String()
}

// handshake is a request for a WebSocket with more lines in its head.
func handshake(path string, lines ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: broker.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" + strings.Join(append(lines, "", ""), "\r\n")
}

// Nobody gets in by a trick, and nothing is left behind by those who try.
func TestHostileHandshakes(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	mustCreate(t, b, "t", broker.Rights{Consumers: []string{"backend"}, Producers: []string{"client"}})
	before := len(b.CreatedTopics())
	for _, tt := range []struct {
		name    string
		request string
		want    int
	}{
		{"no token", handshake("/ws/t"), 401},
		{"a user's name for a token", handshake("/ws/t", "Authorization: Token AnonymousUser"), 401},
		{"an empty token", handshake("/ws/t?token="), 401},
		{"many tokens, a good one among them", handshake("/ws/t?token=bad&token=client"), 401},
		{"a token in another parameter", handshake("/ws/t?Token=client"), 401},
		{"a token behind a fragment", handshake("/ws/t#?token=client"), 403},
		{"a header twice", handshake("/ws/t", "Authorization: Token client", "Authorization: Token client"), 401},
		{"a header with two tokens", handshake("/ws/t", "Authorization: Token client client"), 401},
		{"a password", handshake("/ws/t", "Authorization: Basic Y2xpZW50Og=="), 401},
		{"a long token", handshake("/ws/t", "Authorization: Token "+strings.Repeat("x", 100_000)), 401},
		{"a header that is too long", handshake("/ws/t", "Authorization: Token "+strings.Repeat("x", 2<<20)), 431},
		{"a token that is no UTF-8", handshake("/ws/t", "Authorization: Token \xff\xfe"), 401},
		{"a token with a NUL", handshake("/ws/t", "Authorization: Token client\x00"), 400},
		{"a line more behind a token", handshake("/ws/t?token=x%0d%0aSet-Cookie:%20a=b"), 401},
		{"a line more in the protocol", handshake("/ws/t", "Sec-WebSocket-Protocol: dasf, dasf.token.client\r\n X-Evil: 1"), 401},
		{"a protocol in another case", handshake("/ws/t", "Sec-WebSocket-Protocol: DASF, dasf.token.client"), 400},
		{"the topic by another spelling", handshake("/ws/%74"), 401},
		{"a way around the topic", handshake("/ws/x/../t", "Authorization: Token other"), 404},
		{"a way around the topic, hidden", handshake("/ws/x%2f..%2ft", "Authorization: Token other"), 400},
		{"a topic of another namespace", handshake("/ws/v2/producer/persistent/public/other/t", "Authorization: Token client"), 403},
		{"the same topic, spelt out", handshake("/ws/v2/producer/persistent/public/default/t", "Authorization: Token other"), 403},
		{"somebody's answers", handshake("/ws/t_abcdefgh/s", "Authorization: Token other"), 403},
		{"an inbox of somebody else's topic", handshake("/ws/t_abcdefgh/dasf-inbox", "Authorization: Token other"), 403},
		{"a forwarded address", handshake("/ws/t", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-User: admin"), 401},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
		{"half a request", "GET /ws/t HTTP/1.1\r\nHost: x\r\n", -1},
		{"an API by a WebSocket", handshake("/api/topics/t"), 401},
		{"a body that never comes", "POST /api/topics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nContent-Type: application/json\r\n\r\n{", 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want < 0 {
				conn, err := net.Dial("tcp", strings.TrimPrefix(base, "ws://"))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				fmt.Fprint(conn, tt.request) // and nothing more
				return
			}
			status, head := raw(t, base, tt.request)
			if status != tt.want {
				t.Errorf("%d, want %d:\n%.300s", status, tt.want, head)
			}
			for _, leak := range []string{"Set-Cookie", "X-Evil", "token.client"} {
				if strings.Contains(head, leak) {
					t.Errorf("the answer has %s:\n%s", leak, head)
				}
			}
		})
	}
	if st := b.Stats(); st.Sockets != 0 || len(b.CreatedTopics()) != before {
		t.Errorf("%d sockets and %d created topics are left, want 0 and %d", st.Sockets, len(b.CreatedTopics()), before)
	}
	// All the while others are served.
	dialAs(t, base+"/ws/t", "client")
}

func FuzzToken(f *testing.F) {
	b, err := broker.New(broker.Config{Authenticator: people{"good": {Admin: true}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { b.Close() })
	f.Add("Token good", "dasf, dasf.token.x", "token=good")
	f.Add("Bearer  ", "dasf.token.good,dasf", "token=%67ood&token")
	f.Add("", "", "%zz")
	f.Fuzz(func(t *testing.T, authorization, protocols, query string) {
		r := httptest.NewRequest(http.MethodGet, "/api/broker", nil)
		r.URL.RawQuery = query
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		if protocols != "" {
			r.Header.Set("Sec-Websocket-Protocol", protocols)
		}
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		named := strings.Contains(authorization, "good") || strings.Contains(protocols, "dasf.token.good") || r.URL.Query().Get("token") == "good"
		switch w.Code {
		case http.StatusOK:
			if !named {
				t.Errorf("%q %q %q lets somebody in", authorization, protocols, query)
			}
		case http.StatusUnauthorized, http.StatusBadRequest:
		default:
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func FuzzAPI(f *testing.F) {
	b, err := broker.New(broker.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { b.Close() })
	f.Add(`{"name":"t","public":true,"consumers":["a"],"add":{"producers":["b"]},"message_ttl":1.5}`)
	f.Add(`{"name":"a/b/c","store_sources":"store","max_bytes":-1,"topic_ttl":1e308}`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, target := range []struct{ method, path string }{{"POST", "/api/topics"}, {"PATCH", "/api/topics/fuzz"}} {
			_ = b.CreateTopic("fuzz", broker.TopicSettings{})
			r := httptest.NewRequest(target.method, target.path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			b.ServeHTTP(w, r)
			if w.Code >= 500 {
				t.Errorf("%s %s: %d %s", target.method, body, w.Code, w.Body)
			}
		}
		for _, topic := range b.CreatedTopics() {
			if err := b.DeleteTopic(topic.Name); err != nil {
				t.Error(err)
			}
		}
	})
}
