package broker

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Rights says who may use a topic. They matter only where the broker has an
// [Config.Authenticator]. Their meaning is that of the permissions of
// dasf-broker-django (models.py), and users stand in them by name,
// [AnonymousUser] among them.
type Rights struct {
	// Public lets everybody produce to the topic and see its status.
	Public bool `json:"public,omitempty"`
	// Consumers (can_consume) may consume the topic, and answer its requests.
	Consumers []string `json:"consumers,omitempty"`
	// Producers (can_produce) may produce to it.
	Producers []string `json:"producers,omitempty"`
	// Viewers (can_view_status) may see its status; consumers and producers
	// may, too.
	Viewers []string `json:"viewers,omitempty"`

	// ResponseFor are the topics whose requests named this one for their
	// answers: their consumers may produce to it. Owner, who sent the first
	// such request, may consume it. The broker sets both, and InboxOf for the
	// topic on which a backend written in Go receives what is for it alone:
	// whoever may produce to the topic of that name may produce to this one.
	Owner       string   `json:"owner,omitempty"`
	ResponseFor []string `json:"response_for,omitempty"`
	InboxOf     string   `json:"inbox_of,omitempty"`
}

func (r *Rights) clone() Rights {
	c := *r
	for _, list := range []*[]string{&c.Consumers, &c.Producers, &c.Viewers, &c.ResponseFor} {
		*list = slices.Clone(*list)
	}
	return c
}

// check holds the names of users to what users can be called.
func (r *Rights) check() error {
	for _, list := range []struct {
		name  string
		users []string
	}{{"Consumers", r.Consumers}, {"Producers", r.Producers}, {"Viewers", r.Viewers}} {
		for i, name := range list.users {
			if name != AnonymousUser {
				if err := checkUser(name); err != nil {
					return fmt.Errorf("TopicSettings.%s: %w", list.name, err)
				}
			}
			if slices.Contains(list.users[:i], name) {
				return fmt.Errorf("TopicSettings.%s names %s twice", list.name, name)
			}
		}
	}
	return nil
}

// CreatePolicy says whose first message makes a topic.
type CreatePolicy string

// The policies of creating topics.
const (
	CreateNobody  CreatePolicy = "nobody"  // as DASF_CREATE_TOPIC_ON_MESSAGE = False
	CreateAllowed CreatePolicy = "allowed" // users with [User.CreateTopics] or Admin, as add_brokertopic in dasf-broker-django
	CreateUsers   CreatePolicy = "users"   // everybody with a token
	CreateAnyone  CreatePolicy = "anyone"  // who brings no token, too
)

func (p CreatePolicy) check() error {
	switch p {
	case CreateNobody, CreateAllowed, CreateUsers, CreateAnyone:
		return nil
	}
	return fmt.Errorf("is %q, it must be nobody, allowed, users or anyone", string(p))
}

type right int

const (
	toConsume right = iota
	toProduce
	toView
)

func (r right) String() string {
	return [...]string{"consume", "produce to", "see the status of"}[r]
}

// open reports whether nobody is asked who they are.
func (b *Broker) open() bool { return b.config.Authenticator == nil }

// rightsOf returns the settings of a topic, nil if it has none. What they point
// to must not be changed.
func (b *Broker) settingsOf(topic string) *TopicSettings {
	if b.created.Load() == 0 {
		return nil // it is asked several times for each message
	}
	b.settingsMu.RLock()
	defer b.settingsMu.RUnlock()
	return b.settings[topic]
}

// may reports whether u has a right to a topic that has been created.
func (b *Broker) may(u *User, what right, topic string) bool {
	if u.Admin || what == toView && u.ViewStatus {
		return true
	}
	s := b.settingsOf(topic)
	return s != nil && b.allows(s, u, what)
}

func (b *Broker) allows(s *TopicSettings, u *User, what right) bool {
	if u.Admin {
		return true
	}
	name := u.name()
	switch what {
	case toConsume:
		return slices.Contains(s.Consumers, name) || s.Owner == name
	case toProduce:
		if s.Public || slices.Contains(s.Producers, name) {
			return true
		}
		// Only one level: the topic of an answer has no answers itself.
		answers := func(source string) bool {
			t := b.settingsOf(source)
			return t != nil && slices.Contains(t.Consumers, name)
		}
		if slices.ContainsFunc(s.ResponseFor, answers) {
			return true
		}
		if s.InboxOf != "" {
			t := b.settingsOf(s.InboxOf)
			return t != nil && (t.Public || slices.Contains(t.Producers, name) || slices.Contains(t.Consumers, name))
		}
		return false
	default:
		return s.Public || u.ViewStatus || slices.Contains(s.Viewers, name) ||
			slices.Contains(s.Consumers, name) || slices.Contains(s.Producers, name)
	}
}

// mayCreate reports whether a first message of u makes a topic.
func (b *Broker) mayCreate(u *User) bool {
	switch b.live.Load().create {
	case CreateAllowed:
		return u.Admin || u.CreateTopics
	case CreateUsers:
		return !u.anonymous()
	case CreateAnyone:
		return true
	}
	return false
}

