package cli

import (
	"context"
	"errors"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/headroom"
	"github.com/dasf-go/dasf/transport"
)

type listenCommand struct {
	DumpTo      string         `name:"dump-to" complete:"dir" placeholder:"FOLDER" help:"Write each valid request to a file in this folder, and answer it as usual."`
	DumpTool    string         `name:"dump-tool" placeholder:"COMMAND" help:"Run this command on each valid request, which is in a temporary file, and then answer it. See below for {}."`
	Cmd         string         `short:"c" placeholder:"COMMAND" help:"Let this command answer: what it prints must be the result as JSON."`
	MetricsAddr string         `name:"metrics-addr" placeholder:"HOST:PORT" variable:"DE_BACKEND_METRICS_ADDR" help:"Serve /metrics (Prometheus), /healthz and /readyz on this address; port 0 takes a free one."`
	Embedded    cmdline.Switch `name:"embedded-broker" help:"Run a message broker in this process, on the loopback address that the other flags name (default localhost:8080)."`
}

// Help is the second part of the command's help.
func (c *listenCommand) Help() string {
	return `In a COMMAND {} and {path} stand for the path of the file with the request, {basename} for its name and {directory} for its folder; they are quoted for the shell where that is needed. All other braces are left alone. What a command writes to standard error is logged. If it fails, so does the request.

    --dump-tool 'rsync {} user@machine:/some/folder/'
    --dump-tool 'scp {} user@machine:requests/' \
        --cmd 'ssh user@machine backend compute requests/{basename}'
    --cmd 'cat {}'

The first SIGINT or SIGTERM ends listening: requests in hand are answered, within --grace. A second one exits at once.`
}

func (c *listenCommand) run(s *session) (err error) {
	if err := c.check(s.line); err != nil {
		return err
	}
	if c.Embedded {
		stop, err := s.startBroker()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	defer headroom.Keep()()
	hooks := &hooks{dumpTo: c.DumpTo, dumpTool: c.DumpTool, command: c.Cmd, logger: s.logger}
	var observed *observed
	if c.MetricsAddr != "" {
		if observed, err = s.observe(c.MetricsAddr); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, observed.stop()) }()
	}
	hooks.module, err = s.module.With(func(cfg *dasf.Config) {
		observed.join(cfg)
		if hooks.wanted() {
			cfg.Middleware = append(cfg.Middleware[:len(cfg.Middleware):len(cfg.Middleware)], hooks.middleware)
		}
		ready := cfg.Ready
		cfg.Ready = func() {
			if ready != nil {
				ready()
			}
			s.logger.Info("waiting for incoming request")
		}
	})
	if err != nil {
		return err
	}
	topic := s.module.Topic()
	s.logger.Info("connection attempt", "url", s.endpoint.URL(topic, s.module.Config().Subscription), "decided_by", s.endpoint.Decided.String())
	err = hooks.module.Run(s.ctx, s.broker(transport.Options{OnState: observed.onState()}))
	if s.ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		s.logger.Info("stopped", "reason", context.Cause(s.ctx).Error())
		return nil
	}
	return err
}

// check finds at the start what would fail with each request.
func (c *listenCommand) check(line *cmdline.Result) error {
	if c.DumpTo == "" {
		return nil
	}
	if err := writableFolder(c.DumpTo); err != nil {
		return line.Bad("dump-to", c.DumpTo, "a folder that can be written to: "+err.Error())
	}
	return nil
}
