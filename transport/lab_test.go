package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/pipenet"
	"github.com/dasf-go/dasf/transport"
)

// A lab is a bubble of time with a network, in which a test plays the broker.
type lab struct {
	*testing.T
	net     pipenet.Network
	sockets chan *peer // one for each socket that is opened
	log     syncBuffer

	mu       sync.Mutex
	requests []*http.Request
	states   []transport.State
	listener net.Listener
	server   *http.Server
	// refuse answers a handshake instead of the upgrade, if it returns true.
	refuse func(w http.ResponseWriter, r *http.Request) bool
	header http.Header // of the answer to a handshake
}

// inLab runs test in a bubble. The broker is at broker:80.
func inLab(t *testing.T, test func(l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &lab{T: t, sockets: make(chan *peer, 100), header: make(http.Header)}
		l.start()
		t.Cleanup(l.stop)
		test(l)
	})
}

// start lets the broker listen.
func (l *lab) start() {
	var err error
	if l.listener, err = l.net.Listen("broker:80"); err != nil {
		l.Fatal(err)
	}
	l.server = &http.Server{Handler: http.HandlerFunc(l.serve)}
	go l.server.Serve(l.listener)
}

// leave ends the listening; what is connected stays.
func (l *lab) leave() {
	l.listener.Close()
	l.server.Close()
}

// stop ends the broker, and breaks its connections.
func (l *lab) stop() {
	l.leave()
	l.net.Cut()
}

func (l *lab) serve(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.requests = append(l.requests, r)
	refuse, header := l.refuse, l.header.Clone()
	l.mu.Unlock()
	if refuse != nil && refuse(w, r) {
		return
	}
	u := websocket.Upgrader{WriteBufferSize: 4096, CheckOrigin: func(*http.Request) bool { return true }}
	c, err := u.Upgrade(w, r, header)
	if err != nil {
		return
	}
	l.sockets <- &peer{lab: l, Conn: c, request: r}
}

// set changes how handshakes are answered.
func (l *lab) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// asked returns the handshakes so far, as method, URI and a header.
func (l *lab) asked() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for _, r := range l.requests {
		list = append(list, r.RequestURI)
	}
	return list
}

func (l *lab) options() transport.Options {
	return transport.Options{
		Dial:   l.net.Dial,
		Logger: slog.New(slog.NewTextHandler(&l.log, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: withoutTime})),
		OnState: func(s transport.State) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.states = append(l.states, s)
		},
	}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// changes returns the states so far in words.
func (l *lab) changes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for _, s := range l.states {
		what := "away"
		if s.Connected {
			what = "connected"
		}
		who := s.Topic
		if s.Subscription != "" {
			who += "/" + s.Subscription
		}
		text := who + " " + what
		if s.Err != nil {
			text += ": " + s.Err.Error()
		}
		list = append(list, text)
	}
	return list
}

// plain is a broker of the plain form.
func (l *lab) plain() transport.Broker { return transport.WebSocket("ws://broker/ws/", l.options()) }

// pulsar is a broker of Pulsar's form, persistent.
func (l *lab) pulsar() transport.Broker {
	return transport.Pulsar("broker:80", transport.PulsarOptions{Options: l.options(), Persistent: true})
}

// next returns the socket that is opened next.
func (l *lab) next() *peer {
	l.Helper()
	select {
	case p := <-l.sockets:
		return p
	case <-time.After(10 * time.Minute):
		l.Fatal("no socket was opened within ten minutes")
		return nil
	}
}

// consume opens a consumer and returns the broker's end of its socket.
func (l *lab) consume(b transport.Broker, topic string) (transport.Consumer, *peer) {
	l.Helper()
	c, err := b.Consume(l.Context(), topic, transport.ConsumeOptions{Subscription: "sub"})
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { c.Close() })
	return c, l.next()
}

func (l *lab) produce(b transport.Broker, topic string) (transport.Producer, *peer) {
	l.Helper()
	p, err := b.Produce(l.Context(), topic)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { p.Close() })
	return p, l.next()
}

// send starts a Send and returns where its result will be.
func (l *lab) send(p transport.Producer, text string) <-chan error {
	return l.sendWithin(l.Context(), p, text)
}

