package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// WebSocket returns the broker behind a plain URL, base: a producer's socket is
// base + TOPIC, a consumer's is base + TOPIC + "/" + SUBSCRIPTION, with a slash
// after base if it has none. dasf-broker-django (base ws://HOST/ws/) and the
// embedded broker speak this form. [Options.ProducerURL] and
// [Options.ConsumerURL] replace base for one side. A user and a password in a
// URL are sent as an Authorization header, unless [Options.Header] has one.
//
// What [ConsumeOptions] set travels as the query parameters that Pulsar has for
// it: ?subscriptionType=Shared&receiverQueueSize=N&subscriptionMode=NonDurable.
// The embedded broker obeys them; Django routes by the path alone
// (dasf-broker-django, routing.py) and ignores them.
//
// Which of the two is there the broker says in the answer to the handshake, by
// the header Dasf-Broker; without that header it counts as Django, which
// redelivers to a new connection, sends every message to every consumer and
// takes envelopes of up to 1,047,552 bytes.
//
// Mistakes in the URLs or in o are returned by Consume and Produce.
func WebSocket(base string, o Options) Broker {
	f := &plainForm{producer: base, consumer: base}
	if o.ProducerURL != "" {
		f.producer = o.ProducerURL
	}
	if o.ConsumerURL != "" {
		f.consumer = o.ConsumerURL
	}
	return newSocketBroker(f, o)
}

const (
	// maxFrame is the largest envelope that Pulsar takes
	// (webSocketMaxTextFrameSize).
	maxFrame = 1 << 20
	// djangoMaxFrame is less than the limit of daphne 4.2.3, which is the
	// same, by what Django adds: the limit holds for what is delivered too, and
	// an envelope that passed on its way in and does not on its way out
	// closes the socket of its consumer, again at every connection. It adds
	// messageId and publishTime, 106 bytes, and a space after each colon and
	// comma.
	djangoMaxFrame = maxFrame - 1024
	// djangoBacklog is the capacity of a channel in channels'
	// InMemoryChannelLayer. Of 400 messages that were sent in a row every
	// second one beyond it did not reach its consumer, without a word, until
	// that connected again.
	djangoBacklog = 100
)

// A form is what one kind of URL means.
type form interface {
	// producerURL and consumerURL are where a socket goes.
	producerURL(topic string) (string, error)
	consumerURL(topic string, o ConsumeOptions) (string, error)
	// delivery is what a broker does that does not say so itself.
	delivery() Delivery
	// takesNacks reports whether such a broker knows negativeAcknowledge.
	takesNacks() bool
}

type plainForm struct{ producer, consumer string }

func (f *plainForm) producerURL(topic string) (string, error) {
	return joinURL(f.producer, nil, topic)
}

func (f *plainForm) consumerURL(topic string, o ConsumeOptions) (string, error) {
	query := make(url.Values)
	if o.Type != "" {
		query.Set("subscriptionType", string(o.Type))
	}
	if o.Prefetch > 0 {
		query.Set("receiverQueueSize", strconv.Itoa(o.Prefetch))
	}
	if o.NonDurable {
		query.Set("subscriptionMode", "NonDurable")
	}
	return joinURL(f.consumer, query, topic, o.Subscription)
}

func (f *plainForm) delivery() Delivery {
	return Delivery{Redelivers: true, FanOut: true, DistinctIDs: true, Backlog: djangoBacklog, MaxFrame: djangoMaxFrame}
}

func (f *plainForm) takesNacks() bool { return false }

// joinURL adds segments to the path of base, and query to its query.
func joinURL(base string, query url.Values, segments ...string) (string, error) {
	u, err := parseURL(base)
	if err != nil {
		return "", err
	}
	plain, escaped := strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.EscapedPath(), "/")
	for _, s := range segments {
		plain += "/" + s
		escaped += "/" + url.PathEscape(s)
	}
	u.Path, u.RawPath = plain, escaped
	if len(query) > 0 {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += query.Encode()
	}
	return u.String(), nil
}

// brokerHeader is how the embedded broker makes itself known in its answer to a
// handshake: `Dasf-Broker: 1; redelivers=true; max-frame=1048576`. What
// follows is in the broker's package documentation.
const brokerHeader = "Dasf-Broker"

// A welcome is what an answer to a handshake says of a broker.
type welcome struct {
	Delivery
	takesNacks bool
	late       bool   // it answers late what says that this will do
	token      string // a consumer's, see envelope.Reference; "" where there is none
	window     int    // a consumer's, 0 where it is not said
	resizes    bool   // a consumer can have another window
}

// welcomeOf reads the header of an answer to a handshake.
func welcomeOf(f form, h http.Header) welcome {
	version, rest, _ := strings.Cut(h.Get(brokerHeader), ";")
	if strings.TrimSpace(version) == "" {
		return welcome{Delivery: f.delivery(), takesNacks: f.takesNacks()}
	}
	d := welcome{Delivery: Delivery{DistinctIDs: true, CountsDeliveries: true, MaxFrame: maxFrame}, takesNacks: true}
	for part := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "redelivers":
			d.Redelivers = value == "true"
		case "max-frame":
			if n, err := strconv.Atoi(value); err == nil && n > 0 {
				d.MaxFrame = n
			}
		case "late":
			d.late = value == "true"
		case "consumer":
			d.token = value
		case "window":
			d.window, _ = strconv.Atoi(value)
		case "resizes":
			d.resizes = value == "true"
		}
	}
	return d
}

// A socketBroker opens consumers and producers that have sockets.
type socketBroker struct {
	form   form
	o      Options
	dialer *dialer
	gate   gate
}

func newSocketBroker(f form, o Options) *socketBroker {
	b := &socketBroker{form: f, o: o.withDefaults()}
	b.dialer = newDialer(&b.o)
	return b
}

func (b *socketBroker) Consume(ctx context.Context, topic string, o ConsumeOptions) (Consumer, error) {
	if err := errors.Join(checkName("topic", topic), o.check()); err != nil {
		return nil, err
	}
	address, err := b.form.consumerURL(topic, o)
	if err != nil {
		return nil, err
	}
	t, err := newTarget(address, b.o.Header)
	if err != nil {
		return nil, err
	}
	c := newConsumer(b, t, topic, o)
	if err := c.link.open(ctx); err != nil {
		return nil, fmt.Errorf("consuming %s: %w", path.Join(topic, o.Subscription), err)
	}
	return c, nil
}

func (b *socketBroker) Produce(ctx context.Context, topic string) (Producer, error) {
	if err := checkName("topic", topic); err != nil {
		return nil, err
	}
	address, err := b.form.producerURL(topic)
	if err != nil {
		return nil, err
	}
	t, err := newTarget(address, b.o.Header)
	if err != nil {
		return nil, err
	}
	p := newProducer(b, t, topic)
	if err := p.link.open(ctx); err != nil {
		return nil, fmt.Errorf("producing to %s: %w", topic, err)
	}
	return p, nil
}
