package broker

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A collector reports a broker to Prometheus. It reads [Broker.Stats] when it
// is asked, so that counting costs nothing in between.
type collector struct{ b *Broker }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("dasf_broker_"+name, help, labels, nil)
}

// Describe implements [prometheus.Collector]. Without descriptions the registry
// takes what Collect sends as it comes.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// mostMeasured bounds how many topics are reported one by one. Topics of clients
// are never, they would make a new series for each client.
const mostMeasured = 1000

// Collect implements [prometheus.Collector].
func (c collector) Collect(to chan<- prometheus.Metric) {
	st := c.b.Stats()
	gauge := func(name, help string, value float64) {
		to <- prometheus.MustNewConstMetric(describe(name, help), prometheus.GaugeValue, value)
	}
	counter := func(name, help string, value int64) {
		to <- prometheus.MustNewConstMetric(describe(name, help), prometheus.CounterValue, float64(value))
	}
	gauge("start_time_seconds", "When the broker began, in seconds since 1970.", float64(c.b.started.UnixMilli())/1e3)
	gauge("sockets", "Open sockets.", float64(st.Sockets))
	gauge("topics", "Topics in use.", float64(len(st.Topics)))
	gauge("messages", "Messages held.", float64(st.Messages))
	gauge("message_bytes", "Bytes that the messages held count against the bound.", float64(st.Bytes))
	gauge("waiting_bytes", "Bytes of messages that wait for a first subscription.", float64(st.Waiting))
	counter("received_total", "Messages taken from producers.", st.Received)
	counter("refused_total", "Messages refused.", st.Refused)
	counter("delivered_total", "Messages written to consumers, repetitions included.", st.Delivered)
	counter("acknowledged_total", "Messages acknowledged by consumers.", st.Acknowledged)
	counter("expired_total", "Messages dropped because nobody fetched them in time.", st.Expired)
	counter("dead_letters_total", "Messages moved to a dead-letter topic.", st.DeadLetters)
	if s := st.Store; s != nil {
		gauge("store_disk_bytes", "Bytes that the store takes on the disk.", float64(s.Disk))
		gauge("store_disk_limit_bytes", "Bytes that it may take.", float64(s.MaxDisk))
		gauge("store_live_bytes", "Bytes of stored messages that are not acknowledged.", float64(s.Live))
		counter("store_syncs_total", "Times that the store's log was synced.", s.Syncs)
		counter("store_failures_total", "Writes that the disk refused.", s.Failures)
		counter("damaged_total", "Messages dropped because the store could not read them.", st.Damaged)
	}
	for i, kind := range handshakeKinds {
		to <- prometheus.MustNewConstMetric(describe("handshakes_refused_total", "Handshakes refused, by why.", "reason"),
			prometheus.CounterValue, float64(c.b.handshakes[i].Load()), kind)
	}
	c.collectTopics(to, st.Topics)
}

func (c collector) collectTopics(to chan<- prometheus.Metric, topics []TopicStats) {
	now := time.Now()
	measured := 0
	for i := range topics {
		t := &topics[i]
		s := c.b.settingsOf(t.Name)
		if kindOf(t.Name, s) != kindTopic || isStatusTopic(t.Name) {
			continue
		}
		if measured++; measured > mostMeasured {
			return
		}
		gauge := func(name, help string, value float64) {
			to <- prometheus.MustNewConstMetric(describe(name, help, "topic"), prometheus.GaugeValue, value, t.Name)
		}
		messages, bytes := t.backlog()
		gauge("topic_producers", "Producers of a topic.", float64(t.Producers))
		gauge("topic_consumers", "Consumers of a topic.", float64(t.consumers()))
		gauge("topic_backlog_messages", "Messages that wait or are not acknowledged, in the fullest subscription of a topic.", float64(messages))
		gauge("topic_backlog_bytes", "Bytes of those.", float64(bytes))
		switch c.b.availability(c.b.status(t.Name), s, t.consumers(), now) {
		case online:
			gauge("topic_online", "Whether a topic's backend answers pings; absent if nobody has asked it.", 1)
		case offline:
			gauge("topic_online", "Whether a topic's backend answers pings; absent if nobody has asked it.", 0)
		}
	}
}

// handshakeKinds are the reasons of a refused handshake that are told apart.
var handshakeKinds = [...]string{"unauthorized", "forbidden", "limit", "request", "other"}

// countRefusal counts a handshake that was answered with status.
func (b *Broker) countRefusal(status int) {
	kind := 4
	switch {
	case status == 401:
		kind = 0
	case status == 403:
		kind = 1
	case status == 429 || status == 503:
		kind = 2
	case status >= 400 && status < 500:
		kind = 3
	}
	b.handshakes[kind].Add(1)
}
