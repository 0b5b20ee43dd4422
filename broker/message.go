package broker

import (
	"crypto/rand"
	"encoding/hex"
	"hash/fnv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/internal/jsonscan"
)

const (
	// messageOverhead is what a message counts against the bounds besides
	// its text: its place in queues and tables.
	messageOverhead = 512
	// entryOverhead is what it counts for each subscription but the first.
	entryOverhead = 128
)

// A message is one envelope as it came, taken apart and never decoded.
type message struct {
	id          string // the same for every consumer and the producer
	seq         uint64 // order within the broker; the number in id
	published   time.Time
	size        int64
	keyHash     uint64 // 0 without a key
	class       class
	mode        StoreMode
	durable     bool   // the store has it
	keepUnknown bool   // its text was scanned so
	storeKey    string // of a durable one

	// content is nil while only the store has it.
	content atomic.Pointer[content]
	memory  *memory // what it lies in; guarded by the topic's mutex

	// Guarded by the topic's mutex.
	holders     int      // subscriptions that hold it, and the topic that keeps it
	held        *entry   // those of subscriptions, linked by next
	acked       bool     // some subscription has acknowledged it
	ackedBy     []string // users, in the modes that ask for them
	rehomed     bool     // it has gone from one subscription to another
	redelivered int      // how often it was delivered when that ended
	brief       bool     // see briefAge; of one that a topic keeps
	saved       []byte   // what the store knows of all this
	dirty       bool     // it may know less
	first       entry
}

// A content is the parts of a message's text. They point into the text, which
// nobody changes.
type content struct {
	text       []byte
	context    []byte
	key        []byte
	properties []byte
	payload    []byte
	hasPayload bool
	plain      bool // the payload may stand in JSON as it is
	unknown    []byte
	verbatim   bool // the properties, see [envelope.Summary]
}

// class is what the broker makes of properties.messageType.
type class byte

const (
	// request is anything that the other classes don't name.
	request class = iota
	// answer goes to a caller, who may be gone.
	answer
	// control must not wait behind requests: it is about them.
	control
)

// classOf reads messageType; the names are those of demessaging 0.6.4 and of
// the extensions between Go peers.
func classOf(messageType []byte) class {
	switch string(messageType) {
	case "ping", "info", "api_info", "cancel":
		return control
	case "response", "progress", "pong", "log", "accepted", "alive":
		return answer
	}
	return request
}

// briefAge is how long, at most, a message is kept that is for the one process
// which holds a call: it means nothing to another. Each backend that is killed
// leaves some in its inbox.
const briefAge = 2 * time.Minute

// isBrief reads the properties of the extensions between Go peers. Pieces of a
// request that go to an inbox name their caller instead of a response_topic.
func (c *content) isBrief() bool {
	switch string(envelope.Property(c.properties, "messageType")) {
	case "cancel", "resend", "alive", "accepted":
		return true
	}
	return len(envelope.Property(c.properties, "caller")) > 0
}

// newMessage makes a message of a scanned text. f.Unknown is copied, the rest
// stays where it is.
func newMessage(text []byte, f *envelope.Frame, s envelope.Summary, published time.Time) *message {
	m := &message{
		published:   published,
		size:        int64(len(text)+len(f.Unknown)) + messageOverhead,
		keyHash:     hashOf(f.Key),
		class:       classOf(s.MessageType),
		mode:        StoreCache,
		keepUnknown: f.KeepUnknown,
	}
	c := newContent(text, f)
	c.verbatim = s.Verbatim
	m.content.Store(c)
	return m
}

func newContent(text []byte, f *envelope.Frame) *content {
	c := &content{
		text:       text,
		context:    f.Context,
		key:        f.Key,
		properties: f.Properties,
		payload:    f.Payload,
		hasPayload: f.HasPayload,
		plain:      f.PlainPayload || jsonscan.IsPlain(f.Payload),
	}
	if len(f.Unknown) > 0 {
		c.unknown = append([]byte(nil), f.Unknown...)
	}
	return c
}

// hashOf is FNV-1a, which is the same in every process.
func hashOf(key []byte) uint64 {
	if len(key) == 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write(key)
	return h.Sum64() | 1
}

// transient reports whether nothing is kept of the message.
func (m *message) transient() bool { return m.mode == StoreDisabled }

// archived reports whether the topic holds the message for all who may consume
// it, and not only for the first.
func (m *message) archived() bool { return m.mode == StoreCacheAll || m.mode == StoreForever }

// appendHead appends what a consumer receives up to the quote before the
// payload; see [envelope.AppendDeliveryHead].
func (m *message) appendHead(dst []byte, c *content, form envelope.Form, redelivered int) []byte {
	f := c.frame()
	return envelope.AppendDeliveryHead(dst, &f, m.delivery(c, form, redelivered))
}

// appendText appends all that a consumer receives.
func (m *message) appendText(dst []byte, c *content, form envelope.Form, redelivered int) []byte {
	f := c.frame()
	return envelope.AppendDelivery(dst, &f, m.delivery(c, form, redelivered))
}

func (c *content) frame() envelope.Frame {
	return envelope.Frame{
		Context: c.context, Key: c.key, Properties: c.properties,
		Payload: c.payload, HasPayload: c.hasPayload, PlainPayload: c.plain, Unknown: c.unknown,
	}
}

func (m *message) delivery(c *content, form envelope.Form, redelivered int) *envelope.Delivery {
	return &envelope.Delivery{
		MessageID: m.id, PublishTime: m.published, RedeliveryCount: redelivered, Form: form, Verbatim: c.verbatim,
	}
}

// identities makes messageIds: UUIDs (version 8) of eight bytes that differ
// from one broker to the next, and the message's number. Both URL forms get
// the same: a UUID as dasf-broker-django's, and no slash in it, since Python's
// --dump-to makes a file name of it.
type identities struct {
	prefix string // the first 19 of 36 characters
}

func newIdentities() identities {
	var b [8]byte
	rand.Read(b[:])
	return identitiesOf(b)
}

func identitiesOf(b [8]byte) identities {
	b[6] = 0x80 | b[6]&0x0f
	h := hex.EncodeToString(b[:])
	return identities{prefix: h[0:8] + "-" + h[8:12] + "-" + h[12:16] + "-"}
}

const hexDigits = "0123456789abcdef"

// id returns the messageId of the message with the number seq.
func (i identities) id(seq uint64) string {
	var b [36]byte
	copy(b[:], i.prefix)
	n := seq&(1<<62-1) | 1<<63 // the variant bits of RFC 9562
	for at := len(b) - 1; at >= len(i.prefix); at-- {
		if at == 23 {
			b[at] = '-'
			continue
		}
		b[at] = hexDigits[n&15]
		n >>= 4
	}
	return string(b[:])
}

// seq is the inverse of id. It is false for any text that id did not return.
func (i identities) seq(id []byte) (uint64, bool) {
	if len(id) != 36 || string(id[:len(i.prefix)]) != i.prefix || id[23] != '-' {
		return 0, false
	}
	var n uint64
	for at, c := range id[len(i.prefix):] {
		if len(i.prefix)+at == 23 {
			continue
		}
		digit := strings.IndexByte(hexDigits, c)
		if digit < 0 {
			return 0, false
		}
		n = n<<4 | uint64(digit)
	}
	if n>>62 != 2 {
		return 0, false
	}
	return n & (1<<62 - 1), true
}
