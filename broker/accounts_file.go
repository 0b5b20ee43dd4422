package broker

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gofrs/flock"
)

// accountFile is the file of users and tokens.
type accountFile struct {
	Version int            `json:"version"`
	Users   []accountUser  `json:"users"`
	Tokens  []accountToken `json:"tokens"`
}

type accountUser struct {
	Name         string `json:"name"`
	Admin        bool   `json:"admin,omitempty"`
	CreateTopics bool   `json:"create_topics,omitempty"`
	ViewStatus   bool   `json:"view_status,omitempty"`
}

type accountToken struct {
	ID      string     `json:"id"`
	User    string     `json:"user"`
	SHA256  string     `json:"sha256"` // in hexadecimal
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	Note    string     `json:"note,omitempty"`

	hash [32]byte
}

func (t *accountToken) over(now time.Time) bool {
	return t.Expires != nil && !now.Before(*t.Expires)
}

func (t *accountToken) public() Token {
	p := Token{ID: t.ID, User: t.User, Created: t.Created, Note: t.Note}
	if t.Expires != nil {
		p.Expires = *t.Expires
	}
	return p
}

const (
	accountVersion = 1
	// maxAccountFile bounds what is read: some 400,000 tokens.
	maxAccountFile = 128 << 20
	// maxUserName is longer than Django's 150.
	maxUserName = 256
)

// readAccountFile returns the file and, unless it does not exist, what it was.
func readAccountFile(path string) (*accountFile, fs.FileInfo, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &accountFile{Version: accountVersion}, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("users: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("users: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxAccountFile))
	if err != nil {
		return nil, nil, fmt.Errorf("users: %w", err)
	}
	parsed, err := parseAccounts(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return parsed, info, nil
}

// parseAccounts reads the text of the file and checks all of it: half a file of
// users would lock people out or, worse, in.
func parseAccounts(text []byte) (*accountFile, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	f := &accountFile{}
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("no file of users: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("no file of users: there is more text behind it")
	}
	if f.Version != accountVersion {
		return nil, fmt.Errorf("the file of users has version %d, this program knows %d", f.Version, accountVersion)
	}
	users := make(map[string]struct{}, len(f.Users))
	for _, u := range f.Users {
		if err := checkUser(u.Name); err != nil {
			return nil, err
		}
		if _, twice := users[u.Name]; twice {
			return nil, fmt.Errorf("user %q is there twice", u.Name)
		}
		users[u.Name] = struct{}{}
	}
	ids := make(map[string]struct{}, len(f.Tokens))
	for i := range f.Tokens {
		t := &f.Tokens[i]
		if _, ok := users[t.User]; !ok {
			return nil, fmt.Errorf("token %q belongs to %q, who is no user", t.ID, t.User)
		}
		if _, twice := ids[t.ID]; twice || t.ID == "" {
			return nil, fmt.Errorf("token id %q is empty or there twice", t.ID)
		}
		ids[t.ID] = struct{}{}
		if n, err := hex.Decode(t.hash[:], []byte(t.SHA256[:min(len(t.SHA256), 64)])); err != nil || n != 32 || len(t.SHA256) != 64 {
			return nil, fmt.Errorf("token %q: sha256 must be 64 hexadecimal digits", t.ID)
		}
	}
	return f, nil
}

// checkUser holds a user's name to what lists and logs can live with.
func checkUser(name string) error {
	switch {
	case name == "":
		return errors.New("the user's name is empty")
	case name == AnonymousUser:
		return fmt.Errorf("%s is who brings no token, and can have none", AnonymousUser)
	case len(name) > maxUserName:
		return fmt.Errorf("the user's name is longer than %d bytes", maxUserName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == ',' }):
		return fmt.Errorf("user name %q: it must be UTF-8 without spaces, commas and control characters", name)
	}
	return nil
}

// account returns the user of that name, made if there is none.
func (f *accountFile) account(name string) *accountUser {
	for i := range f.Users {
		if f.Users[i].Name == name {
			return &f.Users[i]
		}
	}
	f.Users = append(f.Users, accountUser{Name: name})
	return &f.Users[len(f.Users)-1]
}

func (f *accountFile) tables() *accountTables {
	t := &accountTables{users: make(map[string]accountUser), tokens: make(map[[8]byte][]accountToken)}
	for _, u := range f.Users {
		t.users[u.Name] = u
	}
	for _, token := range f.Tokens {
		key := [8]byte(token.hash[:8])
		t.tokens[key] = append(t.tokens[key], token)
	}
	return t
}

// changeAccountFile reads, changes and writes the file while no other process
// does.
func changeAccountFile(path string, change func(*accountFile) error) (err error) {
	// The lock is a file of its own: the file itself is replaced.
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("users: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	f, _, err := readAccountFile(path)
	if err != nil {
		return err
	}
	if err := change(f); err != nil {
		return err
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("users: %w", err)
	}
	if err := replaceFile(path, append(text, '\n')); err != nil {
		return fmt.Errorf("users: %w", err)
	}
	return nil
}

// replaceFile writes a file that nobody else may read, wholly or not at all.
func replaceFile(path string, text []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // Windows can't; there the name may come back after a power cut
		return dir.Close()
	}
	return nil
}
