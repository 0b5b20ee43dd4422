package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/cmdline"
)

// serveCommand is the flags of dasf broker. A configuration file has the same.
type serveCommand struct {
	Listen    string          `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on. Port 0 takes a free one. Addresses that other machines reach need tokens (default ${default})."`
	Config    string          `complete:"file" placeholder:"FILE" help:"Configuration file (YAML): what the other flags say, by their names without dashes in front. A flag weighs more."`
	Grace     cmdline.Seconds `default:"10" min:"0" placeholder:"SECONDS" help:"How long connections may take to end in good order when the broker stops (default ${default})."`
	LogLevel  slog.Level      `default:"info" placeholder:"LEVEL" help:"What is logged to stderr: debug, info, warn or error (default ${default})."`
	LogFormat cmdline.Choice  `default:"text" choices:"text,json" placeholder:"FORMAT" help:"How: text or json (default ${default})."`

	accountFlags   `group:"access"`
	CreateTopics   cmdline.Choice `group:"access" default:"allowed" choices:"nobody,allowed,users,anyone" placeholder:"WHO" help:"Whose first message makes a topic: nobody, allowed (users with that right), users (all with a token), anyone (default ${default})."`
	InsecureNoAuth cmdline.Switch `group:"access" help:"Listen for other machines without asking anybody for a token."`
	AllowOrigin    []string       `group:"access" placeholder:"HOST" help:"Web pages of this host may connect; * stands for any characters. May be given several times. Pages of the broker's own host may, and those of this machine."`
	UserSockets    cmdline.Int    `group:"access" min:"0" placeholder:"N" help:"Most sockets of one user; 0: no bound (default 0)."`
	UserMessages   cmdline.Int    `group:"access" min:"0" placeholder:"N" help:"Most messages that one user sends a second; 0: no bound (default 0)."`
	UserBytes      size           `group:"access" placeholder:"SIZE" help:"Most bytes that one user sends a second; 0: no bound (default 0)."`
	UserTopics     cmdline.Int    `group:"access" min:"1" placeholder:"N" help:"Most topics for answers that one user has at a time (default 10000)."`
	TLSCert        string         `group:"access" name:"tls-cert" complete:"file" placeholder:"FILE" help:"Certificate (PEM, with those that sign it) to speak TLS. Read again when it changes."`
	TLSKey         string         `group:"access" name:"tls-key" complete:"file" placeholder:"FILE" help:"Its key (PEM)."`

	MaxDisk               size           `group:"store" default:"16G" placeholder:"SIZE" help:"Most that the state folder may take (default ${default}). Messages beyond it are refused."`
	StoreMessages         cmdline.Choice `group:"store" default:"cache" choices:"disabled,cache,cacheall,store" placeholder:"MODE" help:"What is kept of messages: disabled, cache (until one consumer has acknowledged them), cacheall (until all have) or store (for ever). As DASF_STORE_MESSAGES of dasf-broker-django (default ${default})."`
	StoreSourceMessages   cmdline.Choice `group:"store" choices:"disabled,cache,cacheall,store" placeholder:"MODE" help:"The same for requests alone."`
	StoreResponseMessages cmdline.Choice `group:"store" choices:"disabled,cache,cacheall,store" placeholder:"MODE" help:"The same for answers alone."`

	MaxMessage       size        `group:"bounds" default:"16M" placeholder:"SIZE" help:"Longest message that is taken, as in 65536, 512K, 16M (default ${default})."`
	MaxBytes         size        `group:"bounds" default:"1G" placeholder:"SIZE" help:"Most memory that messages may take (default ${default})."`
	QueueMessages    cmdline.Int `group:"bounds" min:"1" placeholder:"N" help:"Most messages that a subscription holds (default 10000, with --state-dir 100000)."`
	QueueBytes       size        `group:"bounds" placeholder:"SIZE" help:"Most bytes that it holds (default 256M, with --state-dir 1G)."`
	KeptMessages     cmdline.Int `group:"bounds" min:"1" placeholder:"N" help:"Most messages that wait for a topic's first subscription, or are stored for all (default 10000, with --state-dir 100000)."`
	KeptBytes        size        `group:"bounds" placeholder:"SIZE" help:"Most bytes of them (default 64M, with --state-dir 1G)."`
	Prefetch         cmdline.Int `group:"bounds" min:"1" placeholder:"N" help:"Most messages that a consumer of Pulsar's URL form has unacknowledged (default 1000)."`
	MaxTopics        cmdline.Int `group:"bounds" min:"1" placeholder:"N" help:"Most topics (default 100000)."`
	MaxSubscriptions cmdline.Int `group:"bounds" min:"1" placeholder:"N" help:"Most subscriptions of a topic (default 10000)."`
	MaxSockets       cmdline.Int `group:"bounds" min:"1" placeholder:"N" help:"Most sockets (default 20000)."`

	KeptAge          cmdline.Seconds `group:"times" min:"1" placeholder:"SECONDS" help:"How long a message is held that nobody fetches (default 24h, with --state-dir a week)."`
	AnswerAge        cmdline.Seconds `group:"times" min:"1" placeholder:"SECONDS" help:"How long an answer is (default 1h, with --state-dir 24h)."`
	SubscriptionIdle cmdline.Seconds `group:"times" min:"1" placeholder:"SECONDS" help:"How long a durable subscription lives without a consumer (default 24h, with --state-dir a week)."`
	StatusInterval   cmdline.Seconds `group:"times" default:"60" min:"0" placeholder:"SECONDS" help:"How often backends are asked for a sign of life; 0: only when somebody looks (default ${default})."`
	PingInterval     cmdline.Seconds `group:"times" min:"1" placeholder:"SECONDS" help:"Silence after which a connection is tried (default 25)."`
	PongTimeout      cmdline.Seconds `group:"times" min:"1" placeholder:"SECONDS" help:"Silence after that which ends it (default 25)."`
	WriteTimeout     cmdline.Seconds `group:"times" min:"1" placeholder:"SECONDS" help:"How long a peer may take to accept 256 KiB (default 30)."`
}

