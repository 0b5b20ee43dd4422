package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/lmittmann/tint"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/headroom"
)

// brokerCommand runs a broker, and manages one.
type brokerCommand struct {
	Serve serveCommand `cmd:"" hidden:"" default:"withargs"`
	Topic topicCommand `cmd:"" help:"List, show, create, change and delete topics."`
	Token tokenCommand `cmd:"" help:"Create, list and revoke the tokens of users."`
}

// Help is what the help says besides its tables.
func (brokerCommand) Help() string {
	return `Without a command it runs the broker until SIGINT or SIGTERM. It speaks the URLs of dasf-broker-django (ws://HOST:PORT/ws/TOPIC) and of Apache Pulsar.

Other machines can connect only to a broker that asks for tokens:

    dasf broker token create alice --state-dir /var/lib/dasf
    dasf broker --state-dir /var/lib/dasf --listen 0.0.0.0:8080

SIGHUP has it read the configuration file, users and keys again. docs/broker.md tells the rest.`
}

// Run serves until ctx ends or a signal comes; a second signal kills.
func (c *serveCommand) Run(ctx context.Context, s streams, line *cmdline.Result) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	// Before anything else, for SIGHUP kills who does not listen. Windows has
	// none.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	level := new(slog.LevelVar)
	level.Set(c.LogLevel)
	logger := c.logger(s, level)
	accounts, err := c.accounts(logger)
	if err != nil {
		return err
	}
	elsewhere, err := c.checkListen(ctx, line, accounts)
	if err != nil {
		return err
	}
	certificate, err := c.certificate(logger)
	if err != nil {
		return err
	}
	config := c.config(logger)
	if accounts != nil {
		config.Authenticator = accounts
	}
	b, err := broker.New(config)
	if err != nil {
		return flagError(line, err)
	}
	defer b.Close()
	defer headroom.Keep()()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%s: %w", line.Named("listen"), err)
	}
	if elsewhere {
		c.warn(s, logger, accounts, certificate)
	}
	announce(s.out, l.Addr(), certificate != nil)
	server := &http.Server{
		Handler:           b,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	serve := func() error { return server.Serve(l) }
	if certificate != nil {
		// A WebSocket begins with HTTP/1.1.
		server.Protocols = new(http.Protocols)
		server.Protocols.SetHTTP1(true)
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.get}
		serve = func() error { return server.ServeTLS(l, "", "") }
	}
	served := make(chan error, 1)
	go func() { served <- serve() }()
	for running := true; running; {
		select {
		case err := <-served:
			return err
		case <-hangup:
			c.reload(s, b, accounts, certificate, level, logger)
		case <-ctx.Done():
			running = false
		}
	}
	logger.Info("stopping")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(c.Grace))
	defer cancel()
	err = errors.Join(server.Shutdown(grace), b.Shutdown(grace))
	if closed := <-served; closed != http.ErrServerClosed {
		err = errors.Join(err, closed)
	}
	return err
}

// reload reads the configuration file and the other files again. A mistake in
// one of them leaves all as it is.
func (c *serveCommand) reload(s streams, b *broker.Broker, accounts *broker.Accounts, certificate *certificate, level *slog.LevelVar, logger *slog.Logger) {
	err := func() error {
		changed, err := s.reparse()
		if err != nil {
			return err
		}
		next := &changed.Broker.Serve
		config := next.config(logger)
		if accounts != nil {
			config.Authenticator = accounts
		}
		if certificate != nil {
			if err := certificate.reload(); err != nil {
				return err
			}
		}
		if accounts != nil {
			if err := accounts.Reload(); err != nil {
				return err
			}
		}
		left, err := b.Reconfigure(config)
		if err != nil {
			return err
		}
		level.Set(next.LogLevel)
		left = append(left, c.fixed(next)...)
		if len(left) > 0 {
			logger.Warn("some settings change only with a restart", "settings", left)
		}
		return nil
	}()
	if err != nil {
		logger.Error("not reloaded, everything stays as it was", "err", err)
		return
	}
	logger.Info("reloaded")
}

func (c *serveCommand) logger(s streams, level slog.Leveler) *slog.Logger {
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(s.err, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(tint.NewTextHandler(s.err, &tint.Options{Level: level, NoColor: !colourful(s.err)}))
}

// warn says what is wrong with a broker that others can reach.
func (c *serveCommand) warn(s streams, logger *slog.Logger, accounts *broker.Accounts, certificate *certificate) {
	text := ""
	switch {
	case accounts == nil:
		text = "WARNING: --insecure-no-auth: whoever reaches " + c.Listen + " may read, send and change everything"
	case certificate == nil:
		text = "WARNING: tokens come in clear text: use --tls-cert and --tls-key, or a proxy in front that speaks TLS"
	default:
		return
	}
	if c.LogFormat == "json" {
		logger.Warn(text) // who reads JSON reads nothing else
		return
	}
	if colourful(s.err) {
		text = "\x1b[1;31m" + text + "\x1b[0m"
	}
	fmt.Fprintln(s.err, text)
}

// announce tells how to connect.
func announce(w io.Writer, addr net.Addr, secure bool) {
	host, port, _ := net.SplitHostPort(addr.String())
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		if name, err := os.Hostname(); err == nil {
			host = name // others can't connect to "all addresses"
		}
	}
	scheme := "ws"
	if secure {
		scheme = "wss"
	}
	fmt.Fprintf(w, "DASF broker on %s\n", addr)
	fmt.Fprintf(w, "  plain URL form:    --websocket-url %s://%s/ws/\n", scheme, net.JoinHostPort(host, port))
	if !secure { // demessaging can't say wss in Pulsar's form
		fmt.Fprintf(w, "  Pulsar's URL form: --host %s --port %s\n", hostFlag(host), port)
	}
}

// hostFlag is a host as it stands in a URL: an IPv6 address has brackets.
func hostFlag(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
		return "[" + host + "]"
	}
	return host
}

// colourful reports whether w is a terminal that wants colours.
func colourful(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