// authorize decides at the handshake whether u gets the socket that e asks for.
// A client consumes the topic for its answers before the request that names it
// gives it the right to; so does a backend its inbox. Nothing is delivered on
// such a topic until it is known whose it is, see [Broker.enforce].
func (b *Broker) authorize(u *User, e *endpoint) error {
	if b.open() || u.Admin {
		return nil
	}
	what := toConsume
	if e.produce {
		what = toProduce
	}
	if isStatusTopic(e.topic) {
		// Each message is looked at, see [Broker.takePong]; but who has no
		// backend has nothing to say there.
		if e.produce && b.anyTopic(func(s *TopicSettings) bool { return slices.Contains(s.Consumers, u.name()) }) {
			return nil
		}
		return denied(u, "the topic %s is the broker's own", e.topic)
	}
	if s := b.settingsOf(e.topic); s != nil {
		if b.allows(s, u, what) {
			return nil
		}
		return denied(u, "%s may not %s the topic %q", described(u), what, e.topic)
	}
	if b.mayCreate(u) {
		return nil
	}
	if source, ok := derivedFrom(e.topic); ok {
		// Also after a broker without a store was started anew, and has
		// forgotten whose the topic was.
		if s := b.settingsOf(source); s != nil && (b.allows(s, u, toProduce) || b.allows(s, u, toConsume)) {
			return nil
		}
	}
	if !e.produce && b.mayAsk(u) {
		return nil
	}
	return denied(u, "the topic %q does not exist, and %s may not create it", e.topic, described(u))
}

// mayAsk reports whether u may produce to any topic, and so has a use for one
// with answers.
func (b *Broker) mayAsk(u *User) bool {
	return b.anyTopic(func(s *TopicSettings) bool { return s.Public || slices.Contains(s.Producers, u.name()) })
}

// anyTopic reports whether ok is true of the settings of a topic. It must not
// ask for others.
func (b *Broker) anyTopic(ok func(*TopicSettings) bool) bool {
	b.settingsMu.RLock()
	defer b.settingsMu.RUnlock()
	for _, s := range b.settings {
		if ok(s) {
			return true
		}
	}
	return false
}

// derivedFrom returns TOPIC for TOPIC_abcdefgh, the form of clients' topics for
// answers (demessaging 0.6.4, producer.py) and of backends' inboxes.
func derivedFrom(topic string) (source string, ok bool) {
	const letters = 8
	at := len(topic) - letters - 1
	if at < 1 || topic[at] != '_' {
		return "", false
	}
	for _, c := range []byte(topic[at+1:]) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return "", false
		}
	}
	return topic[:at], true
}

func described(u *User) string {
	if u.anonymous() {
		return "who brings no token"
	}
	return fmt.Sprintf("user %q", u.Name)
}

// denied is 401 for those who may try with a token, 403 for others.
func denied(u *User, format string, args ...any) error {
	status := http.StatusForbidden
	if u.anonymous() {
		status = http.StatusUnauthorized
	}
	return &refusal{status: status, err: fmt.Errorf(format, args...), user: u.name()}
}

// inboxSubscription is what a Go backend calls the subscription of its inbox.
const inboxSubscription = "dasf-inbox"

// claim gives a backend's inbox its rights. It is done when the socket that e
// asks for is attached, and authorize said yes.
func (b *Broker) claim(u *User, e *endpoint) error {
	if b.open() || e.produce || e.subscription != inboxSubscription || b.settingsOf(e.topic) != nil {
		return nil
	}
	source, ok := derivedFrom(e.topic)
	if !ok || !b.may(u, toConsume, source) {
		return nil
	}
	err := b.createFor(e.topic, Rights{Owner: u.name(), InboxOf: source}, source)
	if errors.Is(err, ErrTopicExists) { // the backend's probe was faster
		return b.SetTopic(e.topic, func(s *TopicSettings) error {
			if s.Owner == u.name() {
				s.InboxOf = source
			}
			return nil
		})
	}
	return err
}

// answersTTL is how long a topic for answers outlives its client when it holds
// nothing, as in dasf-broker-django (consumers.py, disconnect).
const answersTTL = 10 * time.Minute

// createFor creates the topic of a client or a backend that belongs to source.
func (b *Broker) createFor(topic string, r Rights, source string) error {
	s := TopicSettings{Rights: r, TopicTTL: answersTTL}
	if of := b.settingsOf(source); of != nil {
		s.Responses = of.Responses
	}
	return b.createOnDemand(topic, s)
}

// createOnDemand creates a topic for a user, of which there must not be too many.
func (b *Broker) createOnDemand(topic string, s TopicSettings) error {
	b.settingsMu.RLock()
	n, own := len(b.settings), b.owned[s.Owner]
	b.settingsMu.RUnlock()
	if n >= b.config.MaxTopics {
		return &fullError{"the broker", "", fmt.Sprintf("%d topics were created", n)}
	}
	if s.Owner != "" && own >= b.config.UserTopics {
		return &fullError{"user", fmt.Sprintf(" %q", s.Owner), fmt.Sprintf("%d topics for answers", own)}
	}
	return b.CreateTopic(topic, s)
}

