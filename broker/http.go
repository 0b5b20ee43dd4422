package broker

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dasf-go/dasf/internal/metrics"
)

// routes makes the handler of everything that is no WebSocket.
func (b *Broker) routes() (http.Handler, error) {
	counted, err := metrics.Handler(b.config.Logger, prometheus.Collector(collector{b}))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", b.serveReady)
	mux.Handle("GET /metrics", b.guarded(func(w http.ResponseWriter, r *http.Request, u *User) error {
		if err := b.mustWatch(u); err != nil {
			return err
		}
		counted.ServeHTTP(w, r)
		return nil
	}))
	mux.Handle("GET /api/broker", b.guarded(b.getBroker))
	mux.Handle("GET /api/sockets", b.guarded(b.getSockets))
	mux.Handle("GET /api/topics", b.guarded(b.getTopics))
	mux.Handle("POST /api/topics", b.guarded(b.postTopic))
	mux.Handle("GET /api/topics/{topic}", b.guarded(b.getTopic))
	mux.Handle("PATCH /api/topics/{topic}", b.guarded(b.patchTopic))
	mux.Handle("DELETE /api/topics/{topic}", b.guarded(b.deleteTopic))
	mux.Handle("POST /api/topics/{topic}/ping", b.guarded(b.postPing))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, "the API has no "+r.Method+" "+r.URL.Path)
	})
	mux.HandleFunc("/", b.serveTopicPage)
	return mux, nil
}

// serveReady answers 200 while the broker takes connections.
func (b *Broker) serveReady(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	closing, full := b.closing, b.places >= b.config.MaxSockets
	b.mu.Unlock()
	switch {
	case closing:
		writeText(w, http.StatusServiceUnavailable, "the broker is shutting down\n")
	case full:
		writeText(w, http.StatusServiceUnavailable, "all sockets are taken\n")
	default:
		writeText(w, http.StatusOK, "ok\n")
	}
}

// serveTopicPage serves /TOPIC/status/ and /TOPIC/ping/, the pages of
// dasf-broker-django (urls.py).
func (b *Broker) serveTopicPage(w http.ResponseWriter, r *http.Request) {
	topic, page, ok := topicPage(r.URL.Path)
	if !ok {
		b.refuse(w, r, refuse(http.StatusNotFound, "%s", forms))
		return
	}
	if page == "status" {
		b.guarded(func(w http.ResponseWriter, r *http.Request, u *User) error { return b.serveStatus(w, r, u, topic) }).ServeHTTP(w, r)
		return
	}
	b.guarded(func(w http.ResponseWriter, r *http.Request, u *User) error { return b.servePing(w, r, u, topic) }).ServeHTTP(w, r)
}

// topicPage takes TOPIC or TENANT/NAMESPACE/TOPIC off a path.
func topicPage(path string) (topic, page string, ok bool) {
	for _, page := range []string{"status", "ping"} {
		topic, ok := strings.CutSuffix(strings.TrimPrefix(path, "/"), "/"+page+"/")
		if ok && checkTopic(topic) == nil {
			return topic, page, true
		}
	}
	return "", "", false
}

// serveStatus is BrokerTopicStatusView (views.py): 200, 503 or 400.
func (b *Broker) serveStatus(w http.ResponseWriter, r *http.Request, u *User, topic string) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return notAllowed(w, "GET, HEAD")
	}
	if err := b.mustView(u, topic); err != nil {
		return err
	}
	switch state := b.stateOf(topic); {
	case state.settings != nil && state.settings.NoPing:
		writeText(w, http.StatusBadRequest, "Topic is exluded from ping") // as the peer spells it
	case state.online == online:
		writeText(w, http.StatusOK, "Consumer connected")
	case state.online == offline:
		writeText(w, http.StatusServiceUnavailable, "Consumer could not be reached")
	default:
		writeText(w, http.StatusServiceUnavailable, "Status unknown")
	}
	return nil
}

// servePing is BrokerTopicPingView (views.py): it pings and sends the browser to
// the status.
func (b *Broker) servePing(w http.ResponseWriter, r *http.Request, u *User, topic string) error {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return notAllowed(w, "GET, POST")
	}
	if !b.open() && !b.may(u, toProduce, topic) {
		return denied(u, "%s may not %s the topic %q", described(u), toProduce, topic)
	}
	if err := b.ping(topic); err != nil {
		return err
	}
	// Relative, so that it holds behind http.StripPrefix and proxies.
	w.Header().Set("Location", "../status/")
	w.WriteHeader(http.StatusFound)
	return nil
}

