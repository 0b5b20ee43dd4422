package main

import (
	"context"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/stubcmd"
)

type generateCommand struct {
	clientFlags `set:"timeout=10"`
	stubcmd.Flags
}

// Help is the second part of the command's help.
func (c *generateCommand) Help() string {
	return "The backend must be listening: it is asked what it offers. The source is printed to standard output. What a backend can't tell stands in a comment at its top."
}

// Run writes a client for a backend that is running.
func (c *generateCommand) Run(ctx context.Context, s streams, line *cmdline.Result) error {
	return c.with(ctx, s, line, askTimeout, func(ctx context.Context, client *dasf.Client) error {
		description, err := client.API(ctx)
		if err != nil {
			return err
		}
		endpoint, err := c.Endpoint(line)
		if err != nil {
			return err
		}
		source, err := c.Source(codegen.Input{
			API: description, Remote: true,
			Connection: stubcmd.Connection(&c.Connection, endpoint.Plain, line),
		})
		if err != nil {
			return err
		}
		_, err = s.out.Write(source)
		return err
	})
}
