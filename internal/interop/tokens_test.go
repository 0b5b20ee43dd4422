//go:build interop

package interop_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/transport"
)

// A closed broker asks for tokens.
type closed struct {
	*broker.Broker
	at     peers.Endpoint
	tokens map[string]string // by user
}

// startClosed starts the embedded broker with a topic that the user backend may
// consume and the user client produce to.
func startClosed(t *testing.T, persistent, topic string, producers ...string) *closed {
	t.Helper()
	accounts, err := broker.OpenAccounts(broker.AccountsConfig{File: filepath.Join(t.TempDir(), "users.json")})
	if err != nil {
		t.Fatal(err)
	}
	c := &closed{tokens: map[string]string{}}
	for user, admin := range map[string]bool{"backend": false, "client": false, "other": false, "admin": true} {
		if c.tokens[user], _, err = accounts.CreateToken(broker.NewToken{User: user, Admin: admin}); err != nil {
			t.Fatal(err)
		}
	}
	if c.Broker, err = broker.New(broker.Config{Authenticator: accounts, Logger: newLog(t, "broker")}); err != nil {
		t.Fatal(err)
	}
	c.at = serveBroker(t, c.Broker, persistent)
	rights := broker.Rights{Consumers: []string{"backend"}, Producers: append(producers, "client")}
	if err := c.CreateTopic(topic, broker.TopicSettings{Rights: rights}); err != nil {
		t.Fatal(err)
	}
	return c
}

