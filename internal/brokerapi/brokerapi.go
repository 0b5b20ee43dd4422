// Package brokerapi has the JSON of the broker's HTTP API, for the broker and
// for those who talk to it.
package brokerapi

import (
	"encoding/json"
	"time"
)

// Topics is the answer to GET /api/topics.
type Topics struct {
	Topics []Topic `json:"topics"`
}

// A Topic is one in use, or one that was created. Settings are shown to
// administrators only.
type Topic struct {
	Name    string `json:"name"` // TENANT/NAMESPACE/NAME outside public/default
	Created bool   `json:"created"`
	// Kind is "topic", "response" for one with the answers to a client, "inbox"
	// for a backend's own.
	Kind      string `json:"kind"`
	Public    bool   `json:"public"`
	Producers int    `json:"producers"` // sockets
	Consumers int    `json:"consumers"`

	// Backlog is what waits, or was delivered and not acknowledged, in the
	// subscription that has most of it.
	Backlog      int   `json:"backlog"`
	BacklogBytes int64 `json:"backlog_bytes"`

	// Online is null where nobody has asked a backend in the last two minutes,
	// or it does not answer pings.
	Online   *bool      `json:"online"`
	LastPing *time.Time `json:"last_ping"`
	LastPong *time.Time `json:"last_pong"`

	Settings *Settings `json:"settings,omitempty"`

	// These are in the answer to GET /api/topics/NAME only.
	Subscriptions []Subscription  `json:"subscriptions,omitempty"`
	Sockets       []Socket        `json:"sockets,omitempty"`
	APIInfo       json.RawMessage `json:"api_info,omitempty"`
}

// A Subscription is one of a topic.
type Subscription struct {
	Name      string `json:"name"`
	Type      string `json:"type"` // "" for one socket of the plain form
	Durable   bool   `json:"durable"`
	Consumers int    `json:"consumers"`
	Messages  int    `json:"messages"`
	Bytes     int64  `json:"bytes"`
	Delivered int    `json:"delivered"` // and not acknowledged
}

// Sockets is the answer to GET /api/sockets.
type Sockets struct {
	Sockets []Socket `json:"sockets"`
}

// A Socket is one connection.
type Socket struct {
	Topic        string    `json:"topic"`
	Role         string    `json:"role"` // producer, consumer
	Subscription string    `json:"subscription,omitempty"`
	User         string    `json:"user"`
	Remote       string    `json:"remote"`
	Form         string    `json:"form"` // plain, pulsar
	Since        time.Time `json:"since"`
}

// Broker is the answer to GET /api/broker.
type Broker struct {
	Started time.Time `json:"started"`
	Sockets int       `json:"sockets"`
	Topics  int       `json:"topics"`

	Messages int64 `json:"messages"` // held
	Bytes    int64 `json:"bytes"`

	Received     int64 `json:"received"`
	Refused      int64 `json:"refused"`
	Delivered    int64 `json:"delivered"`
	Acknowledged int64 `json:"acknowledged"`
	Expired      int64 `json:"expired"`
	DeadLetters  int64 `json:"dead_letters"`
	Damaged      int64 `json:"damaged"` // dropped because the store could not read them

	Store *Store `json:"store,omitempty"` // absent where everything is in memory
}

// Store is what the broker's store takes and has done.
type Store struct {
	Disk     int64 `json:"disk"` // bytes that its files take
	MaxDisk  int64 `json:"max_disk"`
	Live     int64 `json:"live"` // bytes of messages that are not acknowledged
	Segments int   `json:"segments"`
	Syncs    int64 `json:"syncs"`
	Records  int64 `json:"records"`
	Failures int64 `json:"failures"` // writes that the disk refused
}

// NewTopic is the body of POST /api/topics.
type NewTopic struct {
	Name string `json:"name"`
	Settings
}

// Settings are a topic's, and the body of PATCH /api/topics/NAME, where what is
// absent stays as it is. Times are in seconds; 0 and "" mean the broker's
// default.
type Settings struct {
	Public *bool `json:"public,omitempty"`
	DASF   *bool `json:"dasf,omitempty"` // whether its consumers answer pings

	Consumers *[]string `json:"consumers,omitempty"`
	Producers *[]string `json:"producers,omitempty"`
	Viewers   *[]string `json:"viewers,omitempty"`
	// Add and Remove change the lists one by one.
	Add    *Lists `json:"add,omitempty"`
	Remove *Lists `json:"remove,omitempty"`

	StoreSources   *string `json:"store_sources,omitempty"`
	StoreResponses *string `json:"store_responses,omitempty"`

	MessageTTL      *float64 `json:"message_ttl,omitempty"`
	TopicTTL        *float64 `json:"topic_ttl,omitempty"`
	MaxRedeliveries *int     `json:"max_redeliveries,omitempty"`
	DeadLetterTopic *string  `json:"dead_letter_topic,omitempty"`
	AckTimeout      *float64 `json:"ack_timeout,omitempty"`
	NackDelay       *float64 `json:"nack_delay,omitempty"`
	MaxMessages     *int     `json:"max_messages,omitempty"`
	MaxBytes        *int64   `json:"max_bytes,omitempty"`

	// These are the broker's, and can't be set.
	Owner       string   `json:"owner,omitempty"`
	ResponseFor []string `json:"response_for,omitempty"`
	InboxOf     string   `json:"inbox_of,omitempty"`
}

// Lists are names of users.
type Lists struct {
	Consumers []string `json:"consumers,omitempty"`
	Producers []string `json:"producers,omitempty"`
	Viewers   []string `json:"viewers,omitempty"`
}

// An Error is the answer to what can't be done, with a status of 400 and more.
type Error struct {
	Error string `json:"error"`
}
