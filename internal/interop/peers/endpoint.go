package peers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/dasf-go/dasf/internal/interop/wsproxy"
)

// An Endpoint is where a broker listens and in which of the two URL forms it is
// spoken to. The zero value of Persistent means the plain form.
type Endpoint struct {
	Name       string // for the names of tests and topics
	Addr       string // host:port
	Persistent string // "persistent" or "non-persistent" for Pulsar's form
	Token      string // sent by whoever connects, in the header that demessaging's manual names
}

// As returns the same endpoint, reached with a token.
func (e Endpoint) As(token string) Endpoint {
	e.Token = token
	return e
}

// Header is what a client sends with each handshake.
func (e Endpoint) Header() http.Header {
	if e.Token == "" {
		return nil
	}
	return http.Header{"Authorization": {"Token " + e.Token}}
}

// PulsarForm reports whether topics are addressed as Pulsar does it.
func (e Endpoint) PulsarForm() bool { return e.Persistent != "" }

// BaseURL returns the URL that demessaging takes as --websocket-url in the plain form.
func (e Endpoint) BaseURL() string { return "ws://" + e.Addr + "/ws/" }

// Behind puts a proxy between the broker and its peers until the test ends. It
// returns the proxy, and the endpoint that leads through it.
func (e Endpoint) Behind(t testing.TB, c wsproxy.Config) (*wsproxy.Proxy, Endpoint) {
	t.Helper()
	c.Target = e.Addr
	p, err := wsproxy.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("closing the proxy: %v", err)
		}
	})
	return p, e.Through(p.Addr())
}

// Through returns the same endpoint, reached at another address: that of a proxy.
func (e Endpoint) Through(addr string) Endpoint {
	e.Addr = addr
	return e
}

// ProducerURL returns the URL that messages for topic are sent to.
func (e Endpoint) ProducerURL(topic string) string {
	if e.PulsarForm() {
		return fmt.Sprintf("ws://%s/ws/v2/producer/%s/public/default/%s", e.Addr, e.Persistent, url.PathEscape(topic))
	}
	return e.BaseURL() + url.PathEscape(topic)
}

// ConsumerURL returns the URL that messages of topic are received from.
func (e Endpoint) ConsumerURL(topic, subscription string) string {
	if e.PulsarForm() {
		return fmt.Sprintf("ws://%s/ws/v2/consumer/%s/public/default/%s/%s",
			e.Addr, e.Persistent, url.PathEscape(topic), url.PathEscape(subscription))
	}
	return e.BaseURL() + url.PathEscape(topic) + "/" + url.PathEscape(subscription)
}

// flags returns demessaging's command line options for this endpoint.
func (e Endpoint) flags() []string {
	var flags []string
	if e.Token != "" {
		flags = []string{"--header", fmt.Sprintf(`{"authorization": "Token %s"}`, e.Token)}
	}
	if !e.PulsarForm() {
		return append(flags, "--websocket-url", e.BaseURL())
	}
	host, port, err := net.SplitHostPort(e.Addr)
	if err != nil {
		panic("peers: endpoint " + e.Addr + " is no host:port")
	}
	return append(flags, "--host", host, "--port", port, "--persistent", e.Persistent)
}

// freeAddr returns an address on loopback that nobody listens on at the moment.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// poll calls ready until it returns nil, and gives up when ctx ends or the
// process does. Peers say nothing when they are ready, so one has to ask.
func poll(ctx context.Context, p *Process, ready func(context.Context) error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended during its start:\n%s", p.name, tail(p.log, 20))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w\n%s", p.name, err, tail(p.log, 20))
		case <-tick.C:
		}
	}
}
