package broker_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata/conversations")

// TestConversations replays what was said with the real peers, and holds the
// broker to its answers. The files are txtar archives: prose, then one section
// a conversation, of these lines:
//
//	NAME open URL           a handshake that succeeds, or
//	NAME open URL = 409     one that is answered with a status
//	NAME > TEXT             NAME sends a text frame; $1 is the first messageId
//	NAME >text "…"          the same as a Go string, NAME >binary "…" a binary frame
//	NAME < JSON             NAME receives a text frame
//	NAME < nothing          NAME has received nothing more
//	NAME < close CODE TEXT  the broker closes
//	NAME close CODE TEXT    NAME closes; NAME drop ends without a word
//	# …                     what the peer answers where it differs
//
// In what is received members are sorted, times are left out, and messageIds
// numbered in the order in which they appear. At the end of a conversation
// nothing may be left unread.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			archive := parseArchive(string(text))
			for i := range archive.sections {
				s := &archive.sections[i]
				t.Run(s.name, func(t *testing.T) { replay(t, s) })
			}
			if *update && !t.Failed() {
				if err := os.WriteFile(file, []byte(archive.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// An archive is a txtar file: https://pkg.go.dev/golang.org/x/tools/txtar
type archive struct {
	prose    string
	sections []section
}

type section struct {
	name  string
	lines []string
}

func parseArchive(text string) archive {
	var a archive
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		name, ok := strings.CutPrefix(line, "-- ")
		if name, end := strings.CutSuffix(name, " --"); ok && end {
			a.sections = append(a.sections, section{name: name})
			continue
		}
		if len(a.sections) == 0 {
			a.prose += line + "\n"
			continue
		}
		last := &a.sections[len(a.sections)-1]
		last.lines = append(last.lines, line)
	}
	return a
}

func (a archive) String() string {
	var b strings.Builder
	b.WriteString(a.prose)
	for _, s := range a.sections {
		fmt.Fprintf(&b, "-- %s --\n", s.name)
		for _, line := range s.lines {
			fmt.Fprintln(&b, line)
		}
	}
	return b.String()
}

// replay plays one conversation against a new broker.
func replay(t *testing.T, s *section) {
	b := newBroker(t, broker.Config{})
	server := httptest.NewServer(b)
	defer server.Close()
	c := &cast{t: t, base: wsURL(server.URL), actors: make(map[string]*actor)}
	for i, line := range s.lines {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s.lines[i] = c.play(line)
		if t.Failed() {
			t.Fatalf("in line %q", line)
		}
	}
	for name, a := range c.actors {
		if a.ended {
			continue
		}
		if got := a.next("nothing"); got != "nothing" {
			t.Errorf("%s has received more: %s", name, got)
		}
	}
	for _, a := range c.actors {
		a.ws.Close()
	}
}

type cast struct {
	t      *testing.T
	base   string
	actors map[string]*actor
	ids    []string
}

// wording evens out what the JSON packages of Go, this one's and the next
// one's, say of the same mistake.
var wording = strings.NewReplacer("unexpected end of JSON input", "unexpected EOF", " looking for beginning of value", "")

// play plays one line and returns it with the answer that came.
func (c *cast) play(line string) string {
	name, rest, _ := strings.Cut(line, " ")
	verb, rest, _ := strings.Cut(rest, " ")
	if verb == "open" {
		return c.open(name, rest)
	}
	a := c.actors[name]
	if a == nil {
		c.t.Fatalf("%s has no connection", name)
	}
	switch verb {
	case ">":
		for i, id := range c.ids {
			rest = strings.ReplaceAll(rest, fmt.Sprintf("$%d", i+1), id)
		}
		a.send(websocket.TextMessage, rest)
	case ">text", ">binary":
		text, err := strconv.Unquote(rest)
		if err != nil {
			c.t.Fatalf("%s: %v", rest, err)
		}
		kind := websocket.TextMessage
		if verb == ">binary" {
			kind = websocket.BinaryMessage
		}
		a.send(kind, text)
	case "<":
		got := c.tidy(a.next(rest))
		if !*update && wording.Replace(got) != wording.Replace(rest) {
			c.t.Errorf("%s has received\n\t%s\nwant\n\t%s", name, got, rest)
		}
		return name + " < " + got
	case "close":
		code, reason, _ := strings.Cut(rest, " ")
		n, _ := strconv.Atoi(code)
		a.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(n, reason), time.Now().Add(time.Second))
	case "drop":
		a.ws.NetConn().Close()
		a.ended = true
	default:
		c.t.Fatalf("%q is no verb", verb)
	}
	return line
}

// open makes a handshake.
func (c *cast) open(name, rest string) string {
	path, _, _ := strings.Cut(rest, " = ")
	ws, resp, err := websocket.DefaultDialer.Dial(c.base+path, nil)
	line := name + " open " + path
	switch {
	case errors.Is(err, websocket.ErrBadHandshake):
		line += fmt.Sprintf(" = %d", resp.StatusCode)
	case err != nil:
		c.t.Fatal(err)
	default:
		c.actors[name] = newActor(ws)
	}
	if want := name + " open " + rest; !*update && line != want {
		c.t.Errorf("got %q", line)
	}
	return line
}

// tidy makes a frame comparable.
func (c *cast) tidy(text string) string {
	var members map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&members) != nil {
		return text
	}
	if id, ok := members["messageId"].(string); ok {
		members["messageId"] = c.number(id)
	}
	delete(members, "publishTime")
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(members); err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func (c *cast) number(id string) string {
	for i, known := range c.ids {
		if known == id {
			return fmt.Sprintf("$%d", i+1)
		}
	}
	c.ids = append(c.ids, id)
	return fmt.Sprintf("$%d", len(c.ids))
}

// An actor is one connection of a conversation.
type actor struct {
	ws     *websocket.Conn
	events chan string // frames, "pong N", "close CODE TEXT", "end"
	pings  int
	ended  bool
}

func newActor(ws *websocket.Conn) *actor {
	a := &actor{ws: ws, events: make(chan string, 1000)}
	ws.SetPongHandler(func(text string) error {
		a.events <- "pong " + text
		return nil
	})
	go func() {
		defer close(a.events)
		for {
			_, text, err := ws.ReadMessage()
			var closed *websocket.CloseError
			if errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
				a.events <- strings.TrimSpace(fmt.Sprintf("close %d %s", closed.Code, closed.Text))
				return
			}
			if err != nil {
				return
			}
			a.events <- string(text)
		}
	}()
	return a
}

func (a *actor) send(kind int, text string) {
	a.ws.WriteMessage(kind, []byte(text)) // a closed connection shows when it is read
}

// next returns what the actor receives next. That it is nothing is known by the
// answer to a ping: what was on its way before has come by then.
func (a *actor) next(want string) string {
	wait := 10 * time.Second
	if *update {
		wait = 300 * time.Millisecond
	} else if want == "nothing" {
		a.pings++
		a.ws.WriteControl(websocket.PingMessage, []byte(strconv.Itoa(a.pings)), time.Now().Add(time.Second))
	}
	timeout := time.After(wait)
	for {
		select {
		case event, ok := <-a.events:
			if !ok {
				a.ended = true
				return "end"
			}
			if n, pong := strings.CutPrefix(event, "pong "); pong {
				if n == strconv.Itoa(a.pings) && want == "nothing" {
					return "nothing"
				}
				continue
			}
			a.ended = strings.HasPrefix(event, "close ")
			return event
		case <-timeout:
			return "nothing"
		}
	}
}
