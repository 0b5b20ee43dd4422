package broker

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/internal/nowait"
)

// handshakeTimeout bounds the writing of the handshake answer.
const handshakeTimeout = 10 * time.Second

// serve makes a socket of a request. The steps are in the order in which a
// stranger should learn about them: who may connect is asked before anything
// is told about topics, and permissions belong there too.
func (b *Broker) serve(w http.ResponseWriter, r *http.Request) error {
	e, err := parse(r.URL, &b.config)
	if err != nil {
		return err
	}
	if r.Method != http.MethodGet || !websocket.IsWebSocketUpgrade(r) || r.Header.Get("Sec-Websocket-Version") != "13" {
		return refuse(http.StatusMethodNotAllowed, "this URL is for WebSocket connections, version 13")
	}
	if err := b.checkOrigin(r); err != nil {
		return err
	}
	user, chosen, err := b.identify(r)
	if err != nil {
		return err
	}
	if err := b.authorize(&user, &e); err != nil {
		return err
	}
	if err := b.admit(); err != nil {
		return err
	}
	usage, err := b.enterUsage(&user, r.RemoteAddr)
	if err != nil {
		b.leave()
		return err
	}
	if err := b.connect(w, r, e, identity{user, usage, chosen}); err != nil {
		b.leaveUsage(usage)
		b.leave()
		return err
	}
	return nil
}

// identity is what a handshake has found out about its peer.
type identity struct {
	user   User
	usage  *usage
	chosen string // subprotocol
}

// connect attaches the socket to its topic, answers the handshake, and starts
// it. A failure leaves nothing behind.
func (b *Broker) connect(w http.ResponseWriter, r *http.Request, e endpoint, id identity) error {
	t, err := b.acquire(e.topic)
	if err != nil {
		return err
	}
	s := newSocket(b, e, t, r.RemoteAddr)
	s.python = leavesForGood(r)
	s.since = time.Now()
	s.user, s.usage, s.subscription = id.user, id.usage, e.subscription
	if err := s.attach(e); err != nil {
		b.release(t)
		return err
	}
	// Again, since the topic may have been made for somebody else before the
	// socket was there to be closed.
	err = b.authorize(&s.user, &e)
	if err == nil {
		err = b.claim(&s.user, &e)
	}
	if err != nil {
		s.detach()
		b.release(t)
		return err
	}
	if err := s.upgrade(w, r, id.chosen); err != nil {
		s.detach()
		b.release(t)
		return err
	}
	form := "plain"
	if e.form == envelope.Pulsar {
		form = "pulsar"
	}
	if s.consumer != nil {
		b.log.info("consumer connected", "remote", s.remote, "user", s.user.name(), "topic", t.name,
			"subscription", e.subscription, "type", string(e.consumer.kind), "form", form)
	} else {
		b.log.info("producer connected", "remote", s.remote, "user", s.user.name(), "topic", t.name, "form", form)
	}
	go s.run()
	if b.config.StatusInterval > 0 && s.consumer != nil && b.isBackend(t) {
		b.ask(t, "ping")
		b.askForAPI(t)
	}
	return nil
}

// attach makes the socket a consumer or a producer of its topic. What a consumer
// is sent waits in its queue for the end of the handshake.
func (s *socket) attach(e endpoint) error {
	var err error
	if e.produce {
		s.name = e.producerName
		err = s.topic.addProducer(s.name)
	} else {
		o := e.consumer
		o.user = s.user.name()
		if err := s.broker.authorizeDeadLetters(&s.user, e.topic, e.subscription, &o); err != nil {
			return err
		}
		s.consumer, err = s.topic.subscribe(e.subscription, o, s)
		if err == nil {
			s.token = s.broker.settlers.add(s)
		}
	}
	s.attached = err == nil
	return err
}

// detach undoes attach, once.
func (s *socket) detach() {
	if !s.attached {
		return
	}
	s.attached = false
	if s.consumer != nil {
		s.broker.settlers.Delete(s.token)
		s.topic.unsubscribe(s.consumer)
	} else {
		s.topic.removeProducer(s.name)
	}
}

// upgrade answers the handshake and makes the socket known to Shutdown. After
// an error the answer, if one was possible, is written.
func (s *socket) upgrade(w http.ResponseWriter, r *http.Request, chosen string) error {
	b := s.broker
	u := websocket.Upgrader{
		HandshakeTimeout: handshakeTimeout,
		WriteBufferPool:  noBuffers{},
		CheckOrigin:      func(*http.Request) bool { return true }, // done before
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			http.Error(w, reason.Error(), status)
		},
	}
	// transport reads this: an unacknowledged message comes again, how long an
	// envelope may be, and what else a producer may ask for; see late.go.
	says := fmt.Sprintf("1; redelivers=true; max-frame=%d", b.config.MaxMessage)
	if s.consumer != nil {
		says += fmt.Sprintf("; window=%d; resizes=true; consumer=%s", s.consumer.window, s.token)
	} else {
		says += "; late=true"
	}
	header := http.Header{"Dasf-Broker": {says}}
	if chosen != "" {
		header.Set("Sec-Websocket-Protocol", chosen)
	}
	ws, err := u.Upgrade(&hijacker{ResponseWriter: w, socket: s}, r, header)
	if err != nil {
		return &refusal{err: err}
	}
	s.open(ws)
	if !b.enter(s) {
		s.conn.Close()
		return &refusal{err: errClosed}
	}
	return nil
}

// leavesForGood reports whether the peer looks like Python's websocket-client
// 1.7.0, which demessaging uses: it never connects again once it has received a
// close frame, whatever its code (_app.py, teardown), and does when the
// connection just ends. It sends the broker's own address as Origin and, other
// than a browser, no User-Agent.
func leavesForGood(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && origin.Host != "" && strings.EqualFold(origin.Host, r.Host) && r.Header.Get("User-Agent") == ""
}

// noBuffers keeps gorilla from making a write buffer for each socket: nothing
// is written through it but close frames, which need none.
type noBuffers struct{}

func (noBuffers) Get() any { return nil }
func (noBuffers) Put(any)  {}

// A hijacker hands gorilla the wire of a socket instead of the connection, and
// the read buffer that the HTTP server has made already.
type hijacker struct {
	http.ResponseWriter
	socket *socket
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	s := h.socket
	s.conn = conn
	s.quick = nowait.WriterOf(conn)
	s.wire = &wire{Conn: conn, socket: s}
	if rw.Reader.Buffered() > 0 {
		// gorilla sees it and refuses: nothing may come before the answer.
		return s.wire, rw, nil
	}
	s.reader = rw.Reader
	s.reader.Reset(s.wire)
	if s.reader.Size() != readBuffer {
		s.reader = bufio.NewReaderSize(s.wire, readBuffer)
	}
	return s.wire, bufio.NewReadWriter(s.reader, rw.Writer), nil
}

// refuse answers a handshake with its status and says why in the log.
func (b *Broker) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	b.countRefusal(status)
	b.logRefusal("connection refused", r, status, err)
	if status == 0 {
		return
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodGet)
	}
	http.Error(w, err.Error(), status)
}

// logRefusal says who was refused what, and why. The URL's parameters are left
// out: there may be a token among them.
func (b *Broker) logRefusal(text string, r *http.Request, status int, err error) {
	args := []any{"remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path, "status", status}
	var refusal *refusal
	if errors.As(err, &refusal) && refusal.user != "" {
		args = append(args, "user", refusal.user)
	}
	b.log.warnUpTo(mostRefusals, text, append(args, "reason", err)...)
}
