package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/observer"
	"github.com/dasf-go/dasf/transport"
)

// observed is a backend that shows its metrics. A nil one shows none.
type observed struct {
	ctx     context.Context // of the command
	backend *observer.Backend
	ready   atomic.Bool
	stop    func() error
}

// observe serves the metrics of the session's module on address.
func (s *session) observe(address string) (*observed, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, cmdline.Usagef("--metrics-addr is %q: it must be HOST:PORT, such as 127.0.0.1:9090 (%v)", address, err)
	}
	o := &observed{ctx: s.ctx, backend: observer.NewBackend(s.module.Topic())}
	pages, err := o.backend.Handler(o.isReady, s.logger)
	if err != nil {
		return nil, err
	}
	addr, stop, err := observer.Serve(s.ctx, address, pages, s.logger)
	if err != nil {
		return nil, fmt.Errorf("--metrics-addr: %w", err)
	}
	o.stop = stop
	s.logger.Info("metrics", "url", "http://"+addr.String()+"/metrics")
	return o, nil
}

// isReady says why the backend takes no requests.
func (o *observed) isReady() error {
	switch {
	case o.ctx.Err() != nil:
		return errors.New("the backend is stopping")
	case !o.ready.Load():
		return errors.New("the backend does not listen yet")
	case !o.backend.Listening():
		return errors.New("the connection to the broker is lost")
	}
	return nil
}

// join has the backend of a configuration observed, besides what the program
// observes itself.
func (o *observed) join(c *dasf.Config) {
	if o == nil {
		return
	}
	c.Observer = observers(c.Observer, o.backend)
	ready := c.Ready
	c.Ready = func() {
		o.ready.Store(true)
		if ready != nil {
			ready()
		}
	}
}

func (o *observed) onState() func(transport.State) {
	if o == nil {
		return nil
	}
	return o.backend.Connection
}

// observers is one that tells two. The program's own may be nil.
func observers(own, more dasf.Observer) dasf.Observer {
	if own == nil {
		return more
	}
	return both{own, more}
}

type both [2]dasf.Observer

func (b both) Request(e dasf.RequestEvent) {
	b[0].Request(e)
	b[1].Request(e)
}

func (b both) Held(waiting, running int) {
	b[0].Held(waiting, running)
	b[1].Held(waiting, running)
}

func (b both) Count(what dasf.Counter, n int) {
	b[0].Count(what, n)
	b[1].Count(what, n)
}
