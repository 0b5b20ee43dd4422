package main

import (
	"context"
	"fmt"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
)

type pingCommand struct {
	clientFlags `set:"timeout=10"`
}

// Run asks a backend for a sign of life and prints how long it took.
func (c *pingCommand) Run(ctx context.Context, s streams, line *cmdline.Result) error {
	return c.with(ctx, s, line, askTimeout, func(ctx context.Context, client *dasf.Client) error {
		took, err := client.Ping(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "%s answered in %v\n", c.Topic, took.Round(10*time.Microsecond))
		return err
	})
}
