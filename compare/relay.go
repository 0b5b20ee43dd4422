package main

import (
	"context"
	"fmt"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/measure"
)

func relayBroker(ctx context.Context, p measure.Part, _ string) error {
	return p.ServeHTTP(ctx, measure.NewBareRelay())
}

// Sockets are how a backend and a client without DASF send frames to each
// other, by two sockets each, over a relay or a broker.
type sockets struct {
	producer, consumer string // URLs, for an address and a topic
	// frame makes a frame of a number and a payload.
	frame func(number, payload string) []byte
	// parse is the inverse. ack is what the consumer answers; nil: nothing.
	parse func(frame []byte) (number, payload string, ack []byte, err error)
	// acked: the producer's socket gets answers too, which are thrown away.
	acked bool
}

// open opens the sockets for receiving from one topic and sending to another.
func (s *sockets) open(ctx context.Context, address, from, to string) (in, out *websocket.Conn, err error) {
	if in, _, err = websocket.DefaultDialer.DialContext(ctx, fmt.Sprintf(s.consumer, address, from), nil); err != nil {
		return nil, nil, err
	}
	if out, _, err = websocket.DefaultDialer.DialContext(ctx, fmt.Sprintf(s.producer, address, to), nil); err != nil {
		in.Close()
		return nil, nil, err
	}
	if s.acked {
		go func() { // until out is closed
			for {
				if _, _, err := out.NextReader(); err != nil {
					return
				}
			}
		}()
	}
	return in, out, nil
}

// receive calls each with what arrives, until an error.
func (s *sockets) receive(in *websocket.Conn, each func(number, payload string) error) error {
	for {
		_, frame, err := in.ReadMessage()
		if err != nil {
			return err
		}
		number, payload, ack, err := s.parse(frame)
		if err != nil {
			return err
		}
		if ack != nil {
			if err := in.WriteMessage(websocket.TextMessage, ack); err != nil {
				return err
			}
		}
		if err := each(number, payload); err != nil {
			return err
		}
	}
}

// backend sends back what it gets.
func (s *sockets) backend(ctx context.Context, p measure.Part, address string) error {
	in, out, err := s.open(ctx, address, "requests", "answers")
	if err != nil {
		return err
	}
	received := make(chan error, 1)
	go func() {
		received <- s.receive(in, func(number, payload string) error {
			return out.WriteMessage(websocket.TextMessage, s.frame(number, payload))
		})
	}()
	err = p.Serve(ctx, "")
	in.Close()
	out.Close()
	<-received
	return err
}