// brokerGroups are the headings of those flags.
func brokerGroups() kong.Groups {
	return kong.Groups{
		"access": "Who may connect",
		"store":  "What is kept",
		"bounds": "Bounds",
		"times":  "Times\nIn seconds, or as Go writes them: 1m30s, 24h.",
	}
}

// accountFlags say where users are known from.
type accountFlags struct {
	StateDir         string `complete:"dir" placeholder:"DIR" help:"Folder of messages, subscriptions and topics, so that they outlive the broker, and of users.json. Without it everything is in memory."`
	Users            string `complete:"file" placeholder:"FILE" help:"File of users and tokens, made by dasf broker token. Default: users.json in the state folder, if it is there"`
	JWTSecretKeyFile string `name:"jwt-secret-key-file" complete:"file" placeholder:"FILE" help:"Secret of tokens signed with HS256, as Pulsar's tokenSecretKey."`
	JWTPublicKeyFile string `name:"jwt-public-key-file" complete:"file" placeholder:"FILE" help:"RSA key of tokens signed with RS256, as Pulsar's tokenPublicKey."`
	JWTUserClaim     string `name:"jwt-user-claim" default:"sub" placeholder:"CLAIM" help:"Claim of a signed token that names the user (default ${default})."`
	JWTAudience      string `name:"jwt-audience" placeholder:"TEXT" help:"Audience that a signed token must be for."`
}

// usersFile is the file of users, "" for none.
func (f *accountFlags) usersFile() string {
	if f.Users == "" && f.StateDir != "" {
		return filepath.Join(f.StateDir, "users.json")
	}
	return f.Users
}

// accounts returns who may connect, nil if nobody is asked.
func (c *serveCommand) accounts(logger *slog.Logger) (*broker.Accounts, error) {
	config := broker.AccountsConfig{
		File: c.usersFile(), SecretKeyFile: c.JWTSecretKeyFile, PublicKeyFile: c.JWTPublicKeyFile,
		UserClaim: c.JWTUserClaim, Audience: c.JWTAudience, Logger: logger,
	}
	signed := config.SecretKeyFile != "" || config.PublicKeyFile != ""
	// A file in the state folder counts if it is there, one that was named must
	// be there: else a misspelt name would let everybody in.
	if _, err := os.Stat(config.File); config.File != "" && errors.Is(err, os.ErrNotExist) && !signed {
		if c.Users != "" {
			return nil, fmt.Errorf("--users %s is not there; make it with: dasf broker token create USER --users %s", c.Users, c.Users)
		}
		config.File = ""
	}
	if config.File == "" && !signed {
		return nil, nil
	}
	if c.InsecureNoAuth {
		return nil, cmdline.Usagef("--insecure-no-auth asks nobody for a token, but there are users or keys of signed tokens: leave one or the other out")
	}
	return broker.OpenAccounts(config)
}

// checkListen tells whether other machines can connect, and if they can,
// insists on tokens.
func (c *serveCommand) checkListen(ctx context.Context, line *cmdline.Result, accounts *broker.Accounts) (elsewhere bool, err error) {
	flag := line.Named("listen")
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return false, fmt.Errorf("%s must be HOST:PORT: %w", flag, err)
	}
	if host == "" {
		elsewhere = true
	} else {
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return false, fmt.Errorf("%s %s: %w", flag, c.Listen, err)
		}
		for _, ip := range ips {
			elsewhere = elsewhere || !ip.Unmap().IsLoopback()
		}
	}
	switch {
	case !elsewhere || bool(c.InsecureNoAuth):
	case accounts == nil:
		return true, fmt.Errorf("%s %s: other machines could connect, and nobody would be asked for a token: "+
			"make tokens with dasf broker token create and name their file with --users or --state-dir; "+
			"or use a loopback address such as 127.0.0.1:8080; or say --insecure-no-auth", flag, c.Listen)
	case !accounts.Usable():
		return true, fmt.Errorf("%s %s: no token is valid, so that nobody could connect: make one with dasf broker token create", flag, c.Listen)
	}
	return elsewhere, nil
}

