package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/dasf-go/dasf/internal/measure"
	"github.com/dasf-go/dasf/transport"
)

// maxSending is how many topics are sent to: each takes a second socket of the
// broker, and 20,000 descriptors are what a process often may have.
const maxSending = 5000

// topicsClient passes messages through many topics of a broker: each topic has
// a consumer, and the topics that are sent to take turns. A message is on its
// way until it is received. The number of topics stands behind the address.
func topicsClient(ctx context.Context, p measure.Part, address string) error {
	address, count, _ := strings.Cut(address, "/")
	topics, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	b := connect(address)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var receiving sync.WaitGroup
	defer receiving.Wait()
	defer cancel()
	ways := make([]*way, topics)
	for i := range ways {
		w := &way{waiting: make(map[string]chan int)}
		ways[i] = w
		name := fmt.Sprintf("%s-%d", topic, i)
		consumer, err := b.Consume(ctx, name, transport.ConsumeOptions{Subscription: "compare", Type: transport.Exclusive, NonDurable: true})
		if err != nil {
			return err
		}
		defer consumer.Close()
		receiving.Go(func() { w.receive(ctx, consumer) })
		if i < maxSending {
			if w.producer, err = b.Produce(ctx, name); err != nil {
				return err
			}
			defer w.producer.Close()
		}
	}
	return p.Measure(ctx, func(ctx context.Context, load measure.Load) (measure.Result, error) {
		payload := make([]byte, load.Payload)
		var calls []measure.Call
		for _, w := range ways[:min(topics, maxSending)] {
			calls = append(calls, func(ctx context.Context) (int, error) { return w.pass(ctx, payload) })
		}
		return load.Loop(ctx, calls)
	})
}

// A way is a topic with a producer and a consumer.
type way struct {
	producer transport.Producer

	mu      sync.Mutex
	last    int
	waiting map[string]chan int
}

func (w *way) receive(ctx context.Context, c transport.Consumer) {
	for {
		m, err := c.Receive(ctx)
		if err != nil {
			return // the end, or pass says what is wrong
		}
		_ = c.Ack(ctx, m)
		w.mu.Lock()
		if arrived := w.waiting[m.Properties["number"]]; arrived != nil {
			arrived <- len(m.Payload) // has room for it
			delete(w.waiting, m.Properties["number"])
		}
		w.mu.Unlock()
	}
}

func (w *way) pass(ctx context.Context, payload []byte) (int, error) {
	arrived := make(chan int, 1)
	w.mu.Lock()
	w.last++
	number := strconv.Itoa(w.last)
	w.waiting[number] = arrived
	w.mu.Unlock()
	m := &transport.Message{Properties: map[string]string{"number": number}}
	m.SetBytes(payload)
	if err := w.producer.Send(ctx, m); err != nil {
		return 0, err
	}
	select {
	case n := <-arrived:
		if n != len(m.Payload) {
			return 0, fmt.Errorf("%d characters came, %d were sent", n, len(m.Payload))
		}
		return len(payload), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
