//go:build interop

package interop_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// A script is played to dasf-broker-django and to the embedded broker. Each line
// is a step; T stands for a topic of the script's own, so that T_answers is
// another:
//
//	open NAME PATH    a WebSocket below /ws/
//	send NAME TEXT    a text frame; binary NAME TEXT a binary one
//	recv NAME         the next frame, or how the socket ended
//	ack NAME          acknowledges the last message of NAME
//	close NAME
//	get PATH          a page of dasf_broker.urls
//
// What comes out is compared: frames as JSON, with ids by the order in which
// they appear. Left out everywhere are redeliveryCount, which only the embedded
// broker tells, and the api_info and pings that the Django broker sends to
// consumers by itself.
type script struct {
	name  string
	steps string
	// differs says why the two answer differently. Then they must: what is no
	// difference any longer does not belong in the list.
	differs string
}

const message = `{"properties": {"requestContext": 0, "messageType": "request"}, "payload": "eA==", "context": 0}`

var scripts = []script{
	{name: "a message", steps: `
		open P T
		open C T/sub
		send P ` + message + `
		recv P
		recv C
		ack C`},
	{name: "a whole call", steps: `
		open answers T_answers/python-backend-2026-11-24T15:16:22.012054
		open P T
		open C T/backend-module-2026-11-24T15:16:21
		send P {"properties": {"response_topic": "T_answers", "requestContext": 0, "messageType": "request"}, "payload": "eA==", "context": 0}
		recv P
		recv C
		ack C
		open B T_answers
		send B {"properties": {"status": "success", "requestContext": "0", "messageType": "response", "source_topic": "T"}, "context": "0", "payload": "eQ=="}
		recv B
		recv answers
		ack answers`},
	{name: "a slash at the end", steps: `
		open P T/
		open C T/sub/
		send P ` + message + `
		recv P
		recv C`},
	{name: "contexts of all kinds come back as they were", steps: `
		open P T
		send P {"payload": "", "context": "7"}
		recv P
		send P {"payload": "", "context": 7}
		recv P
		send P {"payload": "", "context": 1.5}
		recv P
		send P {"payload": "", "context": true}
		recv P
		send P {"payload": ""}
		recv P
		send P {}
		recv P`},
	{name: "a context that is null", steps: `
		open P T
		send P {"payload": "", "context": null}
		recv P`, differs: "null counts as absent here"},
	{name: "no properties", steps: `
		open P T
		open C T/sub
		send P {"payload": ""}
		recv P
		recv C`, differs: "Python's backend fails over a message without properties, so it gets empty ones"},
	{name: "a number with a zero at its end", steps: `
		open P T
		open C T/sub
		send P {"properties": {"x": 2.50}}
		recv P
		recv C`, differs: "properties travel as the text that they are"},
	{name: "unknown members and properties travel", steps: `
		open P T
		open C T/sub
		send P {"payload": "eA==", "more": {"a": [1, 2.5, null]}, "properties": {"x": "é\u00e9\"", "deep": {"y": []}, "n": null, "big": 12345678901234567890}}
		recv P
		recv C`},
	{name: "a payload that is no base64 travels", steps: `
		open P T
		open C T/sub
		send P {"properties": {}, "payload": "!"}
		recv P
		recv C`},
	{name: "a payload that is no text", steps: `
		open P T
		send P {"payload": {"a": 1}}
		recv P`, differs: "the embedded broker passes on texts only, and refuses what no peer understands"},
	{name: "what was sent before anybody came is delivered in order", steps: `
		open P T
		send P {"properties": {}, "payload": "MQ=="}
		recv P
		send P {"properties": {}, "payload": "Mg=="}
		recv P
		open C T/sub
		recv C
		ack C
		recv C
		ack C`},
	{name: "what was not acknowledged comes again", steps: `
		open P T
		open C T/sub
		send P {"properties": {}, "payload": "MQ=="}
		recv P
		send P {"properties": {}, "payload": "Mg=="}
		recv P
		recv C
		ack C
		recv C
		close C
		open D T/another
		recv D
		ack D`},
	{name: "every consumer gets every message", steps: `
		open P T
		open C T/one
		open D T/two
		open E T/two
		send P {"properties": {}, "payload": "MQ=="}
		recv P
		recv C
		recv D
		recv E`},
	{name: "an acknowledgement by one consumer is enough", steps: `
		open P T
		open C T/one
		send P {"properties": {}, "payload": "MQ=="}
		recv P
		recv C
		ack C
		send P {"properties": {}, "payload": "Mg=="}
		recv P
		recv C
		close C
		open D T/two
		recv D`},
	{name: "an acknowledgement of another message does no harm", steps: `
		open P T
		open C T/sub
		send C {"messageId": "00000000-0000-4000-8000-000000000000"}
		send P {"properties": {}, "payload": "MQ=="}
		recv P
		recv C`},

	{name: "an id of the producer's own", steps: `
		open P T
		send P {"payload": "", "messageId": "00000000-0000-4000-8000-000000000001"}
		recv P`, differs: "ids are made by the embedded broker: one of somebody else's could be used twice"},
	{name: "an id that is no UUID", steps: `
		open P T
		send P {"payload": "", "messageId": "x"}
		recv P`, differs: "the Django broker closes with 1011; ids are not taken from producers here"},
	{name: "no JSON", steps: `
		open P T
		send P no JSON
		recv P`, differs: "the Django broker closes with 1011, and Python's client waits for ever; an answer with an error is better"},
	{name: "a list", steps: `
		open P T
		send P []
		recv P`, differs: "as no JSON"},
	{name: "properties null", steps: `
		open P T
		send P {"properties": null, "payload": ""}
		recv P`, differs: "the Django broker closes with 1011; null counts as absent here"},
	{name: "an empty frame", steps: `
		open P T
		send P
		recv P`, differs: "as no JSON"},
	{name: "a binary frame", steps: `
		open P T
		binary P {}
		recv P`, differs: "as no JSON"},
	{name: "a requestContext that is a word", steps: `
		open P T
		send P {"properties": {"requestContext": "word"}, "payload": ""}
		recv P`, differs: "the Django broker keeps it in a column of integers and closes with 1011"},
	{name: "a topic for answers that is a topic already", steps: `
		open Q T_answers
		send Q {"payload": ""}
		recv Q
		open P T
		send P {"properties": {"response_topic": "T_answers"}, "payload": ""}
		recv P`, differs: "the Django broker closes with 1011, also after a restart that has made the client's topic a plain one; here it may be shared"},
	{name: "a topic for the answers of two", steps: `
		open P T
		send P {"properties": {"response_topic": "T_answers"}, "payload": ""}
		recv P
		open Q T_other
		send Q {"properties": {"response_topic": "T_answers"}, "payload": ""}
		recv Q`, differs: "as the one before"},
	{name: "a consumer's acknowledgement without an id", steps: `
		open P T
		open C T/sub
		send P {"payload": ""}
		recv P
		recv C
		send C {}
		send P {"payload": ""}
		recv P
		recv C`, differs: "the Django broker closes the consumer with 1011; here it is logged"},
	{name: "a name with a dot", steps: `
		open P T.x`, differs: "the Django broker answers 500; here the name is good, as in Pulsar"},
	{name: "three levels", steps: `
		open P T/x/y`, differs: "the Django broker answers 500, after which clients try again; here it is 404"},
	{name: "no name", steps: `
		open P /`, differs: "as three levels: 400"},
	{name: "a message of more than 1 MiB", steps: `
		open P T
		send P {"payload": "` + strings.Repeat("A", 1<<20) + `"}
		recv P`, differs: "daphne cuts the connection; the embedded broker takes 16 MiB"},

	{name: "the status of a topic that does not exist", steps: `
		get /T/status/`},
	{name: "the status before anybody was there", steps: `
		open P T
		send P {"payload": ""}
		recv P
		get /T/status/`, differs: "the Django broker does not know whether there is a consumer; here the answer is that there is none"},
	{name: "a pong makes a topic online", steps: `
		open P T
		open C T/sub
		send P ` + message + `
		recv P
		recv C
		ack C
		get /T/ping/
		open B status-ping
		send B {"properties": {"requestContext": "1", "messageType": "pong", "source_topic": "T"}, "context": "1", "payload": ""}
		recv B
		get /T/status/`},
	{name: "a pong without a topic", steps: `
		open B status-ping
		send B {"properties": {"messageType": "pong"}, "context": "1", "payload": ""}
		recv B`, differs: "a broker that asks for no tokens takes what comes on status-ping"},
}