// config is what the flags say to the broker.
func (c *serveCommand) config(logger *slog.Logger) broker.Config {
	return broker.Config{
		Logger: logger, Dir: c.StateDir, MaxDisk: int64(c.MaxDisk),
		StoreSources:   broker.StoreMode(cmp.Or(c.StoreSourceMessages, c.StoreMessages)),
		StoreResponses: broker.StoreMode(cmp.Or(c.StoreResponseMessages, c.StoreMessages)),
		MaxMessage:     int(c.MaxMessage), MaxBytes: int64(c.MaxBytes),
		QueueMessages: int(c.QueueMessages), QueueBytes: int64(c.QueueBytes),
		KeptMessages: int(c.KeptMessages), KeptBytes: int64(c.KeptBytes),
		KeptAge: time.Duration(c.KeptAge), AnswerAge: time.Duration(c.AnswerAge),
		SubscriptionIdle: time.Duration(c.SubscriptionIdle), Prefetch: int(c.Prefetch),
		MaxTopics: int(c.MaxTopics), MaxSubscriptions: int(c.MaxSubscriptions), MaxSockets: int(c.MaxSockets),
		PingInterval: time.Duration(c.PingInterval), PongTimeout: time.Duration(c.PongTimeout),
		WriteTimeout: time.Duration(c.WriteTimeout), StatusInterval: time.Duration(c.StatusInterval),
		Create: broker.CreatePolicy(c.CreateTopics), UserSockets: int(c.UserSockets),
		UserMessages: int(c.UserMessages), UserBytes: int64(c.UserBytes), UserTopics: int(c.UserTopics), Origins: c.AllowOrigin,
	}
}

// fixed names the flags besides the broker's own that differ and that only a
// restart changes.
func (c *serveCommand) fixed(next *serveCommand) []string {
	var names []string
	for _, f := range []struct {
		name          string
		before, after any
	}{
		{"listen", c.Listen, next.Listen}, {"grace", c.Grace, next.Grace}, {"log-format", c.LogFormat, next.LogFormat},
		{"users", c.usersFile(), next.usersFile()},
		{"jwt-secret-key-file", c.JWTSecretKeyFile, next.JWTSecretKeyFile},
		{"jwt-public-key-file", c.JWTPublicKeyFile, next.JWTPublicKeyFile},
		{"jwt-user-claim", c.JWTUserClaim, next.JWTUserClaim}, {"jwt-audience", c.JWTAudience, next.JWTAudience},
		{"insecure-no-auth", c.InsecureNoAuth, next.InsecureNoAuth},
		{"tls-cert", c.TLSCert, next.TLSCert}, {"tls-key", c.TLSKey, next.TLSKey},
	} {
		if f.before != f.after {
			names = append(names, f.name)
		}
	}
	return names
}

var configField = regexp.MustCompile(`^broker: Config\.(\w+)`)

// flagError says the broker's errors about its Config in terms of flags.
func flagError(line *cmdline.Result, err error) error {
	text := err.Error()
	m := configField.FindStringSubmatch(text)
	if m == nil {
		return err
	}
	return errors.New(line.Named(flagOf(m[1])) + text[len(m[0]):])
}

// flagOf is the flag of a field of [broker.Config].
func flagOf(field string) string {
	for _, f := range [][2]string{{"Dir", "state-dir"}, {"Origins", "allow-origin"}, {"Create", "create-topics"}} {
		if field == f[0] {
			return f[1]
		}
	}
	var name strings.Builder
	for i, r := range field {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				name.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		name.WriteRune(r)
	}
	return name.String()
}

// serveFlags are the flags of dasf broker that may stand in its file.
func serveFlags() (map[string]*kong.Flag, error) {
	k, err := kong.New(&struct{ serveCommand }{}, kong.NoDefaultHelp(), brokerGroups())
	if err != nil {
		return nil, err
	}
	flags := make(map[string]*kong.Flag)
	for _, f := range k.Model.Flags {
		if f.Name != "config" {
			flags[f.Name] = f
		}
	}
	return flags, nil
}

// flagNames are their names.
func flagNames(flags map[string]*kong.Flag) []string {
	var names []string
	for name := range flags {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
