package transport_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/transport"
)

// quiet is for servers that are sent nonsense on purpose.
var quiet = log.New(io.Discard, "", 0)

// A connectProxy is an HTTP proxy for CONNECT. Every name leads to target.
type connectProxy struct {
	*httptest.Server
	target string

	mu     sync.Mutex
	user   string // "user:password", if the proxy wants it
	status int    // what it answers instead, if not 0
	asked  []string
}

// newProxy starts a proxy in front of h, over TLS if cert is not nil.
func newProxy(t *testing.T, h *httptest.Server, cert *tls.Certificate) *connectProxy {
	p := &connectProxy{target: h.Listener.Addr().String()}
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ErrorLog = quiet
	if cert != nil {
		p.TLS = &tls.Config{Certificates: []tls.Certificate{*cert}}
		p.StartTLS()
	} else {
		p.Start()
	}
	t.Cleanup(p.Close)
	return p
}

// demand makes the proxy want a user, "user:password", or answer with a status.
func (p *connectProxy) demand(user string, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.user, p.status = user, status
}

func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.RequestURI)
	user, status := p.user, p.status
	p.mu.Unlock()
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(user))
	switch {
	case status != 0:
		w.WriteHeader(status)
		return
	case r.Method != http.MethodConnect:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	case user != "" && r.Header.Get("Proxy-Authorization") != want:
		w.Header().Set("Proxy-Authenticate", "Basic")
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	there, err := net.Dial("tcp", p.target)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		there.Close()
		return
	}
	io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
	var both sync.WaitGroup
	both.Go(func() {
		io.Copy(there, buffered)
		there.Close()
	})
	both.Go(func() {
		io.Copy(here, there)
		here.Close()
	})
	both.Wait()
}

func (p *connectProxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

// through returns options that lead through the proxy with that URL.
func through(t *testing.T, address string) transport.Options {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return transport.Options{Proxy: http.ProxyURL(u)}
}

func TestProxy(t *testing.T) {
	_, plain := newServer(t)
	secure, ca := newTLSServer(t)
	proxyCert, proxyCA := certificate(t, "proxy.test")
	t.Run("ws", func(t *testing.T) {
		p := newProxy(t, plain, nil)
		roundTrip(t, transport.WebSocket("ws://broker.test/ws/", through(t, p.URL)))
		if d := cmp.Diff([]string{"CONNECT broker.test:80", "CONNECT broker.test:80"}, p.requests()); d != "" {
			t.Errorf("the proxy was asked, -want +got:\n%s", d)
		}
	})
	t.Run("wss", func(t *testing.T) {
		p := newProxy(t, secure, nil)
		o := through(t, p.URL)
		o.CAFile = ca
		roundTrip(t, transport.WebSocket("wss://broker.test/ws/", o))
		if d := cmp.Diff([]string{"CONNECT broker.test:443", "CONNECT broker.test:443"}, p.requests()); d != "" {
			t.Errorf("the proxy was asked, -want +got:\n%s", d)
		}
	})
	t.Run("with user and password", func(t *testing.T) {
		p := newProxy(t, secure, nil)
		p.demand("user:pass word", 0)
		o := through(t, strings.Replace(p.URL, "http://", "http://user:pass%20word@", 1))
		o.CAFile = ca
		roundTrip(t, transport.WebSocket("wss://broker.test/ws/", o))
	})
	t.Run("a proxy that speaks TLS", func(t *testing.T) {
		p := newProxy(t, plain, &proxyCert)
		o := through(t, "https://proxy.test:"+p.Listener.Addr().String()[strings.LastIndexByte(p.Listener.Addr().String(), ':')+1:])
		o.CAFile = proxyCA
		o.Dial = to(p.Server)
		roundTrip(t, transport.WebSocket("ws://broker.test/ws/", o))
	})
}

func TestProxyMistakes(t *testing.T) {
	_, plain := newServer(t)
	cases := []struct {
		name   string
		change func(p *connectProxy, o *transport.Options)
		want   string
		again  bool
	}{
		{"no password", func(p *connectProxy, _ *transport.Options) { p.demand("user:password", 0) },
			"refused the way to broker.test:80: 407 Proxy Authentication Required; put user and password into the proxy's URL", false},
		{"forbidden", func(p *connectProxy, _ *transport.Options) { p.demand("", 403) }, "refused the way to broker.test:80: 403 Forbidden", false},
		{"the broker is not up", func(p *connectProxy, _ *transport.Options) { p.target = "127.0.0.1:1" }, "refused the way to broker.test:80: 502 Bad Gateway", true},
		{"overload", func(p *connectProxy, _ *transport.Options) { p.demand("", 503) }, "refused the way to broker.test:80: 503 Service Unavailable", true},
		{"SOCKS", func(_ *connectProxy, o *transport.Options) {
			o.Proxy = http.ProxyURL(&url.URL{Scheme: "socks5", Host: "proxy:1080", User: url.UserPassword("u", "secret")})
		}, `proxy socks5://u:xxxxx@proxy:1080 has the scheme "socks5"; only http and https are supported`, false},
		{"a bad setting", func(_ *connectProxy, o *transport.Options) {
			o.Proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("invalid proxy address") }
		}, "finding the proxy: invalid proxy address", false},
		{"a proxy that is not there", func(p *connectProxy, _ *transport.Options) { p.Close() }, "connection refused", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := newProxy(t, plain, nil)
			o := through(t, p.URL)
			c.change(p, &o)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if !c.again {
				ctx = t.Context()
			}
			_, err := transport.WebSocket("ws://broker.test/ws/", o).Produce(ctx, "topic")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Produce: %v, want an error with %q", err, c.want)
			}
			if again := errors.Is(err, context.DeadlineExceeded); again != c.again {
				t.Errorf("Produce: %v, tried again: %v, want %v", err, again, c.again)
			}
		})
	}
}

