package broker

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dasf-go/dasf/internal/brokerapi"
	"github.com/dasf-go/dasf/internal/envelope"
)

// The kinds of a topic in the API.
const (
	kindTopic    = "topic"
	kindResponse = "response"
	kindInbox    = "inbox"
)

// kindOf tells the topics of clients and backends from those that have a name to
// remember.
func kindOf(name string, s *TopicSettings) string {
	switch {
	case s != nil && s.InboxOf != "":
		return kindInbox
	case s != nil && s.Owner != "":
		return kindResponse
	case s != nil:
		return kindTopic
	}
	if _, derived := derivedFrom(name[strings.LastIndexByte(name, '/')+1:]); derived {
		return kindResponse
	}
	return kindTopic
}

func (t *TopicStats) consumers() int {
	n := 0
	for i := range t.Subscriptions {
		n += t.Subscriptions[i].Consumers
	}
	return n
}

// backlog is what the fullest subscription holds, or the topic itself; of a
// topic that only the store has, all that it holds.
func (t *TopicStats) backlog() (messages int, bytes int64) {
	if t.Resting {
		return int(max(t.Messages, 0)), max(t.Bytes, 0)
	}
	messages, bytes = max(t.Kept, t.Archived), max(t.KeptBytes, t.ArchivedBytes)
	for i := range t.Subscriptions {
		if s := &t.Subscriptions[i]; s.Messages > messages || s.Messages == messages && s.Bytes > bytes {
			messages, bytes = s.Messages, s.Bytes
		}
	}
	return messages, bytes
}

func (b *Broker) getBroker(w http.ResponseWriter, _ *http.Request, u *User) error {
	if err := b.mustWatch(u); err != nil {
		return err
	}
	st := b.Stats()
	writeJSON(w, http.StatusOK, brokerapi.Broker{
		Started: b.started, Sockets: st.Sockets, Topics: len(st.Topics), Messages: st.Messages, Bytes: st.Bytes,
		Received: st.Received, Refused: st.Refused, Delivered: st.Delivered,
		Acknowledged: st.Acknowledged, Expired: st.Expired,
		DeadLetters: st.DeadLetters, Damaged: st.Damaged, Store: (*brokerapi.Store)(st.Store),
	})
	return nil
}

func (b *Broker) getSockets(w http.ResponseWriter, _ *http.Request, u *User) error {
	if err := b.mustWatch(u); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, brokerapi.Sockets{Sockets: b.socketsOf("")})
	return nil
}

// socketsOf lists the sockets of a topic, of all with an empty name.
func (b *Broker) socketsOf(topic string) []brokerapi.Socket {
	list := []brokerapi.Socket{}
	b.mu.Lock()
	for s := range b.sockets {
		if topic != "" && s.topic.name != topic {
			continue
		}
		x := brokerapi.Socket{
			Topic: s.topic.name, Role: "producer", Subscription: s.subscription,
			User: s.user.name(), Remote: s.remote, Form: "plain", Since: s.since,
		}
		if s.consumer != nil {
			x.Role = "consumer"
		}
		if s.form == envelope.Pulsar {
			x.Form = "pulsar"
		}
		list = append(list, x)
	}
	b.mu.Unlock()
	slices.SortFunc(list, func(a, b brokerapi.Socket) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), a.Since.Compare(b.Since), strings.Compare(a.Remote, b.Remote))
	})
	return list
}

