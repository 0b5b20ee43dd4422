package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/dasf-go/dasf/internal/measure"
)

// natsBroker is a nats-server with its defaults.
func natsBroker(ctx context.Context, p measure.Part, _ string) error {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		return err
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(time.Minute) {
		return errors.New("nats-server is not ready after a minute")
	}
	return p.Serve(ctx, s.Addr().String())
}

func natsBackend(ctx context.Context, p measure.Part, address string) error {
	c, err := nats.Connect(address)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Subscribe(topic, func(m *nats.Msg) { _ = m.Respond(m.Data) }); err != nil {
		return err
	}
	if err := c.Flush(); err != nil { // the server knows of the subscription
		return err
	}
	return p.Serve(ctx, "")
}

func natsClient(ctx context.Context, p measure.Part, address string) error {
	c, err := nats.Connect(address)
	if err != nil {
		return err
	}
	defer c.Close()
	return p.Measure(ctx, func(ctx context.Context, load measure.Load) (measure.Result, error) {
		payload := bytes.Repeat([]byte("x"), load.Payload)
		return load.Loop(ctx, []measure.Call{func(ctx context.Context) (int, error) {
			answer, err := c.RequestWithContext(ctx, topic, payload)
			if err != nil {
				return 0, err
			}
			if len(answer.Data) != len(payload) {
				return 0, fmt.Errorf("%d bytes came, %d were sent", len(answer.Data), len(payload))
			}
			return 2 * len(payload), nil
		}})
	})
}