// get asks for a page as a user.
func (c *closed) get(t *testing.T, path, user string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(within(t), http.MethodGet, "http://"+c.at.Addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range c.at.As(c.tokens[user]).Header() {
		req.Header[name] = values
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestCallsWithTokens: backend and client are different users, and neither has
// more than the one right that it needs. A Python backend may also produce,
// because the test looks for it with a ping.
func TestCallsWithTokens(t *testing.T) {
	for _, form := range []string{"", "non-persistent"} {
		for _, b := range backends {
			for _, k := range clients {
				t.Run("form="+form+"/"+b.name+"/"+k.name, func(t *testing.T) {
					t.Parallel()
					topic := lab.Topic("tokens")
					var producers []string
					if b.python {
						producers = []string{"backend"}
					}
					c := startClosed(t, form, topic, producers...)
					b.start(t, c.at.As(c.tokens["backend"]), topic, limits{})
					client := k.dial(t, c.at.As(c.tokens["client"]), topic)
					got, err := client.do(within(t), call{member: "hello_world", args: map[string]any{"name": "Ada"}})
					if err != nil {
						t.Fatal(err)
					}
					wantJSON(t, got, `"Hello World, Ada"`)

					// What dasf-broker-django's status page and admin pages show.
					if status, text := c.get(t, "/"+topic+"/ping/", "client"); status != 200 && status != 503 {
						t.Errorf("ping: %d %s", status, text)
					}
					wait(t, "the backend's pong", func() bool {
						status, _ := c.get(t, "/"+topic+"/status/", "client")
						return status == 200
					})
					wait(t, "the backend's api_info", func() bool {
						_, text := c.get(t, "/api/topics/"+topic, "admin")
						var x struct {
							Online  bool
							APIInfo struct {
								Functions []json.RawMessage
							} `json:"api_info"`
						}
						if err := json.Unmarshal([]byte(text), &x); err != nil {
							t.Fatalf("%v in %s", err, text)
						}
						return x.Online && len(x.APIInfo.Functions) > 0
					})
					// The client goes on after that: no ping went to it.
					if _, err := client.do(within(t), call{member: "hello_world", args: map[string]any{"name": "Ada"}}); err != nil {
						t.Fatal(err)
					}
				})
			}
		}
	}
}

// wait waits for what takes some time, on a busy machine even long.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ctx := within(t); !ok(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestPythonWithAWrongToken: the peer says what the broker answered, and goes on
// trying; nobody's request gets through.
func TestPythonWithAWrongToken(t *testing.T) {
	for _, tt := range []struct{ name, token, want string }{
		{"wrong", "wrong-wrong-wrong-wrong", "401"},
		{"none", "", "401"},
		{"of a user without a right", "other", "403"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			topic := lab.Topic("tokens")
			c := startClosed(t, "", topic)
			token := tt.token
			if token == "other" {
				token = c.tokens["other"]
			}
			at := c.at.As(token)
			p := lab.LaunchPythonBackend(t, matrixModule(t, at, topic))
			wait(t, "the backend's complaint", func() bool { return strings.Contains(p.Log(), tt.want) })
			client := dialPython(t, at, topic)
			_, err := client.do(within(t), call{member: "hello_world", args: map[string]any{"name": "Ada"}})
			if err == nil || !strings.Contains(err.Error(), "No websocket connection has been established") {
				t.Errorf("a call: %v, want that there is no connection", err)
			}
			for _, topic := range c.Stats().Topics {
				if len(topic.Subscriptions) > 0 || topic.Producers > 0 {
					t.Errorf("a socket was let in: %+v", topic)
				}
			}
		})
	}
}

// TestGoWithAWrongToken: a Go client ends at once and names the answer.
func TestGoWithAWrongToken(t *testing.T) {
	topic := lab.Topic("tokens")
	c := startClosed(t, "", topic)
	for token, want := range map[string]string{"wrong-wrong-wrong-wrong": "401", c.tokens["other"]: "403"} {
		ctx, cancel := context.WithTimeout(t.Context(), callLimit)
		defer cancel()
		client, err := dasf.Dial(ctx, connectWith(t, c.at.As(token), transport.Options{FailFast: true}), topic)
		if err == nil {
			_, err = dasf.Call[string](ctx, client, "hello_world", map[string]string{"name": "Ada"})
			_ = client.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %s", err, want)
		}
	}
}

// TestSignedTokensOfPulsar: keys and tokens that Pulsar's own tool makes, with a
// secret and with a pair of keys.
func TestSignedTokensOfPulsar(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	lab.PulsarTokens(t, dir, "create-secret-key", "--output", file("secret.key"))
	encoded := lab.PulsarTokens(t, dir, "create-secret-key", "--base64")
	if err := os.WriteFile(file("encoded.key"), []byte("data:;base64,"+encoded+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lab.PulsarTokens(t, dir, "create-key-pair", "--output-private-key", file("private.key"), "--output-public-key", file("public.key"))
	for _, tt := range []struct {
		name   string
		config broker.AccountsConfig
		create []string
	}{
		{"HS256", broker.AccountsConfig{SecretKeyFile: file("secret.key")}, []string{"--secret-key", "file://" + file("secret.key")}},
		{"HS256 in base64", broker.AccountsConfig{SecretKeyFile: file("encoded.key")}, []string{"--secret-key", "data:;base64," + encoded}},
		{"RS256", broker.AccountsConfig{PublicKeyFile: file("public.key")}, []string{"--private-key", "file://" + file("private.key")}},
	} {
		token := lab.PulsarTokens(t, dir, append([]string{"create", "--subject", "alice", "--expiry-time", "1h"}, tt.create...)...)
		accounts, err := broker.OpenAccounts(tt.config)
		if err != nil {
			t.Fatal(err)
		}
		u, err := accounts.Authenticate(nil, token)
		if left := time.Until(u.Expires); err != nil || u.Name != "alice" || left < 30*time.Minute || left > 2*time.Hour {
			t.Errorf("%s: %+v, %v", tt.name, u, err)
		}
		forged := []byte(token)
		forged[len(forged)-8] ^= 1 // of the signature; still a letter of its alphabet or none
		if u, err := accounts.Authenticate(nil, string(forged)); err == nil {
			t.Errorf("%s: a forged token is taken for %+v", tt.name, u)
		}
	}
}
