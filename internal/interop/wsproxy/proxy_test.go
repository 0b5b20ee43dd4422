package wsproxy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/interop/wsproxy"
)

// echo is a broker that sends back what it gets, or closes when it is told to.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/plain" {
		fmt.Fprint(w, "plain page")
		return
	}
	if r.URL.Path == "/ws/refused" {
		http.Error(w, "no such topic", http.StatusNotFound)
		return
	}
	u := websocket.Upgrader{}
	c, err := u.Upgrade(w, r, http.Header{"Dasf-Broker": {"1"}})
	if err != nil {
		return
	}
	defer c.Close()
	first := r.URL.RawQuery + " " + r.Header.Get("Authorization")
	if c.WriteMessage(websocket.TextMessage, []byte(first)) != nil {
		return
	}
	for {
		kind, data, err := c.ReadMessage()
		if err != nil {
			return
		}
		if string(data) == "close" {
			bye := websocket.FormatCloseMessage(websocket.CloseMessageTooBig, "too big")
			_ = c.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Second))
			continue
		}
		if c.WriteMessage(kind, data) != nil {
			return
		}
	}
}

func start(t *testing.T, c wsproxy.Config) *wsproxy.Proxy {
	t.Helper()
	broker := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(broker.Close)
	c.Target = broker.Listener.Addr().String()
	p, err := wsproxy.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("closing the proxy: %v", err)
		}
		if n := p.Connections(); n != 0 {
			t.Errorf("%d connections left after Close", n)
		}
	})
	return p
}

