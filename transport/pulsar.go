package transport

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

const (
	// pulsarPort is where Pulsar's WebSocket service listens by default.
	pulsarPort = "8080"
	// pulsarNackDelay is after how many milliseconds Pulsar delivers again
	// what was handed back; its own default is a minute.
	pulsarNackDelay = "1000"
	// pulsarMaxPrefetch is the largest receiverQueueSize that Pulsar grants.
	pulsarMaxPrefetch = 1000
	// pulsarPieceSize is the longest base64 text that was never lost on a
	// non-persistent topic: of 66,000 of that size none was, of those with
	// 98,304 characters 7 in 100 were. Each was sent after the acknowledgement
	// of the one before: several that are under way at once are lost as one of
	// their size is, so a producer keeps to it for all of them together.
	pulsarPieceSize = 65_536
)

// Pulsar returns the broker behind the WebSocket service of an Apache Pulsar
// (4.2.4 is what it was tried with) or behind the embedded broker, which speaks
// the same form:
//
//	ws://HOST:PORT/ws/v2/producer/DOMAIN/TENANT/NAMESPACE/TOPIC
//	ws://HOST:PORT/ws/v2/consumer/DOMAIN/TENANT/NAMESPACE/TOPIC/SUBSCRIPTION
//
// hostport may leave the port out; it is 8080 then, as in demessaging. A token
// goes into [Options.Header]: {"Authorization": {"Bearer …"}}.
//
// A non-persistent topic loses messages: those that nobody is subscribed to,
// those for a consumer that does not keep up, all that were not acknowledged
// when a consumer goes, and large ones now and then; see [Delivery].
//
// Mistakes in hostport or in o are returned by Consume and Produce.
func Pulsar(hostport string, o PulsarOptions) Broker {
	f := &pulsarForm{host: hostport, persistent: o.Persistent, tenant: o.Tenant, namespace: o.Namespace, scheme: "ws"}
	if f.tenant == "" {
		f.tenant = "public"
	}
	if f.namespace == "" {
		f.namespace = "default"
	}
	if o.Secure {
		f.scheme = "wss"
	}
	if _, _, err := net.SplitHostPort(hostport); err != nil {
		f.host = net.JoinHostPort(strings.Trim(hostport, "[]"), pulsarPort)
	}
	if hostport == "" {
		f.host = ""
	}
	return newSocketBroker(f, o.Options)
}

type pulsarForm struct {
	scheme, host, tenant, namespace string
	persistent                      bool
}

// url is that of a socket of the kind producer or consumer.
func (f *pulsarForm) url(kind string, query url.Values, names ...string) (string, error) {
	if err := checkName("tenant", f.tenant); err != nil {
		return "", err
	}
	if err := checkName("namespace", f.namespace); err != nil {
		return "", err
	}
	domain := "non-persistent"
	if f.persistent {
		domain = "persistent"
	}
	segments := append([]string{"ws", "v2", kind, domain, f.tenant, f.namespace}, names...)
	return joinURL((&url.URL{Scheme: f.scheme, Host: f.host}).String(), query, segments...)
}

func (f *pulsarForm) producerURL(topic string) (string, error) {
	return f.url("producer", nil, topic)
}

func (f *pulsarForm) consumerURL(topic string, o ConsumeOptions) (string, error) {
	query := url.Values{"negativeAckRedeliveryDelay": {pulsarNackDelay}}
	if o.Type != "" {
		query.Set("subscriptionType", string(o.Type))
	}
	if o.Prefetch > 0 {
		query.Set("receiverQueueSize", strconv.Itoa(min(o.Prefetch, pulsarMaxPrefetch)))
	}
	if o.NonDurable {
		query.Set("subscriptionMode", "NonDurable")
	}
	return f.url("consumer", query, topic, o.Subscription)
}

func (f *pulsarForm) delivery() Delivery {
	if f.persistent {
		return Delivery{Redelivers: true, DistinctIDs: true, MaxFrame: maxFrame}
	}
	return Delivery{DropsWhenFull: true, PieceSize: pulsarPieceSize, Backlog: pulsarMaxPrefetch, MaxFrame: maxFrame}
}

// takesNacks is true also for non-persistent topics: nothing is delivered
// again there, but the message no longer counts against the prefetch.
func (f *pulsarForm) takesNacks() bool { return true }
