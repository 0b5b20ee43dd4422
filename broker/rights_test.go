package broker_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
)

// people is an Authenticator of users whose tokens are their names.
type people map[string]broker.User

func (p people) Authenticate(_ *http.Request, token string) (broker.User, error) {
	if token == "" {
		return broker.User{}, nil
	}
	u, ok := p[token]
	if !ok {
		return broker.User{}, errors.New("the token is not valid")
	}
	u.Name = token
	return u, nil
}

func everybody() people {
	return people{
		"admin": {Admin: true}, "creator": {CreateTopics: true}, "watcher": {ViewStatus: true},
		"backend": {}, "client": {}, "other": {}, "viewer": {},
	}
}

// attempt opens a socket as a user, "" for none, and returns the status.
func attempt(t testing.TB, url, user string) (*websocket.Conn, int, string) {
	t.Helper()
	header := http.Header{}
	if user != "" {
		header.Set("Authorization", "Token "+user)
	}
	ws, resp, err := websocket.DefaultDialer.Dial(url, header)
	if resp == nil {
		t.Fatalf("%s: %v", url, err)
	}
	if err != nil {
		body, _ := io.ReadAll(resp.Body)
		return nil, resp.StatusCode, string(body)
	}
	t.Cleanup(func() { ws.Close() })
	return ws, resp.StatusCode, ""
}

func dialAs(t testing.TB, url, user string) *websocket.Conn {
	t.Helper()
	ws, status, text := attempt(t, url, user)
	if ws == nil {
		t.Fatalf("%s as %q: %d %s", url, user, status, text)
	}
	return ws
}

// TestRightsAtTheHandshake is the matrix of permissions: never an accepted
// socket that then refuses silently.
func TestRightsAtTheHandshake(t *testing.T) {
	const yes, no, who = 101, 403, 401
	columns := []string{"admin", "creator", "watcher", "backend", "client", "other", "viewer", ""}
	for _, tt := range []struct {
		name   string
		create broker.CreatePolicy
		path   string
		want   [8]int
	}{
		{"consume a topic", "", "t/s", [8]int{yes, no, no, yes, no, no, no, who}},
		{"produce to a topic", "", "t", [8]int{yes, no, no, no, yes, no, no, who}},
		{"consume a public topic", "", "public/s", [8]int{yes, no, no, yes, no, no, no, who}},
		{"produce to a public topic", "", "public", [8]int{yes, yes, yes, yes, yes, yes, yes, yes}},
		{"consume an anonymous topic", "", "anonymous/s", [8]int{yes, no, no, no, no, no, no, yes}},
		{"produce to an anonymous topic", "", "anonymous", [8]int{yes, yes, yes, yes, yes, yes, yes, yes}},
		{"produce to a topic that does not exist", "", "nosuch", [8]int{yes, yes, no, no, no, no, no, who}},
		{"produce to a topic that does not exist, nobody may create", broker.CreateNobody, "nosuch", [8]int{yes, no, no, no, no, no, no, who}},
		{"produce to a topic that does not exist, users may create", broker.CreateUsers, "nosuch", [8]int{yes, yes, yes, yes, yes, yes, yes, who}},
		{"produce to a topic that does not exist, anyone may create", broker.CreateAnyone, "nosuch", [8]int{yes, yes, yes, yes, yes, yes, yes, yes}},
		// Any name may be that of a topic for answers, and there is a topic
		// that everybody may ask.
		{"consume a topic that does not exist", "", "nosuch/s", [8]int{yes, yes, yes, yes, yes, yes, yes, yes}},
		{"produce to what may be an inbox of a topic", "", "t_abcdefgh", [8]int{yes, yes, no, yes, yes, no, no, who}},
		{"consume a topic for somebody's answers", "", "t_answersx/s", [8]int{yes, no, no, no, yes, no, no, who}},
		{"produce to a topic for somebody's answers", "", "t_answersx", [8]int{yes, no, no, yes, no, no, no, who}},
		{"consume an inbox", "", "t_inboxxxx/s", [8]int{yes, no, no, yes, no, no, no, who}},
		{"produce to an inbox", "", "t_inboxxxx", [8]int{yes, no, no, yes, yes, no, no, who}},
		{"answer pings", "", "status-ping", [8]int{yes, no, no, yes, no, no, no, yes}},
		{"listen to the answers to pings", "", "status-ping/s", [8]int{yes, no, no, no, no, no, no, who}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, base := serve(t, broker.Config{Authenticator: everybody(), Create: tt.create})
			for name, r := range map[string]broker.Rights{
				"t":         {Consumers: []string{"backend"}, Producers: []string{"client"}, Viewers: []string{"viewer"}},
				"public":    {Public: true, Consumers: []string{"backend"}},
				"anonymous": {Public: true, Consumers: []string{broker.AnonymousUser}},
				// As requests and backends make them.
				"t_answersx": {Owner: "client", ResponseFor: []string{"t"}},
				"t_inboxxxx": {Owner: "backend", InboxOf: "t"},
			} {
				if err := b.CreateTopic(name, broker.TopicSettings{Rights: r}); err != nil {
					t.Fatal(err)
				}
			}
			for i, user := range columns {
				for _, form := range []string{"plain", "pulsar"} {
					path := "/ws/" + tt.path
					if form == "pulsar" {
						role := "producer"
						if strings.Contains(tt.path, "/") {
							role = "consumer"
						}
						path = "/ws/v2/" + role + "/persistent/public/default/" + tt.path + "?subscriptionType=Shared"
					}
					if ws, status, text := attempt(t, base+path, user); status != tt.want[i] {
						t.Errorf("%q, %s form: %d %s, want %d", user, form, status, text, tt.want[i])
					} else if ws != nil {
						ws.Close()
					}
				}
			}
		})
	}
}

