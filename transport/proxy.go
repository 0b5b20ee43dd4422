package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// A proxy is an HTTP proxy that is asked for a tunnel by CONNECT.
type proxy struct{ url *url.URL }

// proxy returns the one to use towards u, nil for none.
func (d *dialer) proxy(u *url.URL) (*proxy, error) {
	asked := *u
	asked.Scheme = map[string]string{"ws": "http", "wss": "https"}[u.Scheme]
	proxyURL, err := d.o.Proxy(&http.Request{Method: http.MethodGet, URL: &asked, Header: make(http.Header), Host: u.Host})
	if err != nil {
		return nil, fmt.Errorf("finding the proxy: %w", err)
	}
	if proxyURL == nil {
		return nil, nil
	}
	if proxyURL.Scheme != "http" && proxyURL.Scheme != "https" {
		return nil, fmt.Errorf("proxy %s has the scheme %q; only http and https are supported", proxyURL.Redacted(), proxyURL.Scheme)
	}
	return &proxy{proxyURL}, nil
}

// addr is the proxy's host and port.
func (p *proxy) addr() string {
	port := p.url.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[p.url.Scheme]
	}
	return net.JoinHostPort(p.url.Hostname(), port)
}

// String is the URL without its password.
func (p *proxy) String() string { return p.url.Redacted() }

// connect makes conn, which leads to the proxy, one that leads to addr.
func (p *proxy) connect(ctx context.Context, conn net.Conn, addr string, config func() (*tls.Config, error)) (net.Conn, error) {
	if p.url.Scheme == "https" {
		c, err := config()
		if err != nil {
			return nil, &finalError{err}
		}
		if conn, err = startTLS(ctx, conn, c, p.url.Hostname()); err != nil {
			return nil, fmt.Errorf("proxy %s: %w", p, err)
		}
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: make(http.Header)}
	if user := p.url.User; user != nil {
		password, _ := user.Password()
		req.Header.Set("Proxy-Authorization", basicAuth(user.Username(), password))
	}
	if err := req.Write(conn); err != nil {
		return nil, fmt.Errorf("proxy %s: %w", p, err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", p, err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, p.refusal(addr, resp)
	}
	if r.Buffered() > 0 {
		return nil, &finalError{fmt.Errorf("proxy %s spoke before it was spoken to", p)}
	}
	return conn, nil
}

// refusal explains an answer other than 200.
func (p *proxy) refusal(addr string, resp *http.Response) error {
	err := fmt.Errorf("proxy %s refused the way to %s: %s", p, addr, resp.Status)
	switch resp.StatusCode {
	case http.StatusProxyAuthRequired:
		err = fmt.Errorf("%w; put user and password into the proxy's URL", err)
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		// The proxy is well and the broker may be back soon.
		return &unreachable{err}
	}
	return &finalError{err}
}

// unreachable is a proxy's word that the broker is not there now.
type unreachable struct{ error }

func (unreachable) Timeout() bool   { return false }
func (unreachable) Temporary() bool { return true }

var _ net.Error = unreachable{errors.New("")}

func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
