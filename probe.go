package dasf

import (
	"context"
	"sync"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// probeTime is how long a backend waits at its start for others to answer.
const probeTime = 2 * time.Second

// A probe is the ping that a backend sends to its own topic at its start.
type probe struct {
	mu    sync.Mutex
	topic string // where the answers come; "" before and after
	own   bool   // this backend received the ping itself
	pongs int
}

const probeContext = "0"

// isOwn reports whether a ping is the backend's own, which it does not answer.
func (p *probe) isOwn(topic, id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.topic == "" || p.topic != topic || id != probeContext {
		return false
	}
	p.own = true
	return true
}

func (p *probe) pong(*transport.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pongs++
}

func (p *probe) begin(topic string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.topic = topic
}

// others returns how many backends answered that run every request of the
// topic too. One that shares the subscription with this backend receives the
// ping instead of it.
func (p *probe) others(fanOut bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.topic = ""
	if p.own || fanOut {
		return p.pongs
	}
	return max(0, p.pongs-1)
}

// lookForOthers warns when another backend of the topic will run every request
// too: Python's, which has a subscription of its own, or any on a broker where
// every consumer gets every message.
func (r *backend) lookForOthers(ctx context.Context) {
	topic := r.inbox
	if topic == "" {
		topic = r.cfg.Topic + "_" + randomLetters()
		consumer, err := r.broker.Consume(ctx, topic, transport.ConsumeOptions{Subscription: "dasf-probe", NonDurable: true})
		if err != nil {
			if ctx.Err() == nil {
				r.log.Info("not looking for other backends", "err", err)
			}
			return
		}
		defer consumer.Close()
		var receiving sync.WaitGroup
		defer receiving.Wait()
		limited, cancel := context.WithTimeout(ctx, 2*probeTime)
		defer cancel()
		receiving.Go(func() {
			for {
				m, err := consumer.Receive(limited)
				if err != nil {
					return
				}
				_ = consumer.Ack(limited, m)
				if m.Properties[propType] == typePong {
					r.probe.pong(m)
				}
			}
		})
	}
	r.probe.begin(topic)
	ping := &transport.Message{Properties: map[string]string{
		propResponseTopic: topic, propContext: probeContext, propType: typePing, propExtensions: extensionsVersion,
	}}
	if err := r.producers.send(ctx, r.cfg.Topic, ping); err != nil {
		if ctx.Err() == nil {
			r.log.Info("not looking for other backends", "err", err)
		}
		return
	}
	wait := time.NewTimer(probeTime)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return
	}
	if n := r.probe.others(r.delivery.FanOut); n > 0 {
		r.log.Warn("other backends run every request of this topic too; stop them, or have them share the subscription", "others", n)
	}
}
