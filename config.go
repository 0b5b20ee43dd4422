package dasf

import (
	"cmp"
	"fmt"
	"io/fs"
	"log/slog"
	"runtime"
	"time"

	"github.com/go-playground/validator/v10"
)

// Config configures a [Module]. Only Topic is required. A field whose zero is
// a legal setting is a pointer, and nil means that it is not set.
//
// What is not set here may come from the command line or from a variable when
// the module is run by package cli, and has the default given below otherwise.
type Config struct {
	// Topic is where requests arrive.
	Topic string

	// Doc describes the module to its clients.
	Doc string

	// SchemaExtra is merged into the schema of the module, as the
	// json_schema_extra of demessaging's module configuration.
	SchemaExtra map[string]any

	// Strict refuses what pydantic's lax mode converts ("7" or 5.0 for an
	// integer, "yes" for a boolean) and keys that no parameter has.
	Strict bool

	// Debug puts the stack of a panic into the error that the caller gets, as
	// demessaging's --debug does with the traceback.
	Debug bool

	// Workers is the number of requests handled at once, and how many a broker
	// that redelivers and shares is asked to deliver at a time: the embedded
	// one up to 128, while each is over within milliseconds.
	// Defaults to 5 for each processor.
	Workers int

	// QueueSize is the number of requests that wait for a worker. Defaults to
	// 10,000, and must be at least Workers. On a broker that redelivers and
	// shares, requests wait in the broker instead.
	QueueSize int

	// QueueBytes bounds the requests that wait or are handled, in bytes: each
	// counts as its payload and its properties as they came, 64 bytes for each
	// property and 2,048 for the account of it. Defaults to 256 MiB. A single
	// longer request is let in when nothing else is held.
	QueueBytes int64

	// MaxPayloadSize is the longest payload that is sent whole, in bytes; a
	// longer response is cut into pieces of so many characters of base64.
	// Defaults to 512,000.
	MaxPayloadSize int

	// ProducerKeepAlive is how long the connection to a client's response
	// topic is kept after the last message; 0 closes it at once.
	// Defaults to 120 s. See [Seconds].
	ProducerKeepAlive *time.Duration

	// ProducerConnectionTimeout bounds the time to reach a client's response
	// topic, and to have one message acknowledged. Defaults to 30 s.
	ProducerConnectionTimeout time.Duration

	// MaxProducers bounds the connections to response topics that are open and
	// idle. Defaults to 1,000.
	MaxProducers int

	// Subscription names the subscription under which requests are consumed.
	// Backends that name the same one share the requests. Defaults to "dasf-"
	// and the topic. On dasf-broker-django a subscription means nothing: each
	// backend of a topic runs each request.
	Subscription string

	// SubscriptionType is one of Shared (the default), Exclusive and Failover.
	SubscriptionType string

	// Ack says when a request is acknowledged. The default is by the broker:
	// after its response where the broker redelivers, else on receipt.
	Ack AckPolicy

	// MaxRedeliveries is how often a request is taken that was delivered
	// before and never answered: one more, and it is refused, since it seems
	// to end the processes that run it. Only the embedded broker
	// counts such deliveries, and Memory; on others there is no limit. A
	// backend that stops hands back what it has not answered, and that does
	// not count; a connection that broke does. Defaults to 2, so that a request that ended
	// three processes is not run by a fourth; 0 sets no limit.
	MaxRedeliveries *int

	// Grace is how long the requests in hand may go on after the context of
	// [Module.Run] ended. Defaults to 30 s.
	Grace *time.Duration

	// AliveInterval is the time between two messages that tell a client which
	// of its calls are held. Defaults to 10 s; a client gives a call up after
	// three of them were missed.
	AliveInterval time.Duration

	// CancelOnDisconnect ends the contexts of a client's handlers when the
	// client was not heard of for three times AliveInterval, with
	// [ErrClientGone] as their cause; without it they run to their end. Go
	// clients and generated stubs tell that they are there; the calls of
	// others go on.
	CancelOnDisconnect bool

	// ResendBytes and ResendAge bound what is kept of the responses sent, for
	// a client that lost one: their payloads, of 16,384 responses at most, each
	// with some 500 bytes beside. They default to 64 MB and 60 s.
	ResendBytes int64
	ResendAge   time.Duration

	// AssemblyBytes, AssemblyCount and AssemblyAge bound the requests that
	// arrive in pieces: their bytes, their number and the time since the last
	// piece. They default to 256 MiB, 1,000 and 60 s.
	AssemblyBytes int
	AssemblyCount int
	AssemblyAge   time.Duration

	// ProgressInterval is the least time between two states of one progress
	// report that are sent, but for the last one, which is always sent at once.
	// Defaults to 100 ms.
	ProgressInterval time.Duration

	// WithholdLog keeps what handlers log with [Logger] from clients that ask
	// for it. To others it never goes.
	WithholdLog bool

	// Observer is told of requests and their fate, for metrics. Defaults to
	// none.
	Observer Observer

	// Logger defaults to [slog.Default].
	Logger *slog.Logger

	// Validator checks the validate tags. It may be set to register rules of
	// one's own; nothing is added to it. Defaults to
	// validator.New(validator.WithRequiredStructEnabled()).
	Validator *validator.Validate

	// Middleware wraps the handling of each request; the first is outermost.
	Middleware []Middleware

	// Ready is called once requests are consumed. On a broker that does not
	// keep messages a request sent before is lost.
	Ready func()

	// Connection says how to reach the broker, for programs that leave it to
	// package cli. [Module.Run] is given a broker and does not read it.
	Connection Connection

	// Stub holds what only the generator of client stubs needs.
	Stub Stub
}

