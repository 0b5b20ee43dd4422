package broker

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// errBadToken says no more than it must: whether a token never was, has ended
// or was revoked is in the log.
var errBadToken = errors.New("the token is not valid")

// AccountsConfig says where [Accounts] knows users from. One of its files must
// be given.
type AccountsConfig struct {
	// File has users and their tokens; see [OpenAccounts].
	File string

	// SecretKeyFile and PublicKeyFile have the key of signed tokens (JWT), as
	// Pulsar's tokenSecretKey and tokenPublicKey: a secret of at least 32
	// bytes for HS256, as it is or in base64 behind "data:;base64,", and an RSA
	// key of at least 2048 bits for RS256, in DER or PEM.
	SecretKeyFile string
	PublicKeyFile string
	// UserClaim is the claim that names the user. Default "sub".
	UserClaim string
	// Audience, if set, must be among a signed token's audiences.
	Audience string

	// Logger receives what is wrong with a file that was changed. Nil means no
	// log.
	Logger *slog.Logger
}

// Accounts is users and tokens in a file, and users who come with a signed
// token. It implements [Authenticator]. Its methods may be called concurrently,
// and by several processes: the broker notices a change of the file within a
// second.
//
// The file has only hashes of tokens, and is written anew in one step. A signed
// token's user has the rights that the file gives a user of that name.
type Accounts struct {
	config AccountsConfig
	log    *slog.Logger

	mu     sync.Mutex
	looked time.Time   // when the file was last looked at
	seen   fs.FileInfo // as it was when it was read
	tables *accountTables
	keys   *tokenKeys
}

// accountTables is the file as it is used. It is replaced, never changed.
type accountTables struct {
	users  map[string]accountUser
	tokens map[[8]byte][]accountToken // by the first bytes of their hashes
}

// OpenAccounts reads the files of c. A file of users that does not exist is one
// without users.
func OpenAccounts(c AccountsConfig) (*Accounts, error) {
	if c.File == "" && c.SecretKeyFile == "" && c.PublicKeyFile == "" {
		return nil, errors.New("broker: AccountsConfig names no file, one of users or one with a key is needed")
	}
	if c.UserClaim == "" {
		c.UserClaim = "sub"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Accounts{config: c, log: c.Logger}
	return a, a.Reload()
}

// Reload reads all files again. After an error those that were read before
// still hold.
func (a *Accounts) Reload() error {
	keys, err := a.config.readKeys()
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.readFile(); err != nil {
		return err
	}
	if !keys.equal(a.keys) { // else sockets would be closed for nothing
		a.keys = keys
	}
	return nil
}

// readFile reads the file of users; a.mu is held.
func (a *Accounts) readFile() error {
	a.looked = time.Now()
	if a.config.File == "" {
		a.tables = &accountTables{}
		return nil
	}
	f, info, err := readAccountFile(a.config.File)
	if err != nil {
		return err
	}
	a.seen = info
	a.tables = f.tables()
	return nil
}

// current returns the tables, read anew if the file has changed.
func (a *Accounts) current() (*accountTables, *tokenKeys) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := time.Now(); a.config.File != "" && now.Sub(a.looked) >= time.Second {
		a.looked = now
		info, err := os.Stat(a.config.File)
		if changed := err != nil && a.seen != nil || err == nil && (a.seen == nil || !sameFile(info, a.seen)); changed {
			if err := a.readFile(); err != nil {
				a.seen = info // said once; the tables before still hold
				a.log.Error("the changed file of users can't be used, the one before still holds", "err", err)
			} else {
				a.log.Info("users and tokens read again", "file", a.config.File)
			}
		}
	}
	return a.tables, a.keys
}

func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// Authenticate implements [Authenticator].
func (a *Accounts) Authenticate(_ *http.Request, token string) (User, error) {
	if token == "" {
		return User{}, nil
	}
	now := time.Now()
	tables, keys := a.current()
	hash := sha256.Sum256([]byte(token))
	if t, ok := tables.find(hash); ok {
		if t.over(now) {
			return User{}, fmt.Errorf("%w any longer, it ended at %s", errBadToken, t.Expires.Format(time.RFC3339))
		}
		u := tables.user(t.User)
		if t.Expires != nil {
			u.Expires = *t.Expires
		}
		held := tables.users[t.User]
		u.Revoked = func() bool {
			tables, _ := a.current()
			_, ok := tables.find(hash)
			return !ok || tables.users[t.User] != held
		}
		return u, nil
	}
	if keys == nil {
		return User{}, errBadToken
	}
	name, expires, err := keys.verify(token)
	if err != nil {
		return User{}, err
	}
	u := tables.user(name)
	u.Expires = expires
	held := tables.users[name]
	u.Revoked = func() bool {
		tables, now := a.current()
		return now != keys || tables.users[name] != held
	}
	return u, nil
}

// find returns the token with that hash. Which tokens are compared depends on
// the hash alone, from which nobody learns what to try next.
func (t *accountTables) find(hash [32]byte) (found accountToken, ok bool) {
	for _, token := range t.tokens[[8]byte(hash[:8])] {
		if subtle.ConstantTimeCompare(hash[:], token.hash[:]) == 1 {
			found, ok = token, true
		}
	}
	return found, ok
}

func (t *accountTables) user(name string) User {
	u := t.users[name]
	return User{Name: name, Admin: u.Admin, CreateTopics: u.CreateTopics, ViewStatus: u.ViewStatus}
}

