package dasf

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/dasf-go/dasf/transport"
)

const (
	// acceptedAfter is how long a call may take before its caller is told
	// that it is held.
	acceptedAfter = 100 * time.Millisecond
	watchInterval = 50 * time.Millisecond
	idleInterval  = time.Second

	// controlQueue and controlWorkers bound the answers that wait for no
	// worker: pong, info, api_info, accepted, alive and refusals.
	controlQueue   = 4096
	controlWorkers = 8
)

// enqueue has fn run soon, beside the workers. It reports false when too many
// wait already.
func (r *backend) enqueue(fn func(context.Context)) bool {
	select {
	case r.control <- fn:
		return true
	default:
		r.cfg.Observer.Count(CountDropped, 1)
		r.seldom.Error("too many answers wait to be sent; one was dropped", "limit", controlQueue)
		return false
	}
}

func (r *backend) serveControl(ctx context.Context) {
	for {
		select {
		case fn := <-r.control:
			fn(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// announce tells callers which of their calls are held, asks for pieces that
// did not come, and forgets what is old. It sleeps while nothing is held.
func (r *backend) announce(ctx context.Context) {
	lastAlive := time.Now()
	lastReturn := lastAlive
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.busy:
		}
		for interval := watchInterval; interval > 0; {
			var busy <-chan struct{}
			if interval > watchInterval {
				busy = r.busy
			}
			select {
			case <-ctx.Done():
				return
			case <-busy:
				interval = watchInterval
				continue
			case now := <-time.After(interval):
				alive := now.Sub(lastAlive) >= r.cfg.AliveInterval
				if alive {
					lastAlive = now
				}
				r.watch(now, alive)
				if now.Sub(lastReturn) >= idleInterval {
					lastReturn = now
					r.handBackAll(taken(r, &r.returned))
					r.sendUnstored()
				}
			}
			interval = r.interval()
		}
	}
}

// interval is the time until there is something to look after; 0 means that
// nothing is left.
func (r *backend) interval() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.count > 0 || len(r.pieces) > 0:
		return watchInterval
	case r.answers.len() > 0 || len(r.returned) > 0 || len(r.unstored) > 0:
		return idleInterval
	}
	return 0
}

func (r *backend) watch(now time.Time, alive bool) {
	var accepted []*job
	contexts := map[string][]string{}
	watched := map[string][]*job{}
	if r.stale(now) {
		r.narrow()
	}
	r.mu.Lock()
	r.answers.expire(now)
	ask, expired := r.askForPieces(now)
	note := func(j *job) {
		if j.watched && alive {
			watched[j.call.topic] = append(watched[j.call.topic], j)
		}
		switch {
		case !j.extended:
		case j.accepted && alive:
			contexts[j.call.topic] = append(contexts[j.call.topic], j.call.context)
		case !j.accepted && now.Sub(j.arrived) >= acceptedAfter:
			j.accepted = true // from now on nobody else may have it
			accepted = append(accepted, j)
		}
	}
	for _, jobs := range r.held {
		for _, j := range jobs {
			note(j)
		}
	}
	for _, j := range r.pieces {
		note(j)
	}
	for _, j := range r.parked {
		note(j)
	}
	var gone []*job
	if alive {
		gone = r.watchClients(watched)
	}
	missing := make([]string, len(ask))
	for i, j := range ask {
		missing[i] = formatNumbers(r.assembler.Missing(pieceKey(j.call)))
	}
	r.mu.Unlock()

	for _, j := range accepted {
		r.tellAccepted(j)
	}
	for _, j := range gone {
		j.cancel(&Error{code: CodeCanceled, err: ErrClientGone})
	}
	for topic, list := range contexts {
		properties := map[string]string{propType: typeAlive, propContexts: strings.Join(list, ",")}
		if watched[topic] != nil {
			r.askClient(topic, properties)
			continue
		}
		r.tell(topic, properties)
	}
	for i, j := range ask {
		r.tell(j.call.topic, map[string]string{propType: typeResend, propContext: j.call.context, propMissing: missing[i]})
	}
	for _, j := range expired {
		r.refuse(j, CodeInvalidRequest, "error validating request: pieces of the request did not come within Config.AssemblyAge ("+r.cfg.AssemblyAge.String()+")")
	}
}

// tellAccepted tells the caller that its call is held, and by whom.
func (r *backend) tellAccepted(j *job) {
	if !j.extended {
		return
	}
	r.mu.Lock()
	j.accepted = true
	r.mu.Unlock()
	r.tell(j.call.topic, map[string]string{propType: typeAccepted, propContext: j.call.context})
}

// tell sends a message of ours to a client that asked for such.
func (r *backend) tell(topic string, properties map[string]string) {
	r.tellAnd(topic, properties, func(error) {})
}

// tellAnd is tell, and calls done with what came of it.
func (r *backend) tellAnd(topic string, properties map[string]string, done func(error)) {
	properties[propSourceTopic] = r.cfg.Topic
	properties[propExtensions] = extensionsVersion
	if r.inbox != "" {
		properties[propInbox] = r.inbox
	}
	queued := r.enqueue(func(ctx context.Context) {
		err := r.producers.send(ctx, topic, &transport.Message{Properties: properties})
		if err != nil {
			r.log.Info("telling a client about its calls", "messageType", properties[propType], "response_topic", topic, "err", err)
		}
		done(err)
	})
	if !queued {
		done(errTooMany)
	}
}

var errTooMany = errors.New("too many answers wait to be sent")

// answerControl answers a ping, info or api_info. These three carry no status.
func (r *backend) answerControl(_ context.Context, m *transport.Message, kind string) {
	topic, id := strings.Clone(m.Properties[propResponseTopic]), strings.Clone(requestContext(m))
	properties := map[string]string{propContext: id, propType: typeResponse, propSourceTopic: r.cfg.Topic}
	switch kind {
	case typePing:
		if r.probe.isOwn(topic, id) {
			return
		}
		properties[propType] = typePong
		if m.Properties[propWaiting] != "" {
			r.reopen()
		}
	case typeInfo:
		properties[propInfo] = r.module.info
	case typeAPIInfo:
		properties[propAPIInfo] = r.module.apiInfo
	}
	if extended(m) {
		properties[propExtensions] = extensionsVersion
	}
	r.enqueue(func(ctx context.Context) {
		err := r.producers.send(ctx, topic, &transport.Message{Properties: properties, Context: id})
		if err != nil {
			r.log.Warn("answering", "messageType", kind, "response_topic", topic, "err", err)
		}
	})
}
