package main

import (
	"context"
	"encoding/json"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
)

type apiInfoCommand struct {
	clientFlags `set:"timeout=10"`
	Indent      cmdline.Int `short:"i" min:"0" max:"100" placeholder:"N" help:"Indent by that many spaces. Default: all on one line"`
}

// Run prints the description of a backend: its functions and classes with
// their schemas.
func (c *apiInfoCommand) Run(ctx context.Context, s streams, line *cmdline.Result) error {
	return c.with(ctx, s, line, askTimeout, func(ctx context.Context, client *dasf.Client) error {
		description, err := client.API(ctx)
		if err != nil {
			return err
		}
		text, err := json.Marshal(description)
		if err != nil {
			return err
		}
		return printJSON(s.out, text, int(c.Indent), line.Given("indent"))
	})
}
