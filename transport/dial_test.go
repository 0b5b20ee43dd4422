package transport_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/transport"
)

func TestURLs(t *testing.T) {
	pulsar := func(o transport.PulsarOptions) func(*lab) transport.Broker {
		return func(l *lab) transport.Broker {
			o.Options = l.options()
			return transport.Pulsar("broker:80", o)
		}
	}
	plain := func(base string) func(*lab) transport.Broker {
		return func(l *lab) transport.Broker { return transport.WebSocket(base, l.options()) }
	}
	cases := []struct {
		name     string
		broker   func(l *lab) transport.Broker
		topic    string
		options  transport.ConsumeOptions
		producer string
		consumer string
	}{
		{"plain", plain("ws://broker/ws/"), "topic", transport.ConsumeOptions{Subscription: "sub"},
			"/ws/topic", "/ws/topic/sub"},
		{"plain without a final slash", plain("ws://broker/ws"), "topic", transport.ConsumeOptions{Subscription: "sub"},
			"/ws/topic", "/ws/topic/sub"},
		{"plain at the root", plain("ws://broker"), "topic", transport.ConsumeOptions{Subscription: "sub"},
			"/topic", "/topic/sub"},
		{"plain with a query", plain("ws://broker/ws/?token=x"), "topic", transport.ConsumeOptions{Subscription: "sub", Type: transport.Shared},
			"/ws/topic?token=x", "/ws/topic/sub?token=x&subscriptionType=Shared"},
		{"plain with an escaped path", plain("ws://broker/a%2Fb/"), "topic", transport.ConsumeOptions{Subscription: "sub"},
			"/a%2Fb/topic", "/a%2Fb/topic/sub"},
		{"plain, everything set", plain("ws://broker/ws/"), "topic",
			transport.ConsumeOptions{Subscription: "dasf-topic", Type: transport.Shared, Prefetch: 5, NonDurable: true},
			"/ws/topic", "/ws/topic/dasf-topic?receiverQueueSize=5&subscriptionMode=NonDurable&subscriptionType=Shared"},
		{"plain, Exclusive by name", plain("ws://broker/ws/"), "topic", transport.ConsumeOptions{Subscription: "sub", Type: transport.Exclusive},
			"/ws/topic", "/ws/topic/sub?subscriptionType=Exclusive"},
		{"a Python client's subscription", plain("ws://broker/ws/"), "topic", transport.ConsumeOptions{Subscription: "python-backend-2026-11-24T15:16:22.012054"},
			"/ws/topic", "/ws/topic/python-backend-2026-11-24T15:16:22.012054"},
		{"odd characters", plain("ws://broker/ws/"), "a b?c#d%ü", transport.ConsumeOptions{Subscription: "ü/é"[:2] + " x"},
			"/ws/a%20b%3Fc%23d%25%C3%BC", "/ws/a%20b%3Fc%23d%25%C3%BC/%C3%BC%20x"},
		{"other URLs for both sides", func(l *lab) transport.Broker {
			o := l.options()
			o.ProducerURL, o.ConsumerURL = "ws://broker/producers", "ws://broker/consumers/"
			return transport.WebSocket("ws://unused/", o)
		}, "topic", transport.ConsumeOptions{Subscription: "sub"}, "/producers/topic", "/consumers/topic/sub"},
		{"Pulsar", pulsar(transport.PulsarOptions{}), "topic", transport.ConsumeOptions{Subscription: "sub"},
			"/ws/v2/producer/non-persistent/public/default/topic",
			"/ws/v2/consumer/non-persistent/public/default/topic/sub?negativeAckRedeliveryDelay=1000"},
		{"Pulsar, everything set", pulsar(transport.PulsarOptions{Persistent: true, Tenant: "ten ant", Namespace: "name"}), "to pic",
			transport.ConsumeOptions{Subscription: "s", Type: transport.KeyShared, Prefetch: 5000, NonDurable: true},
			"/ws/v2/producer/persistent/ten%20ant/name/to%20pic",
			"/ws/v2/consumer/persistent/ten%20ant/name/to%20pic/s?negativeAckRedeliveryDelay=1000&receiverQueueSize=1000&subscriptionMode=NonDurable&subscriptionType=Key_Shared"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				b := c.broker(l)
				l.produce(b, c.topic)
				consumer, err := b.Consume(l.Context(), c.topic, c.options)
				if err != nil {
					t.Fatal(err)
				}
				l.Cleanup(func() { consumer.Close() })
				if d := cmp.Diff([]string{c.producer, c.consumer}, l.asked()); d != "" {
					t.Errorf("-want +got:\n%s", d)
				}
			})
		})
	}
}