// Connection names a message broker. Where URLs are given they win over host
// and port within this one source of configuration.
type Connection struct {
	// Host, Port, Persistent ("persistent" or "non-persistent"), Tenant and
	// Namespace are Apache Pulsar's. They default to localhost, 8080,
	// non-persistent, public and default.
	Host, Port, Persistent, Tenant, Namespace string

	// WebSocketURL is the address in front of the topic of any other broker.
	// ProducerURL and ConsumerURL override it for one direction.
	WebSocketURL, ProducerURL, ConsumerURL string

	// Header is sent with each handshake.
	Header map[string]string
}

// Stub holds what a module gives to the generator of client stubs.
type Stub struct {
	// Imports are Python import lines, or module names, for the top of a stub.
	Imports []string
	// HardCode is Python code that goes into a stub as it is.
	HardCode []string
	// Templates replaces templates of the generator in the backend's own
	// generate command, by the names that codegen.Templates lists. It does not
	// travel: a stub that is made from the running backend has none of it.
	Templates fs.FS
}

// Seconds is the pointer that a [Config] takes for a duration.
func Seconds(s float64) *time.Duration {
	d := time.Duration(s * float64(time.Second))
	return &d
}

// An AckPolicy says when a backend acknowledges a request to the broker.
type AckPolicy string

const (
	// AckDefault is AckAfterResponse where the broker redelivers, else
	// AckOnReceipt.
	AckDefault AckPolicy = ""
	// AckAfterResponse acknowledges once the broker has the response: a
	// request in hand at a crash is delivered again. It is refused on
	// non-persistent Pulsar, which redelivers nothing and drops new requests
	// while old ones are not acknowledged.
	AckAfterResponse AckPolicy = "after-response"
	// AckOnReceipt acknowledges at once, as demessaging does: a request in
	// hand at a crash is lost.
	AckOnReceipt AckPolicy = "on-receipt"
)