// ping asks the consumers of a topic for a sign of life, at somebody's request.
func (b *Broker) ping(name string) error {
	state := b.stateOf(name)
	switch s := state.settings; {
	case !state.exists:
		return refuse(http.StatusNotFound, "there is no topic %q", name)
	case s != nil && (s.Owner != "" || s.NoPing):
		return nil // Python's client would take it for the answer to its call 1
	case state.topic == nil:
		return nil
	}
	b.ask(state.topic, "ping")
	b.askForAPI(state.topic)
	return nil
}

// mustView lets through who may see the status of a topic that exists.
func (b *Broker) mustView(u *User, topic string) error {
	if !b.open() && !b.may(u, toView, topic) {
		return denied(u, "%s may not %s the topic %q", described(u), toView, topic)
	}
	if !b.stateOf(topic).exists {
		return refuse(http.StatusNotFound, "there is no topic %q", topic)
	}
	return nil
}

// mustWatch lets through who may see all of the broker.
func (b *Broker) mustWatch(u *User) error {
	if u.Admin || u.ViewStatus {
		return nil
	}
	return denied(u, "%s may not watch the broker, that takes the right view-status", described(u))
}

func (b *Broker) mustAdminister(u *User) error {
	if u.Admin {
		return nil
	}
	return denied(u, "%s is no administrator", described(u))
}

// guarded finds out who makes a request before fn answers it. An error of fn is
// answered as JSON below /api/, as text elsewhere.
func (b *Broker) guarded(fn func(http.ResponseWriter, *http.Request, *User) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := b.checkPage(r)
		if err == nil {
			var u User
			if u, _, err = b.identify(r); err == nil {
				err = fn(w, r, &u)
			}
		}
		if err == nil {
			return
		}
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			b.refuse(w, r, err)
			return
		}
		status := statusOf(err)
		b.logRefusal("request refused", r, status, err)
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		writeError(w, status, err.Error())
	})
}

// checkPage keeps web pages of other sites away from what can be read and done
// without a token: by their origin, and on a loopback connection also by the
// name under which they believe to reach their own site, since a page's requests
// to its own site carry no origin.
func (b *Broker) checkPage(r *http.Request) error {
	if err := b.checkOrigin(r); err != nil {
		return err
	}
	if !b.open() || !loopbackConnection(r) {
		return nil
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if loopbackName(host) || b.listed(host, r.Host) {
		return nil
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil // no name that somebody could point here
	}
	return refuse(http.StatusForbidden, "the broker is not %.100q; name it as localhost, or list that name among the origins", r.Host)
}

func notAllowed(w http.ResponseWriter, methods string) error {
	w.Header().Set("Allow", methods)
	return refuse(http.StatusMethodNotAllowed, "the method must be %s", methods)
}

// statusOf is the HTTP status of an error.
func statusOf(err error) int {
	var refusal *refusal
	var full *fullError
	switch {
	case errors.As(err, &refusal):
		return refusal.status
	case errors.Is(err, ErrNoTopic):
		return http.StatusNotFound
	case errors.Is(err, ErrTopicExists):
		return http.StatusConflict
	case errors.As(err, &full):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the peer has gone
}

// A topicState is what is known of a topic at a moment.
type topicState struct {
	exists   bool
	topic    *topic         // nil: in no use
	settings *TopicSettings // nil: nobody created it
	status   *topicStatus   // nil unless it exists
	stats    TopicStats
	online   availability
}

func (b *Broker) stateOf(name string) topicState {
	b.mu.Lock()
	t := b.topics[name]
	b.mu.Unlock()
	st := topicState{topic: t, settings: b.settingsOf(name)}
	if t != nil {
		st.exists, st.status, st.stats = true, t.status, t.stats()
	} else if st.stats, st.exists = b.resting(name); st.exists || st.settings != nil {
		st.exists, st.status, st.stats.Name = true, b.status(name), name
	} else {
		return st
	}
	st.online = b.availability(st.status, st.settings, st.stats.consumers(), time.Now())
	return st
}
