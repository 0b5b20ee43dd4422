package main

import (
	"context"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/progressview"
	"github.com/dasf-go/dasf/internal/requests"
)

type callCommand struct {
	clientFlags `set:"timeout=never, a computation may last hours"`
	progressview.Flags
	Request []string `arg:"" name:"request" complete:"file" help:"The request to send."`
}

// Help is the second part of the command's help.
func (c *callCommand) Help() string { return requests.Help }

// Run sends a request and prints the result as JSON.
func (c *callCommand) Run(ctx context.Context, s streams, line *cmdline.Result) error {
	return c.with(ctx, s, line, 0, func(ctx context.Context, client *dasf.Client) error {
		reader := requests.Reader{In: s.in, API: func() (*dasf.API, error) { return client.API(ctx) }}
		request, err := reader.Read(c.Request)
		if err != nil {
			return err
		}
		view := s.log.View(progressview.Options{Mode: c.Progress, Lookup: s.lookup})
		result, err := client.Do(ctx, request, view.CallOptions()...)
		view.Close()
		if err != nil {
			return err
		}
		_, err = s.out.Write(append(result, '\n'))
		return err
	})
}
