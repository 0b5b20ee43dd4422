package main

import (
	"context"

	"github.com/dasf-go/dasf/internal/measure"
	"github.com/dasf-go/dasf/transport"
)

// topic is that of all backends here, each of which has a broker of its own or
// is alone on a broker at a time.
const topic = "dasf-compare"

// connect is the connection of backends and clients, in the form of URLs that
// the embedded broker and Pulsar share.
func connect(address string) transport.Broker {
	return transport.Pulsar(address, transport.PulsarOptions{Options: transport.Options{Logger: partLogger(), FailFast: true}})
}

func dasfBroker(ctx context.Context, p measure.Part, _ string) error {
	return p.ServeBroker(ctx, partLogger())
}

func dasfBackend(ctx context.Context, p measure.Part, address string) error {
	return p.ServeMembers(ctx, connect(address), topic, partLogger())
}

func dasfClient(ctx context.Context, p measure.Part, address string) error {
	return p.CallMembers(ctx, connect(address), topic, partLogger())
}

// connectPlain is the connection in the form of URLs that Django knows.
func connectPlain(address string) transport.Broker {
	return transport.WebSocket("ws://"+address+"/ws/", transport.Options{Logger: partLogger(), FailFast: true})
}

func plainBackend(ctx context.Context, p measure.Part, address string) error {
	return p.ServeMembers(ctx, connectPlain(address), topic, partLogger())
}

func plainClient(ctx context.Context, p measure.Part, address string) error {
	return p.CallMembers(ctx, connectPlain(address), topic, partLogger())
}
