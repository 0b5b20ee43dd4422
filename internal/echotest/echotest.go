// Package echotest answers requests with themselves, for tests of generated
// clients: what they send can be looked at.
package echotest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/dasf-go/dasf/transport"
)

// Run answers each request on a topic with its own text, as a JSON string,
// until ctx or the test ends. It returns once it consumes the topic.
func Run(ctx context.Context, t testing.TB, b transport.Broker, topic string) {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	in, err := b.Consume(ctx, topic, transport.ConsumeOptions{Subscription: "echo"})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			m, err := in.Receive(ctx)
			if err == nil {
				err = answer(ctx, b, m)
			}
			if err == nil {
				err = in.Ack(ctx, m)
			}
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("the echo: %v", err)
				}
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
}

func answer(ctx context.Context, b transport.Broker, m *transport.Message) error {
	request, err := m.Decode()
	if err != nil {
		return err
	}
	text, err := json.Marshal(string(request))
	if err != nil {
		return err
	}
	out, err := b.Produce(ctx, m.Properties["response_topic"])
	if err != nil {
		return err
	}
	response := &transport.Message{Properties: map[string]string{
		"requestContext": m.Properties["requestContext"], "messageType": "response", "status": "success",
	}}
	response.SetBytes(text)
	if err := out.Send(ctx, response); err != nil {
		return err
	}
	return out.Close()
}
