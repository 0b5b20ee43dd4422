package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/brokerapi"
	"github.com/dasf-go/dasf/internal/cmdline"
)

// tokenVariable has the token for the API of a broker.
const tokenVariable = "DASF_BROKER_TOKEN"

// brokerAPI says which broker a command is about.
type brokerAPI struct {
	URL       string `name:"url" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Where a broker runs (default ${default})."`
	TokenFile string `complete:"file" placeholder:"FILE" help:"File with the token of an administrator. Default: the variable DASF_BROKER_TOKEN"`
	CAFile    string `name:"ca-file" complete:"file" placeholder:"FILE" help:"Certificates (PEM) to trust instead of those of the system, for https."`
	StateDir  string `complete:"dir" placeholder:"DIR" help:"State folder of a broker that does not run, instead of --url."`
}

// apiTimeout is how long the broker may take to answer.
const apiTimeout = 30 * time.Second

// call asks the API, and returns the answer as it came and in out.
func (a *brokerAPI) call(ctx context.Context, s streams, method, path string, body, out any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	client, base, done, err := a.client()
	if err != nil {
		return nil, err
	}
	defer done()
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(text))
	if err != nil {
		return nil, cmdline.Usagef("--url: %v", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	token, err := a.token(s)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the broker: %w; --url names another, --state-dir the store of one that does not run", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("asking the broker: %w", err)
	}
	if resp.StatusCode >= 300 {
		return nil, refusedBy(resp, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			return nil, fmt.Errorf("asking the broker: %s does not answer as a DASF broker: %w", base, err)
		}
	}
	return answer, nil
}

func refusedBy(resp *http.Response, answer []byte) error {
	var e brokerapi.Error
	if json.Unmarshal(answer, &e) != nil || e.Error == "" {
		return fmt.Errorf("%s answers %s: is it a DASF broker?", resp.Request.URL.Host, resp.Status)
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		return fmt.Errorf("the broker answers: %s; give it the token of an administrator in %s or with --token-file", e.Error, tokenVariable)
	case http.StatusNotFound:
		return fmt.Errorf("%s; dasf broker topic list --all shows which there are, dasf broker topic create makes one", e.Error)
	}
	return errors.New(e.Error)
}

func (a *brokerAPI) token(s streams) (string, error) {
	if a.TokenFile == "" {
		text, _ := s.lookup(tokenVariable)
		return strings.TrimSpace(text), nil
	}
	text, err := os.ReadFile(a.TokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// client returns how to reach the broker. done must be called at the end.
func (a *brokerAPI) client() (client *http.Client, base string, done func(), err error) {
	if a.StateDir != "" {
		// The broker would make it, which is not what a misspelt name is for.
		if _, err := os.Stat(a.StateDir); err != nil {
			return nil, "", nil, fmt.Errorf("--state-dir: %w; a broker makes it at its first start", err)
		}
		b, err := broker.New(broker.Config{Dir: a.StateDir})
		if err != nil {
			return nil, "", nil, fmt.Errorf("--state-dir %s: %w; if a broker has it, name that with --url instead", a.StateDir, err)
		}
		return &http.Client{Transport: direct{b}}, "http://localhost", func() { _ = b.Close() }, nil
	}
	u, err := url.Parse(a.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, "", nil, cmdline.Usagef("--url is %q: it must be http://HOST:PORT or https://HOST:PORT", a.URL)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, "", nil, fmt.Errorf("--ca-file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, "", nil, fmt.Errorf("--ca-file %s has no certificate in PEM", a.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	// A redirect could carry the token elsewhere.
	client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return client, strings.TrimSuffix(a.URL, "/"), transport.CloseIdleConnections, nil
}

// direct answers requests by a handler of this process.
type direct struct{ http.Handler }

// RoundTrip implements [http.RoundTripper].
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &answer{header: http.Header{}, status: http.StatusOK}
	r.RequestURI = r.URL.RequestURI()
	d.ServeHTTP(w, r)
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// An answer collects what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answer) Header() http.Header         { return w.header }
func (w *answer) WriteHeader(status int)      { w.status = status }
func (w *answer) Write(p []byte) (int, error) { return w.body.Write(p) }