// A consumer chooses where its dead letters go, and must not reach by that a
// topic to which it may not produce.
func TestDeadLettersNeedTheRightToProduce(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	mustCreate(t, b, "t", broker.Rights{Consumers: []string{"backend"}})
	mustCreate(t, b, "hers", broker.Rights{Producers: []string{"backend"}})
	mustCreate(t, b, "others", broker.Rights{})
	mustCreate(t, b, "t-taken-DLQ", broker.Rights{})
	for query, want := range map[string]int{
		"s?maxRedeliverCount=1":                         101,
		"s?maxRedeliverCount=1&deadLetterTopic=hers":    101,
		"s?maxRedeliverCount=1&deadLetterTopic=others":  403,
		"s?deadLetterTopic=others":                      403,
		"s?maxRedeliverCount=1&deadLetterTopic=unknown": 403,
		"taken?maxRedeliverCount=1":                     403,
	} {
		if _, status, text := attempt(t, base+"/ws/t/"+query, "backend"); status != want {
			t.Errorf("%s: %d %s, want %d", query, status, text, want)
		}
	}
}

func TestConsumingAnUnknownTopicNeedsSomethingToAsk(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	if err := b.CreateTopic("t", broker.TopicSettings{Rights: broker.Rights{Producers: []string{"client"}}}); err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]int{"client": 101, "other": 403, "": 401} {
		if _, status, text := attempt(t, base+"/ws/any/s", user); status != want {
			t.Errorf("%q: %d %s, want %d", user, status, text, want)
		}
	}
}