// getTopics lists the topics whose status the user may see. Those of clients
// are left out unless the parameter all is given.
func (b *Broker) getTopics(w http.ResponseWriter, r *http.Request, u *User) error {
	all := r.URL.Query().Has("all")
	names := make(map[string]struct{})
	for _, t := range b.CreatedTopics() {
		names[t.Name] = struct{}{}
	}
	b.mu.Lock()
	for name := range b.topics {
		names[name] = struct{}{}
	}
	b.mu.Unlock()
	if b.store != nil {
		for _, t := range b.restingTopics() {
			names[t.Name] = struct{}{}
		}
	}
	answer := brokerapi.Topics{Topics: []brokerapi.Topic{}}
	for name := range names {
		if isStatusTopic(name) || !b.open() && !b.may(u, toView, name) {
			continue
		}
		if st := b.stateOf(name); st.exists && (all || kindOf(name, st.settings) == kindTopic) {
			answer.Topics = append(answer.Topics, b.describeTopic(&st, u))
		}
	}
	slices.SortFunc(answer.Topics, func(a, b brokerapi.Topic) int { return strings.Compare(a.Name, b.Name) })
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func (b *Broker) getTopic(w http.ResponseWriter, r *http.Request, u *User) error {
	name := r.PathValue("topic")
	if err := b.mustView(u, name); err != nil {
		return err
	}
	st := b.stateOf(name)
	if !st.exists {
		return refuse(http.StatusNotFound, "there is no topic %q", name)
	}
	t := b.describeTopic(&st, u)
	for _, s := range st.stats.Subscriptions {
		t.Subscriptions = append(t.Subscriptions, brokerapi.Subscription{
			Name: s.Name, Type: string(s.Type), Durable: s.Durable, Consumers: s.Consumers,
			Messages: s.Messages, Bytes: s.Bytes, Delivered: s.Delivered,
		})
	}
	if u.Admin || u.ViewStatus {
		t.Sockets = b.socketsOf(name)
	}
	if info := st.status.apiInfo.Load(); info != nil {
		t.APIInfo = *info
	}
	writeJSON(w, http.StatusOK, t)
	return nil
}

func (b *Broker) describeTopic(st *topicState, u *User) brokerapi.Topic {
	t := brokerapi.Topic{
		Name: st.stats.Name, Created: st.settings != nil, Kind: kindOf(st.stats.Name, st.settings),
		Public:    st.settings != nil && st.settings.Public,
		Producers: st.stats.Producers, Consumers: st.stats.consumers(),
		LastPing: moment(st.status.pinged.Load()), LastPong: moment(st.status.ponged.Load()),
	}
	t.Backlog, t.BacklogBytes = st.stats.backlog()
	if st.online != unknown {
		is := st.online == online
		t.Online = &is
	}
	if st.settings != nil && u.Admin {
		s := settingsJSON(st.settings)
		t.Settings = &s
	}
	return t
}

func moment(nanoseconds int64) *time.Time {
	if nanoseconds == 0 {
		return nil
	}
	t := time.Unix(0, nanoseconds).UTC()
	return &t
}

func (b *Broker) postTopic(w http.ResponseWriter, r *http.Request, u *User) error {
	if err := b.mustAdminister(u); err != nil {
		return err
	}
	var body brokerapi.NewTopic
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	var s TopicSettings
	if err := applySettings(&s, &body.Settings); err != nil {
		return err
	}
	if err := b.CreateTopic(body.Name, s); err != nil {
		return asRequest(err)
	}
	b.log.info("topic created", "topic", body.Name, "user", u.name(), "remote", r.RemoteAddr)
	return b.writeTopic(w, http.StatusCreated, body.Name, u)
}

func (b *Broker) patchTopic(w http.ResponseWriter, r *http.Request, u *User) error {
	if err := b.mustAdminister(u); err != nil {
		return err
	}
	var body brokerapi.Settings
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	name := r.PathValue("topic")
	err := b.SetTopic(name, func(s *TopicSettings) error { return applySettings(s, &body) })
	if err != nil {
		return asRequest(err)
	}
	b.log.info("topic changed", "topic", name, "user", u.name(), "remote", r.RemoteAddr)
	return b.writeTopic(w, http.StatusOK, name, u)
}

func (b *Broker) deleteTopic(w http.ResponseWriter, r *http.Request, u *User) error {
	if err := b.mustAdminister(u); err != nil {
		return err
	}
	name := r.PathValue("topic")
	if err := b.DeleteTopic(name); err != nil {
		return asRequest(err)
	}
	b.log.info("topic deleted", "topic", name, "user", u.name(), "remote", r.RemoteAddr)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (b *Broker) postPing(w http.ResponseWriter, r *http.Request, u *User) error {
	name := r.PathValue("topic")
	if !b.open() && !b.may(u, toProduce, name) && b.mustWatch(u) != nil {
		return denied(u, "%s may not %s the topic %q", described(u), toProduce, name)
	}
	if err := b.ping(name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (b *Broker) writeTopic(w http.ResponseWriter, status int, name string, u *User) error {
	st := b.stateOf(name)
	if !st.exists {
		return refuse(http.StatusNotFound, "the topic %q was deleted meanwhile", name)
	}
	writeJSON(w, status, b.describeTopic(&st, u))
	return nil
}

// asRequest is 400 for an error that is neither the broker's nor of another
// status.
func asRequest(err error) error {
	if statusOf(err) != http.StatusInternalServerError {
		return err
	}
	var disk *fs.PathError
	if errors.As(err, &disk) {
		return err
	}
	return refuse(http.StatusBadRequest, "%w", err)
}

// maxBody is more than the longest list of rights that makes sense.
const maxBody = 1 << 20

// readJSON reads the body of a request, strictly.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	// A page of another site can't send this type without asking first.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "the body must be application/json")
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return refuse(http.StatusBadRequest, "bad body: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return refuse(http.StatusBadRequest, "bad body: there is more than one value")
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		writeError(w, http.StatusInternalServerError, fmt.Sprintf("writing the answer: %v", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the peer has gone
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, brokerapi.Error{Error: text})
}
