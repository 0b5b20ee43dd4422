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
func (r *backend) sinkOf(j *job) *sink {
	limit := min(reportLimit, max(r.cfg.MaxPayloadSize, leastReport)) // what is longer would be cut
	if r.delivery.PieceSize > 0 {
		limit = min(limit, smallPayload)
	}
	return &sink{
		ctx:     r.background,
		timeout: r.cfg.ProducerConnectionTimeout,
		limit:   limit,
		level:   j.logLevel,
		send: func(ctx context.Context, m sinkMessage) error {
			if CodeOf(context.Cause(j.ctx)) == CodeCanceled {
				return context.Cause(j.ctx) // nobody waits
			}
			return r.producers.send(ctx, j.call.topic, r.progressMessage(j, m))
		},
		unwanted: func(err error) bool {
			cause := context.Cause(j.ctx)
			handedBack := err != nil && cause == errShutdown && r.delivery.Redelivers && r.afterResponse()
			return handedBack || CodeOf(cause) == CodeCanceled
		},
	}
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
	var mu sync.Mutex
	var queue arrivals
	notify := make(chan struct{}, 1)
	s := &sink{
		ctx: ctx, timeout: time.Minute, limit: reportLimit,
		unwanted: func(error) bool { return ctx.Err() != nil },
		send: func(_ context.Context, m sinkMessage) error {
			a, err := arrived(m.kind, m.payload)
			if err != nil {
				return err
			}
			mu.Lock()
			queue.add(a)
			mu.Unlock()
			select {
			case notify <- struct{}{}:
			default:
			}
			return nil
		},
	}
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
		case <-notify:
		case <-done:
			over = true
		}
		mu.Lock()
		arrived := queue.take()
		mu.Unlock()
		o.deliver(arrived, l.module.cfg.Logger)
	}
	return raw, err
}