func TestSameFramesInTheDjangoBroker(t *testing.T) {
	embedded := serveEmbedded(t, broker.Config{}, "")
	django := lab.Django(t)
	for _, s := range scripts {
		t.Run(strings.ReplaceAll(s.name, " ", "-"), func(t *testing.T) {
			compare(t, s, django, embedded)
		})
	}
}

// The store modes, and what is different in each.
func TestSameFramesInEachStoreMode(t *testing.T) {
	before := `
		open P T
		send P {"properties": {}, "payload": "MQ=="}
		recv P
		open C T/sub
		send P {"properties": {}, "payload": "Mg=="}
		recv P
		recv C
		ack C`
	again := before + `
		close C
		open D T/sub
		send P {"properties": {}, "payload": "Mw=="}
		recv P
		recv D`
	for _, mode := range []broker.StoreMode{broker.StoreDisabled, broker.StoreCache, broker.StoreCacheAll, broker.StoreForever} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			django := lab.StartDjango(t, peers.DjangoOptions{Store: string(mode)}).Endpoint
			embedded := serveEmbedded(t, broker.Config{StoreSources: mode, StoreResponses: mode}, "")
			compare(t, script{name: "what waited", steps: before}, django, embedded)
			compare(t, script{name: "what is left", steps: again}, django, embedded)
		})
	}
}

