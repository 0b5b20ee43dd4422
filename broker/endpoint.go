package broker

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dasf-go/dasf/internal/envelope"
)

const (
	// maxName bounds tenant, namespace, topic and subscription, in bytes.
	maxName = 512
	// maxURI is where Pulsar's service begins to answer 414.
	maxURI = 8192
)

// A refusal is a handshake that is answered with an HTTP status.
type refusal struct {
	status int
	err    error
	user   string // who was refused, if that is known
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, err: fmt.Errorf(format, args...)}
}

// An endpoint is what the URL of a handshake asks for.
type endpoint struct {
	form         envelope.Form
	domain       domain
	produce      bool
	topic        string // its name, or TENANT/NAMESPACE/NAME outside public/default
	subscription string // of a consumer
	producerName string
	consumer     consumerOptions
}

// domain is what the URL's form says about storing.
type domain byte

const (
	plain         domain = iota // it is the topic's to say
	persistent                  // messages are stored
	nonPersistent               // they are not
)

const forms = "the URL must be /ws/TOPIC, /ws/TOPIC/SUBSCRIPTION or " +
	"/ws/v2/producer|consumer/persistent|non-persistent/TENANT/NAMESPACE/TOPIC[/SUBSCRIPTION]"

// parse reads the URL of a handshake. Every error is a *refusal. Where Pulsar
// or dasf-broker-django answer a bad name with 500, this is 400: the mistake is
// the client's, and clients try again after a 500.
func parse(u *url.URL, c *Config) (endpoint, error) {
	path := u.EscapedPath()
	if len(path)+len(u.RawQuery) > maxURI {
		return endpoint{}, refuse(http.StatusRequestURITooLong, "the URL is longer than %d characters", maxURI)
	}
	rest, ok := strings.CutPrefix(path, "/ws/")
	if !ok {
		return endpoint{}, refuse(http.StatusNotFound, "%s", forms)
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		text, err := url.PathUnescape(s)
		if err != nil {
			return endpoint{}, refuse(http.StatusBadRequest, "bad URL: %w", err)
		}
		segments[i] = text
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return endpoint{}, refuse(http.StatusBadRequest, "bad query parameters: %w", err)
	}
	p := parameters{values: query}
	e, err := parsePath(segments)
	if err != nil {
		return endpoint{}, err
	}
	if e.produce {
		e.producerName = p.producer()
	} else {
		e.consumer = p.consumer(e, c)
	}
	if p.err != nil {
		return endpoint{}, refuse(http.StatusBadRequest, "bad query parameters: %w", p.err)
	}
	return e, nil
}

func parsePath(segments []string) (endpoint, error) {
	if len(segments) >= 3 && segments[0] == "v2" || len(segments) == 2 && segments[0] == "v2" && isRole(segments[1]) {
		return parsePulsar(segments[1], segments[2:])
	}
	return parsePlain(segments)
}

func isRole(s string) bool {
	return s == "producer" || s == "consumer" || s == "reader"
}

// parsePlain reads TOPIC or TOPIC/SUBSCRIPTION with or without a slash at the
// end, as dasf-broker-django's routes do; its characters are not held to.
func parsePlain(segments []string) (endpoint, error) {
	if len(segments) > 1 && segments[len(segments)-1] == "" {
		segments = segments[:len(segments)-1]
	}
	if len(segments) > 2 {
		return endpoint{}, refuse(http.StatusNotFound, "%s", forms)
	}
	e := endpoint{form: envelope.Plain, produce: len(segments) == 1, topic: segments[0]}
	if err := checkName("topic", e.topic); err != nil {
		return endpoint{}, err
	}
	if !e.produce {
		e.subscription = segments[1]
	}
	return e, e.checkSubscription()
}

// parsePulsar reads what follows /ws/v2/.
func parsePulsar(role string, segments []string) (endpoint, error) {
	switch {
	case role == "reader":
		return endpoint{}, refuse(http.StatusNotFound, "readers are not served, use a consumer")
	case role != "producer" && role != "consumer":
		return endpoint{}, refuse(http.StatusNotFound, "%s", forms)
	}
	e := endpoint{form: envelope.Pulsar, produce: role == "producer"}
	want := 5
	if e.produce {
		want = 4
	}
	if len(segments) != want {
		return endpoint{}, refuse(http.StatusBadRequest, "bad topic name: %s", forms)
	}
	tenant, namespace, name := segments[1], segments[2], segments[3]
	switch segments[0] {
	case "persistent":
		e.domain = persistent
	case "non-persistent":
		e.domain = nonPersistent
	default:
		return endpoint{}, refuse(http.StatusBadRequest, "bad topic name: %q must be persistent or non-persistent", segments[0])
	}
	for _, part := range [][2]string{{"tenant", tenant}, {"namespace", namespace}, {"topic", name}} {
		if err := checkName(part[0], part[1]); err != nil {
			return endpoint{}, err
		}
	}
	e.topic = name
	if tenant != "public" || namespace != "default" {
		e.topic = tenant + "/" + namespace + "/" + name
	}
	if !e.produce {
		e.subscription = segments[4]
		// A non-persistent subscription ends with its last socket, and so
		// does one of the plain form.
		e.consumer.durable = e.domain == persistent
	}
	return e, e.checkSubscription()
}