// withDefaults returns c with each unset field filled.
func (c Config) withDefaults() Config {
	if c.Workers == 0 {
		c.Workers = 5 * runtime.NumCPU()
		if c.QueueSize > 0 { // a short queue is legal on a large machine too
			c.Workers = min(c.Workers, c.QueueSize)
		}
	}
	c.QueueSize = cmp.Or(c.QueueSize, max(10_000, c.Workers))
	c.QueueBytes = cmp.Or(c.QueueBytes, 256<<20)
	c.MaxPayloadSize = cmp.Or(c.MaxPayloadSize, 512_000)
	if c.ProducerKeepAlive == nil {
		c.ProducerKeepAlive = Seconds(120)
	}
	c.ProducerConnectionTimeout = cmp.Or(c.ProducerConnectionTimeout, 30*time.Second)
	c.MaxProducers = cmp.Or(c.MaxProducers, 1000)
	c.Subscription = cmp.Or(c.Subscription, "dasf-"+c.Topic)
	c.SubscriptionType = cmp.Or(c.SubscriptionType, "Shared")
	if c.MaxRedeliveries == nil {
		c.MaxRedeliveries = new(2)
	}
	if c.Grace == nil {
		c.Grace = Seconds(30)
	}
	c.AliveInterval = cmp.Or(c.AliveInterval, 10*time.Second)
	c.ResendBytes = cmp.Or(c.ResendBytes, 64_000_000)
	c.ResendAge = cmp.Or(c.ResendAge, time.Minute)
	c.AssemblyBytes = cmp.Or(c.AssemblyBytes, 256<<20)
	c.AssemblyCount = cmp.Or(c.AssemblyCount, 1000)
	c.AssemblyAge = cmp.Or(c.AssemblyAge, time.Minute)
	c.ProgressInterval = cmp.Or(c.ProgressInterval, 100*time.Millisecond)
	if c.Observer == nil {
		c.Observer = noObserver{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// check returns what is wrong with a configuration that has its defaults.
func (c Config) check() error {
	type rule struct {
		broken bool
		text   string
	}
	for _, r := range []rule{
		{c.Workers < 1, fmt.Sprintf("Workers is %d; it must be at least 1", c.Workers)},
		{c.QueueSize < c.Workers, fmt.Sprintf("QueueSize is %d; it must be at least Workers, which is %d", c.QueueSize, c.Workers)},
		{c.MaxPayloadSize < 1, fmt.Sprintf("MaxPayloadSize is %d; it must be at least 1 byte", c.MaxPayloadSize)},
		{*c.ProducerKeepAlive < 0, fmt.Sprintf("ProducerKeepAlive is %v; it must be 0 or more", *c.ProducerKeepAlive)},
		{c.ProducerConnectionTimeout < 0, fmt.Sprintf("ProducerConnectionTimeout is %v; it must be more than 0", c.ProducerConnectionTimeout)},
		{*c.MaxRedeliveries < 0, fmt.Sprintf("MaxRedeliveries is %d; it must be 0 or more", *c.MaxRedeliveries)},
		{*c.Grace < 0, fmt.Sprintf("Grace is %v; it must be 0 or more", *c.Grace)},
		{c.ProgressInterval < 0, fmt.Sprintf("ProgressInterval is %v; it must be more than 0", c.ProgressInterval)},
		{c.AliveInterval < 0, fmt.Sprintf("AliveInterval is %v; it must be more than 0", c.AliveInterval)},
		{c.QueueBytes < 0 || c.ResendBytes < 0 || c.AssemblyBytes < 0, "QueueBytes, ResendBytes and AssemblyBytes must be more than 0"},
		{c.MaxProducers < 0 || c.AssemblyCount < 0, "MaxProducers and AssemblyCount must be at least 1"},
		{c.Ack != AckDefault && c.Ack != AckAfterResponse && c.Ack != AckOnReceipt,
			fmt.Sprintf("Ack is %q; it must be %q or %q", c.Ack, AckAfterResponse, AckOnReceipt)},
		{c.SubscriptionType != "Shared" && c.SubscriptionType != "Exclusive" && c.SubscriptionType != "Failover",
			fmt.Sprintf("SubscriptionType is %q; it must be Shared, Exclusive or Failover", c.SubscriptionType)},
	} {
		if r.broken {
			return fmt.Errorf("config: %s", r.text)
		}
	}
	return nil
}
