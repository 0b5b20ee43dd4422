package dasf

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// leastReport is the shortest limit of a report: with a smaller
// Config.MaxPayloadSize one would say nothing.
const leastReport = 4096

// sinkOf is where the reports of a job go: to its caller, before the response.
func (r *backend) sinkOf(j *job, to messenger) sink {
	limit := min(reportLimit, max(r.cfg.MaxPayloadSize, leastReport)) // what is longer would be cut
	if r.delivery.PieceSize > 0 {
		limit = min(limit, smallPayload)
	}
	return sink{
		ctx:       r.background,
		timeout:   r.cfg.ProducerConnectionTimeout,
		limit:     limit,
		level:     j.logLevel,
		messenger: to,
	}
}

func (c *callContext) send(ctx context.Context, m sinkMessage) error {
	if cause := context.Cause(c.job.ctx); CodeOf(cause) == CodeCanceled {
		return cause // nobody waits
	}
	return c.backend.producers.send(ctx, c.job.call.topic, c.backend.progressMessage(c.job, m))
}

func (c *callContext) unwanted(err error) bool {
	cause := context.Cause(c.job.ctx)
	handedBack := err != nil && cause == errShutdown && c.backend.delivery.Redelivers && c.backend.afterResponse()
	return handedBack || CodeOf(cause) == CodeCanceled
}

// progressMessage is a message about a job that runs.
func (r *backend) progressMessage(j *job, m sinkMessage) *transport.Message {
	properties := r.answerProperties(&answer{call: j.call, extended: j.extended, status: string(m.status)})
	properties[propType] = m.kind
	if m.status == "" {
		delete(properties, propStatus)
	}
	out := &transport.Message{Properties: properties, Context: j.call.context}
	out.SetBytes(m.payload)
	return out
}

// handle runs a request in this process. Where the caller wants to see reports
// or the log they are delivered in its goroutine, as those of a broker are.
func (l local) handle(ctx context.Context, request []byte, o *callOptions) (json.RawMessage, error) {
	if !o.listens() {
		return l.module.handle(withSink(ctx, nil), request)
	}
	to := &localMessenger{ctx: ctx, notify: make(chan struct{}, 1)}
	s := &sink{ctx: ctx, timeout: time.Minute, limit: reportLimit, messenger: to}
	if o.log != nil {
		s.level = &o.logLevel
	}
	var raw json.RawMessage
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		raw, err = l.module.handle(withSink(ctx, s), request)
	}()
	for over := false; !over; {
		select {
		case <-to.notify:
		case <-done:
			over = true
		}
		to.mu.Lock()
		arrived := to.queue.take()
		to.mu.Unlock()
		o.deliver(arrived, l.module.cfg.Logger)
	}
	return raw, err
}

// A localMessenger keeps the messages about a call in this process.
type localMessenger struct {
	ctx    context.Context
	notify chan struct{} // takes one

	mu    sync.Mutex
	queue arrivals
}

func (l *localMessenger) send(_ context.Context, m sinkMessage) error {
	a, err := arrived(m.kind, m.payload)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.queue.add(a)
	l.mu.Unlock()
	select {
	case l.notify <- struct{}{}:
	default:
	}
	return nil
}

func (l *localMessenger) unwanted(error) bool { return l.ctx.Err() != nil }
