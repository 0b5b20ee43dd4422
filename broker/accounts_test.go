package broker_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/dasf-go/dasf/broker"
)

func openAccounts(t testing.TB, c broker.AccountsConfig) *broker.Accounts {
	t.Helper()
	a, err := broker.OpenAccounts(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func usersFile(t testing.TB) string { return filepath.Join(t.TempDir(), "users.json") }

func createToken(t testing.TB, a *broker.Accounts, n broker.NewToken) (string, broker.Token) {
	t.Helper()
	secret, token, err := a.CreateToken(n)
	if err != nil {
		t.Fatal(err)
	}
	return secret, token
}

func TestAccounts(t *testing.T) {
	path := usersFile(t)
	a := openAccounts(t, broker.AccountsConfig{File: path})
	if a.Usable() {
		t.Error("a file that is not there lets somebody in")
	}
	alice, first := createToken(t, a, broker.NewToken{User: "alice", CreateTopics: true, Note: "laptop"})
	second, _ := createToken(t, a, broker.NewToken{User: "alice", Admin: true, Expires: time.Now().Add(time.Hour)})
	django, _ := createToken(t, a, broker.NewToken{User: "bob", ViewStatus: true, Secret: strings.Repeat("0123456789", 4)})

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{alice, second, django} {
		if bytes.Contains(text, []byte(secret)) {
			t.Error("the file has a token")
		}
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, want 0600", info.Mode())
	}
	if u, err := a.Authenticate(nil, alice); err != nil || u.Name != "alice" || !u.CreateTopics || !u.Admin || u.ViewStatus || !u.Expires.IsZero() {
		t.Errorf("alice is %+v, %v", u, err)
	}
	if u, err := a.Authenticate(nil, second); err != nil || u.Expires.IsZero() {
		t.Errorf("alice's other token: %+v, %v", u, err)
	}
	if u, err := a.Authenticate(nil, django); err != nil || u.Name != "bob" || u.Admin || !u.ViewStatus {
		t.Errorf("bob is %+v, %v", u, err)
	}
	if u, err := a.Authenticate(nil, ""); err != nil || u.Name != "" || u.Admin {
		t.Errorf("nobody is %+v, %v", u, err)
	}
	for _, wrong := range []string{"x", alice[:len(alice)-1], alice + "x", strings.ToUpper(alice), first.ID, "a.b.c"} {
		if u, err := a.Authenticate(nil, wrong); err == nil {
			t.Errorf("%q is taken for %+v", wrong, u)
		}
	}
	accounts, err := a.List()
	if err != nil || len(accounts) != 2 || accounts[0].Name != "alice" || len(accounts[0].Tokens) != 2 || accounts[0].Tokens[0].Note != "laptop" {
		t.Errorf("list: %+v, %v", accounts, err)
	}
}

// Another process changes the file while the broker runs.
func TestAccountsChangedByAnotherProcess(t *testing.T) {
	t.Parallel()
	path := usersFile(t)
	running, other := openAccounts(t, broker.AccountsConfig{File: path}), openAccounts(t, broker.AccountsConfig{File: path})
	secret, token := createToken(t, other, broker.NewToken{User: "alice"})
	var u broker.User
	eventually(t, "the new token", func() (ok bool) {
		var err error
		u, err = running.Authenticate(nil, secret)
		return err == nil
	})
	if u.Revoked() {
		t.Error("revoked before it was")
	}
	if err := other.Revoke(token.ID, "nosuch"); err == nil || !strings.Contains(err.Error(), `"nosuch"`) {
		t.Errorf("revoking one that is not there: %v", err)
	}
	if _, err := other.Authenticate(nil, secret); err != nil {
		t.Errorf("a revocation that failed took a token: %v", err)
	}
	if err := other.Revoke(token.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the revocation", u.Revoked)
	// A broken file locks nobody out and lets nobody in.
	secret, _ = createToken(t, other, broker.NewToken{User: "alice"})
	eventually(t, "the next token", func() bool { _, err := running.Authenticate(nil, secret); return err == nil })
	if err := os.WriteFile(path, []byte(`{"version": 1, "users": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := running.Reload(); err == nil {
		t.Error("half a file was read without an error")
	}
	if _, err := running.Authenticate(nil, secret); err != nil {
		t.Errorf("half a file locked alice out: %v", err)
	}
}

func TestRemovedUser(t *testing.T) {
	a := openAccounts(t, broker.AccountsConfig{File: usersFile(t)})
	secret, _ := createToken(t, a, broker.NewToken{User: "alice", Admin: true})
	u, err := a.Authenticate(nil, secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.RemoveUser("bob"); err == nil {
		t.Error("a user who is none was removed")
	}
	if err := a.RemoveUser("alice"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(nil, secret); err == nil || !u.Revoked() {
		t.Errorf("a removed user's token is good: %v", err)
	}
	// A user of the same name does not have the rights of the one before.
	secret, _ = createToken(t, a, broker.NewToken{User: "alice"})
	if again, err := a.Authenticate(nil, secret); err != nil || again.Admin {
		t.Errorf("another alice is %+v, %v", again, err)
	}
}

func TestTokensThatCannotBe(t *testing.T) {
	a := openAccounts(t, broker.AccountsConfig{File: usersFile(t)})
	createToken(t, a, broker.NewToken{User: "alice", Secret: strings.Repeat("x", 40)})
	for want, n := range map[string]broker.NewToken{
		"name is empty":       {},
		"who brings no token": {User: broker.AnonymousUser},
		"without spaces":      {User: "a b"},
		"which is over":       {User: "a", Expires: time.Now().Add(-time.Hour)},
		"at least 20":         {User: "a", Secret: "short"},
		"none a space":        {User: "a", Secret: strings.Repeat("x ", 20)},
		"belongs to alice":    {User: "a", Secret: strings.Repeat("x", 40)},
	} {
		if _, _, err := a.CreateToken(n); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", n, err, want)
		}
	}
}

func TestManyProcessesMakeTokens(t *testing.T) {
	path := usersFile(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			a, err := broker.OpenAccounts(broker.AccountsConfig{File: path})
			if err == nil {
				_, _, err = a.CreateToken(broker.NewToken{User: fmt.Sprint("user", i)})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if accounts, err := openAccounts(t, broker.AccountsConfig{File: path}).List(); err != nil || len(accounts) != 8 {
		t.Errorf("%d users, %v, want 8", len(accounts), err)
	}
}

func TestFilesOfUsersThatCannotBe(t *testing.T) {
	const hash = "0000000000000000000000000000000000000000000000000000000000000000"
	for want, text := range map[string]string{
		"EOF":              ``,
		"version 2":        `{"version":2}`,
		"unknown field":    `{"version":1,"user":[]}`,
		"more text":        `{"version":1}{}`,
		"there twice":      `{"version":1,"users":[{"name":"a"},{"name":"a"}]}`,
		"who is no user":   `{"version":1,"tokens":[{"id":"1","user":"a","sha256":"` + hash + `"}]}`,
		"64 hexadecimal":   `{"version":1,"users":[{"name":"a"}],"tokens":[{"id":"1","user":"a","sha256":"` + hash[1:] + `"}]}`,
		"empty or there":   `{"version":1,"users":[{"name":"a"}],"tokens":[{"id":"","user":"a","sha256":"` + hash + `"}]}`,
		"name is empty":    `{"version":1,"users":[{"name":""}]}`,
		"who brings no to": `{"version":1,"users":[{"name":"AnonymousUser","admin":true}]}`,
	} {
		path := usersFile(t)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := broker.OpenAccounts(broker.AccountsConfig{File: path}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error with %q and the path", text, err, want)
		}
	}
}

// keyFiles writes a secret, an RSA key pair, and returns the paths of the
// secret and of the public key.
func keyFiles(t testing.TB) (secretFile, publicFile string, secret []byte, private *rsa.PrivateKey) {
	t.Helper()
	dir := t.TempDir()
	secret = make([]byte, 32)
	rand.Read(secret)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	secretFile, publicFile = filepath.Join(dir, "secret.key"), filepath.Join(dir, "public.key")
	writeFile(t, secretFile, secret)
	writeFile(t, publicFile, der) // as Pulsar's tools write it
	return secretFile, publicFile, secret, private
}

func writeFile(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func sign(t testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSignedTokens(t *testing.T) {
	secretFile, publicFile, secret, private := keyFiles(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := os.ReadFile(publicFile)
	if err != nil {
		t.Fatal(err)
	}
	users := usersFile(t)
	createToken(t, openAccounts(t, broker.AccountsConfig{File: users}), broker.NewToken{User: "root", Admin: true})
	a := openAccounts(t, broker.AccountsConfig{File: users, SecretKeyFile: secretFile, PublicKeyFile: publicFile})
	if !a.Usable() {
		t.Error("with a key nobody can come")
	}
	now := time.Now()
	for _, tt := range []struct {
		name, token, user string
		admin             bool
	}{
		{"HS256", sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "alice"}), "alice", false},
		{"RS256", sign(t, jwt.SigningMethodRS256, private, jwt.MapClaims{"sub": "bob", "exp": now.Add(time.Hour).Unix()}), "bob", false},
		{"a user of the file", sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "root"}), "root", true},
		{"ended", sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "alice", "exp": now.Add(-time.Hour).Unix()}), "", false},
		{"not begun", sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "alice", "nbf": now.Add(time.Hour).Unix()}), "", false},
		{"no user", sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{}), "", false},
		{"a user that is a number", sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": 7}), "", false},
		{"a bad user name", sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "a b"}), "", false},
		{"nobody's name", sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": broker.AnonymousUser}), "", false},
		{"an end that is a word", sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "alice", "exp": "never"}), "", false},
		{"another secret", sign(t, jwt.SigningMethodHS256, make([]byte, 32), jwt.MapClaims{"sub": "alice"}), "", false},
		{"another key", sign(t, jwt.SigningMethodRS256, other, jwt.MapClaims{"sub": "alice"}), "", false},
		{"the public key as a secret", sign(t, jwt.SigningMethodHS256, public, jwt.MapClaims{"sub": "alice"}), "", false},
		{"no signature", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"sub": "alice"}), "", false},
		{"another algorithm", sign(t, jwt.SigningMethodHS512, append(secret, secret...), jwt.MapClaims{"sub": "alice"}), "", false},
		{"no token", "a.b.c", "", false},
	} {
		u, err := a.Authenticate(nil, tt.token)
		if tt.user == "" && err == nil || tt.user != "" && (err != nil || u.Name != tt.user || u.Admin != tt.admin) {
			t.Errorf("%s: %+v, %v, want %q", tt.name, u, err, tt.user)
		}
	}
	a = openAccounts(t, broker.AccountsConfig{SecretKeyFile: secretFile, UserClaim: "email", Audience: "dasf"})
	good := sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"email": "a@b", "aud": []string{"x", "dasf"}})
	if u, err := a.Authenticate(nil, good); err != nil || u.Name != "a@b" {
		t.Errorf("with an audience: %+v, %v", u, err)
	}
	if u, err := a.Authenticate(nil, sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"email": "a@b", "aud": "x"})); err == nil {
		t.Errorf("for another audience: %+v", u)
	}
}

// Reading the same keys again closes no socket; other keys end the tokens of
// those before.
func TestSignedTokensAfterAReload(t *testing.T) {
	secretFile, _, secret, _ := keyFiles(t)
	a := openAccounts(t, broker.AccountsConfig{SecretKeyFile: secretFile})
	u, err := a.Authenticate(nil, sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "alice"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Reload(); err != nil || u.Revoked() {
		t.Errorf("reading the same key again: %v, revoked %v", err, u.Revoked())
	}
	writeFile(t, secretFile, []byte(strings.Repeat("x", 31)))
	if err := a.Reload(); err == nil || u.Revoked() {
		t.Errorf("reading a bad key: %v, revoked %v", err, u.Revoked())
	}
	writeFile(t, secretFile, []byte(strings.Repeat("x", 32)))
	if err := a.Reload(); err != nil || !u.Revoked() {
		t.Errorf("reading another key: %v, revoked %v", err, u.Revoked())
	}
}

func TestKeysThatCannotBe(t *testing.T) {
	secretFile, publicFile, secret, private := keyFiles(t)
	dir := t.TempDir()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	block := func(name string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der})
	}
	for i, tt := range []struct {
		public bool
		text   []byte
		want   string // "" is good
	}{
		{false, []byte("data:;base64," + base64.StdEncoding.EncodeToString(secret) + "\n"), ""},
		{false, []byte("data:;base64,!"), "no base64"},
		{false, []byte("data:;base64,c2hvcnQ="), "at least 32"},
		{false, []byte("short"), "at least 32"},
		{true, block("PUBLIC KEY", x509.MarshalPKCS1PublicKey(&private.PublicKey)), ""},
		{true, block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private)), "private key"},
		{true, x509.MarshalPKCS1PublicKey(&small.PublicKey), "at least 2048"},
		{true, []byte("nothing"), "no public key"},
	} {
		path := filepath.Join(dir, fmt.Sprint(i))
		writeFile(t, path, tt.text)
		c := broker.AccountsConfig{SecretKeyFile: path}
		if tt.public {
			c = broker.AccountsConfig{PublicKeyFile: path}
		}
		_, err := broker.OpenAccounts(c)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%d: %v, want an error with %q and the path", i, err, tt.want)
		}
	}
	for _, c := range []broker.AccountsConfig{{}, {SecretKeyFile: secretFile + "x"}, {PublicKeyFile: publicFile + "x"}} {
		if _, err := broker.OpenAccounts(c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

func TestWhereATokenStands(t *testing.T) {
	_, base := serve(t, broker.Config{Authenticator: people{"good": {Admin: true}}})
	url := "http" + strings.TrimPrefix(base, "ws") + "/ws/t"
	for _, tt := range []struct {
		name     string
		query    string
		header   http.Header
		status   int
		protocol string
	}{
		{"Token", "", http.Header{"Authorization": {"Token good"}}, 101, ""},
		{"Bearer", "", http.Header{"Authorization": {"Bearer good"}}, 101, ""},
		{"in another case", "", http.Header{"Authorization": {"bearer  good "}}, 101, ""},
		{"parameter", "?token=good", nil, 101, ""},
		{"subprotocol", "", http.Header{"Sec-Websocket-Protocol": {"dasf, dasf.token.good"}}, 101, "dasf"},
		{"subprotocol, two lines", "", http.Header{"Sec-Websocket-Protocol": {"dasf.token.good", "dasf"}}, 101, "dasf"},
		{"subprotocol without dasf", "", http.Header{"Sec-Websocket-Protocol": {"dasf.token.good"}}, 400, ""},
		{"subprotocol without a token", "", http.Header{"Sec-Websocket-Protocol": {"dasf"}}, 401, ""},
		{"none", "", nil, 401, ""},
		{"wrong", "", http.Header{"Authorization": {"Token bad"}}, 401, ""},
		{"wrong parameter", "?token=bad", nil, 401, ""},
		{"wrong subprotocol", "", http.Header{"Sec-Websocket-Protocol": {"dasf, dasf.token.bad"}}, 401, ""},
		{"a bad header beats a good parameter", "?token=good", http.Header{"Authorization": {"Token bad"}}, 401, ""},
		{"a header of another kind beats a good parameter", "?token=good", http.Header{"Authorization": {"Basic Z29vZDo="}}, 401, ""},
		{"a good header beats a bad parameter", "?token=bad", http.Header{"Authorization": {"Token good"}}, 101, ""},
		{"two headers", "", http.Header{"Authorization": {"Token good", "Token good"}}, 401, ""},
		{"nothing behind Token", "", http.Header{"Authorization": {"Token"}}, 401, ""},
		{"an empty header", "?token=good", http.Header{"Authorization": {""}}, 401, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(http.MethodGet, url+tt.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, values := range tt.header {
				req.Header[name] = values
			}
			for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket",
				"Sec-Websocket-Version": "13", "Sec-Websocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
				req.Header.Set(name, value)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != tt.status || resp.Header.Get("Sec-Websocket-Protocol") != tt.protocol {
				t.Errorf("%s with protocol %q, want %d and %q", resp.Status, resp.Header.Get("Sec-Websocket-Protocol"), tt.status, tt.protocol)
			}
			if (resp.StatusCode == 401) != (resp.Header.Get("Www-Authenticate") == "Bearer") {
				t.Errorf("%s with WWW-Authenticate %q", resp.Status, resp.Header.Get("Www-Authenticate"))
			}
		})
	}
}

func TestLimitsOfAUser(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody(), UserSockets: 2, UserMessages: 3, MaxMessage: 1024})
	mustCreate(t, b, "t", broker.Rights{Public: true})
	first, second := dialAs(t, base+"/ws/t", "client"), dialAs(t, base+"/ws/t", "client")
	if _, status, text := attempt(t, base+"/ws/t", "client"); status != http.StatusTooManyRequests || !strings.Contains(text, "client has 2 sockets") {
		t.Errorf("a third socket: %d %s, want 429", status, text)
	}
	var last string
	for range 100 { // in half a minute at least
		if last = sendAs(t, first, "", "eA=="); !strings.Contains(last, `"ok"`) {
			break
		}
	}
	if !strings.Contains(last, "error") || !strings.Contains(last, "3 messages a second") {
		t.Errorf("a message too many: %s", last)
	}
	second.Close()
	eventually(t, "room for another socket", func() bool {
		_, status, _ := attempt(t, base+"/ws/t", "client")
		return status == 101
	})
}

func TestLimitOfBytes(t *testing.T) {
	b, base := serve(t, broker.Config{Authenticator: everybody(), UserBytes: 1, MaxMessage: 1024})
	mustCreate(t, b, "t", broker.Rights{Public: true})
	ws := dialAs(t, base+"/ws/t", "")
	long := strings.Repeat("AAAA", 220)
	var last string
	for range 5 { // 4 MaxMessage at once are free
		last = sendAs(t, ws, "", long)
	}
	if !strings.Contains(last, "1 bytes a second") || !strings.Contains(last, "try again later") {
		t.Errorf("a fifth message: %s", last)
	}
}

func FuzzAccountFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"users":[{"name":"a","admin":true}],"tokens":[{"id":"1","user":"a","sha256":"00","created":"2026-01-02T03:04:05Z"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := usersFile(t)
		writeFile(t, path, text)
		a, err := broker.OpenAccounts(broker.AccountsConfig{File: path})
		if err != nil {
			return
		}
		// What can be read can be changed, and read again.
		secret, _, err := a.CreateToken(broker.NewToken{User: "fuzz"})
		if err != nil {
			t.Fatal(err)
		}
		if u, err := a.Authenticate(nil, secret); err != nil || u.Name != "fuzz" {
			t.Fatalf("%+v, %v", u, err)
		}
	})
}