// mostSources bounds Rights.ResponseFor, which grows with the wishes of clients.
const mostSources = 64

// permitMessage decides whether a message may be taken, and gives the rights
// that come with it: to a topic that did not exist, and to the topic for its
// answers (models.py, create_and_send_message).
func (b *Broker) permitMessage(u *User, topic, response string) error {
	if b.open() {
		return nil
	}
	if s := b.settingsOf(topic); s == nil {
		if err := b.createByMessage(u, topic); err != nil {
			return err
		}
	} else if !b.allows(s, u, toProduce) {
		return fmt.Errorf("%s is not allowed to publish to this topic", described(u))
	}
	if response == "" || response == statusTopic {
		return nil
	}
	if at := strings.LastIndexByte(topic, '/'); at >= 0 {
		response = topic[:at+1] + response
	}
	return b.grantAnswers(u, topic, response)
}

func (b *Broker) createByMessage(u *User, topic string) error {
	if b.mayCreate(u) {
		name := []string{u.name()}
		err := b.createOnDemand(topic, TopicSettings{Rights: Rights{Consumers: name, Producers: name}})
		if !errors.Is(err, ErrTopicExists) {
			return err
		}
		if b.may(u, toProduce, topic) {
			return nil
		}
	}
	if source, ok := derivedFrom(topic); ok && (b.may(u, toProduce, source) || b.may(u, toConsume, source)) {
		return nil // see authorize
	}
	if b.live.Load().create == CreateNobody {
		return fmt.Errorf("topic %s does not exist", topic)
	}
	return fmt.Errorf("%s is not allowed to create topics", described(u))
}

// grantAnswers gives the consumers of source the right to answer on response,
// and u that to consume it. A topic of somebody else can't be had that way.
func (b *Broker) grantAnswers(u *User, source, response string) error {
	for {
		s := b.settingsOf(response)
		if s == nil {
			err := checkTopic(response)
			if err == nil {
				err = b.createFor(response, Rights{Owner: u.name(), ResponseFor: []string{source}}, source)
			}
			if !errors.Is(err, ErrTopicExists) {
				return err
			}
			continue
		}
		if s.Owner != u.name() && !(b.allows(s, u, toConsume) && b.allows(s, u, toProduce)) {
			return fmt.Errorf("response topic %q belongs to somebody else", response)
		}
		if slices.Contains(s.ResponseFor, source) {
			return nil
		}
		if len(s.ResponseFor) >= mostSources {
			return fmt.Errorf("response topic %q serves %d topics, no more are allowed: use another", response, mostSources)
		}
		err := b.SetTopic(response, func(s *TopicSettings) error {
			if !slices.Contains(s.ResponseFor, source) {
				s.ResponseFor = append(slices.Clone(s.ResponseFor), source)
			}
			return nil
		})
		if !errors.Is(err, ErrNoTopic) {
			return err
		}
	}
}

// enforce closes the sockets of consumers that have no right to a topic any
// longer, or had none yet when it was made for somebody else. Nothing is
// delivered to them from then on. Producers are asked with each message.
func (b *Broker) enforce(topic string) {
	if b.open() {
		return
	}
	b.mu.Lock()
	t := b.topics[topic]
	b.mu.Unlock()
	if t == nil {
		return
	}
	for _, s := range t.consumerSockets() {
		if err := b.authorize(&s.user, &endpoint{topic: topic, subscription: s.subscription}); err != nil {
			b.log.warn("consumer closed: its right is gone", "remote", s.remote, "user", s.user.name(), "topic", topic)
			s.disconnect(closePolicy, "not allowed to consume this topic")
		}
	}
}

func (t *topic) consumerSockets() []*socket {
	t.mu.Lock()
	defer t.unlock()
	var sockets []*socket
	for _, sub := range t.subscriptions {
		for _, c := range sub.consumers {
			if s, ok := c.out.(*socket); ok {
				sockets = append(sockets, s)
			}
		}
	}
	return sockets
}

// revokeEvery is how often sockets are looked at whose tokens may have ended.
const revokeEvery = 2 * time.Second

// expireTokens closes sockets whose tokens have ended until the broker closes.
func (b *Broker) expireTokens() {
	ticker := time.NewTicker(revokeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-b.stop:
			return
		case now := <-ticker.C:
			b.closeOver(now)
		}
	}
}

func (b *Broker) closeOver(now time.Time) {
	b.mu.Lock()
	sockets := make([]*socket, 0, len(b.sockets))
	for s := range b.sockets {
		sockets = append(sockets, s)
	}
	b.mu.Unlock()
	for _, s := range sockets {
		if s.user.over(now) {
			b.log.warn("socket closed: its token has ended", "remote", s.remote, "user", s.user.name(), "topic", s.topic.name)
			s.disconnect(closePolicy, "the token is not valid any longer")
		}
	}
}