// Usable reports whether anybody could connect with a token.
func (a *Accounts) Usable() bool {
	tables, keys := a.current()
	if keys != nil {
		return true
	}
	now := time.Now()
	for _, tokens := range tables.tokens {
		if slices.ContainsFunc(tokens, func(t accountToken) bool { return !t.over(now) }) {
			return true
		}
	}
	return false
}

// A Token is what is known of a token, which is not the token itself.
type Token struct {
	ID      string // names it, and is no secret
	User    string
	Created time.Time
	Expires time.Time // zero: never
	Note    string
}

// An Account is a user of the file with its rights and tokens.
type Account struct {
	Name         string
	Admin        bool
	CreateTopics bool
	ViewStatus   bool
	Tokens       []Token
}

// List returns the accounts of the file by name, the tokens of each by age.
func (a *Accounts) List() ([]Account, error) {
	if a.config.File == "" {
		return nil, nil
	}
	f, _, err := readAccountFile(a.config.File)
	if err != nil {
		return nil, err
	}
	var accounts []Account
	for _, u := range f.Users {
		account := Account{Name: u.Name, Admin: u.Admin, CreateTopics: u.CreateTopics, ViewStatus: u.ViewStatus}
		for _, t := range f.Tokens {
			if t.User == u.Name {
				account.Tokens = append(account.Tokens, t.public())
			}
		}
		slices.SortStableFunc(account.Tokens, func(a, b Token) int { return a.Created.Compare(b.Created) })
		accounts = append(accounts, account)
	}
	slices.SortFunc(accounts, func(a, b Account) int { return strings.Compare(a.Name, b.Name) })
	return accounts, nil
}

// NewToken is what [Accounts.CreateToken] makes.
type NewToken struct {
	User string // made if there is none of the name
	// Admin, CreateTopics and ViewStatus are given to the user besides what it
	// has; they are not the token's alone.
	Admin        bool
	CreateTopics bool
	ViewStatus   bool
	Expires      time.Time // zero: never
	Note         string
	// Secret is a token that exists elsewhere, of dasf-broker-django for
	// example, and is to be good here too. Empty means a new one.
	Secret string
}

// leastSecret is how short a token from elsewhere may be. Those of Django REST
// framework have 40 characters.
const leastSecret = 20

// CreateToken adds a token, and its user if need be, and returns the token,
// which can't be read again.
func (a *Accounts) CreateToken(n NewToken) (secret string, t Token, err error) {
	if err := checkUser(n.User); err != nil {
		return "", Token{}, err
	}
	if !n.Expires.IsZero() && !n.Expires.After(time.Now()) {
		return "", Token{}, fmt.Errorf("the token would end at %s, which is over", n.Expires.Format(time.RFC3339))
	}
	secret = n.Secret
	if secret == "" {
		var b [32]byte
		rand.Read(b[:])
		secret = "dasf_" + base64.RawURLEncoding.EncodeToString(b[:])
	} else if len(secret) < leastSecret || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' }) {
		return "", Token{}, fmt.Errorf("a token must have at least %d characters, all of them ASCII and none a space or a comma", leastSecret)
	}
	hash := sha256.Sum256([]byte(secret))
	entry := accountToken{
		ID: hex.EncodeToString(hash[:5]), User: n.User, SHA256: hex.EncodeToString(hash[:]),
		Created: time.Now().UTC().Truncate(time.Second), Note: n.Note, hash: hash,
	}
	if !n.Expires.IsZero() {
		expires := n.Expires.UTC().Truncate(time.Second)
		entry.Expires = &expires
	}
	err = a.update(func(f *accountFile) error {
		for _, t := range f.Tokens {
			if t.hash == hash || t.ID == entry.ID {
				return fmt.Errorf("there is that token already, it belongs to %s", t.User)
			}
		}
		u := f.account(n.User)
		u.Admin = u.Admin || n.Admin
		u.CreateTopics = u.CreateTopics || n.CreateTopics
		u.ViewStatus = u.ViewStatus || n.ViewStatus
		f.Tokens = append(f.Tokens, entry)
		return nil
	})
	if err != nil {
		return "", Token{}, err
	}
	return secret, entry.public(), nil
}

// Revoke takes tokens away, by their ids. Their sockets are closed within a few
// seconds. Without an error all of them are gone, else none is.
func (a *Accounts) Revoke(ids ...string) error {
	return a.update(func(f *accountFile) error {
		for _, id := range ids {
			at := slices.IndexFunc(f.Tokens, func(t accountToken) bool { return t.ID == id })
			if at < 0 {
				return fmt.Errorf("there is no token with the id %q", id)
			}
			f.Tokens = slices.Delete(f.Tokens, at, at+1)
		}
		return nil
	})
}

// RemoveUser takes away a user with all tokens. What topics allow to the name
// stays there.
func (a *Accounts) RemoveUser(name string) error {
	return a.update(func(f *accountFile) error {
		n := len(f.Users)
		f.Users = slices.DeleteFunc(f.Users, func(u accountUser) bool { return u.Name == name })
		if len(f.Users) == n {
			return fmt.Errorf("there is no user of the name %q", name)
		}
		f.Tokens = slices.DeleteFunc(f.Tokens, func(t accountToken) bool { return t.User == name })
		return nil
	})
}

// update changes the file in one step.
func (a *Accounts) update(change func(*accountFile) error) error {
	if a.config.File == "" {
		return errors.New("broker: AccountsConfig.File is needed to change users")
	}
	if err := changeAccountFile(a.config.File, change); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.readFile()
}