// send sends a message that asks for its answer on response, unless empty, and
// returns the broker's answer.
func sendAs(t testing.TB, ws *websocket.Conn, response, payload string) string {
	t.Helper()
	properties := `{}`
	if response != "" {
		properties = fmt.Sprintf(`{"response_topic":%q,"requestContext":"1","messageType":"request"}`, response)
	}
	text := fmt.Sprintf(`{"properties":%s,"payload":%q,"context":"1"}`, properties, payload)
	if err := ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
	ws.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, answer, err := ws.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func receive(t testing.TB, ws *websocket.Conn) string {
	t.Helper()
	ws.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, text, err := ws.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func mustCreate(t testing.TB, b *broker.Broker, name string, r broker.Rights) {
	t.Helper()
	if err := b.CreateTopic(name, broker.TopicSettings{Rights: r}); err != nil {
		t.Fatal(err)
	}
}

// A request gives its sender the topic for answers, and the consumers of the
// topic the right to answer there.
func TestTheRightToAnswerComesWithTheRequest(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	mustCreate(t, b, "t", broker.Rights{Consumers: []string{"backend"}, Producers: []string{"client", "other"}})
	backend := dialAs(t, base+"/ws/t/s", "backend")
	// Before the request: Python's client connects in this order.
	answers := dialAs(t, base+"/ws/t_abcdefgh/s", "client")
	eavesdropper := dialAs(t, base+"/ws/t_abcdefgh/s2", "other")
	producer := dialAs(t, base+"/ws/t", "client")
	if a := sendAs(t, producer, "t_abcdefgh", "cXVlc3Rpb24="); !strings.Contains(a, `"ok"`) {
		t.Fatalf("a request: %s", a)
	}
	receive(t, backend)
	if _, _, err := eavesdropper.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Errorf("who waits on somebody else's topic for answers: %v, want it closed with 1008", err)
	}
	if a := sendAs(t, dialAs(t, base+"/ws/t_abcdefgh", "backend"), "", "YW5zd2Vy"); !strings.Contains(a, `"ok"`) {
		t.Fatalf("an answer: %s", a)
	}
	if text := receive(t, answers); !strings.Contains(text, "YW5zd2Vy") {
		t.Errorf("the client received %s", text)
	}
	for _, user := range []string{"other", "client", ""} {
		if _, status, _ := attempt(t, base+"/ws/t_abcdefgh", user); status == 101 {
			t.Errorf("%q may answer", user)
		}
	}
	// Nobody gets somebody else's topic by naming it.
	thief := dialAs(t, base+"/ws/t", "other")
	for _, name := range []string{"t_abcdefgh", "t"} {
		if a := sendAs(t, thief, name, "eA=="); !strings.Contains(a, "error") || !strings.Contains(a, "somebody else") {
			t.Errorf("a request for answers on %s: %s", name, a)
		}
	}
	if a := sendAs(t, producer, "bad/name", "eA=="); !strings.Contains(a, "error: bad topic name") {
		t.Errorf("a request for answers on a bad name: %s", a)
	}
	if st, err := b.TopicSettings("t_abcdefgh"); err != nil || st.Owner != "client" || st.TopicTTL != 10*time.Minute {
		t.Errorf("settings of the topic for answers: %+v, %v", st, err)
	}
}

// A user who names a new topic for answers with each request stops nobody else.
func TestTooManyTopicsForAnswers(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody(), UserTopics: 2})
	mustCreate(t, b, "t", broker.Rights{Public: true})
	client, other := dialAs(t, base+"/ws/t", "client"), dialAs(t, base+"/ws/t", "other")
	for i, want := range []string{`"ok"`, `"ok"`, "2 topics for answers"} {
		if a := sendAs(t, client, fmt.Sprint("answers", i), "eA=="); !strings.Contains(a, want) {
			t.Errorf("request %d: %s, want %s", i, a, want)
		}
	}
	if a := sendAs(t, client, "answers1", "eA=="); !strings.Contains(a, `"ok"`) {
		t.Errorf("a request for a topic that is there: %s", a)
	}
	if a := sendAs(t, other, "mine", "eA=="); !strings.Contains(a, `"ok"`) {
		t.Errorf("somebody else: %s", a)
	}
	if err := b.DeleteTopic("answers0"); err != nil {
		t.Fatal(err)
	}
	if a := sendAs(t, client, "answers3", "eA=="); !strings.Contains(a, `"ok"`) {
		t.Errorf("after one has gone: %s", a)
	}
}

