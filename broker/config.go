package broker

import (
	"fmt"
	"log/slog"
	"path"
	"time"

	"github.com/dasf-go/dasf/broker/internal/store"
)

// Config is what a [Broker] can be told. The zero value is a working broker;
// a field that is zero takes the default named beside it. Nothing in a broker
// grows beyond what is set here.
type Config struct {
	// Logger receives who connected to what, who was refused and why.
	// Limits that are hit again and again are reported at most once a
	// second each, refused connections 20 times. Nil means no log.
	Logger *slog.Logger

	// Dir is the folder of the durable store. It is made when it is missing,
	// and belongs to one broker at a time: New fails while another process
	// has it open. Empty means that everything is in memory and ends with
	// the process. Several defaults below are larger with a Dir.
	Dir string

	// MaxDisk bounds what the store takes on the disk, in bytes, its index
	// and what is acknowledged and not yet removed included. Default 16 GiB,
	// at least 16 MiB. A message beyond it is refused.
	MaxDisk int64

	// StoreSources and StoreResponses say what is kept of messages to topics
	// that don't have a [TopicSettings.Sources] or Responses of their own.
	// Responses are the messages that answer: messageType response, progress,
	// pong and the like. Default StoreCache, for both.
	StoreSources   StoreMode
	StoreResponses StoreMode

	// MaxMessage is the longest envelope that is taken, in bytes. Default
	// 16 MiB. A longer one is answered with an error and read past; one
	// that is more than four times as long ends the connection with close
	// code 1009. The handshake answer announces it as max-frame.
	MaxMessage int

	// MaxBytes bounds the bytes of all messages that the broker has in memory;
	// of those in the store, what it knows of them. A message counts as its
	// envelope with all properties, 512 bytes for its places in queues and
	// tables, and 128 for each subscription but the first. Sockets and topics
	// are not counted, but their numbers are bounded. Default 1 GiB. Messages that no subscription holds, because nobody has
	// subscribed yet, may take at most half of it, so that callers who never
	// came back for their answers can't stop the others.
	MaxBytes int64

	// QueueMessages and QueueBytes bound what one subscription holds, waiting
	// or delivered and not yet acknowledged. Defaults 10,000 messages and
	// 256 MiB; with a Dir 100,000 and 1 GiB. A message that would exceed them
	// is refused.
	QueueMessages int
	QueueBytes    int64

	// KeptMessages and KeptBytes bound what a topic keeps for its first
	// subscription, or has stored for all (StoreCacheAll, StoreForever).
	// Defaults 10,000 messages and 64 MiB; with a Dir 100,000 and 1 GiB. A
	// message that would exceed them is refused.
	KeptMessages int
	KeptBytes    int64

	// KeptAge is how long a message is held that nobody fetches, by a topic
	// or by a durable subscription without a consumer. Default 24 hours, with a
	// Dir a week. Answers (messageType response, progress and the like) are
	// held for AnswerAge, default 1 hour, with a Dir 24 hours, since their caller
	// is usually gone for good, and what Go peers say about a call (messageType
	// cancel, resend, alive or accepted, and what names its caller) is kept by a
	// topic for two minutes.
	KeptAge   time.Duration
	AnswerAge time.Duration

	// SubscriptionIdle is how long a durable subscription lives on without a
	// consumer. Default 24 hours, with a Dir a week. What it held and nobody else has
	// acknowledged is then kept by the topic.
	SubscriptionIdle time.Duration

	// Prefetch is the number of messages that a consumer of Pulsar's URL
	// form holds unacknowledged unless it asks for another number with
	// receiverQueueSize, and the most that it can ask for. Default 1000, as
	// in Pulsar. The plain form has no such window unless it asks for one:
	// there everything is pushed, as dasf-broker-django does.
	Prefetch int

	// MaxTopics, MaxSubscriptions (of one topic) and MaxSockets bound their
	// numbers. Defaults 100,000, 10,000 and 20,000. A handshake beyond them
	// is answered with 503.
	MaxTopics        int
	MaxSubscriptions int
	MaxSockets       int

	// PingInterval is the silence after which a peer is pinged, default
	// 25 s; proxies cut idle connections after 30 to 300 s. A peer that then
	// stays silent for PongTimeout, default 25 s, is taken for dead.
	PingInterval time.Duration
	PongTimeout  time.Duration

	// WriteTimeout is how long a peer may take to accept 256 KiB before it
	// is taken for dead. Default 30 s.
	WriteTimeout time.Duration

	// Authenticator tells who somebody is. Nil lets everybody who reaches the
	// broker do everything: reachable must then be only who may.
	//
	// A token comes in the header Authorization (Token TOKEN or Bearer TOKEN),
	// as the subprotocol dasf.token.TOKEN beside the subprotocol dasf, which is
	// for browsers, or as the parameter token of the URL, which ends up in the
	// logs of proxies. Who brings none has the rights of [AnonymousUser].
	Authenticator Authenticator

	// Create says whose first message makes a topic that does not exist. That
	// user may then produce to it and consume it. Default CreateAllowed. It
	// matters only with an Authenticator.
	Create CreatePolicy

	// UserSockets, UserMessages and UserBytes bound what one user has and does:
	// sockets, messages a second, and bytes of messages a second, the latter
	// two with a second's worth at once (and one message of MaxMessage). Who
	// brings no token is told apart by address. Zero means no bound.
	UserSockets  int
	UserMessages int
	UserBytes    int64

	// UserTopics bounds the topics for answers that one user has at a time, and
	// inboxes. All who bring no token are one user. Default 10,000. It matters
	// only with an Authenticator.
	UserTopics int

	// StatusInterval is how often the topics that have a backend are pinged, and
	// those backends asked for their api_info that have not told it yet; a
	// backend that connects is asked at once. Zero
	// means only when somebody asks for it, below /TOPIC/ping/ or /api/. A
	// topic has a backend if requests were sent to it or its subscription has
	// the name of a backend's.
	StatusInterval time.Duration

	// Origins lists web pages, besides those that are always allowed, that
	// may connect: hosts with or without a port, in which * stands for any
	// characters, as in [path.Match]. "*" alone allows every page. Always
	// allowed are requests without an Origin header (they come from no
	// browser), pages of this very host, and, on a loopback connection, only
	// pages of a loopback host: another site's page must not reach a broker
	// on the user's machine, by a name that resolves to 127.0.0.1 either.
	//
	// A broker behind a reverse proxy on the same machine sees loopback
	// connections, so list the public host name there.
	Origins []string

	fault func(store.Fault) error // for tests
}

