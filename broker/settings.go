package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

// StoreMode says what a topic keeps of its messages. The names and their
// meaning are those of DASF_STORE_MESSAGES in dasf-broker-django
// (app_settings.py), where a consumer is a user: all sockets of one user are
// one consumer, and so are all sockets without a user.
type StoreMode string

// The modes of storing.
const (
	// StoreDisabled keeps nothing: a message goes to those who are
	// connected, and is lost if nobody is.
	StoreDisabled StoreMode = "disabled"
	// StoreCache keeps a message until one consumer has acknowledged it.
	StoreCache StoreMode = "cache"
	// StoreCacheAll keeps it until every user who may consume has.
	StoreCacheAll StoreMode = "cacheall"
	// StoreForever keeps it also then. Each user gets what they have not
	// acknowledged yet.
	StoreForever StoreMode = "store"
)

func (m StoreMode) check() error {
	switch m {
	case StoreDisabled, StoreCache, StoreCacheAll, StoreForever:
		return nil
	}
	return fmt.Errorf("is %q, it must be disabled, cache, cacheall or store", string(m))
}

// TopicSettings is what can be set for one topic. A field that is zero means
// what [Config] says.
type TopicSettings struct {
	Rights

	// NoPing says that the topic's consumers don't answer pings, because they
	// are no DASF backends (supports_dasf in dasf-broker-django).
	NoPing bool `json:"no_ping,omitempty"`

	// Sources and Responses say what is kept, see [Config.StoreSources].
	// Responses holds also for the answers to this topic's requests
	// (property source_topic) on response topics without settings.
	Sources   StoreMode `json:"sources,omitempty"`
	Responses StoreMode `json:"responses,omitempty"`

	// MessageTTL is how long a message is held at most that no consumer has,
	// whether or not there are consumers. It replaces KeptAge and AnswerAge.
	MessageTTL time.Duration `json:"message_ttl,omitempty"`
	// TopicTTL is how long the topic lives without a socket. Then it is
	// deleted, with its messages and these settings. A restart of the broker
	// counts as a use. Zero is for ever.
	TopicTTL time.Duration `json:"topic_ttl,omitempty"`

	// MaxRedeliveries is how often a message is delivered again before it
	// goes to the dead-letter topic, if its consumer does not say
	// maxRedeliverCount. Zero is without end. A delivery to a consumer whose
	// socket ended counts.
	MaxRedeliveries int `json:"max_redeliveries,omitempty"`
	// DeadLetterTopic is where it goes, if its consumer does not say
	// deadLetterTopic. Default TOPIC-SUBSCRIPTION-DLQ, as in Pulsar.
	DeadLetterTopic string `json:"dead_letter_topic,omitempty"`
	// AckTimeout is after how long a message that was not acknowledged is
	// delivered again, if its consumer does not say ackTimeoutMillis. At
	// least 1 s. Zero is never.
	AckTimeout time.Duration `json:"ack_timeout,omitempty"`
	// NackDelay is after how long a message that was handed back is
	// delivered again, if its consumer does not say
	// negativeAckRedeliveryDelay. Zero is Pulsar's minute in its URL form,
	// at once in the plain form.
	NackDelay time.Duration `json:"nack_delay,omitempty"`

	// MaxMessages and MaxBytes replace QueueMessages and QueueBytes,
	// KeptMessages and KeptBytes.
	MaxMessages int   `json:"max_messages,omitempty"`
	MaxBytes    int64 `json:"max_bytes,omitempty"`
}

// check reports the first setting that can't be.
func (s *TopicSettings) check(topic string) error {
	for _, m := range []struct {
		name string
		mode StoreMode
	}{{"Sources", s.Sources}, {"Responses", s.Responses}} {
		if m.mode == "" {
			continue
		}
		if err := m.mode.check(); err != nil {
			return fmt.Errorf("TopicSettings.%s %w", m.name, err)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
		least time.Duration
	}{
		{"MessageTTL", s.MessageTTL, 1}, {"TopicTTL", s.TopicTTL, 1},
		{"AckTimeout", s.AckTimeout, time.Second}, {"NackDelay", s.NackDelay, 1},
	} {
		if d.value != 0 && d.value < d.least {
			return fmt.Errorf("TopicSettings.%s is %v, it must be 0 or at least %v", d.name, d.value, d.least)
		}
	}
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"MaxRedeliveries", int64(s.MaxRedeliveries)}, {"MaxMessages", int64(s.MaxMessages)}, {"MaxBytes", s.MaxBytes},
	} {
		if n.value < 0 {
			return fmt.Errorf("TopicSettings.%s is %d, it must not be negative", n.name, n.value)
		}
	}
	if err := s.Rights.check(); err != nil {
		return err
	}
	if s.DeadLetterTopic == "" {
		return nil
	}
	if s.DeadLetterTopic == topic {
		return errors.New("TopicSettings.DeadLetterTopic is the topic itself, it must be another")
	}
	if err := checkTopic(s.DeadLetterTopic); err != nil {
		return fmt.Errorf("TopicSettings.DeadLetterTopic: %w", err)
	}
	return nil
}