func (l *lab) sendWithin(ctx context.Context, p transport.Producer, text string) <-chan error {
	m := new(transport.Message)
	m.SetBytes([]byte(text))
	result := make(chan error, 1)
	go func() { result <- p.Send(ctx, m) }()
	return result
}

// result returns what a Send returned, which must be soon.
func (l *lab) result(result <-chan error) error {
	l.Helper()
	synctest.Wait()
	select {
	case err := <-result:
		return err
	default:
		l.Fatal("Send has not returned")
		return nil
	}
}

// waits asserts that a Send has not returned.
func (l *lab) waits(result <-chan error) {
	l.Helper()
	synctest.Wait()
	select {
	case err := <-result:
		l.Fatalf("Send returned %v, it should wait", err)
	default:
	}
}

// receive returns the payload of the next message.
func (l *lab) receive(c transport.Consumer) *transport.Message {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), 10*time.Minute)
	defer cancel()
	m, err := c.Receive(ctx)
	if err != nil {
		l.Fatalf("Receive: %v", err)
	}
	return m
}

// A peer is the broker's end of a socket.
type peer struct {
	lab *lab
	*websocket.Conn
	request *http.Request
	once    sync.Once
	frames  chan string
	err     error // why frames is closed
}

// end ends the connection without a close frame.
func (p *peer) end() { p.Conn.Close() }

// bye closes with a code.
func (p *peer) bye(code int, text string) {
	p.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
	p.end()
}

// pump reads what comes, and answers pings, until the socket ends.
func (p *peer) pump() {
	p.once.Do(func() {
		p.frames = make(chan string, 10_000)
		go func() {
			defer close(p.frames)
			defer p.end()
			for {
				_, text, err := p.ReadMessage()
				if err != nil {
					p.err = err
					return
				}
				p.frames <- string(text)
			}
		}()
	})
}

// read returns the next frame, for which it waits ten minutes at most.
func (p *peer) read() string {
	p.lab.Helper()
	p.pump()
	select {
	case text, ok := <-p.frames:
		if !ok {
			p.lab.Fatalf("the broker's read: %v", p.err)
		}
		return text
	case <-time.After(10 * time.Minute):
		p.lab.Fatal("the broker got nothing in ten minutes")
		return ""
	}
}

// ended waits until the socket ends and returns why.
func (p *peer) ended() error {
	p.lab.Helper()
	p.pump()
	for text := range p.frames {
		p.lab.Errorf("the broker got %s", text)
	}
	return p.err
}

// readContext returns the context and the payload of the next frame.
func (p *peer) readContext() (context, payload string) {
	p.lab.Helper()
	var f struct {
		Context string `json:"context"`
		Payload []byte `json:"payload"`
	}
	if text := p.read(); json.Unmarshal([]byte(text), &f) != nil {
		p.lab.Fatalf("the broker got %s", text)
	}
	return f.Context, string(f.Payload)
}

// silent asserts that nothing has come.
func (p *peer) silent() {
	p.lab.Helper()
	p.pump()
	synctest.Wait()
	select {
	case text, ok := <-p.frames:
		if ok {
			p.lab.Errorf("the broker got %s, want nothing", text)
		}
	default:
	}
}

// write sends a text frame.
func (p *peer) write(format string, args ...any) {
	p.lab.Helper()
	if err := p.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		p.lab.Fatalf("the broker's write: %v", err)
	}
}

// ok acknowledges the next frame and returns its payload.
func (p *peer) ok() string {
	p.lab.Helper()
	context, payload := p.readContext()
	p.write(`{"messageId":"m","context":%q,"result":"ok"}`, context)
	return payload
}

// deliver sends a message with the id.
func (p *peer) deliver(id string) {
	p.lab.Helper()
	p.write(`{"messageId":%q,"payload":"eA==","properties":{},"publishTime":"2026-11-24T15:25:48.967Z"}`, id)
}

// A syncBuffer is a log.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// lines returns the lines that contain text.
func (b *syncBuffer) lines(text string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for line := range strings.Lines(b.b.String()) {
		if strings.Contains(line, text) {
			list = append(list, strings.TrimSuffix(line, "\n"))
		}
	}
	return list
}
