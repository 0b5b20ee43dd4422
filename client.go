package dasf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/typed"
)

// A Client calls the members of one backend. [Dial] and [Local] make one.
// It is safe for concurrent use.
type Client struct {
	via    caller
	codecs typed.Cache
}

// A caller carries a raw request to a backend and brings its response back.
type caller interface {
	call(ctx context.Context, request []byte, o *callOptions) (json.RawMessage, error)
	ask(ctx context.Context, kind string) (string, error)
	close() error
}

// A Target is what can be called: a [*Client] for functions, an [*Object] for
// the methods of a class.
type Target interface {
	send(ctx context.Context, name string, req any, o *callOptions) (*Client, json.RawMessage, error)
}

// A CallOption is an option of one call.
type CallOption func(*callOptions)

type callOptions struct {
	progress func(*ProgressReport)
	print    func(*PrintReport)
	log      func(slog.Record)
	logLevel slog.Level
}

// Call calls a function of a backend, or a method of an object, and decodes
// its result. Resp may be any type that has a JSON form, [None], or
// [json.RawMessage] for the bytes as they came.
//
// req is a struct whose json tags name the parameters, a map with string keys,
// or None or nil for a member without parameters.
//
// Call returns when the result is there, the backend answered with an error,
// ctx ends, or the backend can't be reached. A cancelled ctx cancels the
// handler's context too; the time that ctx leaves is the handler's as well.
// The error is an [*Error].
func Call[Resp any](ctx context.Context, t Target, name string, req any, opts ...CallOption) (Resp, error) {
	var o callOptions
	for _, opt := range opts {
		opt(&o)
	}
	var resp Resp
	c, raw, err := t.send(ctx, name, req, &o)
	if err != nil {
		return resp, calling(name, err)
	}
	n := len(raw)
	resp, err = typed.DecodeResult[Resp](&c.codecs, raw)
	collect(n) // the JSON, now that the result is there
	if err != nil {
		return resp, calling(name, &Error{code: CodeProcessing, err: fmt.Errorf("the result does not fit the type that it is decoded into: %w", err)})
	}
	return resp, nil
}

// calling says what was being done, and keeps the code.
func calling(name string, err error) error {
	e := &Error{code: CodeOf(err), err: fmt.Errorf("calling %s: %w", name, err)}
	if inner, ok := err.(*Error); ok {
		e.fields, e.remote = inner.fields, inner.remote
	}
	return e
}

func (c *Client) send(ctx context.Context, name string, req any, o *callOptions) (*Client, json.RawMessage, error) {
	request, err := c.codecs.AppendRequest(nil, []typed.Key{{Name: "func_name", Value: name}}, req)
	if err != nil {
		return nil, nil, invalid(name, err)
	}
	raw, err := c.via.call(ctx, request, o)
	return c, raw, err
}

// Do sends a raw request, as it goes over the wire, and returns the raw
// response.
func (c *Client) Do(ctx context.Context, request json.RawMessage, opts ...CallOption) (json.RawMessage, error) {
	var o callOptions
	for _, opt := range opts {
		opt(&o)
	}
	return c.via.call(ctx, request, &o)
}

// Ping returns how long the backend took to answer.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	_, err := c.via.ask(ctx, typePing)
	return time.Since(start), err
}

// Info returns the schema of a request to the backend, as JSON text.
func (c *Client) Info(ctx context.Context) (json.RawMessage, error) {
	text, err := c.via.ask(ctx, typeInfo)
	return json.RawMessage(text), err
}

// API returns the description of the backend.
func (c *Client) API(ctx context.Context) (*API, error) {
	text, err := c.via.ask(ctx, typeAPIInfo)
	if err != nil {
		return nil, err
	}
	a, err := api.Parse([]byte(text))
	if err != nil {
		return nil, &Error{code: CodeProcessing, err: fmt.Errorf("reading the backend's api_info: %w", err)}
	}
	return a, nil
}

// Close ends the calls that are under way and closes the connection. It is
// idempotent.
func (c *Client) Close() error { return c.via.close() }

// An Object is an instance of a backend's class: the class and the arguments
// of its constructor, which travel with each call. The backend makes a new
// instance for each. It is safe for concurrent use.
type Object struct {
	client *Client
	class  string
	args   any
}

// Object returns an instance of a class. Nothing is sent before a method is
// called. args is what [Call] takes as req.
func (c *Client) Object(class string, args any) *Object { return &Object{c, class, args} }

func (o *Object) send(ctx context.Context, name string, req any, opts *callOptions) (*Client, json.RawMessage, error) {
	method, err := o.client.codecs.AppendRequest(nil, []typed.Key{{Name: "func_name", Value: name}}, req)
	if err != nil {
		return nil, nil, invalid(o.class+"."+name, err)
	}
	request, err := o.client.codecs.AppendRequest(nil, []typed.Key{
		{Name: "class_name", Value: o.class}, {Name: "function", Raw: method}}, o.args)
	if err != nil {
		return nil, nil, invalid(o.class, err)
	}
	raw, err := o.client.via.call(ctx, request, opts)
	return o.client, raw, err
}

// Local returns a client that calls m in this process, without a broker: with
// the same encoding, validation and middleware. It is for tests and for
// programs that hold both sides.
func Local(m *Module) *Client { return newClient(local{m}) }

func newClient(via caller) *Client {
	return &Client{via: via, codecs: typed.Cache{Injected: injectedReports()}}
}

type local struct{ module *Module }

func (l local) call(ctx context.Context, request []byte, o *callOptions) (json.RawMessage, error) {
	if err := ctx.Err(); err != nil {
		return nil, &Error{code: CodeOf(err), err: err}
	}
	raw, err := l.handle(ctx, request, o)
	if err != nil {
		return nil, asError(err)
	}
	return raw, nil
}

func (l local) ask(_ context.Context, kind string) (string, error) {
	switch kind {
	case typeInfo:
		return l.module.info, nil
	case typeAPIInfo:
		return l.module.apiInfo, nil
	}
	return "", nil
}

func (l local) close() error { return nil }

// asError makes an *Error of what a handler returned, with the text that it
// would have on the wire.
func asError(err error) *Error {
	e := &Error{code: localCode(err), err: wireError{wireText(err), err}}
	var inner *Error
	if errors.As(err, &inner) && !inner.remote {
		e.fields = inner.fields
	}
	return e
}

type wireError struct {
	text  string
	cause error
}

func (e wireError) Error() string { return e.text }
func (e wireError) Unwrap() error { return e.cause }
