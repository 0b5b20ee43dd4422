package dasf

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// A DialOption is an option of [Dial].
type DialOption func(*dialOptions)

type dialOptions struct {
	logger         *slog.Logger
	liveness       time.Duration
	inFlight       int
	maxPayloadSize int
	assemblyBytes  int
	assemblyCount  int
	assemblyAge    time.Duration
	keepAlive      time.Duration
}

// WithLogger has the client log to l. The default is [slog.Default].
func WithLogger(l *slog.Logger) DialOption { return func(o *dialOptions) { o.logger = l } }

// WithLiveness sets how long a backend, or the broker, may be silent before
// it is asked, and then how long before a call ends with [CodeUnavailable]
// where nothing redelivers it. The default is 30 s, three times the interval
// in which a Go backend names the calls that it holds.
func WithLiveness(d time.Duration) DialOption { return func(o *dialOptions) { o.liveness = d } }

// WithInFlight bounds the calls under way at once on a broker that drops or
// withholds messages when a consumer has too many; more wait for a place. The
// default is 256, on non-persistent Pulsar; dasf-broker-django allows at most
// 50. Other brokers have no such bound.
func WithInFlight(n int) DialOption { return func(o *dialOptions) { o.inFlight = n } }

// WithMaxPayloadSize sets the longest payload of a request, in bytes, that is
// sent whole. The default is what fits into the longest frame of the broker.
func WithMaxPayloadSize(n int) DialOption { return func(o *dialOptions) { o.maxPayloadSize = n } }

// WithAssembly bounds the responses that arrive in pieces: their bytes
// together, their number at one time, and the time since the last piece. The
// defaults are 1 GiB, 1,000 and 60 s; a 0 leaves one as it is.
func WithAssembly(bytes, count int, age time.Duration) DialOption {
	return func(o *dialOptions) {
		o.assemblyBytes = cmp.Or(bytes, o.assemblyBytes)
		o.assemblyCount = cmp.Or(count, o.assemblyCount)
		o.assemblyAge = cmp.Or(age, o.assemblyAge)
	}
}

// Dial connects to the topic of a backend. It returns once the client's own
// response topic is consumed; whether a backend listens shows with the first
// call, or with [Client.Ping]. ctx bounds the connecting, not the client.
//
// A client takes a topic of its own, TOPIC_ and eight letters, and two
// connections. Its calls go on over a broken connection.
func Dial(ctx context.Context, b transport.Broker, topic string, opts ...DialOption) (*Client, error) {
	o := dialOptions{
		logger:        slog.Default(),
		liveness:      30 * time.Second,
		inFlight:      256,
		assemblyBytes: 1 << 30, assemblyCount: 1000, assemblyAge: time.Minute,
		keepAlive: time.Minute,
	}
	for _, opt := range opts {
		opt(&o)
	}
	if err := o.check(topic); err != nil {
		return nil, err
	}
	r, err := dialRemote(ctx, b, topic, o)
	if err != nil {
		return nil, &Error{code: codeOfDial(err), err: fmt.Errorf("dialling topic %s: %w", topic, err)}
	}
	return newClient(r), nil
}

func (o *dialOptions) check(topic string) error {
	switch {
	case topic == "":
		return Errorf(CodeInvalidRequest, "dialling: the topic is empty; it is the topic of the backend")
	case o.liveness <= 0:
		return Errorf(CodeInvalidRequest, "dialling topic %s: the liveness time is %v; it must be more than 0", topic, o.liveness)
	case o.inFlight < 1:
		return Errorf(CodeInvalidRequest, "dialling topic %s: %d calls in flight; it must be at least 1", topic, o.inFlight)
	case o.maxPayloadSize < 0:
		return Errorf(CodeInvalidRequest, "dialling topic %s: the largest payload is %d bytes; it must be more than 0", topic, o.maxPayloadSize)
	}
	return nil
}

func codeOfDial(err error) Code {
	if code := CodeOf(err); code == CodeCanceled || code == CodeDeadlineExceeded {
		return code
	}
	return CodeUnavailable
}