// compare plays a script to both and compares.
func compare(t *testing.T, s script, django, embedded peers.Endpoint) {
	t.Helper()
	topic := lab.Topic("script")
	theirs, ours := play(t, s.steps, django, topic, "/dasf"), play(t, s.steps, embedded, topic, "")
	diff := cmp.Diff(theirs, ours)
	switch {
	case s.differs == "" && diff != "":
		t.Errorf("%s: the embedded broker answers differently (-django +embedded):\n%s", s.name, diff)
	case s.differs != "" && diff == "":
		t.Errorf("%s: both answer the same, although %s:\n%s", s.name, s.differs, strings.Join(ours, "\n"))
	}
}

// A player plays one script to one broker.
type player struct {
	t       *testing.T
	at      peers.Endpoint
	topic   string
	pages   string // what stands in front of pages
	sockets map[string]*websocket.Conn
	last    map[string]string // id of the last message, by socket
	ids     map[string]string
	out     []string
}

// stepLimit is how long a frame may take on a busy machine.
const stepLimit = 30 * time.Second

func play(t *testing.T, steps string, at peers.Endpoint, topic, pages string) []string {
	t.Helper()
	p := &player{
		t: t, at: at, topic: topic, pages: pages,
		sockets: map[string]*websocket.Conn{}, last: map[string]string{}, ids: map[string]string{},
	}
	defer func() {
		for _, ws := range p.sockets {
			ws.Close()
		}
	}()
	for step := range strings.Lines(steps) {
		if step = strings.TrimSpace(step); step != "" {
			p.step(step)
		}
	}
	return p.out
}

func (p *player) step(step string) {
	p.t.Helper()
	verb, rest, _ := strings.Cut(step, " ")
	name, text, _ := strings.Cut(rest, " ")
	text = p.named(text)
	ws := p.sockets[name]
	if ws == nil && verb != "open" && verb != "get" {
		return // its handshake was refused, which is in out
	}
	var err error
	switch verb {
	case "open":
		p.open(name, text)
	case "send":
		err = ws.WriteMessage(websocket.TextMessage, []byte(text))
	case "binary":
		err = ws.WriteMessage(websocket.BinaryMessage, []byte(text))
	case "recv":
		p.receive(name, ws)
	case "ack":
		err = ws.WriteJSON(map[string]string{"messageId": p.last[name]})
	case "close":
		err = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(stepLimit))
		for err == nil { // until the broker has noticed
			ws.SetReadDeadline(time.Now().Add(stepLimit))
			if _, _, ended := ws.ReadMessage(); ended != nil {
				break
			}
		}
	case "get":
		p.get(p.named(name))
	default:
		p.t.Fatalf("no such step: %s", step)
	}
	if err != nil {
		p.t.Fatalf("%s: %s: %v", p.at.Name, step, err)
	}
}

// named puts the script's own topic into a text.
func (p *player) named(text string) string {
	if strings.Contains(text, "{") {
		return strings.NewReplacer(`"T"`, `"`+p.topic+`"`, `"T_`, `"`+p.topic+`_`).Replace(text)
	}
	if rest, ok := strings.CutPrefix(text, "T"); ok {
		return p.topic + rest
	}
	return strings.Replace(text, "/T/", "/"+p.topic+"/", 1)
}

func (p *player) note(format string, args ...any) {
	p.out = append(p.out, strings.ReplaceAll(fmt.Sprintf(format, args...), p.topic, "T"))
}

func (p *player) open(name, path string) {
	p.t.Helper()
	ws, resp, err := websocket.DefaultDialer.DialContext(within(p.t), "ws://"+p.at.Addr+"/ws/"+path, nil)
	if resp == nil {
		p.t.Fatalf("%s: %v", p.at.Name, err)
	}
	p.note("open %s: %d", name, resp.StatusCode)
	if err == nil {
		p.sockets[name] = ws
	}
}

func (p *player) receive(name string, ws *websocket.Conn) {
	p.t.Helper()
	for {
		ws.SetReadDeadline(time.Now().Add(stepLimit))
		_, text, err := ws.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) {
			p.note("recv %s: closed with %d", name, closed.Code)
			return
		}
		if err != nil {
			p.note("recv %s: %v", name, err)
			return
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var frame map[string]any
		if err := d.Decode(&frame); err != nil {
			p.t.Fatalf("%s: %v in %s", p.at.Name, err, text)
		}
		if properties, ok := frame["properties"].(map[string]any); ok && properties["response_topic"] == "status-ping" {
			continue
		}
		p.last[name], _ = frame["messageId"].(string)
		delete(frame, "redeliveryCount")
		if _, ok := frame["publishTime"].(string); ok {
			frame["publishTime"] = "a time"
		}
		if id, ok := frame["messageId"].(string); ok {
			if p.ids[id] == "" {
				p.ids[id] = fmt.Sprint("id ", len(p.ids)+1)
			}
			if !strings.HasPrefix(id, "00000000-") {
				frame["messageId"] = p.ids[id]
			}
		}
		normal, err := json.Marshal(frame)
		if err != nil {
			p.t.Fatal(err)
		}
		p.note("recv %s: %s", name, normal)
		return
	}
}

// get tells the answer to a page: its status, and its text if that is for people.
func (p *player) get(path string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(within(p.t), http.MethodGet, "http://"+p.at.Addr+p.pages+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusFound {
		text = nil
	}
	p.note("get %s: %d %s", path, resp.StatusCode, text)
}
