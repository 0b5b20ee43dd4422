// Package wsproxy is a WebSocket proxy for tests: it shows every frame that
// passes between a broker and its clients, and can lose, hold back or cut what
// a real network loses, holds back or cuts.
package wsproxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// A Direction is the way of a frame.
type Direction int

// The two ways.
const (
	ToBroker Direction = iota
	ToClient
)

func (d Direction) String() string {
	if d == ToBroker {
		return "to broker"
	}
	return "to client"
}

// A Frame is one WebSocket message on its way through the proxy.
type Frame struct {
	Conn      int    // counts the connections of the proxy from 1
	Path      string // of the connection's URL: it tells producers and topics apart
	Direction Direction
	Type      int // websocket.TextMessage or BinaryMessage
	Data      []byte
}

// An Action is what the proxy does with a frame. The zero value passes it on.
type Action struct {
	Drop  bool          // lose the frame
	Delay time.Duration // pass it on, and all behind it on this connection, so much later
	Cut   bool          // send half of it, then end both connections without a close frame
}

// Config says where a proxy leads to and what it does on the way.
type Config struct {
	// Target is the host:port of the broker.
	Target string
	// Intercept is asked about each message. It runs at the same time for
	// several connections. nil passes everything on.
	Intercept func(Frame) Action
	// Refuse is asked about each handshake's path: a status that is not 0 is
	// the answer. nil lets all through.
	Refuse func(path string) int
	// Opened and Closed are told about each connection to the broker, if set.
	// err is what ended it: a [*websocket.CloseError] where the broker or the
	// client sent a close frame.
	Opened func(conn int, path string)
	Closed func(conn int, path string, by Direction, err error)
}

// A Proxy listens on a loopback address. Its methods may be called at any time
// from any goroutine.
type Proxy struct {
	config   Config
	listener net.Listener
	server   *http.Server
	plain    *httputil.ReverseProxy
	wg       sync.WaitGroup

	mu     sync.Mutex
	conns  map[*link]struct{}
	count  int
	down   bool
	status int           // answered to handshakes if not 0
	paused chan struct{} // closed by Resume; nil while not paused
	closed bool
}

// New starts a proxy. Close ends it.
func New(c Config) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		config:   c,
		listener: l,
		plain:    httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: c.Target}),
		conns:    map[*link]struct{}{},
	}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}
	p.wg.Go(func() { _ = p.server.Serve(downListener{l, p}) }) // ends with Close
	return p, nil
}

// Addr returns the host:port to connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Connections returns how many connections are open.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// Pause stops passing frames on, pings included: a broker that accepts and says
// nothing. Frames are kept until Resume, and new connections are still accepted.
func (p *Proxy) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == nil {
		p.paused = make(chan struct{})
	}
}

// Resume passes on what Pause held back.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused != nil {
		close(p.paused)
		p.paused = nil
	}
}

// Refuse answers new handshakes with the HTTP status; 0 lets them through again.
func (p *Proxy) Refuse(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

// Cut ends all connections without a close frame, as a broken network does.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.conns {
		l.cut()
	}
}

// Down cuts all connections and resets new ones until Up, as a broker that is not there.
func (p *Proxy) Down() {
	p.mu.Lock()
	p.down = true
	p.mu.Unlock()
	p.Cut()
}

// Up ends what Down began.
func (p *Proxy) Up() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}

// Close cuts all connections, ends the proxy and waits for its goroutines.
func (p *Proxy) Close() error {
	p.Resume()
	p.mu.Lock()
	p.closed, p.down = true, true
	p.mu.Unlock()
	err := p.server.Close()
	p.Cut()
	p.wg.Wait()
	return err
}

// ServeHTTP proxies a handshake, or a plain HTTP request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		p.plain.ServeHTTP(w, r)
		return
	}
	if status := p.refusal(r.URL.Path); status != 0 {
		http.Error(w, http.StatusText(status), status)
		return
	}
	broker, answer, err := p.dial(r)
	if err != nil {
		if answer == nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		copyHeader(w.Header(), answer.Header)
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body) // the client may be gone already
		return
	}
	header := http.Header{}
	copyHeader(header, answer.Header)
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	client, err := upgrader.Upgrade(w, r, header)
	if err != nil {
		broker.Close()
		return
	}
	l := &link{proxy: p, path: r.URL.Path, client: client, broker: broker}
	if !p.add(l) {
		l.cut()
		return
	}
	l.run()
}

func (p *Proxy) refusal(path string) int {
	if p.config.Refuse != nil {
		if status := p.config.Refuse(path); status != 0 {
			return status
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

func (p *Proxy) dial(r *http.Request) (*websocket.Conn, *http.Response, error) {
	header := http.Header{}
	copyHeader(header, r.Header)
	target := url.URL{Scheme: "ws", Host: p.config.Target, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	dialer := websocket.Dialer{HandshakeTimeout: 30 * time.Second}
	return dialer.DialContext(r.Context(), target.String(), header)
}

// hopHeaders belong to one connection, so each side makes its own.
var hopHeaders = map[string]bool{
	"Connection": true, "Upgrade": true, "Host": true, "Origin": true, "Transfer-Encoding": true,
	"Content-Length": true, "Sec-Websocket-Key": true, "Sec-Websocket-Version": true,
	"Sec-Websocket-Accept": true, "Sec-Websocket-Extensions": true,
}

func copyHeader(to, from http.Header) {
	for name, values := range from {
		if !hopHeaders[name] {
			to[name] = append(to[name], values...)
		}
	}
}

func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.down {
		return false
	}
	p.count++
	l.id = p.count
	p.conns[l] = struct{}{}
	p.wg.Add(1)
	return true
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, l)
	p.wg.Done()
}

// gate waits while the proxy is paused.
func (p *Proxy) gate() {
	p.mu.Lock()
	paused := p.paused
	p.mu.Unlock()
	if paused != nil {
		<-paused
	}
}

// downListener resets connections while the proxy is down.
type downListener struct {
	net.Listener
	proxy *Proxy
}

func (l downListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		l.proxy.mu.Lock()
		down := l.proxy.down
		l.proxy.mu.Unlock()
		if !down {
			return c, nil
		}
		reset(c)
	}
}

// reset closes with RST where it can, so that the other side notices at once.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a socket that is closed already cannot linger
	}
	c.Close()
}

var errHalf = errors.New("cut by the proxy in the middle of a frame")

func (f Frame) String() string {
	return fmt.Sprintf("%d %s %s: %.200q", f.Conn, f.Path, f.Direction, f.Data)
}