func TestMistakesInURLs(t *testing.T) {
	cases := []struct {
		name   string
		broker transport.Broker
		want   string
	}{
		{"http", transport.WebSocket("http://broker/ws/", transport.Options{}), `websocket URL http://broker/ws/topic has the scheme "http"; use ws or wss`},
		{"no scheme", transport.WebSocket("broker/ws/", transport.Options{}), `websocket URL broker/ws/topic has the scheme ""; use ws or wss`},
		{"no host", transport.WebSocket("ws:///ws/", transport.Options{}), "websocket URL ws:///ws/topic names no host"},
		{"no URL", transport.WebSocket("ws://bro ker/", transport.Options{}), `websocket URL can't be parsed: invalid character " " in host name`},
		{"a password is not shown", transport.WebSocket("http://user:secret@broker/ws/", transport.Options{}), `websocket URL http://broker/ws/topic has the scheme "http"; use ws or wss`},
		{"a token is not shown", transport.WebSocket("http://broker/ws/?token=secret", transport.Options{}), `websocket URL http://broker/ws/topic has the scheme "http"; use ws or wss`},
		{"nor when the URL is none", transport.WebSocket("ws://user:secret@broker:x/?token=secret", transport.Options{}), `websocket URL can't be parsed: invalid port ":x" after host`},
		{"Pulsar without a host", transport.Pulsar("", transport.PulsarOptions{}), "names no host"},
		{"a tenant with a slash", transport.Pulsar("broker", transport.PulsarOptions{Tenant: "a/b"}), `tenant "a/b" contains a slash`},
		{"a namespace with a slash", transport.Pulsar("broker", transport.PulsarOptions{Namespace: "a/b"}), `namespace "a/b" contains a slash`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.broker.Produce(t.Context(), "topic")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("Produce: %v, want an error with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("Produce: %v shows a secret", err)
			}
			if _, err := c.broker.Consume(t.Context(), "topic", transport.ConsumeOptions{Subscription: "s"}); err == nil {
				t.Error("Consume: no error")
			}
		})
	}
}

func TestPulsarsPortIs8080(t *testing.T) {
	for host, want := range map[string]string{
		"broker": "broker:8080", "broker:80": "broker:80", "::1": "[::1]:8080", "[::1]": "[::1]:8080", "[::1]:80": "[::1]:80", "127.0.0.1": "127.0.0.1:8080",
	} {
		o := transport.PulsarOptions{Options: transport.Options{FailFast: true, Dial: refusing}}
		_, err := transport.Pulsar(host, o).Produce(t.Context(), "topic")
		if err == nil || !strings.Contains(err.Error(), "ws://"+want+"/ws/v2/") {
			t.Errorf("%s: %v, want the address %s", host, err, want)
		}
	}
}

func TestOriginIsTheBroker(t *testing.T) {
	// As demessaging's websocket-client: channels' AllowedHostsOriginValidator
	// refuses who sends none.
	inLab(t, func(l *lab) {
		_, broker := l.produce(l.plain(), "topic")
		if got := broker.request.Header.Get("Origin"); got != "http://broker" {
			t.Errorf("Origin is %q, want http://broker", got)
		}
		o := l.options()
		o.Header = http.Header{"origin": {"https://elsewhere"}}
		_, broker = l.produce(transport.WebSocket("ws://broker/ws/", o), "topic")
		if got := broker.request.Header["Origin"]; len(got) != 1 || got[0] != "https://elsewhere" {
			t.Errorf("Origin is %q, want the one that was set", got)
		}
	})
}

func TestHeaders(t *testing.T) {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:pass word"))
	cases := []struct {
		name   string
		base   string
		header http.Header
		want   string
	}{
		{"a token", "ws://broker/ws/", http.Header{"authorization": {"Token abc"}}, "Token abc"},
		{"user and password in the URL", "ws://user:pass%20word@broker/ws/", nil, basic},
		{"the header wins", "ws://user:pass%20word@broker/ws/", http.Header{"Authorization": {"Bearer abc"}}, "Bearer abc"},
		{"the header wins, whatever its case", "ws://user:pass%20word@broker/ws/", http.Header{"authorization": {"Bearer abc"}}, "Bearer abc"},
		{"nothing", "ws://broker/ws/", nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				o := l.options()
				o.Header = c.header
				_, atProducer := l.produce(transport.WebSocket(c.base, o), "topic")
				_, atConsumer := l.consume(transport.WebSocket(c.base, o), "topic")
				for _, p := range []*peer{atProducer, atConsumer} {
					if got := p.request.Header.Get("Authorization"); got != c.want {
						t.Errorf("Authorization is %q, want %q", got, c.want)
					}
				}
				if lines := l.log.lines("pass"); len(lines) != 0 {
					t.Errorf("the password is in the log: %q", lines)
				}
			})
		})
	}
}
