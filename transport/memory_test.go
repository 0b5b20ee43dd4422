package transport_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/dasf-go/dasf/transport"
)

func TestMemoryOfTopicsThatEverybodyHasLeftIsBounded(t *testing.T) {
	b := transport.Memory()
	m := new(transport.Message)
	for i := range 1500 {
		p, err := b.Produce(t.Context(), fmt.Sprint("topic", i))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		p.Close()
	}
	kept := 0
	for i := range 1500 {
		c, err := b.Consume(t.Context(), fmt.Sprint("topic", i), transport.ConsumeOptions{Subscription: "s"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		p, err := b.Produce(ctx, fmt.Sprint("topic", i))
		if err != nil {
			t.Fatal(err)
		}
		second := &transport.Message{Key: "second"}
		if err := p.Send(ctx, second); err != nil {
			t.Fatal(err)
		}
		got, err := c.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got.Key == "" {
			kept++
			if i < 500 {
				t.Errorf("topic %d is kept, though newer ones are enough", i)
			}
		}
		cancel()
		c.Close()
		p.Close()
	}
	if kept != 1000 {
		t.Errorf("the messages of %d topics were kept, want 1000", kept)
	}
}

func TestAFullTopicInMemoryRefuses(t *testing.T) {
	b := transport.Memory()
	p, err := b.Produce(t.Context(), "topic")
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.Consume(t.Context(), "topic", transport.ConsumeOptions{Subscription: "s"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	m := new(transport.Message)
	for i := range 100_000 {
		if err := p.Send(t.Context(), m); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	err = p.Send(t.Context(), m)
	refused, ok := errors.AsType[*transport.SendError](err)
	if !ok || refused.Refused() || refused.Message != "topic topic is full: it holds 100000 messages, 6300000 bytes" {
		t.Errorf("Send to a full topic: %v", err)
	}
	got, err := c.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Ack(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	if err := p.Send(t.Context(), m); err != nil {
		t.Errorf("Send after an acknowledgement: %v", err)
	}
}
