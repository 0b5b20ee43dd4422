package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/cmdline"
)

// brokerGrace is how long the embedded broker's connections may take to end in
// good order.
const brokerGrace = 10 * time.Second

// startBroker runs a broker on the address that the connection flags name. The
// function that it returns ends it.
func (s *session) startBroker() (stop func() error, err error) {
	address, err := s.embeddedAddress()
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(s.ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--embedded-broker: %w; if a broker runs there already, leave the flag out", err)
	}
	b, err := broker.New(broker.Config{Logger: s.brokerLogger})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	s.logger.Info("embedded broker", "address", listener.Addr().String())
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), brokerGrace)
		defer cancel()
		err := errors.Join(server.Shutdown(ctx), b.Shutdown(ctx))
		if closed := <-served; !errors.Is(closed, http.ErrServerClosed) {
			err = errors.Join(err, closed)
		}
		return err
	}, nil
}

// embeddedAddress is an address of this machine that no other machine can
// reach: the broker asks nobody for a password.
func (s *session) embeddedAddress() (string, error) {
	address := s.endpoint.Address()
	if s.endpoint.Plain {
		u, err := url.Parse(s.endpoint.URL("", ""))
		if err != nil || u.Scheme != "ws" || u.Port() == "" {
			return "", cmdline.Usagef("--embedded-broker speaks ws on a port: give a URL such as ws://localhost:8080/ws/")
		}
		address = u.Host
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", cmdline.Usagef("--embedded-broker: %v", err)
	}
	ips, err := net.DefaultResolver.LookupNetIP(s.ctx, "ip", host)
	if err != nil {
		return "", fmt.Errorf("--embedded-broker: %w", err)
	}
	for _, ip := range ips {
		if !ip.Unmap().IsLoopback() {
			return "", cmdline.Usagef("--embedded-broker would listen on %s, which other machines can reach: use localhost, or run dasf broker", host)
		}
	}
	return address, nil
}
