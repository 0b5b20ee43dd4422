//go:build interop

package interop_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/transport"
	"github.com/dasf-go/dasf/transport/transporttest"
)

// A slot is one broker of the matrix, in one URL form.
type slot struct {
	name string
	open func(t testing.TB) peers.Endpoint

	// frame is the largest envelope that the broker takes; it closes the
	// producer's socket over a larger one.
	frame int
	// closesWithFrame: it does so with a close frame, Django by a reset.
	closesWithFrame bool
	// pushesAll: the broker hands a backend more requests than it has workers
	// for, so that a queue can overflow. Others keep them until there is room.
	pushesAll bool
	// concurrent is how many calls are made at once: sqlite and one process
	// behind Django answer some twenty a second.
	concurrent int
	caps       transporttest.Caps
}

const mebibyte = 1 << 20

var slots = []slot{
	{
		name: "django", open: func(t testing.TB) peers.Endpoint { return lab.Django(t) },
		frame: mebibyte, pushesAll: true, concurrent: 20,
		// Channels' layer in memory drops what a consumer has over 100 messages
		// of, and each message takes some 20 ms.
		caps: transporttest.Caps{Keeps: true, Durable: true, Backlog: 50, Messages: 100, Wait: time.Minute},
	},
	{
		name: "pulsar-persistent", open: pulsar("persistent"),
		frame: mebibyte, closesWithFrame: true, concurrent: 200,
		caps: transporttest.Caps{Nacks: true, Types: true, Durable: true, AnyName: true},
	},
	{
		name: "pulsar-non-persistent", open: pulsar("non-persistent"),
		frame: mebibyte, closesWithFrame: true, pushesAll: true, concurrent: 200,
		caps: transporttest.Caps{Types: true, AnyName: true},
	},
	{
		name: "embedded-plain", open: embedded(""),
		frame: 16 * mebibyte, concurrent: 200,
		caps: transporttest.Caps{Keeps: true, Nacks: true, Types: true},
	},
	{
		name: "embedded-pulsar", open: embedded("non-persistent"),
		frame: 16 * mebibyte, concurrent: 200,
		caps: transporttest.Caps{Keeps: true, Nacks: true, Types: true},
	},
}

func pulsar(persistent string) func(testing.TB) peers.Endpoint {
	return func(t testing.TB) peers.Endpoint { return lab.Pulsar(t, persistent) }
}

// embedded starts our own broker for one test.
func embedded(persistent string) func(testing.TB) peers.Endpoint {
	return func(t testing.TB) peers.Endpoint {
		t.Helper()
		return serveEmbedded(t, broker.Config{}, persistent)
	}
}

// serveEmbedded starts our own broker for one test.
func serveEmbedded(t testing.TB, c broker.Config, persistent string) peers.Endpoint {
	t.Helper()
	c.Logger = newLog(t, "broker")
	b, err := broker.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return serveBroker(t, b, persistent)
}

// serveBroker serves a broker until the test ends.
func serveBroker(t testing.TB, b *broker.Broker, persistent string) peers.Endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(b.Shutdown(ctx), server.Close()); err != nil {
			t.Errorf("stopping the embedded broker: %v", err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serving the embedded broker: %v", err)
		}
	})
	return peers.Endpoint{Name: "embedded", Addr: l.Addr().String(), Persistent: persistent}
}

// connect returns an endpoint as our own clients and backends reach it.
func connect(t testing.TB, at peers.Endpoint) transport.Broker {
	t.Helper()
	return connectWith(t, at, transport.Options{})
}

func connectWith(t testing.TB, at peers.Endpoint, o transport.Options) transport.Broker {
	t.Helper()
	o.Logger = newLog(t, "transport")
	if o.Header == nil {
		o.Header = at.Header()
	}
	if at.PulsarForm() {
		return transport.Pulsar(at.Addr, transport.PulsarOptions{Options: o, Persistent: at.Persistent == "persistent"})
	}
	return transport.WebSocket(at.BaseURL(), o)
}
