package cmdline

import (
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// Connection is the flags that name a topic and its message broker. Embed it
// in a grammar.
type Connection struct {
	Topic  string `short:"t" group:"connection" placeholder:"TOPIC" variable:"DE_BACKEND_TOPIC" field:"Config.Topic" help:"Topic under which the backend is reached."`
	Header Header `group:"connection" secret:"" placeholder:"JSON" variable:"DE_BACKEND_HEADER" field:"Config.Connection.Header" help:"Header fields for the opening handshake, as a JSON object: {\"authorization\": \"Token ...\"}."`
	CAFile string `name:"ca-file" complete:"file" group:"connection" placeholder:"FILE" variable:"DE_BACKEND_CA_FILE" help:"Certificates (PEM) to trust instead of those of the system, for wss."`

	Host       string `short:"H" group:"pulsar" default:"localhost" placeholder:"HOST" variable:"DE_BACKEND_HOST" field:"Config.Connection.Host" help:"Host of Pulsar, or of dasf broker."`
	Port       Port   `short:"p" group:"pulsar" default:"8080" placeholder:"PORT" variable:"DE_BACKEND_PORT" field:"Config.Connection.Port" help:"Port of its WebSocket service."`
	Persistent Choice `group:"pulsar" default:"non-persistent" choices:"persistent,non-persistent" placeholder:"KIND" variable:"DE_BACKEND_PERSISTENT" field:"Config.Connection.Persistent" help:"Whether the broker stores messages: persistent or non-persistent."`
	Tenant     string `group:"pulsar" default:"public" placeholder:"NAME" variable:"DE_BACKEND_TENANT" field:"Config.Connection.Tenant" help:"Tenant of the topic."`
	Namespace  string `group:"pulsar" default:"default" placeholder:"NAME" variable:"DE_BACKEND_NAMESPACE" field:"Config.Connection.Namespace" help:"Namespace of the topic."`

	WebsocketURL string `name:"websocket-url" group:"url" placeholder:"URL" variable:"DE_BACKEND_WEBSOCKET_URL" field:"Config.Connection.WebSocketURL" help:"URL (ws or wss) in front of the topic."`
	ProducerURL  string `name:"producer-url" group:"url" placeholder:"URL" variable:"DE_BACKEND_PRODUCER_URL" field:"Config.Connection.ProducerURL" help:"Another URL for sending. Default: the one above"`
	ConsumerURL  string `name:"consumer-url" group:"url" placeholder:"URL" variable:"DE_BACKEND_CONSUMER_URL" field:"Config.Connection.ConsumerURL" help:"Another URL for receiving. Default: the one above"`
}

// ConnectionGroups are the headings of the flags of a [Connection].
func ConnectionGroups() kong.Groups {
	return kong.Groups{
		"connection": "Connection\nEach flag of this part and the next two can also be set by a variable: DE_BACKEND_ and its name, as in DE_BACKEND_WEBSOCKET_URL.",
		"pulsar":     "Apache Pulsar\nHow to reach Pulsar, or dasf broker. Used unless a URL is given below.",
		"url":        "Other WebSocket services\nHow to reach any other broker, such as dasf-broker-django.",
	}
}

var (
	pulsarFlags = []string{"host", "port", "persistent", "tenant", "namespace"}
)

// An Endpoint is the broker that a [Connection] names.
type Endpoint struct {
	// Plain says that URLs name the broker, and not host and port.
	Plain bool
	// Decided is what decided that: the highest source that names either.
	Decided Source

	c *Connection
}

// Endpoint decides which broker is meant and checks what names it. The highest
// source that names a URL, or a host, port, persistence, tenant or namespace,
// decides; within one source a URL wins.
func (c *Connection) Endpoint(r *Result) (*Endpoint, error) {
	e := &Endpoint{c: c}
	e.Plain, e.Decided = c.decide(r)
	if !e.Plain {
		if c.Host == "" || strings.ContainsAny(c.Host, "/?#@ ") {
			return nil, r.Bad("host", c.Host, "the name or address of a host; a URL is given by --websocket-url")
		}
		return e, nil
	}
	for _, u := range c.urls() {
		if err := checkURL(r, u.flag, u.value); err != nil {
			return nil, err
		}
	}
	if c.WebsocketURL == "" && (c.ProducerURL == "") != (c.ConsumerURL == "") {
		have, missing, way := "producer-url", "consumer-url", "receiving"
		if c.ProducerURL == "" {
			have, missing, way = "consumer-url", "producer-url", "sending"
		}
		return nil, usagef("%s is given, but nothing says where to connect for %s: give --%s or --websocket-url too", r.Named(have), way, missing)
	}
	return e, nil
}

type namedURL struct{ flag, value string }

func (c *Connection) urls() []namedURL {
	return []namedURL{{"websocket-url", c.WebsocketURL}, {"producer-url", c.ProducerURL}, {"consumer-url", c.ConsumerURL}}
}

func (c *Connection) decide(r *Result) (plain bool, by Source) {
	for level := CommandLine; level > Default; level-- {
		for _, u := range c.urls() {
			if s := r.Source(u.flag); s.Level == level && u.value != "" {
				return true, s
			}
		}
		for _, flag := range pulsarFlags {
			if s := r.Source(flag); s.Level == level {
				return false, s
			}
		}
	}
	return false, Source{}
}

func checkURL(r *Result, flag, value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" {
		return r.Bad(flag, redact(value), "a URL such as ws://localhost:8080/ws/ or wss://example.org/ws/")
	}
	if u.Fragment != "" {
		return r.Bad(flag, redact(value), "a URL without a #")
	}
	return nil
}

