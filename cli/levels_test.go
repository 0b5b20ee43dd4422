package cli_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
)

// A setting is what can be given on all four levels, and how one sees which of
// them holds.
type setting struct {
	flag     string
	variable string // "" where there is none
	set      func(c *dasf.Config, value string)
	// line, program, variable and default, as given; what is seen is the same
	// unless seen says otherwise.
	values [4]string
	seen   map[string]string
	// args make what is seen reachable; URL is put in for the broker's address.
	args    []string
	observe func(t *testing.T, b *fakeBroker, r *running) string
	// prepare is for what has to be so that it can be seen.
	prepare func(c *dasf.Config, b *fakeBroker)
	// listen says that the flag is one of the command listen.
	listen  bool
	members func(t *testing.T, b *fakeBroker) []*dasf.Member
}

const (
	onLine = iota
	inProgram
	inVariable
	byDefault
)

var levelNames = [...]string{"command line", "program", "variable", "default"}

func seconds(text string) *time.Duration {
	s, _ := strconv.ParseFloat(text, 64)
	return dasf.Seconds(s)
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// pulsarArgs reach the broker in Pulsar's form, plainArgs in the plain form.
var (
	pulsarArgs = []string{"-H", "127.0.0.1", "-p", "PORT"}
	plainArgs  = []string{"--websocket-url", "ws://ADDRESS/ws/"}
)

// part returns one element of the path that a consumer asked for:
// /ws/v2/consumer/PERSISTENT/TENANT/NAMESPACE/TOPIC/SUBSCRIPTION.
func part(i int) func(*testing.T, *fakeBroker, *running) string {
	return func(_ *testing.T, b *fakeBroker, _ *running) string {
		parts := strings.Split(b.awaitShake().path, "/")
		if i >= len(parts) {
			return strings.Join(parts, "/")
		}
		return parts[i]
	}
}

func query(name string) func(*testing.T, *fakeBroker, *running) string {
	return func(_ *testing.T, b *fakeBroker, _ *running) string {
		for pair := range strings.SplitSeq(b.awaitShake().query, "&") {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

func settings() []setting {
	return []setting{
		{flag: "--topic", variable: "DE_BACKEND_TOPIC", set: func(c *dasf.Config, v string) { c.Topic = v },
			values: [4]string{"line", "program", "variable", ""}, seen: map[string]string{"": "no topic"}, args: pulsarArgs,
			observe: func(t *testing.T, b *fakeBroker, r *running) string {
				select {
				case code := <-r.code:
					r.code <- code
					return r.err.await(t, "no topic")
				case s := <-b.shakes:
					return strings.Split(s.path, "/")[7]
				}
			}},
		{flag: "--persistent", variable: "DE_BACKEND_PERSISTENT", set: func(c *dasf.Config, v string) { c.Connection.Persistent = v },
			values: [4]string{"persistent", "non-persistent", "persistent", "non-persistent"}, args: pulsarArgs, observe: part(4)},
		{flag: "--tenant", variable: "DE_BACKEND_TENANT", set: func(c *dasf.Config, v string) { c.Connection.Tenant = v },
			values: [4]string{"line", "program", "variable", "public"}, args: pulsarArgs, observe: part(5)},
		{flag: "--namespace", variable: "DE_BACKEND_NAMESPACE", set: func(c *dasf.Config, v string) { c.Connection.Namespace = v },
			values: [4]string{"line", "program", "variable", "default"}, args: pulsarArgs, observe: part(6)},
		{flag: "--host", variable: "DE_BACKEND_HOST", set: func(c *dasf.Config, v string) { c.Connection.Host = v },
			values: [4]string{"127.0.0.1", "LOCALHOST", "LocalHost", "localhost"}, args: []string{"-p", "PORT"},
			observe: func(_ *testing.T, b *fakeBroker, _ *running) string {
				host, _, _ := strings.Cut(b.awaitShake().host, ":")
				return host
			}},
		{flag: "--header", variable: "DE_BACKEND_HEADER", set: func(c *dasf.Config, v string) {
			if v != "" {
				c.Connection.Header = map[string]string{"authorization": v[len(`{"authorization":"`) : len(v)-2]}
			}
		},
			values: [4]string{`{"authorization":"Token line"}`, `{"authorization":"Token program"}`, `{"authorization":"Token variable"}`, ""},
			seen:   map[string]string{`{"authorization":"Token line"}`: "Token line", `{"authorization":"Token program"}`: "Token program", `{"authorization":"Token variable"}`: "Token variable"},
			args:   pulsarArgs,
			observe: func(_ *testing.T, b *fakeBroker, _ *running) string {
				return b.awaitShake().header.Get("Authorization")
			}},
		{flag: "--subscription", variable: "DE_BACKEND_SUBSCRIPTION", set: func(c *dasf.Config, v string) { c.Subscription = v },
			values: [4]string{"line", "program", "variable", "dasf-topic"}, args: pulsarArgs, observe: part(8)},
		{flag: "--subscription-type", variable: "DE_BACKEND_SUBSCRIPTION_TYPE", set: func(c *dasf.Config, v string) { c.SubscriptionType = v },
			values: [4]string{"Exclusive", "Failover", "Exclusive", "Shared"}, args: pulsarArgs, observe: query("subscriptionType")},
		{flag: "--max-workers", variable: "DE_BACKEND_MAX_WORKERS", set: func(c *dasf.Config, v string) { c.Workers = number(v) },
			values: [4]string{"2", "3", "4", ""}, args: plainArgs, observe: atOnce, members: gated,
			seen: map[string]string{"": "at least 5"}},
		{flag: "--queue_size", variable: "DE_BACKEND_QUEUE_SIZE", set: func(c *dasf.Config, v string) { c.QueueSize, c.Workers = number(v), 1 },
			values: [4]string{"1", "2", "3", ""}, args: append([]string{"--max-workers", "1"}, plainArgs...), observe: waiting, members: gated,
			seen: map[string]string{"": "8"}},
		{flag: "--max_payload_size", variable: "DE_BACKEND_MAX_PAYLOAD_SIZE", set: func(c *dasf.Config, v string) { c.MaxPayloadSize = number(v) },
			values: [4]string{"8", "12", "16", ""}, seen: map[string]string{"": "whole"}, args: plainArgs,
			observe: func(_ *testing.T, b *fakeBroker, _ *running) string {
				b.awaitShake()
				b.request("1", "request", echoOf(strings.Repeat("x", 30)))
				if f := b.awaitSent(); f.Properties["num_fragments"] != "" {
					return strconv.Itoa(len(f.Payload))
				}
				return "whole"
			}},
		{flag: "--producer-keep-alive", variable: "DE_BACKEND_PRODUCER_KEEP_ALIVE", set: func(c *dasf.Config, v string) {
			if v != "" {
				c.ProducerKeepAlive = seconds(v)
			}
		},
			values: [4]string{"0", "60", "0", ""}, seen: map[string]string{"0": "closed", "60": "kept", "": "kept"}, args: plainArgs, observe: keptOrClosed},
		{flag: "--producer-connection-timeout", variable: "DE_BACKEND_PRODUCER_CONNECTION_TIMEOUT", set: func(c *dasf.Config, v string) {
			if v != "" {
				c.ProducerConnectionTimeout = *seconds(v)
			}
		},
			values: [4]string{"0.02", "60", "0.02", ""}, seen: map[string]string{"0.02": "given up", "60": "answered", "": "answered"}, args: plainArgs, observe: givenUp},
		{flag: "--ack", variable: "DE_BACKEND_ACK", set: func(c *dasf.Config, v string) { c.Ack = dasf.AckPolicy(v) },
			values: [4]string{"on-receipt", "after-response", "on-receipt", ""}, seen: map[string]string{"": "after-response"}, args: plainArgs, observe: acknowledged, members: gated},
		{flag: "--grace", variable: "DE_BACKEND_GRACE", set: func(c *dasf.Config, v string) {
			if v != "" {
				c.Grace = seconds(v)
			}
		},
			values: [4]string{"0", "60", "0", ""}, seen: map[string]string{"0": "ended", "60": "goes on", "": "goes on"}, args: plainArgs, observe: stopped, members: gated},
		{flag: "--max-redeliveries", variable: "DE_BACKEND_MAX_REDELIVERIES", set: func(c *dasf.Config, v string) { c.MaxRedeliveries = new(number(v)) },
			values: [4]string{"1", "3", "4", "2"}, args: plainArgs, observe: redeliveries,
			prepare: func(_ *dasf.Config, b *fakeBroker) {
				b.header = http.Header{"Dasf-Broker": {"1; redelivers=true"}} // which counts deliveries
			}},
		{flag: "--cancel-on-disconnect", variable: "DE_BACKEND_CANCEL_ON_DISCONNECT", set: func(c *dasf.Config, v string) { c.CancelOnDisconnect = v == "true" },
			values: [4]string{"false", "true", "true", ""}, seen: map[string]string{"": "false"}, args: plainArgs, observe: askedForLife, members: gated,
			prepare: func(c *dasf.Config, _ *fakeBroker) { c.AliveInterval = 100 * time.Millisecond }},
		{flag: "--metrics-addr", variable: "DE_BACKEND_METRICS_ADDR", listen: true,
			values: [4]string{"127.0.0.1:0", "", "port", ""}, seen: map[string]string{"127.0.0.1:0": "served", "port": "refused", "": "none"}, args: plainArgs,
			observe: func(t *testing.T, b *fakeBroker, r *running) string {
				select {
				case code := <-r.code:
					r.code <- code
					r.err.await(t, `--metrics-addr is "port"`)
					return "refused"
				case <-b.shakes: // the metrics are served before
				}
				if strings.Contains(r.out.String(), "metrics url=http://127.0.0.1:") {
					return "served"
				}
				return "none"
			}},
		{flag: "--description", set: func(c *dasf.Config, v string) { c.Doc = v },
			values: [4]string{"line", "program", "", ""}, args: plainArgs,
			observe: func(_ *testing.T, b *fakeBroker, _ *running) string {
				b.awaitShake()
				b.request("1", "api_info", "")
				_, doc, _ := strings.Cut(b.awaitSent().Properties["api_info"], `"x-dasf":{"doc":"`)
				doc, _, _ = strings.Cut(doc, `"`)
				return doc
			}},
		{flag: "--debug", set: func(c *dasf.Config, v string) { c.Debug = v == "true" },
			values: [4]string{"false", "true", "", ""}, seen: map[string]string{"false": "text", "true": "stack", "": "text"}, args: plainArgs,
			observe: func(_ *testing.T, b *fakeBroker, _ *running) string {
				b.awaitShake()
				b.request("1", "request", `{"func_name":"fail"}`)
				if text := b.awaitSent().text(); strings.Contains(text, "goroutine") {
					return "stack"
				}
				return "text"
			}},
	}
}

// Each setting is given on every level, with those below it given too: what is
// seen from outside is always that of the highest.
func TestTheHighestLevelHolds(t *testing.T) {
	for _, s := range settings() {
		for level := onLine; level <= byDefault; level++ {
			if level == inVariable && s.variable == "" || level == inProgram && s.set == nil {
				continue
			}
			t.Run(strings.TrimLeft(s.flag, "-")+"/"+levelNames[level], func(t *testing.T) {
				t.Parallel()
				b := newFakeBroker(t)
				if s.flag == "--producer-connection-timeout" {
					b.hold = make(chan struct{})
				}
				var environ, args []string
				cfg := dasf.Config{Topic: "topic"}
				if s.flag == "--topic" {
					cfg.Topic = ""
				}
				if level <= inVariable && s.variable != "" {
					environ = append(environ, s.variable+"="+s.values[inVariable])
				}
				if s.prepare != nil {
					s.prepare(&cfg, b)
				}
				if level <= inProgram && s.set != nil {
					s.set(&cfg, s.values[inProgram])
				}
				for _, arg := range s.args {
					args = append(args, strings.NewReplacer("PORT", b.port(), "ADDRESS", b.address()).Replace(arg))
				}
				command := []string{"listen"}
				if level == onLine && s.listen {
					command = append(command, s.flag+"="+s.values[onLine])
				} else if level == onLine {
					args = append(args, s.flag+"="+s.values[onLine])
				}
				var members []*dasf.Member
				if s.members != nil {
					members = s.members(t, b)
				}
				r := start(t, append(args, command...), environ, module(cfg, members...))
				t.Cleanup(b.free) // before the command is waited for
				want := s.values[level]
				if seen, ok := s.seen[want]; ok {
					want = seen
				}
				if got := s.observe(t, b, r); got != want {
					t.Errorf("seen is %q, want %q; stdout:\n%s\nstderr:\n%s", got, want, r.out, r.err)
				}
			})
		}
	}
}

// The port and the URLs say which broker is dialled.
func TestTheHighestLevelSaysWhereToConnect(t *testing.T) {
	for _, tt := range []struct {
		name     string
		line     string // flags; A to C stand for brokers' addresses, PORTA for a port
		program  func(at func(string) string) dasf.Connection
		variable string
		want     string // broker and path in front of the topic
	}{
		{"port on the line", "-p PORTA", func(at func(string) string) dasf.Connection { return dasf.Connection{Port: at("PORTB")} }, "DE_BACKEND_PORT=PORTC", "A /ws/v2/consumer/"},
		{"port in the program", "", func(at func(string) string) dasf.Connection { return dasf.Connection{Port: at("PORTB")} }, "DE_BACKEND_PORT=PORTC", "B /ws/v2/consumer/"},
		{"port in a variable", "", nil, "DE_BACKEND_PORT=PORTC", "C /ws/v2/consumer/"},
		{"URL on the line", "--websocket-url ws://A/line", func(at func(string) string) dasf.Connection {
			return dasf.Connection{WebSocketURL: at("ws://B/program/")}
		}, "DE_BACKEND_WEBSOCKET_URL=ws://C/variable/", "A /line/"},
		{"URL in the program", "", func(at func(string) string) dasf.Connection {
			return dasf.Connection{WebSocketURL: at("ws://B/program/")}
		}, "DE_BACKEND_WEBSOCKET_URL=ws://C/variable/", "B /program/"},
		{"URL in a variable", "", nil, "de_backend_websocket_url=ws://C/variable/", "C /variable/"},
		{"URL for consumers", "--websocket-url ws://A/line/ --consumer-url ws://B/own/", nil, "", "B /own/"},
		{"URL for consumers in a variable", "--websocket-url ws://A/line/", nil, "DE_BACKEND_CONSUMER_URL=ws://C/variable/", "C /variable/"},
		{"URL for producers leaves consumers alone", "--websocket-url ws://A/line/ --producer-url ws://B/own/", nil, "", "A /line/"},
		{"port on the line beats a URL in the program", "-p PORTA", func(at func(string) string) dasf.Connection {
			return dasf.Connection{WebSocketURL: at("ws://B/program/")}
		}, "", "A /ws/v2/consumer/"},
		{"URL in the program beats a port in a variable", "", func(at func(string) string) dasf.Connection {
			return dasf.Connection{WebSocketURL: at("ws://B/program/")}
		}, "DE_BACKEND_PORT=PORTC", "B /program/"},
		{"URL beats a port within one source", "-p PORTA --websocket-url ws://B/line/", nil, "", "B /line/"},
		{"empty URL on the line is none", "--websocket-url= -p PORTA", nil, "DE_BACKEND_WEBSOCKET_URL=ws://C/variable/", "A /ws/v2/consumer/"},
		{"tenant on the line means Pulsar", "--tenant t", func(at func(string) string) dasf.Connection {
			return dasf.Connection{Port: at("PORTB"), WebSocketURL: at("ws://A/program/")}
		}, "", "B /ws/v2/consumer/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			brokers := map[string]*fakeBroker{"A": newFakeBroker(t), "B": newFakeBroker(t), "C": newFakeBroker(t)}
			var pairs []string
			for name, b := range brokers {
				pairs = append(pairs, "PORT"+name, b.port(), "//"+name, "//"+b.address())
			}
			at := strings.NewReplacer(pairs...).Replace
			cfg := dasf.Config{Topic: "topic"}
			if tt.program != nil {
				cfg.Connection = tt.program(at)
			}
			r := start(t, append(strings.Fields(at(tt.line)), "listen"), []string{at(tt.variable)}, module(cfg))
			var got string
			select {
			case s := <-brokers["A"].shakes:
				got = "A " + s.path
			case s := <-brokers["B"].shakes:
				got = "B " + s.path
			case s := <-brokers["C"].shakes:
				got = "C " + s.path
			case <-time.After(patience):
			}
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("connected to %q, want %q; stdout:\n%s\nstderr:\n%s", got, tt.want, r.out, r.err)
			}
		})
	}
}

func TestResponsesGoToTheURLForProducers(t *testing.T) {
	a, b := newFakeBroker(t), newFakeBroker(t)
	start(t, []string{"--websocket-url", a.url("/ws/"), "--producer-url", b.url("/own/"), "listen"}, nil, module(dasf.Config{Topic: "topic"}))
	a.awaitShake()
	a.request("1", "request", echoOf("text"))
	if f := b.awaitSent(); f.topic != "answers" || f.text() != `"text"` {
		t.Errorf("sent %q to %s", f.text(), f.topic)
	}
}

func TestDefaultPortIsPulsars(t *testing.T) {
	r := start(t, []string{"listen"}, nil, module(dasf.Config{Topic: "topic"}))
	r.out.await(t, "ws://localhost:8080/ws/v2/consumer/non-persistent/public/default/topic/dasf-topic")
	r.out.await(t, "the defaults")
}

func TestEnvFileIsRead(t *testing.T) {
	b := newFakeBroker(t)
	path := filepath.Join(t.TempDir(), "settings")
	if err := os.WriteFile(path, []byte("DE_BACKEND_WEBSOCKET_URL="+b.url("/file/")+"\nDE_BACKEND_TOPIC=from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, []string{"listen"}, []string{"DE_MESSAGING_ENV_FILE=" + path}, module(dasf.Config{}))
	if s := b.awaitShake(); s.path != "/file/from-file/dasf-from-file" {
		t.Errorf("connected to %s", s.path)
	}
}

func TestListenSaysWhichSourceDecided(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		line       []string
		cfg        dasf.Connection
		environ    []string
	}{
		{"line", "--host on the command line", []string{"--host", "127.0.0.1"}, dasf.Connection{}, nil},
		{"program", "Config.Connection.Tenant in the program", nil, dasf.Connection{Tenant: "t"}, []string{"DE_BACKEND_WEBSOCKET_URL=ws://127.0.0.1:1/"}},
		{"variable", "DE_BACKEND_WEBSOCKET_URL in the environment", nil, dasf.Connection{}, []string{"DE_BACKEND_WEBSOCKET_URL=ws://127.0.0.1:1/"}},
		{"defaults", "the defaults", nil, dasf.Connection{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, append(tt.line, "listen"), tt.environ, module(dasf.Config{Topic: "topic", Connection: tt.cfg}))
			r.out.await(t, `decided_by="`+tt.want+`"`)
		})
	}
}

func TestTokensAreNotPrinted(t *testing.T) {
	b := newFakeBroker(t)
	r := start(t, []string{"--websocket-url", "ws://user:secret@" + b.address() + "/ws/?token=secret", "--header", `{"authorization": "Token secret"}`, "--log-level", "10", "listen"}, nil, module(dasf.Config{Topic: "topic"}))
	b.awaitShake()
	r.out.await(t, "waiting for incoming request")
	r.end(t)
	if text := r.out.String() + r.err.String(); strings.Contains(text, "secret") {
		t.Errorf("a secret was printed:\n%s", text)
	}
}
