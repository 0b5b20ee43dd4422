package dasf

import "errors"

// ErrClientGone is why a handler's context ended whose client vanished: see
// Config.CancelOnDisconnect. [context.Cause] returns an error that wraps it.
var ErrClientGone = errors.New("the client is gone")

// mostUnanswered is how many messages a client may leave unanswered that ask
// it for a sign of life, until it counts as gone.
const mostUnanswered = 3

// A watchedClient is asked for signs of life while it has calls here. What
// counts is what the broker took for it: a client is not gone because the
// broker is.
type watchedClient struct {
	asking     bool // a message is on its way to the broker
	unanswered int
}

// watchClients returns the jobs whose clients are gone. watched holds all that
// are watched, by response topic. r.mu is held.
func (r *backend) watchClients(watched map[string][]*job) (gone []*job) {
	for topic, client := range r.clients {
		if client.unanswered >= mostUnanswered {
			r.log.Info("a client is gone; its calls are cancelled", "response_topic", topic, "calls", len(watched[topic]))
			gone = append(gone, watched[topic]...)
			delete(r.clients, topic)
			delete(watched, topic)
		} else if watched[topic] == nil {
			delete(r.clients, topic)
		}
	}
	return gone
}

// askClient sends a message and asks for an answer, unless the question before
// has not left yet.
func (r *backend) askClient(topic string, properties map[string]string) {
	r.mu.Lock()
	client := r.clients[topic]
	if client == nil {
		client = new(watchedClient)
		r.clients[topic] = client
	}
	ask := !client.asking
	client.asking = true
	r.mu.Unlock()
	if !ask {
		r.tell(topic, properties)
		return
	}
	properties[propWatch] = "1"
	r.tellAnd(topic, properties, func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		client.asking = false
		if err == nil {
			client.unanswered++
		}
	})
}

// hearClient takes a sign of life. The answer may overtake the broker's
// acknowledgement of the question.
func (r *backend) hearClient(topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if client := r.clients[topic]; client != nil {
		client.unanswered = 0
	}
}
