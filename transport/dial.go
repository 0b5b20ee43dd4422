package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/nowait"
)

// A dialer opens the sockets of one broker.
type dialer struct {
	o       *Options
	buffers buffers
	tls     func() (*tls.Config, error)
}

func newDialer(o *Options) *dialer {
	return &dialer{o: o, tls: sync.OnceValues(func() (*tls.Config, error) { return tlsConfig(o) })}
}

// tlsConfig is o.TLS with the certificates of o.CAFile.
func tlsConfig(o *Options) (*tls.Config, error) {
	c := o.TLS.Clone()
	if c == nil {
		c = new(tls.Config)
	}
	c.NextProtos = nil // a WebSocket is opened by HTTP/1.1
	if o.CAFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading the CA file: %w", err)
	}
	switch {
	case c.RootCAs != nil:
		c.RootCAs = c.RootCAs.Clone()
	default:
		if c.RootCAs, err = x509.SystemCertPool(); err != nil {
			c.RootCAs = x509.NewCertPool()
		}
	}
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s holds no certificate in PEM form; it must have -----BEGIN CERTIFICATE----- in it", o.CAFile)
	}
	return c, nil
}

// errConnectTimeout is why an attempt is given up.
var errConnectTimeout = errors.New("no connection within the ConnectTimeout")

// A target is where a socket goes.
type target struct {
	url    *url.URL // ws or wss
	header http.Header
}

// newTarget parses the URL of a socket. A user in it becomes a header.
func newTarget(text string, header http.Header) (*target, error) {
	u, err := parseURL(text)
	if err != nil {
		return nil, err
	}
	t := &target{url: u, header: header.Clone()}
	if t.header == nil {
		t.header = make(http.Header)
	}
	if user := u.User; user != nil {
		u.User = nil
		if !hasHeader(t.header, "Authorization") {
			password, _ := user.Password()
			t.header.Set("Authorization", basicAuth(user.Username(), password))
		}
	}
	if u.Scheme != "ws" && u.Scheme != "wss" {
		return nil, fmt.Errorf("websocket URL %s has the scheme %q; use ws or wss", t, u.Scheme)
	}
	if u.Host == "" {
		return nil, fmt.Errorf("websocket URL %s names no host", t)
	}
	if !hasHeader(t.header, "Origin") {
		// demessaging's websocket-client sends it, and a Django behind
		// channels' AllowedHostsOriginValidator refuses who does not.
		t.header.Set("Origin", "http"+strings.TrimPrefix(u.Scheme, "ws")+"://"+u.Host)
	}
	return t, nil
}

// parseURL is url.Parse with an error that does not show the URL: there may be a
// password or a token in it.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err == nil {
		return u, nil
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return nil, fmt.Errorf("websocket URL can't be parsed: %w", err)
}

// hasHeader looks for a header in whatever case it was written.
func hasHeader(h http.Header, name string) bool {
	for key := range h {
		if strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}

// String is the URL as it may be shown: without its query, which may hold a
// token.
func (t *target) String() string {
	shown := *t.url
	shown.RawQuery = ""
	return shown.String()
}

// open connects to t and returns the socket and the header of the broker's
// answer.
func (d *dialer) open(ctx context.Context, t *target, probed func()) (*socket, http.Header, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.o.ConnectTimeout, errConnectTimeout)
	defer cancel()
	var below *wire
	release := func() bool { return true }
	connect := func(ctx context.Context, _, addr string) (net.Conn, error) {
		conn, stop, err := d.connect(ctx, t.url, addr)
		if err != nil {
			return nil, err
		}
		below, release = &wire{Conn: conn, timeout: d.o.WriteTimeout, quick: nowait.WriterOf(conn)}, stop
		return below, nil
	}
	ws, resp, err := (&websocket.Dialer{
		NetDialContext:    connect,
		NetDialTLSContext: connect,
		ReadBufferSize:    handshakeBuffer,
		WriteBufferSize:   writeBuffer,
		WriteBufferPool:   &d.buffers.writes,
	}).DialContext(noDeadline{ctx}, t.url.String(), t.header)
	if !release() && err == nil {
		ws.Close()
		err = ctx.Err()
	}
	switch {
	case err == nil:
		return newSocket(ws, below, &d.buffers, d.o, probed), resp.Header, nil
	case errors.Is(err, websocket.ErrBadHandshake):
		return nil, nil, handshakeError(t, resp)
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		err = errNoAnswer
	}
	return nil, nil, fmt.Errorf("opening %s: %w", t, err)
}

// noDeadline hides the deadline of a context, from which gorilla would make one
// of the connection: the same moment would then have two errors. The end of the
// context closes the connection, which is enough.
type noDeadline struct{ context.Context }

func (noDeadline) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

var errNoAnswer = fmt.Errorf("connection ended without an answer to the handshake: %w", io.ErrUnexpectedEOF)

// connect opens the connection below a socket, through a proxy and TLS if that
// is asked for. The end of ctx closes it until stop is called, which reports
// whether it was in time.
func (d *dialer) connect(ctx context.Context, u *url.URL, addr string) (conn net.Conn, stop func() bool, err error) {
	config := new(tls.Config)
	secure := u.Scheme == "wss"
	if secure {
		if config, err = d.tls(); err != nil {
			return nil, nil, &finalError{err}
		}
	}
	proxy, err := d.proxy(u)
	if err != nil {
		return nil, nil, &finalError{err}
	}
	first := addr
	if proxy != nil {
		first = proxy.addr()
	}
	conn, err = d.o.Dial(ctx, "tcp", first)
	if err != nil {
		return nil, nil, err
	}
	raw := conn
	stop = context.AfterFunc(ctx, func() { raw.Close() })
	if proxy != nil {
		conn, err = proxy.connect(ctx, conn, addr, d.tls)
	}
	if err == nil && secure {
		conn, err = startTLS(ctx, conn, config, u.Hostname())
	}
	if err != nil {
		stop()
		raw.Close()
		return nil, nil, err
	}
	return conn, stop, nil
}

// startTLS makes conn a connection of TLS to the host.
func startTLS(ctx context.Context, conn net.Conn, config *tls.Config, host string) (net.Conn, error) {
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = host
	}
	c := tls.Client(conn, config)
	err := c.HandshakeContext(ctx)
	if err == nil {
		return c, nil
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		err = fmt.Errorf("%w; if %s is right, name the file with its CA in CAFile or SSL_CERT_FILE", err, host)
		return nil, &finalError{err}
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return nil, &finalError{fmt.Errorf("%s does not speak TLS there; use ws instead of wss, or another port: %w", host, err)}
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return nil, &finalError{err}
	}
	return nil, err
}

// A finalError is one that another try will not change.
type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }
func (e *finalError) Unwrap() error { return e.err }

// isFinal reports whether the error of a first attempt to connect is worth no
// second one: a broker, or a proxy, that is not there yet is, an answer that
// will be the same is not.
func isFinal(err error) bool {
	if e, ok := errors.AsType[*HandshakeError](err); ok {
		switch e.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return false
		}
		return true
	}
	if _, ok := errors.AsType[*finalError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return false
	}
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return false
	}
	for _, passing := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, errConnectTimeout} {
		if errors.Is(err, passing) {
			return false
		}
	}
	return true
}
