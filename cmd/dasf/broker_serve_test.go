package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A text collects what a command writes, for another goroutine to read.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// await waits until the text has want.
func (t *text) await(tb testing.TB, want string) {
	tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(t.String(), want); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("waited in vain for %q in:\n%s", want, t)
		}
	}
}

// A running is dasf broker in this process.
type running struct {
	addr string // host:port
	log  *text
}

// runBroker runs dasf broker on a free port of 127.0.0.1, unless args name
// another address, until the test ends.
func runBroker(t testing.TB, args ...string) running {
	t.Helper()
	if !strings.Contains(strings.Join(args, " "), "--listen") {
		args = append([]string{"--listen", "127.0.0.1:0"}, args...)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, printed := io.Pipe()
	r := running{log: new(text)}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"broker"}, args...), printed, r.log)
		printed.Close()
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() && r.addr == "" {
		if m := regexp.MustCompile(`DASF broker on (\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			r.addr = m[1]
		}
	}
	go io.Copy(io.Discard, out)
	t.Cleanup(func() {
		cancel()
		if c := <-code; c != 0 {
			t.Errorf("exit code %d, want 0; log:\n%s", c, r.log)
		}
	})
	if r.addr == "" {
		t.Fatalf("the broker did not start:\n%s", r.log)
	}
	if _, port, _ := net.SplitHostPort(r.addr); port != "" {
		r.addr = "127.0.0.1:" + port
	}
	return r
}

// connect opens a socket with a token, "" for none, and returns the status.
func connect(t testing.TB, r running, path, token string) (*websocket.Conn, int) {
	t.Helper()
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Token "+token)
	}
	ws, resp, err := websocket.DefaultDialer.Dial("ws://"+r.addr+path, header)
	if resp == nil {
		t.Fatal(err)
	}
	if ws != nil {
		t.Cleanup(func() { ws.Close() })
	}
	return ws, resp.StatusCode
}

// dasfOK runs a command that must succeed, and returns what it prints.
func dasfOK(t testing.TB, args ...string) string {
	t.Helper()
	code, out, errs := dasfRun(t, nil, args...)
	if code != 0 {
		t.Fatalf("dasf %q: exit code %d: %s", args, code, errs)
	}
	return out
}

func dasfRun(t testing.TB, environ []string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = runWith(t.Context(), args, environ, streams{in: strings.NewReader(""), out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func newToken(t testing.TB, users string, args ...string) string {
	t.Helper()
	return strings.TrimSpace(dasfOK(t, append(append([]string{"broker", "token", "create"}, args...), "--users", users)...))
}

func TestTokensOfARunningBroker(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users.json")
	admin := newToken(t, users, "root", "--admin")
	r := runBroker(t, "--listen", "0.0.0.0:0", "--users", users)
	r.log.await(t, "WARNING: tokens come in clear text")
	if _, status := connect(t, r, "/ws/t", ""); status != 401 {
		t.Errorf("without a token: %d, want 401", status)
	}
	if _, status := connect(t, r, "/ws/t", "wrong-wrong-wrong-wrong"); status != 401 {
		t.Errorf("with a wrong token: %d, want 401", status)
	}
	if _, status := connect(t, r, "/ws/t", admin); status != 101 {
		t.Errorf("with a token: %d, want 101", status)
	}
	r.log.await(t, "the token is not valid")

	// A token made while the broker runs is good within a second, and one that
	// is revoked closes its sockets.
	alice := newToken(t, users, "alice", "--may-create-topics")
	var ws *websocket.Conn
	for deadline := time.Now().Add(20 * time.Second); ws == nil; time.Sleep(20 * time.Millisecond) {
		if ws, _ = connect(t, r, "/ws/new", alice); ws == nil && time.Now().After(deadline) {
			t.Fatal("the new token is not taken")
		}
	}
	id := regexp.MustCompile(`(?m)^alice +create-topics +(\w+)`).FindStringSubmatch(dasfOK(t, "broker", "token", "list", "--users", users))
	if id == nil {
		t.Fatal("the list does not show the token")
	}
	dasfOK(t, "broker", "token", "revoke", id[1], "--users", users)
	ws.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Errorf("the socket of a revoked token: %v, want 1008", err)
	}
}

func TestTokenCommands(t *testing.T) {
	dir := t.TempDir()
	state := []string{"--state-dir", dir}
	token := dasfOK(t, append([]string{"broker", "token", "create", "al", "--note", "a laptop", "--expires", "90d"}, state...)...)
	if !regexp.MustCompile(`^dasf_[\w-]{43}\n$`).MatchString(token) {
		t.Errorf("stdout is %q, want a token alone", token)
	}
	config := filepath.Join(dir, "broker.yaml")
	writeFile(t, config, "state-dir: "+dir+"\nlisten: 127.0.0.1:0\n")
	list := dasfOK(t, "broker", "token", "list", "--config", config)
	if !strings.Contains(list, "a laptop") || strings.Contains(list, strings.TrimSpace(token)) {
		t.Errorf("list:\n%s", list)
	}
	if list := dasfOK(t, append([]string{"broker", "token", "list", "--json"}, state...)...); !strings.Contains(list, `"note": "a laptop"`) {
		t.Errorf("list as JSON:\n%s", list)
	}
	known := filepath.Join(dir, "known")
	writeFile(t, known, "0123456789abcdef0123456789abcdef01234567\n")
	if out := dasfOK(t, append([]string{"broker", "token", "create", "bob", "--from", known}, state...)...); out != "" {
		t.Errorf("a token that is known was printed: %q", out)
	}
	dasfOK(t, append([]string{"broker", "token", "revoke", "--user", "al"}, state...)...)
	for want, args := range map[string][]string{
		"where are the users":           {"list"},
		"needs <user>":                  {"create", "--users", "x"},
		"--expires is \"soon\"":         append([]string{"create", "x", "--expires", "soon"}, state...),
		"--expires is \"-1h\"":          append([]string{"create", "x", "--expires=-1h"}, state...),
		"which is over":                 append([]string{"create", "x", "--expires", "2020-01-01"}, state...),
		"can have none":                 append([]string{"create", "AnonymousUser"}, state...),
		"belongs to bob":                append([]string{"create", "x", "--from", known}, state...),
		"no token on its first line":    append([]string{"create", "x", "--from", "-"}, state...),
		"no user of the name \"al\"":    append([]string{"revoke", "--user", "al"}, state...),
		"no token with the id \"nope\"": append([]string{"revoke", "nope"}, state...),
		"either the ids":                append([]string{"revoke"}, state...),
		"no such file":                  {"create", "x", "--users", filepath.Join(dir, "no", "users.json")},
	} {
		code, out, errs := dasfRun(t, nil, append([]string{"broker", "token"}, args...)...)
		if code == 0 || !strings.Contains(errs, want) || out != "" {
			t.Errorf("%q: exit code %d, %q, %q, want an error with %q", args, code, out, errs, want)
		}
	}
}

func TestTopicCommands(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users.json")
	admin, plain := newToken(t, users, "root", "--admin"), newToken(t, users, "al")
	r := runBroker(t, "--users", users)
	tokenFile := filepath.Join(t.TempDir(), "token")
	writeFile(t, tokenFile, admin+"\n")
	topic := func(args ...string) []string {
		return append(append([]string{"broker", "topic"}, args...), "--url", "http://"+r.addr, "--token-file", tokenFile)
	}
	dasfOK(t, topic("create", "t", "--consumer", "bob", "--producer", "al", "-c", "eve", "--store-messages", "store", "--message-ttl", "90")...)
	dasfOK(t, topic("set", "t", "--public", "--consumer", "eve", "--remove-permissions", "--view-status", "vi")...)
	shown := dasfOK(t, topic("show", "t")...)
	for _, want := range []string{`public: +yes`, `consumers: +bob\n`, `producers: +al\n`, `store messages: +store\n`, `message ttl: +1m30s\n`} {
		if !regexp.MustCompile(want).MatchString(shown) {
			t.Errorf("show has no %s:\n%s", want, shown)
		}
	}
	info := dasfOK(t, topic("set", "t", "--anonymous", "--no-dasf", "--store-messages", "default", "-i")...)
	for _, want := range []string{`consumers: +bob, AnonymousUser\n`, `answers pings \(dasf\): +no\n`} {
		if !regexp.MustCompile(want).MatchString(info) {
			t.Errorf("--show-info has no %s:\n%s", want, info)
		}
	}
	if strings.Contains(info, "store messages") {
		t.Errorf("the default did not come back:\n%s", info)
	}
	if ws, status := connect(t, r, "/ws/t/s", ""); ws == nil {
		t.Errorf("an anonymous consumer: %d", status)
	}
	if list := dasfOK(t, topic("list")...); !regexp.MustCompile(`(?m)^t +unknown +1 +0 +0 +yes +yes$`).MatchString(list) {
		t.Errorf("list:\n%s", list)
	}
	if list := dasfOK(t, topic("list", "--json")...); !strings.Contains(list, `"name": "t"`) {
		t.Errorf("list as JSON:\n%s", list)
	}
	for want, args := range map[string][]string{
		"the topic exists":             topic("create", "t"),
		"topic create makes one":       topic("set", "nosuch"),
		"are contrary":                 topic("set", "t", "--public", "--no-public"),
		"needs --consumer":             topic("set", "t", "--remove-permissions"),
		"without spaces":               topic("set", "t", "--consumer", "a b"),
		"default, disabled, cache":     topic("set", "t", "--store-messages", "x"),
		"is it a DASF broker":          append(topic("list"), "--url", "http://"+r.addr+"/ws/x"),
		"http://HOST:PORT":             append(topic("list"), "--url", "ws://"+r.addr),
		"no such file":                 append(topic("list"), "--token-file", tokenFile+"x"),
		"no certificate in PEM":        append(topic("list"), "--ca-file", tokenFile),
		"--state-dir the store":        {"broker", "topic", "list", "--url", "http://127.0.0.1:1"},
		"give it the token of an":      {"broker", "topic", "delete", "t", "--url", "http://" + r.addr},
		"TENANT/NAMESPACE/TOPIC":       topic("create", "a/b"),
		"makes it at its first start":  {"broker", "topic", "list", "--state-dir", tokenFile + "x"},
		"topic needs":                  {"broker", "topic"},
		"unknown command lst; did you": {"broker", "topic", "lst"},
	} {
		if code, out, errs := dasfRun(t, nil, args...); code == 0 || !strings.Contains(errs, want) || out != "" {
			t.Errorf("%q: exit code %d, %q, %q, want an error with %q", args, code, out, errs, want)
		}
	}
	code, _, errs := dasfRun(t, []string{tokenVariable + "=" + plain}, "broker", "topic", "delete", "t", "--url", "http://"+r.addr)
	if code != 1 || !strings.Contains(errs, "no administrator") {
		t.Errorf("deleting as a user: exit code %d, %s", code, errs)
	}
	dasfOK(t, topic("delete", "t")...)
	if list := dasfOK(t, topic("list", "--all")...); strings.Contains(list, "\nt  ") && strings.Contains(list, "yes\n") {
		t.Errorf("the deleted topic is listed as created:\n%s", list)
	}
}

func TestConfigurationFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broker.yaml")
	writeFile(t, path, `# a broker
listen: 127.0.0.1:0
max_message: 2K
allow-origin: [portal.example, "*.other.example"]
create-topics: users
kept-age: 1h
log-format: json
insecure-no-auth: false
`)
	r := runBroker(t, "--config", path, "--max-sockets", "1", "--listen", "127.0.0.1:0")
	ws, status := connect(t, r, "/ws/t", "")
	if status != 101 {
		t.Fatal(status)
	}
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"payload":"`+strings.Repeat("A", 4096)+`","context":"1"}`)); err != nil {
		t.Fatal(err)
	}
	if _, answer, err := ws.ReadMessage(); err != nil || !strings.Contains(string(answer), "longer than 2048 bytes") {
		t.Errorf("a message of 4 KiB: %s, %v", answer, err)
	}
	if _, status := connect(t, r, "/ws/t", ""); status != 503 {
		t.Errorf("a second socket: %d, want 503", status)
	}
	r.log.await(t, `"msg":"producer connected","remote":"127.0.0.1`)
}

