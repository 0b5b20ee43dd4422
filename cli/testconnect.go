package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/transport"
)

type testConnectCommand struct {
	Timeout cmdline.Seconds `min:"0.001" default:"10" placeholder:"SECONDS" help:"How long to wait for the broker."`
}

// Help is the second part of the command's help.
func (c *testConnectCommand) Help() string {
	return "A message is sent to the topic and received again. It is none that a backend answers. The exit code is 1 when the broker can't be reached in both directions."
}

// probeProperty marks the message that test-connect sends.
const probeProperty = "dasf_probe"

func (c *testConnectCommand) run(s *session) (err error) {
	ctx, cancel := context.WithTimeoutCause(s.ctx, time.Duration(c.Timeout),
		fmt.Errorf("no answer within %v", time.Duration(c.Timeout)))
	defer cancel()
	mark := rand.Text()
	topic, subscription := s.module.Topic(), "dasf-test-connect-"+mark[:8]
	broker := s.broker(transport.Options{FailFast: true})
	fmt.Fprintf(s.Out, "decided by %v\n", s.endpoint.Decided)

	start := time.Now()
	consumer, err := broker.Consume(ctx, topic, transport.ConsumeOptions{Subscription: subscription, NonDurable: true})
	if err != nil {
		return connecting(ctx, "receiving", s.endpoint.URL(topic, subscription), err)
	}
	defer func() { err = errors.Join(err, consumer.Close()) }()
	fmt.Fprintf(s.Out, "receiving from %s: connected in %v\n", s.endpoint.URL(topic, subscription), since(start))

	start = time.Now()
	producer, err := broker.Produce(ctx, topic)
	if err != nil {
		return connecting(ctx, "sending", s.endpoint.URL(topic, ""), err)
	}
	defer func() { err = errors.Join(err, producer.Close()) }()
	fmt.Fprintf(s.Out, "sending to %s: connected in %v\n", s.endpoint.URL(topic, ""), since(start))

	start = time.Now()
	probe := &transport.Message{Properties: map[string]string{
		"messageType": "response", "requestContext": "0", "source_topic": topic, probeProperty: mark,
	}}
	probe.SetBytes(nil)
	if err := producer.Send(ctx, probe); err != nil {
		return connecting(ctx, "sending a message", s.endpoint.URL(topic, ""), err)
	}
	if err := awaitProbe(ctx, consumer, mark); err != nil {
		return connecting(ctx, "receiving the message that was sent", s.endpoint.URL(topic, subscription), err)
	}
	_, err = fmt.Fprintf(s.Out, "round trip: %v\n", since(start))
	return err
}

// awaitProbe receives until the message with the mark is there. What belongs to
// others is not acknowledged: the broker keeps it for them.
func awaitProbe(ctx context.Context, consumer transport.Consumer, mark string) error {
	for {
		m, err := consumer.Receive(ctx)
		if err != nil {
			return err
		}
		if m.Properties[probeProperty] == mark {
			return consumer.Ack(ctx, m)
		}
	}
}

// connecting says what failed; transport's errors name the URL already.
func connecting(ctx context.Context, what, url string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %s: %w", what, url, context.Cause(ctx))
	}
	return fmt.Errorf("%s: %w", what, err)
}

func since(start time.Time) time.Duration { return time.Since(start).Round(10 * time.Microsecond) }
