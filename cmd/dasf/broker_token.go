package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/cmdline"
)

// tokenCommand changes the file of users, whether or not a broker runs: a
// running one notices within a second.
type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a token, and its user if need be, and print it. It can't be printed again."`
	List   tokenListCommand   `cmd:"" help:"List users with their rights and tokens."`
	Revoke tokenRevokeCommand `cmd:"" help:"Take tokens away, or a user with all tokens."`
}

// tokenFile says which file is changed.
type tokenFile struct {
	Users    string `complete:"file" placeholder:"FILE" help:"The file of users. Default: users.json in the state folder"`
	StateDir string `complete:"dir" placeholder:"DIR" help:"State folder of the broker."`
	Config   string `complete:"file" placeholder:"FILE" help:"Configuration file of the broker, for the two above."`
}

func (f *tokenFile) open() (*broker.Accounts, string, error) {
	path := (&accountFlags{Users: f.Users, StateDir: f.StateDir}).usersFile()
	if path == "" {
		return nil, "", cmdline.Usagef("where are the users? Give --users FILE, or --state-dir or --config of the broker")
	}
	a, err := broker.OpenAccounts(broker.AccountsConfig{File: path})
	return a, path, err
}

type tokenCreateCommand struct {
	User            string         `arg:"" help:"Name of the user. Topics give rights to that name."`
	Admin           cmdline.Switch `help:"Let the user do everything."`
	MayCreateTopics cmdline.Switch `help:"Let a first message of the user make its topic (add_brokertopic in dasf-broker-django)."`
	MayViewStatus   cmdline.Switch `help:"Let the user see the status of every topic, and metrics."`
	Expires         validity       `placeholder:"TIME" help:"When the token ends: 90d, 12h, or a day such as 2027-03-31 (UTC). Default: never"`
	Note            string         `placeholder:"TEXT" help:"What it is for; list shows it."`
	From            string         `complete:"file" placeholder:"FILE" help:"Take the token from a file, - for stdin, instead of a new one: for tokens that clients of dasf-broker-django have."`
	tokenFile
}

// Run prints the token alone to stdout, so that it can be put into a file.
func (c *tokenCreateCommand) Run(s streams) error {
	a, path, err := c.open()
	if err != nil {
		return err
	}
	_, missing := os.Stat(path)
	if c.Users == "" { // the first token comes before the first start
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("--state-dir: %w", err)
		}
	}
	secret, err := c.secret(s.in)
	if err != nil {
		return err
	}
	n := broker.NewToken{
		User: c.User, Admin: bool(c.Admin), CreateTopics: bool(c.MayCreateTopics), ViewStatus: bool(c.MayViewStatus),
		Note: c.Note, Secret: secret,
	}
	if c.Expires != "" {
		if n.Expires, err = c.Expires.from(time.Now()); err != nil {
			return cmdline.Usagef("--expires is %q: it must be a time such as 90d or 12h, or a day such as 2027-03-31", string(c.Expires))
		}
	}
	text, token, err := a.CreateToken(n)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "token %s of %s in %s\n", token.ID, token.User, path)
	if missing != nil {
		fmt.Fprintln(s.err, "This file is new: a broker that runs already without users must be started again to ask for tokens.")
	}
	if secret == "" {
		_, err = fmt.Fprintln(s.out, text)
	}
	return err
}

func (c *tokenCreateCommand) secret(stdin io.Reader) (string, error) {
	if c.From == "" {
		return "", nil
	}
	from := stdin
	if c.From != "-" {
		f, err := os.Open(c.From)
		if err != nil {
			return "", fmt.Errorf("--from: %w", err)
		}
		defer f.Close()
		from = f
	}
	line, err := bufio.NewReader(io.LimitReader(from, 64<<10)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("--from: %w", err)
	}
	if line = strings.TrimSpace(line); line == "" {
		return "", fmt.Errorf("--from %s: there is no token on its first line", c.From)
	}
	return line, nil
}

// A validity is how long something is good, or until when.
type validity string

func (v validity) from(now time.Time) (time.Time, error) {
	text := string(v)
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), nil // to its end
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return now.AddDate(0, 0, int(n)), err
	}
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = strconv.ErrRange
	}
	return now.Add(d), err
}

type tokenListCommand struct {
	JSON cmdline.Switch `name:"json" help:"Print JSON."`
	tokenFile
}

// tokenJSON is a token in the list.
type tokenJSON struct {
	ID      string     `json:"id"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires"`
	Note    string     `json:"note"`
}

type accountJSON struct {
	User   string      `json:"user"`
	Rights []string    `json:"rights"`
	Tokens []tokenJSON `json:"tokens"`
}

func (c *tokenListCommand) Run(s streams) error {
	a, _, err := c.open()
	if err != nil {
		return err
	}
	accounts, err := a.List()
	if err != nil {
		return err
	}
	if c.JSON {
		list := []accountJSON{}
		for _, account := range accounts {
			x := accountJSON{User: account.Name, Rights: rightsOf(account), Tokens: []tokenJSON{}}
			for _, t := range account.Tokens {
				token := tokenJSON{ID: t.ID, Created: t.Created, Note: t.Note}
				if !t.Expires.IsZero() {
					token.Expires = &t.Expires
				}
				x.Tokens = append(x.Tokens, token)
			}
			list = append(list, x)
		}
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "USER\tRIGHTS\tTOKEN\tCREATED\tEXPIRES\tNOTE")
	for _, account := range accounts {
		rights := strings.Join(rightsOf(account), ",")
		if rights == "" {
			rights = "-"
		}
		if len(account.Tokens) == 0 {
			fmt.Fprintf(t, "%s\t%s\t-\t-\t-\t\n", account.Name, rights)
		}
		for _, token := range account.Tokens {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", account.Name, rights, token.ID,
				token.Created.Format(time.DateOnly), expiry(token.Expires, time.Now()), token.Note)
		}
	}
	return t.Flush()
}

func rightsOf(a broker.Account) []string {
	rights := []string{}
	for _, r := range []struct {
		name string
		has  bool
	}{{"admin", a.Admin}, {"create-topics", a.CreateTopics}, {"view-status", a.ViewStatus}} {
		if r.has {
			rights = append(rights, r.name)
		}
	}
	return rights
}

func expiry(t, now time.Time) string {
	switch {
	case t.IsZero():
		return "never"
	case !now.Before(t):
		return t.Format(time.RFC3339) + " (over)"
	}
	return t.Format(time.RFC3339)
}

type tokenRevokeCommand struct {
	ID   []string `arg:"" optional:"" help:"The ids of tokens, as list shows them."`
	User string   `placeholder:"NAME" help:"Take this user away, with all tokens."`
	tokenFile
}

func (c *tokenRevokeCommand) Run(s streams) error {
	if (len(c.ID) == 0) == (c.User == "") {
		return cmdline.Usagef("give either the ids of tokens or --user NAME")
	}
	a, _, err := c.open()
	if err != nil {
		return err
	}
	if c.User != "" {
		if err := a.RemoveUser(c.User); err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.err, "user %s and all its tokens are gone\n", c.User)
		return err
	}
	if err := a.Revoke(c.ID...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.err, "revoked: %s\n", strings.Join(c.ID, ", "))
	return err
}
