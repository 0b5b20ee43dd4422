package cli

import (
	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/stubcmd"
)

type generateCommand struct {
	stubcmd.Flags
}

// Help is the second part of the command's help.
func (c *generateCommand) Help() string {
	return "The source is printed to standard output. What was set of the connection is written into it, but for the header, which may hold a token; all else is read where the client is used, from DE_BACKEND_ variables."
}

func (c *generateCommand) run(s *session) error {
	description := s.module.API()
	in := codegen.Input{
		API: &description, Doc: s.module.Configured().Doc, Templates: s.module.Configured().Stub.Templates,
		Connection: stubcmd.Connection(&s.grammar.Connection, s.endpoint.Plain, s.line),
	}
	if s.line.Given("max_payload_size") {
		in.Connection.MaxPayloadSize = int(s.grammar.Work.MaxPayloadSize)
	}
	source, err := c.Source(in)
	if err != nil {
		return err
	}
	_, err = s.Out.Write(source)
	return err
}