// TestProxyFromTheEnvironment runs in processes of their own, since net/http
// reads the environment once.
func TestProxyFromTheEnvironment(t *testing.T) {
	if want := os.Getenv("DASF_TEST_ROUTE"); want != "" {
		for _, address := range strings.Split(want, " ") {
			o := transport.Options{CAFile: os.Getenv("DASF_TEST_CA"), FailFast: true}
			if direct := os.Getenv("DASF_TEST_DIRECT"); direct != "" {
				o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
					if strings.HasPrefix(addr, "broker.test") {
						addr = direct
					}
					return new(net.Dialer).DialContext(ctx, network, addr)
				}
			}
			roundTrip(t, transport.WebSocket(address, o))
		}
		return
	}
	_, plain := newServer(t)
	secure, ca := newTLSServer(t)
	forPlain, forSecure := newProxy(t, plain, nil), newProxy(t, secure, nil)
	forPlain.demand("user:secret", 0)
	forSecure.demand("user:secret", 0)
	env := []string{
		"HTTP_PROXY=" + strings.Replace(forPlain.URL, "http://", "http://user:secret@", 1),
		"HTTPS_PROXY=" + strings.Replace(forSecure.URL, "http://", "http://user:secret@", 1),
		"DASF_TEST_CA=" + ca,
	}
	inChild(t, append(env, "NO_PROXY=", "DASF_TEST_ROUTE=ws://broker.test/ws/ wss://broker.test/ws/")...)
	if len(forPlain.requests()) != 2 || len(forSecure.requests()) != 2 {
		t.Errorf("HTTP_PROXY was asked for %q, HTTPS_PROXY for %q, want two ways each", forPlain.requests(), forSecure.requests())
	}
	inChild(t, append(env, "NO_PROXY=.test", "DASF_TEST_DIRECT="+plain.Listener.Addr().String(), "DASF_TEST_ROUTE=ws://broker.test/ws/")...)
	if len(forPlain.requests()) != 2 {
		t.Errorf("with NO_PROXY the proxy was asked for %q", forPlain.requests()[2:])
	}
}
