package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/measure"
)

func relayBroker(ctx context.Context, p measure.Part, _ string) error {
	return p.ServeHTTP(ctx, measure.NewBareRelay())
}

// Sockets are how a backend and clients without DASF send frames to each other,
// by two sockets for each client, over a relay or a broker.
type sockets struct {
	producer, consumer string // URLs, for an address and a topic
	// frame makes a frame of a number and a payload.
	frame func(number, payload string) []byte
	// parse is the inverse. ack is what the consumer answers; nil: nothing.
	parse func(frame []byte) (number, payload string, ack []byte, err error)
	// acked: the producer's socket gets answers too, which are thrown away.
	acked bool
}

// consume opens the socket that receives from a topic.
func (s *sockets) consume(ctx context.Context, address, topic string) (*websocket.Conn, error) {
	in, _, err := websocket.DefaultDialer.DialContext(ctx, fmt.Sprintf(s.consumer, address, topic), nil)
	return in, err
}

// produce opens the socket that sends to a topic.
func (s *sockets) produce(ctx context.Context, address, topic string) (*websocket.Conn, error) {
	out, _, err := websocket.DefaultDialer.DialContext(ctx, fmt.Sprintf(s.producer, address, topic), nil)
	if err == nil && s.acked {
		go func() { // until out is closed
			for {
				if _, _, err := out.NextReader(); err != nil {
					return
				}
			}
		}()
	}
	return out, err
}

// answers is the topic of the client whose call has the number.
func answers(number string) string {
	client, _, _ := strings.Cut(number, "-")
	return "answers-" + client
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

// backend sends back what it gets, to each client by a socket of its own.
func (s *sockets) backend(ctx context.Context, p measure.Part, address string) error {
	in, err := s.consume(ctx, address, "requests")
	if err != nil {
		return err
	}
	outs := make(map[string]*websocket.Conn)
	received := make(chan error, 1)
	go func() {
		received <- s.receive(in, func(number, payload string) error {
			topic := answers(number)
			out := outs[topic]
			if out == nil {
				opened, err := s.produce(ctx, address, topic)
				if err != nil {
					return err
				}
				out = opened
				outs[topic] = out
			}
			return out.WriteMessage(websocket.TextMessage, s.frame(number, payload))
		})
	}()
	err = p.Serve(ctx, "")
	in.Close()
	<-received
	for _, out := range outs {
		out.Close()
	}
	return err
}
