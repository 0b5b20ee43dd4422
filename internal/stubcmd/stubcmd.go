// Package stubcmd holds what the commands that write clients have in common.
package stubcmd

import (
	"strings"

	"github.com/dasf-go/dasf/codegen"
	"github.com/dasf-go/dasf/internal/cmdline"
)

// Flags are the flags of such a command. Embed them in its grammar.
type Flags struct {
	Lang         cmdline.Choice `default:"python" choices:"python,typescript,go" placeholder:"LANGUAGE" help:"Language of the client: python, typescript or go."`
	Package      string         `placeholder:"NAME" help:"Name of the package, for Go. Default: the topic's letters and digits"`
	Dataset      []string       `placeholder:"MEMBER.PARAM" help:"This parameter is an xarray dataset (MEMBER.return: the result is; with =DataArray behind it, a data array). May be given several times."`
	LineLength   cmdline.Int    `short:"l" min:"1" default:"79" placeholder:"N" help:"Where lines of Python are broken, as black does it."`
	NoFormatters cmdline.Switch `help:"Taken for the original's sake, as are the next three: the text is written in black's layout, and no formatter is run."`
	NoIsort      cmdline.Switch `help:"See --no-formatters."`
	NoBlack      cmdline.Switch `help:"See --no-formatters."`
	NoAutoflake  cmdline.Switch `help:"See --no-formatters."`
}

// Source writes a client for in, to which it adds what the flags say.
func (f *Flags) Source(in codegen.Input) ([]byte, error) {
	in.Datasets = append(in.Datasets, f.Dataset...)
	switch f.Lang {
	case "typescript":
		return codegen.TypeScript(in)
	case "go":
		name := f.Package
		if name == "" {
			name = packageName(in.Connection.Topic)
		}
		return codegen.Go(in, name)
	}
	return codegen.Python(in, codegen.PythonOptions{LineLength: int(f.LineLength)})
}

// packageName makes the name of a Go package of a topic: helloworldtopic of
// hello-world-topic.
func packageName(topic string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(topic))
	if name = strings.TrimLeft(name, "0123456789"); name == "" {
		return "backend"
	}
	return name
}

// Connection returns what was set of the kind of connection that c names: all
// else is read where the client is used.
func Connection(c *cmdline.Connection, plain bool, line *cmdline.Result) codegen.Connection {
	out := codegen.Connection{Topic: c.Topic}
	if plain {
		out.WebSocketURL, out.ProducerURL, out.ConsumerURL = c.WebsocketURL, c.ProducerURL, c.ConsumerURL
		return out
	}
	given := func(flag, value string) string {
		if line.Given(flag) {
			return value
		}
		return ""
	}
	out.Host, out.Port = given("host", c.Host), given("port", string(c.Port))
	out.Persistent = given("persistent", string(c.Persistent))
	out.Tenant, out.Namespace = given("tenant", c.Tenant), given("namespace", c.Namespace)
	return out
}
