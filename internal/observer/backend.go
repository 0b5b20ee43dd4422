// Package observer shows what a backend does to Prometheus, and whether it
// lives and is ready to those who ask.
package observer

import (
	"cmp"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// ok is the code of a request that succeeded, unknown the member of one that
// named none: labels that are never empty.
const (
	ok      = "ok"
	unknown = "unknown"
)

// buckets are of seconds: a call takes a millisecond, or hours.
var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200}

// A Backend is a [dasf.Observer] that counts for Prometheus. Its methods may
// be called concurrently.
type Backend struct {
	topic string

	requests            *prometheus.CounterVec
	seconds             *prometheus.HistogramVec
	waited              prometheus.Histogram
	received, sent      prometheus.Counter
	waiting, running    prometheus.Gauge
	events              *prometheus.CounterVec
	connections         prometheus.Gauge
	lost, reconnections prometheus.Counter

	listening atomic.Bool
}

// NewBackend returns the metrics of a backend that listens on topic.
func NewBackend(topic string) *Backend {
	labels := prometheus.Labels{"topic": topic}
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Name: "dasf_" + name, Help: help, ConstLabels: labels}
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "dasf_" + name, Help: help, ConstLabels: labels})
	}
	histogram := func(name, help string) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Name: "dasf_" + name, Help: help, ConstLabels: labels, Buckets: buckets}
	}
	b := &Backend{
		requests: prometheus.NewCounterVec(counter("requests_total",
			"Requests that are over, by the member that they named and the code of their answer."), []string{"member", "code"}),
		seconds: prometheus.NewHistogramVec(histogram("request_seconds",
			"Time from a worker's start on a request until its response was there."), []string{"member"}),
		waited: prometheus.NewHistogram(histogram("request_wait_seconds",
			"Time from a request's arrival until a worker took it.")),
		received: prometheus.NewCounter(counter("request_bytes_total", "Bytes of the payloads of requests, decoded.")),
		sent:     prometheus.NewCounter(counter("response_bytes_total", "Bytes of the payloads of responses, decoded.")),
		waiting:  gauge("requests_waiting", "Requests that wait in the backend for a worker."),
		running:  gauge("requests_running", "Requests that run."),
		events: prometheus.NewCounterVec(counter("messages_total",
			"Messages by what was done with them: fragments_received, fragments_sent, duplicates, resends, ignored, dropped."), []string{"event"}),
		connections:   gauge("connections", "Connections to the broker that are open."),
		lost:          prometheus.NewCounter(counter("disconnects_total", "Connections to the broker that broke.")),
		reconnections: prometheus.NewCounter(counter("reconnects_total", "Connections to the broker that came back after they broke.")),
		topic:         topic,
	}
	for _, c := range []dasf.Counter{dasf.CountFragmentsReceived, dasf.CountFragmentsSent, dasf.CountDuplicates,
		dasf.CountResends, dasf.CountIgnored, dasf.CountDropped} {
		b.events.WithLabelValues(string(c))
	}
	return b
}

// collectors are all that is counted.
func (b *Backend) collectors() []prometheus.Collector {
	return []prometheus.Collector{b.requests, b.seconds, b.waited, b.received, b.sent, b.waiting, b.running, b.events,
		b.connections, b.lost, b.reconnections}
}

// Request implements [dasf.Observer].
func (b *Backend) Request(e dasf.RequestEvent) {
	member := cmp.Or(e.Member, unknown)
	b.requests.WithLabelValues(member, cmp.Or(string(e.Code), ok)).Inc()
	b.received.Add(float64(e.RequestBytes))
	b.sent.Add(float64(e.ResponseBytes))
	if e.Run > 0 {
		b.seconds.WithLabelValues(member).Observe(e.Run.Seconds())
		b.waited.Observe(e.Wait.Seconds())
	}
}

// Held implements [dasf.Observer].
func (b *Backend) Held(waiting, running int) {
	b.waiting.Add(float64(waiting))
	b.running.Add(float64(running))
}

// Count implements [dasf.Observer].
func (b *Backend) Count(what dasf.Counter, n int) {
	b.events.WithLabelValues(string(what)).Add(float64(n))
}

// Connection is told of the backend's connections: see [transport.Options].
func (b *Backend) Connection(s transport.State) {
	switch {
	case s.Connected:
		b.connections.Inc()
		if s.Again {
			b.reconnections.Inc()
		}
	case s.Again:
		b.connections.Dec()
		if s.Err != nil {
			b.lost.Inc()
		}
	}
	if s.Topic == b.topic && s.Subscription != "" {
		b.listening.Store(s.Connected)
	}
}

// Listening reports whether the consumer of the backend's topic is connected.
func (b *Backend) Listening() bool { return b.listening.Load() }
