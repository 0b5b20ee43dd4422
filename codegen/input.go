// Package codegen writes client stubs for a backend: a Python module that looks
// like the one that demessaging generates, a TypeScript file, and a Go package.
//
// It works from the description that a backend sends as api_info, and knows
// nothing of Go types. A module of this program and a backend that runs
// elsewhere, in Go or in Python, are described alike.
package codegen

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/dasf-go/dasf/internal/api"
)

// An Input is what a stub is made from. Only API is needed.
type Input struct {
	// API is what the backend offers: what dasf.Module.API returns, or what
	// api_info of a running backend holds.
	API *api.API

	// Doc describes the module. Empty, it is what API says.
	Doc string

	// Connection says where the backend's broker is.
	Connection Connection

	// Remote says that API came from a running backend. A comment at the top of
	// the stub then names what api_info cannot hold.
	Remote bool

	// Imports and HardCode are source text in the stub's language: import lines,
	// and code that goes into the stub as it is. What API itself has of either
	// is Python, and goes into Python stubs before these.
	Imports, HardCode []string

	// Types are definitions by hand, in the stub's language. One that has the
	// name of a type of the API takes its place.
	Types []Type

	// Datasets are parameters and results that are xarray datasets, which
	// api_info of a Python backend does not say: "mean_data.ds",
	// "mean_data.return", "Station.read.ds". With "=DataArray" behind it, one is
	// a data array.
	Datasets []string

	// Templates replaces templates, by their names in [Templates].
	Templates fs.FS
}

// A Connection says where a broker is. The stub contains what is set here and
// nothing more, so that the rest can be given where the stub is used: by the
// variables DE_BACKEND_… to a Python stub, by options to the others. A header
// is never written down, since it holds a token.
type Connection struct {
	// Topic is the backend's. Empty, it is the title of the API's schema.
	Topic string

	// WebSocketURL is the address before the topic, for any broker but Pulsar.
	// ProducerURL and ConsumerURL override it for one direction.
	WebSocketURL, ProducerURL, ConsumerURL string

	// Host, Port, Persistent, Tenant and Namespace are Pulsar's.
	Host, Port, Persistent, Tenant, Namespace string

	// MaxPayloadSize is the length in bytes beyond which a request is sent in
	// pieces, or refused where the backend takes none. 0 is as much as the
	// broker takes in one message.
	MaxPayloadSize int
}

// url reports whether the connection names a broker by its URL.
func (c Connection) url() bool {
	return c.WebSocketURL != "" || c.ProducerURL != "" && c.ConsumerURL != ""
}

// A Type is a definition by hand.
type Type struct {
	Name   string
	Source string
}

func (in Input) topic() string {
	topic := in.Connection.Topic
	if topic == "" && in.API.RPCSchema != nil {
		topic = in.API.RPCSchema.Title
	}
	return topic
}

func (in Input) doc() string {
	if in.Doc == "" && in.API.Extension != nil {
		return in.API.Extension.Doc
	}
	return in.Doc
}

// check refuses what no stub can be made from.
func (in Input) check() error {
	if in.API == nil {
		return errors.New("codegen: Input.API is nil: give it what dasf.Module.API returns, or an api_info")
	}
	if in.topic() == "" {
		return errors.New("codegen: the topic is not known: set Input.Connection.Topic")
	}
	for _, t := range in.Types {
		if t.Name == "" || strings.TrimSpace(t.Source) == "" {
			return fmt.Errorf("codegen: Input.Types: %q: a type needs a name and a source", t.Name)
		}
	}
	return nil
}

// typeSource returns the definition by hand of a type, if there is one.
func (in Input) typeSource(name string) (string, bool) {
	for _, t := range in.Types {
		if t.Name == name {
			return strings.Trim(t.Source, "\n"), true
		}
	}
	return "", false
}

// extension returns what the API itself has for Python stubs.
func (in Input) extension() api.Extension {
	return *cmp.Or(in.API.Extension, &api.Extension{})
}
