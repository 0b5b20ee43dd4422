package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/measure"
)

// plainSockets are those of the bare relay: frames of a number and a payload.
var plainSockets = &sockets{
	producer: "ws://%s/ws/%s",
	consumer: "ws://%s/ws/%s/relay",
	frame:    func(number, payload string) []byte { return []byte(number + " " + payload) },
	parse: func(frame []byte) (number, payload string, ack []byte, err error) {
		number, payload, ok := strings.Cut(string(frame), " ")
		if !ok {
			return "", "", nil, fmt.Errorf("frame %q", frame)
		}
		return number, payload, nil, nil
	},
}

// pulsarSockets are those of Pulsar's WebSocket service, with the least that it
// takes: each message is acknowledged, or it drops others.
var pulsarSockets = &sockets{
	producer: "ws://%s/ws/v2/producer/non-persistent/public/default/dasf-compare-%s",
	consumer: "ws://%s/ws/v2/consumer/non-persistent/public/default/dasf-compare-%s/echo?receiverQueueSize=1000&subscriptionMode=NonDurable",
	acked:    true,
	frame: func(number, payload string) []byte {
		return []byte(`{"properties":{"number":"` + number + `"},"payload":"` + payload + `","context":"` + number + `"}`)
	},
	parse: func(frame []byte) (number, payload string, ack []byte, err error) {
		id, number, payload := field(frame, "messageId"), field(frame, "number"), field(frame, "payload")
		if id == "" || number == "" {
			return "", "", nil, fmt.Errorf("frame %q", frame)
		}
		return number, payload, []byte(`{"messageId":"` + id + `"}`), nil
	},
}

// field finds a string in JSON that has no escapes.
func field(text []byte, name string) string {
	_, rest, _ := bytes.Cut(text, []byte(`"`+name+`":"`))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}

// client makes the calls of a load, each client by one pair of sockets. The
// payload is text that is valid base64 too; where payloads have to be base64 it
// is as long as that of the payload of the load.
func (s *sockets) client(ctx context.Context, p measure.Part, address string) error {
	var callers []*caller
	defer func() {
		for _, c := range callers {
			c.close()
		}
	}()
	return p.Measure(ctx, func(ctx context.Context, load measure.Load) (measure.Result, error) {
		var calls []measure.Call
		for i := range max(load.Clients, 1) {
			if i == len(callers) {
				c, err := s.dial(ctx, address, strconv.Itoa(i))
				if err != nil {
					return measure.Result{}, err
				}
				callers = append(callers, c)
			}
			calls = append(calls, callers[i].call(load))
		}
		return load.Loop(ctx, calls)
	})
}

// A caller is one client.
type caller struct {
	sockets  *sockets
	name     string
	in, out  *websocket.Conn
	received chan error

	mu      sync.Mutex // of all below, and for writing to out
	last    int
	gone    bool
	waiting map[string]chan string
}

func (s *sockets) dial(ctx context.Context, address, name string) (*caller, error) {
	c := &caller{sockets: s, name: name, received: make(chan error, 1), waiting: make(map[string]chan string)}
	var err error
	if c.in, err = s.consume(ctx, address, answers(name)); err != nil {
		return nil, err
	}
	if c.out, err = s.produce(ctx, address, "requests"); err != nil {
		c.in.Close()
		return nil, err
	}
	go c.receive()
	return c, nil
}

func (c *caller) receive() {
	c.received <- c.sockets.receive(c.in, func(number, payload string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if answer := c.waiting[number]; answer != nil {
			answer <- payload // has room for it
			delete(c.waiting, number)
		}
		return nil
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	for _, answer := range c.waiting {
		close(answer)
	}
}

// send sends a payload, and returns where the answer will be.
func (c *caller) send(payload string) (<-chan string, error) {
	answer := make(chan string, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil, errors.New("the socket is closed")
	}
	c.last++
	number := c.name + "-" + strconv.Itoa(c.last)
	c.waiting[number] = answer
	return answer, c.out.WriteMessage(websocket.TextMessage, c.sockets.frame(number, payload))
}

func (c *caller) call(load measure.Load) measure.Call {
	size := load.Payload
	if c.sockets.acked {
		size = (size + 2) / 3 * 4
	}
	payload := strings.Repeat("x", size)
	return func(ctx context.Context) (int, error) {
		answer, err := c.send(payload)
		if err != nil {
			return 0, err
		}
		select {
		case got, ok := <-answer:
			if !ok || got != payload {
				return 0, fmt.Errorf("%d characters came, %d were sent", len(got), len(payload))
			}
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		return 2 * load.Payload, nil
	}
}

func (c *caller) close() {
	c.in.Close()
	c.out.Close()
	<-c.received
}