func TestOneTopicForTheAnswersOfSeveral(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	mustCreate(t, b, "t", broker.Rights{Producers: []string{"client"}})
	mustCreate(t, b, "u", broker.Rights{Producers: []string{"client"}, Consumers: []string{"backend"}})
	for _, topic := range []string{"t", "u", "u"} {
		if a := sendAs(t, dialAs(t, base+"/ws/"+topic, "client"), "mine", "eA=="); !strings.Contains(a, `"ok"`) {
			t.Fatalf("asking %s: %s", topic, a)
		}
	}
	dialAs(t, base+"/ws/mine", "backend")
	if st, _ := b.TopicSettings("mine"); len(st.ResponseFor) != 2 {
		t.Errorf("answers for %q, want t and u", st.ResponseFor)
	}
}

func TestAFirstMessageMakesItsTopic(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	mustCreate(t, b, "t", broker.Rights{Public: true}) // so that others may wait on any topic
	waiting := dialAs(t, base+"/ws/new/s", "other")
	mine := dialAs(t, base+"/ws/new/s2", "creator")
	if a := sendAs(t, dialAs(t, base+"/ws/new", "creator"), "", "Zmlyc3Q="); !strings.Contains(a, `"ok"`) {
		t.Fatal(a)
	}
	if text := receive(t, mine); !strings.Contains(text, "Zmlyc3Q=") {
		t.Errorf("who made it received %s", text)
	}
	if _, text, err := waiting.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Errorf("somebody else: %q, %v, want it closed with 1008", text, err)
	}
	for user, want := range map[string]int{"creator": 101, "other": 403, "": 401} {
		if _, status, _ := attempt(t, base+"/ws/new", user); status != want {
			t.Errorf("%q: %d, want %d", user, status, want)
		}
	}
}

func TestAChangedRightHoldsForThoseWhoAreConnected(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody()})
	mustCreate(t, b, "t", broker.Rights{Consumers: []string{"backend"}, Producers: []string{"client"}})
	consumer, producer := dialAs(t, base+"/ws/t/s", "backend"), dialAs(t, base+"/ws/t", "client")
	if err := b.SetTopic("t", func(s *broker.TopicSettings) error { s.Rights = broker.Rights{}; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := consumer.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Errorf("the consumer: %v, want it closed with 1008", err)
	}
	if a := sendAs(t, producer, "", "eA=="); !strings.Contains(a, "error") || !strings.Contains(a, "not allowed to publish to this topic") {
		t.Errorf("the producer: %s", a)
	}
}

func TestRightsThatCannotBe(t *testing.T) {
	b, _ := serve(t, broker.Config{})
	for want, r := range map[string]broker.Rights{
		"TopicSettings.Consumers": {Consumers: []string{""}},
		"TopicSettings.Producers": {Producers: []string{"a b"}},
		"TopicSettings.Viewers":   {Viewers: []string{"a", "a"}},
		"without spaces":          {Viewers: []string{"a,b"}},
		"longer than 256":         {Viewers: []string{strings.Repeat("x", 257)}},
		"control characters":      {Viewers: []string{"a\x00"}},
	} {
		if err := b.CreateTopic("t", broker.TopicSettings{Rights: r}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", r, err, want)
		}
	}
	if _, err := broker.New(broker.Config{Create: "everyone"}); err == nil || !strings.Contains(err.Error(), "Config.Create") {
		t.Errorf("a policy that is none: %v", err)
	}
}

// revocable is an Authenticator whose one user can be revoked.
type revocable struct{ gone atomic.Bool }

func (r *revocable) Authenticate(*http.Request, string) (broker.User, error) {
	if r.gone.Load() {
		return broker.User{}, errors.New("the token is not valid")
	}
	return broker.User{Name: "u", Admin: true, Revoked: r.gone.Load}, nil
}

func TestARevokedTokenEndsItsSockets(t *testing.T) {
	t.Parallel()
	a := &revocable{}
	_, base := serve(t, broker.Config{Authenticator: a})
	consumer, producer := dialAs(t, base+"/ws/t/s", "x"), dialAs(t, base+"/ws/t", "x")
	a.gone.Store(true)
	for _, ws := range []*websocket.Conn{consumer, producer} {
		ws.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
			t.Errorf("%v, want it closed with 1008", err)
		}
	}
	if _, status, _ := attempt(t, base+"/ws/t", "x"); status != 401 {
		t.Errorf("a new socket: %d, want 401", status)
	}
}
