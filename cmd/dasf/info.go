package main

import (
	"context"
	"encoding/json"
	"io"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/pyjson"
)

type infoCommand struct {
	clientFlags `set:"timeout=10"`
	Indent      cmdline.Int `short:"i" min:"0" max:"100" placeholder:"N" help:"Indent by that many spaces. Default: all on one line"`
}

// Run prints the schema of a request to a backend.
func (c *infoCommand) Run(ctx context.Context, s streams, line *cmdline.Result) error {
	return c.with(ctx, s, line, askTimeout, func(ctx context.Context, client *dasf.Client) error {
		schema, err := client.Info(ctx)
		if err != nil {
			return err
		}
		return printJSON(s.out, schema, int(c.Indent), line.Given("indent"))
	})
}

// printJSON prints JSON as the command schema of a backend does.
func printJSON(w io.Writer, text json.RawMessage, indent int, lines bool) (err error) {
	if lines {
		text, err = pyjson.Indent(text, indent)
	} else {
		text, err = pyjson.Compact(text)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
