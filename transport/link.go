package transport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/envelope"
)

// An end is what uses a link: a consumer or a producer. The calls come one
// after the other.
type end interface {
	// connected gets a socket that is open; again says that it is not the
	// first one.
	connected(s *socket, h http.Header, again bool)
	// frame gets a text frame of the broker's, nil for a binary one.
	frame(s *socket, text []byte)
	// disconnected says that the socket is gone. It comes before the next
	// connected.
	disconnected(err error)
	// refused says that an attempt to connect again failed, and may return
	// another target for the next one.
	refused(err error) *target
}

// A link keeps up the connection of one consumer or producer.
type link struct {
	broker              *socketBroker
	end                 end
	target              *target
	topic, subscription string
	probed              func()

	ctx    context.Context // ends with close
	cancel context.CancelFunc
	done   chan struct{} // closed when keep has returned

	mu     sync.Mutex
	socket *socket
	closed bool
	up     bool
	since  time.Time // of up
}

func newLink(b *socketBroker, e end, t *target, topic, subscription string, probed func()) *link {
	l := &link{broker: b, end: e, target: t, topic: topic, subscription: subscription, probed: probed, done: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// open connects for the first time.
func (l *link) open(ctx context.Context) error {
	var last error
	for attempt := 0; ; attempt++ {
		s, h, err := l.broker.dialer.open(ctx, l.target, l.probed)
		if err == nil {
			l.begin(s, h)
			return nil
		}
		if ctx.Err() != nil && last != nil {
			err = fmt.Errorf("%w; the last attempt: %w", ctx.Err(), last)
		}
		if ctx.Err() != nil || l.broker.o.FailFast || isFinal(err) {
			l.cancel()
			return err
		}
		if last == nil {
			l.tell(State{Err: err}, "broker can't be reached, trying until it can")
		}
		last = err
		if !l.pause(ctx, attempt) {
			l.cancel()
			return fmt.Errorf("%w; the last attempt: %w", ctx.Err(), last)
		}
	}
}

// begin makes s the first socket of the link.
func (l *link) begin(s *socket, h http.Header) {
	l.socket = s
	l.end.connected(s, h, false)
	l.tell(State{Connected: true}, "connected")
	go l.keep(s)
}

// keep reads from sockets, one after the other, until the link is closed.
func (l *link) keep(s *socket) {
	defer close(l.done)
	attempt := 0
	for s != nil {
		opened := time.Now()
		heard := false
		err := s.readAll(func(text []byte) {
			heard = true
			l.end.frame(s, text)
		})
		l.end.disconnected(err)
		if l.isClosed() {
			l.tell(State{Again: true}, "closed")
		} else {
			l.tell(State{Again: true, Err: err}, "disconnected")
		}
		s.finish(err)
		if heard || time.Since(opened) >= l.broker.o.MaxBackoff {
			attempt = 0 // else the broker accepts and closes at once
		}
		s, attempt = l.reconnect(attempt)
	}
}

// reconnect returns the next socket, nil when the link is closed, and the
// number of attempts that did not hold.
func (l *link) reconnect(attempt int) (*socket, int) {
	warned := 0
	for {
		if !l.pause(l.ctx, attempt) {
			return nil, attempt
		}
		attempt++
		s, h, err := l.broker.dialer.open(l.ctx, l.target, l.probed)
		if err != nil {
			warned = l.warn(err, warned)
			if t := l.end.refused(err); t != nil {
				l.target = t
			}
			continue
		}
		if !l.adopt(s) {
			s.finish(errClosedByUs)
			return nil, attempt
		}
		l.end.connected(s, h, true)
		l.tell(State{Connected: true, Again: true}, "connected again")
		return s, attempt
	}
}

// pause waits before an attempt: exponential with full jitter.
func (l *link) pause(ctx context.Context, attempt int) bool {
	if ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(backoff(l.broker.o.MinBackoff, l.broker.o.MaxBackoff, attempt))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// backoff is a random part of least doubled attempt times, at most of most.
func backoff(least, most time.Duration, attempt int) time.Duration {
	d := most
	if attempt < 32 && least<<attempt>>attempt == least {
		d = min(most, least<<attempt)
	}
	return rand.N(d + 1)
}

// warn logs that the broker answers, and refuses, once for each status.
func (l *link) warn(err error, warned int) int {
	if e, ok := asHandshakeError(err); ok && e.Status != warned && isFinal(err) {
		l.broker.o.Logger.Warn("broker refuses the connection, trying again", l.attributes(err)...)
		return e.Status
	}
	l.broker.o.Logger.Debug("no connection yet", l.attributes(err)...)
	return warned
}

// tell makes a change of the connection known.
func (l *link) tell(state State, text string) {
	state.Topic, state.Subscription, state.Since = l.topic, l.subscription, time.Now()
	l.mu.Lock()
	l.up, l.since = state.Connected, state.Since
	l.mu.Unlock()
	if l.broker.o.OnState != nil {
		l.broker.o.OnState(state)
	}
	l.broker.o.Logger.Info(text, l.attributes(state.Err)...)
}

func (l *link) connected() (up bool, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up, l.since
}

// attributes are those of a log line.
func (l *link) attributes(err error) []any {
	list := []any{"topic", l.topic}
	if l.subscription != "" {
		list = append(list, "subscription", l.subscription)
	}
	list = append(list, "url", l.target.String())
	if err != nil {
		list = append(list, "reason", err)
	}
	return list
}

// adopt makes s the socket of the link, unless that is closed.
func (l *link) adopt(s *socket) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.socket = s
	}
	return !l.closed
}

func (l *link) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// close ends the link and waits for its goroutines.
func (l *link) close() {
	l.mu.Lock()
	l.closed = true
	s := l.socket
	l.mu.Unlock()
	l.cancel()
	s.shutdown(closeNormal)
	<-l.done
}

// scan reads a frame of the broker's; text is nil for a binary one.
func scan(text []byte, f *envelope.Frame) error {
	if text == nil {
		return errBinary
	}
	return envelope.Scan(text, f)
}

var errBinary = errors.New("binary frame, where only text is known")

// bad logs what could not be read. The next frame is not affected.
func (l *link) bad(err error, text []byte) {
	start := text[:min(len(text), 200)]
	l.broker.o.Logger.Warn("ignoring a frame that can't be read",
		append(l.attributes(err), "bytes", len(text), "start", string(start))...)
}

func asHandshakeError(err error) (*HandshakeError, bool) {
	return errors.AsType[*HandshakeError](err)
}

// closeNormal is the code with which we close.
const closeNormal = websocket.CloseNormalClosure