func dial(t *testing.T, p *wsproxy.Proxy, path string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.DefaultDialer.Dial("ws://"+p.Addr()+path, http.Header{"Authorization": {"Token x"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, c), "a=b Token x"; got != want {
		t.Fatalf("the broker saw query and header %q, want %q", got, want)
	}
	return c
}

func read(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	_, data, err := c.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestFramesAndHandshakePassUnchanged(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	p := start(t, wsproxy.Config{Intercept: func(f wsproxy.Frame) wsproxy.Action {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%d %s %s %s", f.Conn, f.Path, f.Direction, f.Data))
		return wsproxy.Action{}
	}})
	c := dial(t, p, "/ws/topic?a=b")
	write(t, c, "one")
	if got := read(t, c); got != "one" {
		t.Errorf("got %q back", got)
	}
	large := strings.Repeat("x", 3_000_000)
	write(t, c, large)
	if got := read(t, c); got != large {
		t.Errorf("a message of 3 MB came back as %d bytes", len(got))
	}
	mu.Lock()
	defer mu.Unlock()
	want := []string{
		"1 /ws/topic to client a=b Token x",
		"1 /ws/topic to broker one",
		"1 /ws/topic to client one",
	}
	if diff := cmp.Diff(want, seen[:3]); diff != "" {
		t.Errorf("frames seen (-want +got):\n%s", diff)
	}
}

func TestRefusalsOfTheBrokerPassUnchanged(t *testing.T) {
	p := start(t, wsproxy.Config{})
	_, resp, err := websocket.DefaultDialer.Dial("ws://"+p.Addr()+"/ws/refused", nil)
	if err == nil {
		t.Fatal("the handshake succeeded")
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusNotFound || !bytes.Contains(body, []byte("no such topic")) {
		t.Errorf("got %s %q", resp.Status, body)
	}
}

func TestPlainHTTPPasses(t *testing.T) {
	p := start(t, wsproxy.Config{})
	resp, err := http.Get("http://" + p.Addr() + "/plain")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != "plain page" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestPingsReachTheBroker(t *testing.T) {
	p := start(t, wsproxy.Config{})
	c := dial(t, p, "/ws/topic?a=b")
	pong := make(chan string, 1)
	c.SetPongHandler(func(data string) error { pong <- data; return nil })
	if err := c.WriteControl(websocket.PingMessage, []byte("p1"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	write(t, c, "after the ping")
	read(t, c)
	select {
	case data := <-pong:
		if data != "p1" {
			t.Errorf("pong carries %q", data)
		}
	default:
		t.Error("no pong came before the answer to a later message")
	}
}

func TestDropEvery(t *testing.T) {
	p := start(t, wsproxy.Config{Intercept: wsproxy.DropEvery(3, func(f wsproxy.Frame) bool {
		return f.Direction == wsproxy.ToBroker
	})})
	c := dial(t, p, "/ws/topic?a=b")
	var got []string
	for i := range 9 {
		write(t, c, fmt.Sprint(i))
	}
	for range 6 {
		got = append(got, read(t, c))
	}
	if diff := cmp.Diff([]string{"0", "1", "3", "4", "6", "7"}, got); diff != "" {
		t.Errorf("messages left (-want +got):\n%s", diff)
	}
}

func TestMessagesAreToldFromAcknowledgements(t *testing.T) {
	for _, tt := range []struct {
		path    string
		toward  wsproxy.Direction
		message bool
	}{
		{"/ws/topic", wsproxy.ToBroker, true},
		{"/ws/topic/", wsproxy.ToClient, false},
		{"/ws/topic/subscription", wsproxy.ToClient, true},
		{"/ws/topic/subscription", wsproxy.ToBroker, false},
		{"/ws/v2/producer/persistent/public/default/topic", wsproxy.ToBroker, true},
		{"/ws/v2/producer/persistent/public/default/topic", wsproxy.ToClient, false},
		{"/ws/v2/consumer/persistent/public/default/topic/sub", wsproxy.ToClient, true},
		{"/ws/v2/consumer/persistent/public/default/topic/sub", wsproxy.ToBroker, false},
	} {
		if got := wsproxy.Messages(wsproxy.Frame{Path: tt.path, Direction: tt.toward}); got != tt.message {
			t.Errorf("%s %s: message is %v, want %v", tt.path, tt.toward, got, tt.message)
		}
	}
}

func TestACloseFramePasses(t *testing.T) {
	closed := make(chan error, 2)
	p := start(t, wsproxy.Config{Closed: func(_ int, _ string, by wsproxy.Direction, err error) {
		if by != wsproxy.ToClient {
			t.Errorf("closed by a frame %s, want one from the broker", by)
		}
		closed <- err
	}})
	c := dial(t, p, "/ws/topic?a=b")
	write(t, c, "close")
	_, _, err := c.ReadMessage()
	if !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
		t.Errorf("the client saw %v, want the broker's 1009", err)
	}
	if err := <-closed; !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
		t.Errorf("Closed was told %v", err)
	}
	c.Close()
}

func TestCutEndsWithoutACloseFrame(t *testing.T) {
	p := start(t, wsproxy.Config{})
	c := dial(t, p, "/ws/topic?a=b")
	p.Cut()
	_, _, err := c.ReadMessage()
	if err == nil || websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway) {
		t.Errorf("after a cut the client saw %v", err)
	}
}

func TestCutInTheMiddleOfAFrame(t *testing.T) {
	for _, d := range []wsproxy.Direction{wsproxy.ToBroker, wsproxy.ToClient} {
		t.Run(d.String(), func(t *testing.T) {
			p := start(t, wsproxy.Config{Intercept: func(f wsproxy.Frame) wsproxy.Action {
				return wsproxy.Action{Cut: f.Direction == d && string(f.Data) == "0123456789"}
			}})
			c := dial(t, p, "/ws/topic?a=b")
			write(t, c, "0123456789")
			_, r, err := c.NextReader()
			if d == wsproxy.ToBroker {
				if err == nil {
					t.Error("something came back from half a frame")
				}
				return
			}
			if err != nil {
				t.Fatalf("the frame's head did not arrive: %v", err)
			}
			got, err := io.ReadAll(r)
			if string(got) != "01234" || err == nil {
				t.Errorf("got %q, %v; want the first half and an error", got, err)
			}
		})
	}
}

func TestPauseHoldsFramesBack(t *testing.T) {
	arrived := make(chan struct{}, 8)
	p := start(t, wsproxy.Config{Intercept: func(f wsproxy.Frame) wsproxy.Action {
		if f.Direction == wsproxy.ToBroker {
			arrived <- struct{}{}
		}
		return wsproxy.Action{}
	}})
	c := dial(t, p, "/ws/topic?a=b")
	p.Pause()
	write(t, c, "held")
	// A frame that passed in spite of the pause would have come before this
	// connection, which is made later, was through with its handshake.
	if other, _, err := websocket.DefaultDialer.Dial("ws://"+p.Addr()+"/ws/other", nil); err != nil {
		t.Errorf("a paused proxy takes no new connection: %v", err)
	} else {
		defer other.Close()
	}
	select {
	case <-arrived:
		t.Error("a frame passed through the paused proxy")
	default:
	}
	p.Resume()
	if got := read(t, c); got != "held" {
		t.Errorf("got %q after the pause", got)
	}
}

func TestRefuseAndDown(t *testing.T) {
	p := start(t, wsproxy.Config{})
	try := func() (int, error) {
		c, resp, err := websocket.DefaultDialer.Dial("ws://"+p.Addr()+"/ws/topic", nil)
		if err == nil {
			c.Close()
		}
		if resp == nil {
			return 0, err
		}
		return resp.StatusCode, err
	}
	p.Refuse(http.StatusForbidden)
	if status, err := try(); status != http.StatusForbidden || !errors.Is(err, websocket.ErrBadHandshake) {
		t.Errorf("refused with %d, %v", status, err)
	}
	p.Refuse(0)
	p.Down()
	if status, err := try(); status != 0 || err == nil {
		t.Errorf("down, and yet it answers: %d, %v", status, err)
	}
	p.Up()
	if status, err := try(); err != nil {
		t.Errorf("up again, and yet: %d, %v", status, err)
	}
}
