package transport_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// refusing is a network without anybody.
func refusing(context.Context, string, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
}

// newTLSServer starts a server whose certificate is for broker.test, and
// returns the name of a file with the certificate of its CA.
func newTLSServer(t *testing.T) (h *httptest.Server, caFile string) {
	t.Helper()
	s, plain := newServer(t)
	plain.Close()
	cert, ca := certificate(t, "broker.test")
	h = httptest.NewUnstartedServer(s)
	h.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	h.Config.ErrorLog = quiet
	h.StartTLS()
	t.Cleanup(func() {
		s.cut()
		h.Close()
	})
	return h, ca
}

// certificate makes one for the host, signed by a CA of its own whose
// certificate is in the file.
func certificate(t *testing.T, host string) (cert tls.Certificate, caFile string) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	must(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	must(err)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	must(os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, caFile
}

// to makes every name lead to the server.
func to(h *httptest.Server) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, h.Listener.Addr().String())
	}
}

// roundTrip sends a message through the broker and back.
func roundTrip(t *testing.T, b transport.Broker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	topic := rand.Text()
	c, err := b.Consume(ctx, topic, transport.ConsumeOptions{Subscription: "s"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p, err := b.Produce(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	m := new(transport.Message)
	m.SetBytes([]byte(strings.Repeat("hello ", 10_000)))
	if err := p.Send(ctx, m); err != nil {
		t.Fatal(err)
	}
	got, err := c.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Payload) != string(m.Payload) {
		t.Errorf("received %d characters, want %d", len(got.Payload), len(m.Payload))
	}
	if err := c.Ack(ctx, got); err != nil {
		t.Fatal(err)
	}
}

func TestTLSWithACAFile(t *testing.T) {
	h, ca := newTLSServer(t)
	roundTrip(t, transport.WebSocket("wss://broker.test/ws/", transport.Options{CAFile: ca, Dial: to(h)}))
	roundTrip(t, transport.Pulsar("broker.test:443", transport.PulsarOptions{Secure: true, Options: transport.Options{CAFile: ca, Dial: to(h)}}))
	pool := x509.NewCertPool()
	text, _ := os.ReadFile(ca)
	pool.AppendCertsFromPEM(text)
	roundTrip(t, transport.WebSocket("wss://broker.test/ws/", transport.Options{TLS: &tls.Config{RootCAs: pool, NextProtos: []string{"h2"}}, Dial: to(h)}))
}

func TestTLSMistakesAreFinalAndSayWhatToDo(t *testing.T) {
	h, ca := newTLSServer(t)
	_, plain := newServer(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, url string
		o         transport.Options
		want      []string
	}{
		{"an unknown CA", "wss://broker.test/ws/", transport.Options{Dial: to(h)},
			[]string{"certificate signed by unknown authority", "if broker.test is right, name the file with its CA in CAFile or SSL_CERT_FILE"}},
		{"a certificate for another host", "wss://other.test/ws/", transport.Options{Dial: to(h), CAFile: ca},
			[]string{"certificate is valid for broker.test, not other.test"}},
		{"no CA file", "wss://broker.test/ws/", transport.Options{Dial: to(h), CAFile: ca + ".not"},
			[]string{"reading the CA file: ", ca + ".not", "no such file"}},
		{"a CA file without a certificate", "wss://broker.test/ws/", transport.Options{Dial: to(h), CAFile: empty},
			[]string{"CA file " + empty + " holds no certificate in PEM form; it must have -----BEGIN CERTIFICATE----- in it"}},
		{"wss to a port of ws", "wss://broker.test/ws/", transport.Options{Dial: to(plain), CAFile: ca},
			[]string{"broker.test does not speak TLS there; use ws instead of wss, or another port"}},
		{"ws to a port of wss", "ws://broker.test/ws/", transport.Options{Dial: to(h)},
			[]string{"broker answered 400 Bad Request: Client sent an HTTP request to an HTTPS server."}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := transport.WebSocket(c.url, c.o).Produce(ctx, "topic")
			if err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Produce: %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Produce: %v, want an error with %q", err, want)
				}
			}
		})
	}
}

// inChild runs the running test in a process of its own with more environment:
// crypto/x509 and net/http read theirs once. It reports whether this is that
// process.
func inChild(t *testing.T, env ...string) bool {
	t.Helper()
	const marker = "DASF_TEST_CHILD"
	if os.Getenv(marker) == t.Name() {
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), append(env, marker+"="+t.Name())...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("in a process with %q: %v\n%s", env, err, out)
	}
	return false
}

func TestTLSWithSSL_CERT_FILE(t *testing.T) {
	if address := os.Getenv("DASF_TEST_ADDRESS"); address != "" {
		dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		roundTrip(t, transport.WebSocket("wss://broker.test/ws/", transport.Options{Dial: dial}))
		return
	}
	h, ca := newTLSServer(t)
	inChild(t, "SSL_CERT_FILE="+ca, "DASF_TEST_ADDRESS="+h.Listener.Addr().String())
}