// checkTopic checks TOPIC or TENANT/NAMESPACE/TOPIC.
func checkTopic(name string) error {
	parts := strings.Split(name, "/")
	if len(parts) != 1 && len(parts) != 3 {
		return fmt.Errorf("bad topic name %q: it must be TOPIC or TENANT/NAMESPACE/TOPIC", name)
	}
	for _, part := range parts {
		if err := checkName("topic", part); err != nil {
			return err
		}
	}
	return nil
}

// ErrTopicExists is CreateTopic's error for a topic that has settings, and
// ErrNoTopic the others' for one that has none.
var (
	ErrTopicExists = errors.New("the topic exists")
	ErrNoTopic     = errors.New("there is no such topic")
)

// A NamedTopic is a topic that was created, with its settings.
type NamedTopic struct {
	Name string // TENANT/NAMESPACE/NAME outside public/default
	TopicSettings
}

// CreateTopic gives a topic settings, and with them a life of its own: it
// stays until [Broker.DeleteTopic] or its TopicTTL, also when nobody uses it.
// Topics that nobody created come with their first socket, and go when they
// hold nothing. Settings are on the disk when it returns, if the broker has a
// [Config.Dir]. The errors are ErrTopicExists, a name or setting that can't
// be, or the disk's.
func (b *Broker) CreateTopic(name string, s TopicSettings) error {
	return b.changed(name, b.changeSettings(name, func(old *TopicSettings) (*TopicSettings, error) {
		if old != nil {
			return nil, ErrTopicExists
		}
		return &s, nil
	}))
}

// TopicSettings returns the settings of a created topic, or ErrNoTopic.
func (b *Broker) TopicSettings(name string) (TopicSettings, error) {
	b.settingsMu.RLock()
	defer b.settingsMu.RUnlock()
	s := b.settings[name]
	if s == nil {
		return TopicSettings{}, fmt.Errorf("topic %q: %w", name, ErrNoTopic)
	}
	return *s, nil
}

// SetTopic changes the settings of a created topic. Nobody else changes them
// while change runs; an error from it is returned, and nothing is changed. They
// hold for the messages and consumers that come after it.
func (b *Broker) SetTopic(name string, change func(*TopicSettings) error) error {
	return b.changed(name, b.changeSettings(name, func(old *TopicSettings) (*TopicSettings, error) {
		if old == nil {
			return nil, ErrNoTopic
		}
		s := *old
		s.Rights = old.clone()
		return &s, change(&s)
	}))
}