func TestMistakesInAConfigurationFile(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"listen: [a", "2:1: did not find"},
		{"- listen", "1:1: expected keys"},
		{"listen: x\nlisten: y", "2:1: "},
		{"max-message: 1K\nmax_message: 2K", "2:1: max_message is there twice"},
		{"lisen: x", `1:1: unknown key "lisen": the keys are allow-origin, `},
		{"config: x", `1:1: unknown key "config"`},
		{"help: true", `1:1: unknown key "help"`},
		{"listen:", "1:8: listen: expected a text"},
		{"listen: {a: b}", "1:9: listen: expected a text"},
		{"allow-origin: x", "1:15: allow-origin: expected a list"},
		{"allow-origin: [x, [y]]", "1:19: allow-origin: expected a text"},
		{"allow-origin: ['a,b']", "1:16: allow-origin: a comma"},
		{"insecure-no-auth: 'perhaps'", `1:19: insecure-no-auth is "perhaps": it must be true or false`},
		{"log-level: info\nmax-message: 16X", `2:14: max-message: "16X" is no size`},
		{"log-level: loud", `1:12: log-level: `},
		{"user-sockets: -1", `1:15: user-sockets is "-1": it must be a whole number of at least 0`},
		{"kept-age: soon", `1:11: kept-age is "soon"`},
		{"create-topics: all", `1:16: create-topics is "all": it must be one of nobody`},
		{"listen: nowhere", "1:9: listen must be HOST:PORT"},
		{"listen: 0.0.0.0:0", "1:9: listen 0.0.0.0:0: other machines"},
		{"max-message: 2M\nmax-bytes: 1M", "2:12: max-bytes is 1048576, it must have room"},
		{"allow-origin: ['[a']", "1:15: allow-origin: pattern"},
		{"a: 1\n---\nb: 2", ": "},
		{"\x00", ": "},
	} {
		path := filepath.Join(t.TempDir(), "broker.yaml")
		writeFile(t, path, tt.text)
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // a broker that starts after all stops at once
		var stdout, stderr bytes.Buffer
		code := run(ctx, []string{"broker", "--config", path}, &stdout, &stderr)
		if code == 0 || !strings.Contains(stderr.String(), path+":"+tt.want) && !strings.HasPrefix(tt.want, ": ") {
			t.Errorf("%q: exit code %d, %s, want an error with %s:%s", tt.text, code, &stderr, path, tt.want)
		}
	}
}

