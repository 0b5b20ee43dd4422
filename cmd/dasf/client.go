package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/lmittmann/tint"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/transport"
)

// clientFlags are the flags of the commands that talk to a backend.
type clientFlags struct {
	cmdline.Connection
	Timeout  cmdline.Seconds `min:"0" placeholder:"SECONDS" help:"Give up after so long; 0 means never. Default: ${timeout}"`
	LogLevel slog.Level      `default:"warn" placeholder:"LEVEL" help:"What is logged to stderr: debug, info, warn or error."`
}

// with calls fn with a client for the topic. ctx ends after the time that the
// flag gives, else after otherwise; 0 means never.
func (f *clientFlags) with(ctx context.Context, s streams, line *cmdline.Result, otherwise time.Duration, fn func(context.Context, *dasf.Client) error) error {
	if err := f.Check(line); err != nil {
		return err
	}
	endpoint, err := f.Endpoint(line)
	if err != nil {
		return err
	}
	if line.Given("timeout") {
		otherwise = time.Duration(f.Timeout)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills
	if otherwise > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, otherwise, fmt.Errorf("no answer within %v", otherwise))
		defer cancel()
	}
	logger := slog.New(tint.NewTextHandler(s.log, &tint.Options{Level: f.LogLevel, NoColor: !colourful(s.err)}))
	logger.Info("connecting", "url", endpoint.URL(f.Topic, ""), "decided by", endpoint.Decided.String())
	client, err := dasf.Dial(ctx, endpoint.Broker(transport.Options{Logger: logger, FailFast: true}), f.Topic, dasf.WithLogger(logger))
	if err == nil {
		err = fn(ctx, client)
		_ = client.Close() // the answer is there, or a better error
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("topic %s: %w", f.Topic, context.Cause(ctx))
	}
	return err
}

// askTimeout is how long a question may take that any backend answers at once.
const askTimeout = 10 * time.Second