func (e *endpoint) checkSubscription() error {
	if e.produce {
		return nil
	}
	return checkName("subscription", e.subscription)
}

// checkName holds a name to what logs and an administrator can live with.
func checkName(what, name string) error {
	switch {
	case name == "":
		return refuse(http.StatusBadRequest, "empty %s name", what)
	case len(name) > maxName:
		return refuse(http.StatusBadRequest, "bad %s name: it is longer than %d bytes", what, maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return refuse(http.StatusBadRequest, "bad %s name: it must be UTF-8 without control characters", what)
	case what != "subscription" && strings.Contains(name, "/"):
		return refuse(http.StatusBadRequest, "bad %s name %q: a slash is not allowed in it", what, name)
	}
	return nil
}

// parameters reads the query of a handshake; err is the first mistake. Unknown
// parameters are ignored, as Pulsar does.
type parameters struct {
	values url.Values
	err    error
}

func (p *parameters) consumer(e endpoint, c *Config) consumerOptions {
	o := e.consumer
	o.kind = SubscriptionType(p.oneOf("subscriptionType", p.untyped(e), "Exclusive", "Shared", "Failover", "Key_Shared"))
	o.durable = p.oneOf("subscriptionMode", "Durable", "Durable", "NonDurable") == "Durable" && o.durable
	o.latest = p.oneOf("subscriptionInitialPosition", "", "Latest", "Earliest") == "Latest"
	o.pull = p.oneOf("pullMode", "false", "true", "false") == "true"
	window, nackDelay := c.Prefetch, time.Minute
	if e.form == envelope.Plain {
		window, nackDelay = c.QueueMessages, 0
	}
	o.nackDelay = p.milliseconds("negativeAckRedeliveryDelay", nackDelay, 0)
	o.ownNackDelay = p.values.Has("negativeAckRedeliveryDelay")
	o.ackTimeout = p.milliseconds("ackTimeoutMillis", 0, 1000)
	o.ownAckTimeout = p.values.Has("ackTimeoutMillis")
	o.maxRedeliveries = p.number("maxRedeliverCount", 0, 0)
	o.deadLetters = p.topic("deadLetterTopic", e.topic)
	o.window = min(max(p.number("receiverQueueSize", window, 0), 1), max(c.Prefetch, window))
	return o
}

// topic reads the name of another topic, as TOPIC, TENANT/NAMESPACE/TOPIC or
// persistent://TENANT/NAMESPACE/TOPIC.
func (p *parameters) topic(name, self string) string {
	v := p.values.Get(name)
	if v == "" {
		return ""
	}
	for _, scheme := range []string{"persistent://", "non-persistent://"} {
		v = strings.TrimPrefix(v, scheme)
	}
	v = strings.TrimPrefix(v, "public/default/")
	if err := checkTopic(v); err != nil {
		p.fail("%s: %v", name, err)
	}
	if v == self {
		p.fail("%s is the topic itself, it must be another", name)
	}
	return v
}

// untyped is the type of a subscription that names none.
func (p *parameters) untyped(e endpoint) string {
	if e.form == envelope.Plain {
		return string(private)
	}
	return string(Exclusive)
}

func (p *parameters) producer() string {
	p.number("sendTimeoutMillis", 0, 0)
	p.oneOf("batchingEnabled", "", "true", "false")
	p.oneOf("compressionType", "", "NONE", "LZ4", "ZLIB", "ZSTD", "SNAPPY")
	p.oneOf("messageRoutingMode", "", "SinglePartition", "RoundRobinPartition", "CustomPartition")
	return p.values.Get("producerName")
}

func (p *parameters) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *parameters) oneOf(name, fallback string, choices ...string) string {
	if !p.values.Has(name) {
		return fallback
	}
	v := p.values.Get(name)
	if !slices.Contains(choices, v) {
		p.fail("%s is %q, it must be one of %s", name, v, strings.Join(choices, ", "))
	}
	return v
}

func (p *parameters) number(name string, fallback, least int) int {
	if !p.values.Has(name) {
		return fallback
	}
	v := p.values.Get(name)
	n, err := strconv.Atoi(v)
	if err != nil || n < least {
		p.fail("%s is %q, it must be a whole number of at least %d", name, v, least)
	}
	return n
}

// milliseconds reads a time; 0 is always allowed.
func (p *parameters) milliseconds(name string, fallback time.Duration, least int) time.Duration {
	n := p.number(name, int(fallback.Milliseconds()), 0)
	if n > 0 && n < least {
		p.fail("%s is %d, it must be 0 or at least %d", name, n, least)
	}
	const most = int64(365 * 24 * time.Hour / time.Millisecond)
	return time.Duration(min(int64(n), most)) * time.Millisecond
}
