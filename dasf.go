// Package dasf lets a Go program offer functions and classes as remote
// procedures over a message broker, and call those of other programs. It
// speaks the protocol of the Python package demessaging 0.6, the Data
// Analytics Software Framework, so that either side may be Python.
//
// # Backends
//
// A backend is a [Module]: a topic and the members that it offers. A member is
// an ordinary Go function given to [Func], or a constructor and its methods
// given to [Class]. The request type is a struct: its json tags name the
// parameters, its validate tags constrain them, and the schema that clients
// see is derived from both.
//
//	type Greeting struct {
//		Name   string `json:"name" description:"Whom to greet." validate:"min=1"`
//		Repeat int    `json:"repeat" default:"1" validate:"gte=0"`
//	}
//
//	func Greet(ctx context.Context, g Greeting) (string, error) {
//		return strings.Repeat("Hello "+g.Name+"! ", g.Repeat), nil
//	}
//
//	func main() {
//		cli.Main(dasf.NewModule(dasf.Config{Topic: "greeter"}, dasf.Func("greet", Greet)))
//	}
//
// A parameter is required unless it has a default tag, omitempty or omitzero,
// or is a pointer, which is Python's Optional. Presence is by key: 0, false
// and "" are values. docs/types.md lists the types, their tags and their
// schemas.
//
// [Module.Handle] and [Local] run a module without a broker, for tests.
// [Module.Run] connects it to one.
//
// # Clients
//
// [Dial] connects to the topic of a backend, [Call] calls one of its members:
//
//	client, err := dasf.Dial(ctx, transport.Pulsar("localhost:8080", transport.PulsarOptions{}), "greeter")
//	…
//	text, err := dasf.Call[string](ctx, client, "greet", Greeting{Name: "Ada", Repeat: 2})
//
// Errors are an [*Error] with a [Code] that says which side failed.
package dasf

import (
	"context"
	"encoding/json"

	"github.com/dasf-go/dasf/internal/api"
)

// None is the request of a member without parameters, and the result of one
// that returns nothing: JSON null.
type None struct{}

// MarshalJSON encodes None as null.
func (None) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// A Handler answers one raw request: the JSON object that names the member
// and holds its arguments. It is what [Middleware] wraps.
type Handler func(ctx context.Context, request json.RawMessage) (json.RawMessage, error)

// A Middleware wraps the handling of every request of a [Module].
type Middleware func(Handler) Handler

// An API describes what a module offers: its functions and classes with their
// schemas. Its JSON is the api_info of demessaging.
type API = api.API

// A Schema is a JSON schema that keeps the order of an object's properties.
type Schema = api.Schema
