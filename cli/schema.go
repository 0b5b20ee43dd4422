package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/pyjson"
)

type schemaCommand struct {
	Indent cmdline.Int    `short:"i" min:"0" max:"100" placeholder:"N" help:"Indent by that many spaces. Default: all on one line"`
	API    cmdline.Switch `name:"api" help:"Print all that clients are told: the schemas of every member's request and result (api_info)."`
	Diff   string         `complete:"file" placeholder:"FILE" help:"Compare with what --api has printed before: list what differs for clients, and exit with 1 if an existing client could fail."`
}

func (c *schemaCommand) run(s *session) error {
	if c.Diff != "" {
		return c.diff(s)
	}
	var document json.Marshaler = s.module.Schema()
	if c.API {
		description := s.module.API()
		document = &description
	}
	text, err := document.MarshalJSON()
	if err != nil {
		return err
	}
	if s.line.Given("indent") {
		text, err = pyjson.Indent(text, int(c.Indent))
	} else {
		text, err = pyjson.Compact(text)
	}
	if err != nil {
		return err
	}
	_, err = s.Out.Write(append(text, '\n'))
	return err
}

// diff compares the module with an older description of it.
func (c *schemaCommand) diff(s *session) error {
	text, err := os.ReadFile(c.Diff)
	if err != nil {
		return s.line.Bad("diff", c.Diff, "a file that can be read: "+plainReason(err).Error())
	}
	old, err := api.Parse(text)
	if err != nil {
		return cmdline.Usagef("%s: %s: %v; it must be what schema --api prints", s.line.Named("diff"), c.Diff, err)
	}
	description := s.module.API()
	breaking := 0
	for _, change := range api.Diff(old, &description) {
		mark := "      "
		if change.Breaking {
			mark = "breaks"
			breaking++
		}
		if _, err := fmt.Fprintf(s.Out, "%s  %v\n", mark, change); err != nil {
			return err
		}
	}
	switch breaking {
	case 0:
		return nil
	case 1:
		return errors.New("1 change breaks existing clients")
	}
	return fmt.Errorf("%d changes break existing clients", breaking)
}
