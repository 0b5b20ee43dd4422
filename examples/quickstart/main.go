// Quickstart runs a broker, a backend and a client in one program, with real
// WebSockets between them, and prints what the backend answered.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/transport"
)

// Request holds the parameters of hello_world.
type Request struct {
	Name string `json:"name"`
}

// HelloWorld greets somebody.
func HelloWorld(_ context.Context, r Request) (string, error) {
	return "Hello World, " + r.Name, nil
}

func main() {
	greeting, err := run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(greeting)
}

func run(ctx context.Context) (string, error) {
	// The broker is an http.Handler.
	messages, err := broker.New(broker.Config{})
	if err != nil {
		return "", err
	}
	defer messages.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: messages}
	go server.Serve(listener)
	defer server.Close()

	// The backend connects out to it and listens on its topic.
	ready, stopped := make(chan struct{}), make(chan error, 1)
	module := dasf.NewModule(dasf.Config{Topic: "hello-world-topic", Ready: func() { close(ready) }},
		dasf.Func("hello_world", HelloWorld))
	connection := transport.Pulsar(listener.Addr().String(), transport.PulsarOptions{})
	running, stop := context.WithCancel(ctx)
	go func() { stopped <- module.Run(running, connection) }()
	select {
	case <-ready:
	case err := <-stopped:
		stop()
		return "", err
	}

	// The client calls it.
	client, err := dasf.Dial(ctx, connection, "hello-world-topic")
	if err != nil {
		stop()
		return "", err
	}
	greeting, err := dasf.Call[string](ctx, client, "hello_world", Request{Name: "Peter"})
	client.Close()
	stop()
	if failed := <-stopped; err == nil {
		err = failed
	}
	return greeting, err
}