// URL returns what is dialled for a topic: by a producer if subscription is
// empty. Passwords and queries, which may hold a token, are left out.
func (e *Endpoint) URL(topic, subscription string) string {
	c := e.c
	if !e.Plain {
		kind, tail := "producer", ""
		if subscription != "" {
			kind, tail = "consumer", "/"+subscription
		}
		return "ws://" + c.address() + "/ws/v2/" + kind + "/" + string(c.Persistent) + "/" + c.Tenant + "/" + c.Namespace + "/" + topic + tail
	}
	base := c.ProducerURL
	if subscription != "" {
		base, topic = c.ConsumerURL, topic+"/"+subscription
	}
	if base == "" {
		base = c.WebsocketURL
	}
	base = redact(base)
	if !strings.HasSuffix(base, "/") {
		base += "/"
	}
	return base + topic
}

func redact(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		text, _, _ = strings.Cut(text, "?")
		return text
	}
	u.RawQuery, u.User = "", nil
	return u.String()
}

// address is host and port; an IPv6 address is put in brackets.
func (c *Connection) address() string {
	host := c.Host
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	return host + ":" + string(c.Port)
}

// Address returns the host and port of Pulsar.
func (e *Endpoint) Address() string { return e.c.address() }

// Broker connects to the endpoint with o, to which header, certificates and
// URLs are added.
func (e *Endpoint) Broker(o transport.Options) transport.Broker {
	c := e.c
	if len(c.Header) > 0 {
		o.Header = http.Header{}
		for name, value := range c.Header {
			o.Header[name] = []string{value} // spelt as it was given
		}
	}
	o.CAFile = c.CAFile
	if e.Plain {
		o.ProducerURL, o.ConsumerURL = c.ProducerURL, c.ConsumerURL
		return transport.WebSocket(c.WebsocketURL, o)
	}
	return transport.Pulsar(c.address(), transport.PulsarOptions{
		Options: o, Persistent: c.Persistent == "persistent", Tenant: c.Tenant, Namespace: c.Namespace,
	})
}

// Check makes sure of what every command needs that connects: a topic, and a
// file of certificates that can be read.
func (c *Connection) Check(r *Result) error {
	if c.Topic == "" {
		cure := ""
		if r.parser.Given != nil {
			cure = " or, in the program, Config.Topic"
		}
		return usagef("no topic: give -t/--topic or DE_BACKEND_TOPIC%s", cure)
	}
	if strings.ContainsAny(c.Topic, "/?#% \t\n") {
		return r.Bad("topic", c.Topic, "a name without spaces, /, ?, # and %")
	}
	if c.CAFile != "" {
		if _, err := os.ReadFile(c.CAFile); err != nil {
			return usagef("%s is %q: %v", r.Named("ca-file"), c.CAFile, reason(err))
		}
	}
	return nil
}

// GivenConnection returns what a program's configuration gives the flags of a
// [Connection].
func GivenConnection(topic string, c dasf.Connection) map[string]string {
	return map[string]string{
		"topic": topic, "host": c.Host, "port": c.Port, "persistent": c.Persistent, "tenant": c.Tenant, "namespace": c.Namespace,
		"websocket-url": c.WebSocketURL, "producer-url": c.ProducerURL, "consumer-url": c.ConsumerURL,
		"header": headerJSON(c.Header),
	}
}