const (
	mib = 1 << 20

	// leastDisk is the smallest MaxDisk.
	leastDisk = 16 * mib

	// hardLimit times MaxMessage is what a peer may send in one message
	// before the connection is ended.
	hardLimit = 4
)

// withDefaults fills in what was left out and checks the rest.
func (c Config) withDefaults() (Config, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	// What is in memory ends soon anyway; a store is there to outlast a
	// weekend.
	count, kept, queue, age, answerAge := 10_000, int64(64*mib), int64(256*mib), 24*time.Hour, time.Hour
	if c.Dir != "" {
		count, kept, queue, age, answerAge = 100_000, 1024*mib, 1024*mib, 7*24*time.Hour, 24*time.Hour
	}
	numbers := []struct {
		name     string
		field    *int
		fallback int
		least    int
	}{
		{"MaxMessage", &c.MaxMessage, 16 * mib, 1024},
		{"QueueMessages", &c.QueueMessages, count, 1},
		{"KeptMessages", &c.KeptMessages, count, 1},
		{"Prefetch", &c.Prefetch, 1000, 1},
		{"MaxTopics", &c.MaxTopics, 100_000, 1},
		{"MaxSubscriptions", &c.MaxSubscriptions, 10_000, 1},
		{"MaxSockets", &c.MaxSockets, 20_000, 1},
		{"UserTopics", &c.UserTopics, 10_000, 1},
	}
	for _, n := range numbers {
		if *n.field == 0 {
			*n.field = n.fallback
		}
		if *n.field < n.least {
			return c, fmt.Errorf("broker: Config.%s is %d, it must be at least %d", n.name, *n.field, n.least)
		}
	}
	sizes := []struct {
		name     string
		field    *int64
		fallback int64
	}{
		{"MaxBytes", &c.MaxBytes, 1024 * mib},
		{"QueueBytes", &c.QueueBytes, queue},
		{"KeptBytes", &c.KeptBytes, kept},
	}
	for _, n := range sizes {
		if *n.field == 0 {
			*n.field = max(n.fallback, 2*int64(c.MaxMessage))
		}
		if least := int64(c.MaxMessage) + messageOverhead; *n.field < least {
			return c, fmt.Errorf("broker: Config.%s is %d, it must have room for one message of MaxMessage: at least %d", n.name, *n.field, least)
		}
	}
	times := []struct {
		name     string
		field    *time.Duration
		fallback time.Duration
	}{
		{"KeptAge", &c.KeptAge, age},
		{"AnswerAge", &c.AnswerAge, answerAge},
		{"SubscriptionIdle", &c.SubscriptionIdle, age},
		{"PingInterval", &c.PingInterval, 25 * time.Second},
		{"PongTimeout", &c.PongTimeout, 25 * time.Second},
		{"WriteTimeout", &c.WriteTimeout, 30 * time.Second},
		{"StatusInterval", &c.StatusInterval, 0},
	}
	for _, n := range times {
		if *n.field == 0 {
			*n.field = n.fallback
		}
		if *n.field < 0 {
			return c, fmt.Errorf("broker: Config.%s is %v, it must not be negative", n.name, *n.field)
		}
	}
	if c.MaxDisk == 0 {
		c.MaxDisk = 16 << 30
	}
	if c.MaxDisk < leastDisk {
		return c, fmt.Errorf("broker: Config.MaxDisk is %d, it must be at least %d", c.MaxDisk, leastDisk)
	}
	modes := []struct {
		name  string
		field *StoreMode
	}{{"StoreSources", &c.StoreSources}, {"StoreResponses", &c.StoreResponses}}
	for _, n := range modes {
		if *n.field == "" {
			*n.field = StoreCache
		}
		if err := n.field.check(); err != nil {
			return c, fmt.Errorf("broker: Config.%s %w", n.name, err)
		}
	}
	if c.Create == "" {
		c.Create = CreateAllowed
	}
	if err := c.Create.check(); err != nil {
		return c, fmt.Errorf("broker: Config.Create %w", err)
	}
	for _, n := range []struct {
		name  string
		value int64
	}{{"UserSockets", int64(c.UserSockets)}, {"UserMessages", int64(c.UserMessages)}, {"UserBytes", c.UserBytes}} {
		if n.value < 0 {
			return c, fmt.Errorf("broker: Config.%s is %d, it must not be negative", n.name, n.value)
		}
	}
	for _, pattern := range c.Origins {
		if _, err := path.Match(pattern, ""); err != nil {
			return c, fmt.Errorf("broker: Config.Origins: pattern %q: %w", pattern, err)
		}
	}
	return c, nil
}
