package transport

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	defaultPingInterval   = 25 * time.Second
	defaultPongTimeout    = 30 * time.Second
	defaultWriteTimeout   = 30 * time.Second
	defaultConnectTimeout = 15 * time.Second
	defaultAckTimeout     = 30 * time.Second
	defaultMinBackoff     = 100 * time.Millisecond
	defaultMaxBackoff     = 10 * time.Second
	defaultReadLimit      = 64 << 20
	defaultReceiveBuffer  = 64 << 20
)

// Options are the settings of a connection to a broker. The zero value is
// useful; where a field says "default", zero means that.
type Options struct {
	// Header is sent with each opening handshake, a token for example:
	// {"Authorization": {"Bearer …"}}. Names are sent as they are written.
	Header http.Header

	// TLS is used for wss; nil means the defaults of [crypto/tls] with the
	// roots of the system, which honour SSL_CERT_FILE and SSL_CERT_DIR.
	TLS *tls.Config

	// CAFile names a file of certificates in PEM form that are trusted
	// besides the roots of the system, or of TLS. It is read once, when the
	// first socket with TLS is opened.
	CAFile string

	// ProducerURL and ConsumerURL replace the URL of [WebSocket] for one
	// side; empty means that they don't. [Pulsar] ignores them.
	ProducerURL, ConsumerURL string

	// Proxy finds the proxy for a request; the default is
	// [net/http.ProxyFromEnvironment], which reads HTTPS_PROXY for wss,
	// HTTP_PROXY for ws, and NO_PROXY. A proxy's URL has the scheme http or
	// https and may hold a user and a password. Both ws and wss go through
	// it by CONNECT.
	Proxy func(*http.Request) (*url.URL, error)

	// Dial opens the connection below a socket, to the broker or the proxy;
	// the default is that of [net.Dialer].
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Logger gets a line at Info for each change of a connection, and one
	// at Warn for what a broker sends that can't be read. nil means none.
	Logger *slog.Logger

	// OnState is called, if set, at each change of a connection, before it
	// is logged. It must return quickly and must not close the connection.
	// Calls for one connection come one after the other, those for different
	// ones may overlap.
	OnState func(State)

	// FailFast makes the first failure of a first connection final, also
	// where the package documentation says that it is tried again.
	FailFast bool

	// PingInterval is how often a socket sends a WebSocket ping, so that no
	// proxy cuts it as idle; default 25 s.
	PingInterval time.Duration

	// PongTimeout is how long after a ping something must arrive; then the
	// socket counts as dead and is opened anew; default 30 s.
	PongTimeout time.Duration

	// WriteTimeout is how long the network may take for 64 KiB; default
	// 30 s.
	WriteTimeout time.Duration

	// AckTimeout is how long the oldest message without an acknowledgement
	// may be the oldest; then a frame was lost on the way, since brokers
	// acknowledge in order, the connection is opened anew and the messages
	// are sent again; default 30 s.
	AckTimeout time.Duration

	// ConnectTimeout bounds one attempt to connect, the handshakes of TLS
	// and WebSocket included; default 15 s.
	ConnectTimeout time.Duration

	// MinBackoff and MaxBackoff bound the pause before an attempt to
	// connect again: it doubles from one to the other, and a random part of
	// it, up to all, is left out; defaults 100 ms and 10 s.
	MinBackoff, MaxBackoff time.Duration

	// ReadLimit is the largest envelope, in bytes, that is read; a larger
	// one ends the connection; default 64 MiB.
	ReadLimit int64

	// ReceiveBuffer is how many bytes of messages a consumer holds that
	// Receive has not taken yet; then it stops reading. Default 64 MiB.
	ReceiveBuffer int64
}

// withDefaults returns o with every zero replaced.
func (o Options) withDefaults() Options {
	setDefault(&o.PingInterval, defaultPingInterval)
	setDefault(&o.PongTimeout, defaultPongTimeout)
	setDefault(&o.WriteTimeout, defaultWriteTimeout)
	setDefault(&o.ConnectTimeout, defaultConnectTimeout)
	setDefault(&o.AckTimeout, defaultAckTimeout)
	setDefault(&o.MinBackoff, defaultMinBackoff)
	setDefault(&o.MaxBackoff, defaultMaxBackoff)
	setDefault(&o.ReadLimit, defaultReadLimit)
	setDefault(&o.ReceiveBuffer, defaultReceiveBuffer)
	o.MaxBackoff = max(o.MaxBackoff, o.MinBackoff)
	o.ReadLimit = min(o.ReadLimit, math.MaxInt)
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func setDefault[T ~int | ~int64](p *T, value T) {
	if *p <= 0 {
		*p = value
	}
}

// PulsarOptions are the settings of a connection to [Pulsar].
type PulsarOptions struct {
	Options

	// Persistent chooses the domain persistent:// instead of
	// non-persistent://.
	Persistent bool

	// Tenant and Namespace are those of the topics; default public and
	// default.
	Tenant, Namespace string

	// Secure chooses wss instead of ws.
	Secure bool
}

// A State is a change of one connection.
type State struct {
	// Topic is the topic of the connection, and Subscription the
	// subscription of a consumer's; it is empty for a producer's.
	Topic, Subscription string
	// Connected is what the connection is now.
	Connected bool
	// Again says that the connection was open before: Connected, it came
	// back; not Connected, it has just ended, and not only failed to open.
	Again bool
	// Since is when the change was.
	Since time.Time
	// Err is why a connection broke, or why the first attempt to open it
	// failed; nil when Connected, and when it was closed by us.
	Err error
}
