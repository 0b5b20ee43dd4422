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

// client makes the calls of a load by one pair of sockets. The payload is text
// that is valid base64 too; where payloads have to be base64 it is as long as
// that of the payload of the load.
func (s *sockets) client(ctx context.Context, p measure.Part, address string) error {
	in, out, err := s.open(ctx, address, "answers", "requests")
	if err != nil {
		return err
	}
	var mu sync.Mutex // guards out, last, waiting and gone
	var last int
	var gone bool
	waiting := make(map[string]chan string)
	received := make(chan error, 1)
	go func() {
		received <- s.receive(in, func(number, payload string) error {
			mu.Lock()
			defer mu.Unlock()
			if answer := waiting[number]; answer != nil {
				answer <- payload // has room for it
				delete(waiting, number)
			}
			return nil
		})
		mu.Lock()
		defer mu.Unlock()
		gone = true
		for _, answer := range waiting {
			close(answer)
		}
	}()
	err = p.Measure(ctx, func(ctx context.Context, load measure.Load) (measure.Result, error) {
		size := load.Payload
		if s.acked {
			size = (size + 2) / 3 * 4
		}
		payload := strings.Repeat("x", size)
		return load.Loop(ctx, []measure.Call{func(context.Context) (int, error) {
			answer := make(chan string, 1)
			mu.Lock()
			if gone {
				mu.Unlock()
				return 0, errors.New("the socket is closed")
			}
			last++
			number := strconv.Itoa(last)
			waiting[number] = answer
			err := out.WriteMessage(websocket.TextMessage, s.frame(number, payload))
			mu.Unlock()
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
		}})
	})
	in.Close()
	out.Close()
	<-received
	return err
}