// DeleteTopic removes a created topic's settings and every message of it.
// Sockets that use it stay connected, to a topic that nobody created.
func (b *Broker) DeleteTopic(name string) error {
	err := b.changeSettings(name, func(old *TopicSettings) (*TopicSettings, error) {
		if old == nil {
			return nil, ErrNoTopic
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	b.enforce(name)
	t, err := b.acquire(name)
	if err != nil {
		return err
	}
	t.purge()
	b.release(t)
	return nil
}

// CreatedTopics returns the topics that were created, by name.
func (b *Broker) CreatedTopics() []NamedTopic {
	b.settingsMu.RLock()
	defer b.settingsMu.RUnlock()
	topics := make([]NamedTopic, 0, len(b.settings))
	for name, s := range b.settings {
		topics = append(topics, NamedTopic{name, *s})
	}
	slices.SortFunc(topics, func(a, b NamedTopic) int { return strings.Compare(a.Name, b.Name) })
	return topics
}

// changed lets a change of rights take hold of those who are connected.
func (b *Broker) changed(name string, err error) error {
	if err == nil {
		b.enforce(name)
	}
	return err
}

// changeSettings replaces the settings of a topic by what change returns, nil
// for none.
func (b *Broker) changeSettings(name string, change func(*TopicSettings) (*TopicSettings, error)) error {
	b.changing.Lock()
	defer b.changing.Unlock()
	s, err := change(b.settingsOf(name))
	if err != nil {
		return fmt.Errorf("topic %q: %w", name, err)
	}
	if s != nil {
		if err := checkTopic(name); err != nil {
			return err
		}
		if err := s.check(name); err != nil {
			return fmt.Errorf("topic %q: %w", name, err)
		}
	}
	if err := b.storeSettings(name, s); err != nil {
		return fmt.Errorf("topic %q: writing its settings to the store: %w", name, err)
	}
	b.settingsMu.Lock()
	defer b.settingsMu.Unlock()
	b.countOwner(b.settings[name], -1)
	b.countOwner(s, 1)
	defer func() { b.created.Store(int64(len(b.settings))) }()
	if s == nil {
		delete(b.settings, name)
		delete(b.used, name)
		return nil
	}
	b.settings[name] = s
	b.used[name] = time.Now()
	return nil
}

// countOwner counts the topics for answers of each user; b.settingsMu is held.
func (b *Broker) countOwner(s *TopicSettings, n int) {
	if s == nil || s.Owner == "" {
		return
	}
	if b.owned[s.Owner] += n; b.owned[s.Owner] == 0 {
		delete(b.owned, s.Owner)
	}
}

// storeSettings waits until settings are on the disk.
func (b *Broker) storeSettings(name string, s *TopicSettings) error {
	if b.store == nil {
		return nil
	}
	done := make(chan error, 1)
	tell := func(err error) { done <- err }
	var err error
	if s == nil {
		err = b.store.Delete(settingsKey(name), tell)
	} else {
		err = b.store.Set(settingsKey(name), mustJSON(s), tell)
	}
	if err != nil {
		return err
	}
	return <-done
}

func (b *Broker) loadSettings() error {
	items, err := b.store.Scan(settingsKey(""))
	if err != nil {
		return err
	}
	for _, it := range items {
		s := new(TopicSettings)
		if err := json.Unmarshal(it.Value, s); err != nil {
			return fmt.Errorf("the settings of topic %q: %w", it.Key[1:], err)
		}
		b.settings[it.Key[1:]] = s
		b.countOwner(s, 1)
		b.used[it.Key[1:]] = time.Now()
	}
	b.created.Store(int64(len(b.settings)))
	return nil
}

// limits are what a topic's subscriptions, and the topic without one, may hold.
type limits struct {
	queueMessages, keptMessages int
	queueBytes, keptBytes       int64
}

func (t *topic) limits() limits {
	c := &t.broker.config
	most := limits{c.QueueMessages, c.KeptMessages, c.QueueBytes, c.KeptBytes}
	s := t.broker.settingsOf(t.name)
	if s == nil {
		return most
	}
	if s.MaxMessages > 0 {
		most.queueMessages, most.keptMessages = s.MaxMessages, s.MaxMessages
	}
	if s.MaxBytes > 0 {
		most.queueBytes, most.keptBytes = s.MaxBytes, s.MaxBytes
	}
	return most
}

// complete fills in what a consumer's URL has left to the topic's settings.
func (t *topic) complete(o *consumerOptions, subscription string) {
	if s := t.broker.settingsOf(t.name); s != nil {
		if !o.ownAckTimeout {
			o.ackTimeout = s.AckTimeout
		}
		if !o.ownNackDelay && s.NackDelay > 0 {
			o.nackDelay = s.NackDelay
		}
		if o.maxRedeliveries == 0 {
			o.maxRedeliveries = s.MaxRedeliveries
		}
		if o.deadLetters == "" {
			o.deadLetters = s.DeadLetterTopic
		}
	}
	if o.deadLetters == "" {
		o.deadLetters = deadLettersOf(t.name, subscription)
	}
}

// storing decides what is kept of a message, and whether it is stored.
func (t *topic) storing(m *message, d domain) {
	b := t.broker
	m.mode = StoreCache
	var own StoreMode
	if s := b.settingsOf(t.name); s != nil {
		own = s.mode(m.class)
	} else if m.class == answer && b.created.Load() > 0 {
		c := m.content.Load()
		if s := b.settingsOf(t.sibling(string(envelope.Property(c.properties, "source_topic")))); s != nil {
			own = s.Responses
		}
	}
	switch {
	case own != "":
		m.mode = own
	case d == plain && m.class == answer:
		m.mode = b.config.StoreResponses
	case d == plain:
		m.mode = b.config.StoreSources
	}
	m.durable = b.store != nil && d != nonPersistent && !m.transient() && !isStatusTopic(t.name)
}

func (s *TopicSettings) mode(c class) StoreMode {
	if c == answer {
		return s.Responses
	}
	return s.Sources
}

// sibling is the name of a topic of the same tenant and namespace.
func (t *topic) sibling(name string) string {
	if at := strings.LastIndexByte(t.name, '/'); at >= 0 {
		return t.name[:at+1] + name
	}
	return name
}
