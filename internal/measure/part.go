package measure

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/headroom"
	"github.com/dasf-go/dasf/transport"
)

// A Part is what runs in a process of a [Chain]. The process ends with its
// standard input.
type Part struct {
	In  io.Reader
	Out io.Writer
}

// Serve prints that the part is ready, and where if others don't know it, and
// waits for the end.
func (p Part) Serve(ctx context.Context, address string) error {
	if _, err := fmt.Fprintf(p.Out, "%s%s\n", readyLine, address); err != nil {
		return err
	}
	<-p.untilEnd(ctx).Done()
	return nil
}

// untilEnd returns a context that ends with the standard input. The goroutine
// that waits for it ends with the process.
func (p Part) untilEnd(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, p.In)
		cancel()
	}()
	return ctx
}

// Measure reads a load, prints what run measured of it, and waits for the end.
func (p Part) Measure(ctx context.Context, run func(context.Context, Load) (Result, error)) error {
	in := bufio.NewReader(p.In)
	text, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var load Load
	if err := json.Unmarshal(text, &load); err != nil {
		return err
	}
	result, err := run(ctx, load)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(p.Out).Encode(result); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// ServeHTTP is a part that serves h on a free port of the loopback address.
func (p Part) ServeHTTP(ctx context.Context, h http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	err = p.Serve(ctx, listener.Addr().String())
	if closed := server.Close(); err == nil {
		err = closed
	}
	<-served
	return err
}

// ServeBroker is a part with the embedded broker.
func (p Part) ServeBroker(ctx context.Context, logger *slog.Logger) error {
	b, err := broker.New(broker.Config{Logger: logger})
	if err != nil {
		return err
	}
	defer b.Close()
	defer headroom.Keep()() // as "dasf broker" does
	return p.ServeHTTP(ctx, b)
}

// ServeMembers is a part with a backend that has [Members].
func (p Part) ServeMembers(ctx context.Context, b transport.Broker, topic string, logger *slog.Logger) error {
	defer headroom.Keep()() // as a backend's listen does
	ready := make(chan struct{})
	m := dasf.NewModule(dasf.Config{Topic: topic, Logger: logger, Ready: func() { close(ready) }}, Members()...)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx, b) }()
	select {
	case err := <-ended:
		return err
	case <-ready:
	}
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx, "") }()
	select {
	case err := <-ended:
		return err
	case err := <-served:
		cancel()
		if failed := <-ended; err == nil {
			err = failed
		}
		return err
	}
}

// CallMembers is a part with the clients that a load asks for.
func (p Part) CallMembers(ctx context.Context, b transport.Broker, topic string, logger *slog.Logger) error {
	return p.Measure(ctx, func(ctx context.Context, load Load) (Result, error) {
		clients := make([]*dasf.Client, load.Clients)
		for i := range clients {
			var err error
			if clients[i], err = dasf.Dial(ctx, b, topic, dasf.WithLogger(logger)); err != nil {
				return Result{}, err
			}
			defer clients[i].Close()
		}
		if _, err := clients[0].Ping(ctx); err != nil { // the backend may not be there yet
			return Result{}, err
		}
		return load.Run(ctx, clients)
	})
}