func TestEveryFlagMayStandInTheFile(t *testing.T) {
	flags, err := serveFlags()
	if err != nil {
		t.Fatal(err)
	}
	if len(flags) < 38 || flags["listen"] == nil || flags["state-dir"] == nil || flags["config"] != nil {
		t.Errorf("%d flags: %q", len(flags), flagNames(flags))
	}
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeCertificate makes a certificate for 127.0.0.1 with a serial number.
func writeCertificate(t testing.TB, certFile, keyFile string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	writeFile(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

func TestTLSWithACertificateThatChanges(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile, users := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "users.json")
	writeCertificate(t, certFile, keyFile, 1)
	admin := newToken(t, users, "root", "--admin")
	r := runBroker(t, "--listen", "0.0.0.0:0", "--users", users, "--tls-cert", certFile, "--tls-key", keyFile)
	if strings.Contains(r.log.String(), "WARNING") {
		t.Errorf("with TLS and tokens:\n%s", r.log)
	}
	serial := func() int64 {
		d := websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		ws, _, err := d.Dial("wss://"+r.addr+"/ws/t", http.Header{"Authorization": {"Bearer " + admin}})
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"payload":"","context":"1"}`)); err != nil {
			t.Fatal(err)
		}
		if _, answer, err := ws.ReadMessage(); err != nil || !strings.Contains(string(answer), `"ok"`) {
			t.Fatalf("%s, %v", answer, err)
		}
		return ws.UnderlyingConn().(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("serial number %d, want 1", got)
	}
	list := dasfWith(t, []string{tokenVariable + "=" + admin}, "broker", "topic", "list", "--url", "https://"+r.addr, "--ca-file", certFile)
	if !strings.Contains(list, "t  ") {
		t.Errorf("the API over TLS:\n%s", list)
	}
	writeFile(t, certFile, "half of it")
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(r.log.String(), "the one before still holds"); time.Sleep(50 * time.Millisecond) {
		if got := serial(); got != 1 || time.Now().After(deadline) {
			t.Fatalf("with a broken file: serial number %d, log:\n%s", got, r.log)
		}
	}
	writeCertificate(t, certFile, keyFile, 2)
	for deadline := time.Now().Add(20 * time.Second); serial() != 2; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the new certificate is not used")
		}
	}
}

func dasfWith(t testing.TB, environ []string, args ...string) string {
	t.Helper()
	code, out, errs := dasfRun(t, environ, args...)
	if code != 0 {
		t.Fatalf("dasf %q: exit code %d: %s", args, code, errs)
	}
	return out
}

func TestInsecureNoAuthSaysSo(t *testing.T) {
	r := runBroker(t, "--listen", "0.0.0.0:0", "--insecure-no-auth")
	r.log.await(t, "WARNING: --insecure-no-auth: whoever reaches 0.0.0.0:0 may read, send and change everything")
	if _, status := connect(t, r, "/ws/t", ""); status != 101 {
		t.Errorf("a stranger: %d, want 101", status)
	}
}

// All of stderr is JSON then, the warning too.
func TestInsecureNoAuthSaysSoInJSON(t *testing.T) {
	r := runBroker(t, "--listen", "0.0.0.0:0", "--insecure-no-auth", "--log-format", "json")
	connect(t, r, "/ws/t", "")
	r.log.await(t, "producer connected")
	for line := range strings.Lines(r.log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	r.log.await(t, "WARNING: --insecure-no-auth")
}

func TestNobodyCouldConnect(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users.json")
	newToken(t, users, "al")
	dasfOK(t, "broker", "token", "revoke", "--user", "al", "--users", users)
	code, _, errs := dasfRun(t, nil, "broker", "--listen", "0.0.0.0:0", "--users", users)
	if code != 1 || !strings.Contains(errs, "no token is valid") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

// Help must be readable on a narrow terminal.
func TestHelpOfTheBrokerFitsIn80Columns(t *testing.T) {
	for _, command := range []string{"", "token", "token create", "token list", "token revoke", "topic", "topic list", "topic show", "topic create", "topic set", "topic delete"} {
		out := dasfOK(t, append(append([]string{"broker"}, strings.Fields(command)...), "--help")...)
		for line := range strings.SplitSeq(out, "\n") {
			if len([]rune(line)) > 80 {
				t.Errorf("broker %s: a line of %d columns: %s", command, len([]rune(line)), line)
			}
		}
		if command != "" && strings.Contains(out, "serve") {
			t.Errorf("broker %s --help names a hidden command:\n%s", command, out)
		}
	}
	if out := fmt.Sprint(dasfOK(t, "broker", "--help")); strings.Count(out, "Default: 0") > 0 || strings.Contains(out, "default ${") {
		t.Errorf("help:\n%s", out)
	}
}
