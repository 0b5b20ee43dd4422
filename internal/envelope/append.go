package envelope

import (
	"bytes"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dasf-go/dasf/internal/jsonscan"
)

// A Form is one of the two dialects that brokers speak.
type Form byte

const (
	// Plain is the form of dasf-broker-django: whatever a producer sent
	// reaches the consumer as it came.
	Plain Form = iota
	// Pulsar is the form of Apache Pulsar's WebSocket service: property
	// values are strings, and a consumer sees neither the context nor
	// unknown members.
	Pulsar
)

// Tail ends a text that [AppendMessageHead] or [AppendDeliveryHead] began and
// whose payload has been written.
const Tail = `"}`

// AppendMessageHead appends the text of a message towards a broker up to and
// including the quote before the payload. The payload and [Tail] complete it,
// so that a large payload need not be copied.
//
// Properties are written in the order of their names, as strings; an empty key
// is left out.
func AppendMessageHead(dst []byte, properties map[string]string, key, context string) []byte {
	dst = append(dst, `{"context":`...)
	dst = AppendString(dst, context)
	return appendMessageRest(dst, properties, key)
}

// AppendLateHead is AppendMessageHead for a message whose answer nobody waits
// for, towards the embedded broker. settles may be a [Reference], or empty.
func AppendLateHead(dst []byte, properties map[string]string, key, context, settles string) []byte {
	dst = append(dst, `{"context":`...)
	dst = AppendString(dst, context)
	dst = append(dst, `,"dasfLate":true`...)
	if settles != "" {
		dst = append(dst, `,"dasfSettles":`...)
		dst = AppendString(dst, settles)
	}
	return appendMessageRest(dst, properties, key)
}

// Reference names what a consumer was sent: the token that the embedded broker
// gave the consumer at its handshake, and the message's id.
func Reference(token, messageID string) string { return token + "." + messageID }

// CutReference is the reverse of Reference.
func CutReference(reference []byte) (token, messageID []byte, ok bool) {
	return bytes.Cut(reference, []byte("."))
}

func appendMessageRest(dst []byte, properties map[string]string, key string) []byte {
	if key != "" {
		dst = append(dst, `,"key":`...)
		dst = AppendString(dst, key)
	}
	dst = append(dst, `,"properties":{`...)
	var room [16]string
	names := room[:0]
	for name := range properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, name)
		dst = append(dst, ':')
		dst = AppendString(dst, properties[name])
	}
	return append(dst, `},"payload":"`...)
}

// AppendMessage appends the whole text of a message towards a broker. payload
// is base64 text and must be plain, see [jsonscan.IsPlain].
func AppendMessage(dst []byte, properties map[string]string, key, context string, payload []byte) []byte {
	dst = AppendMessageHead(dst, properties, key, context)
	dst = append(dst, payload...)
	return append(dst, Tail...)
}

// A Delivery is what a broker adds to a message on its way to a consumer.
type Delivery struct {
	MessageID       string
	PublishTime     time.Time
	RedeliveryCount int
	Form            Form
	Verbatim        bool // the properties are, see [Summary]
}

// AppendDeliveryHead appends what a consumer receives for the message f, up to
// and including the quote before the payload; the payload and [Tail] complete
// it. f must have a payload, and a plain one (see [jsonscan.IsPlain]). In the
// plain form the properties, the context, the key and the unknown members stay
// the text that came; in Pulsar's form property values become strings and nulls
// are left out.
func AppendDeliveryHead(dst []byte, f *Frame, d *Delivery) []byte {
	dst = appendDelivery(dst, f, d)
	return append(dst, `,"payload":"`...)
}

// AppendDelivery appends the whole text that a consumer receives for the
// message f. Without a payload the text has none either, except in Pulsar's
// form, where it is empty.
func AppendDelivery(dst []byte, f *Frame, d *Delivery) []byte {
	if !f.HasPayload && d.Form == Plain {
		return append(appendDelivery(dst, f, d), '}')
	}
	dst = AppendDeliveryHead(dst, f, d)
	if f.PlainPayload || jsonscan.IsPlain(f.Payload) {
		dst = append(dst, f.Payload...)
		return append(dst, Tail...)
	}
	// A payload that came with escapes is no base64; hand it on unharmed.
	dst = appendEscaped(dst, f.Payload)
	return append(dst, Tail...)
}

func appendDelivery(dst []byte, f *Frame, d *Delivery) []byte {
	dst = append(dst, `{"messageId":`...)
	dst = AppendString(dst, d.MessageID)
	dst = append(dst, `,"publishTime":"`...)
	dst = AppendTime(dst, d.PublishTime)
	dst = append(dst, `","redeliveryCount":`...)
	dst = strconv.AppendInt(dst, int64(d.RedeliveryCount), 10)
	if f.Key != nil {
		dst = append(dst, `,"key":`...)
		dst = appendQuoted(dst, f.Key)
	}
	dst = append(dst, `,"properties":`...)
	switch {
	case f.Properties == nil:
		dst = append(dst, "{}"...)
	case d.Form == Plain || d.Verbatim:
		dst = append(dst, f.Properties...)
	default:
		dst = appendStrings(dst, f.Properties)
	}
	if d.Form == Pulsar {
		return dst
	}
	if f.Context != nil {
		dst = append(dst, `,"context":`...)
		dst = append(dst, f.Context...)
	}
	return append(dst, f.Unknown...)
}

// appendStrings writes properties as Pulsar does: every value is a string.
func appendStrings(dst, properties []byte) []byte {
	start := len(dst)
	dst = append(dst, '{')
	plain := isVerbatim(properties)
	_ = visit(properties, func(key, value span) {
		kind := kindOf(properties[value.start])
		if kind == Null {
			return
		}
		if len(dst) > start+1 {
			dst = append(dst, ',')
		}
		name, text := properties[key.start:key.end], properties[value.start:value.end]
		if !plain {
			dst = appendQuoted(dst, unquote(name))
			dst = append(dst, ':')
			if kind == String {
				text = unquote(text)
			}
			dst = appendQuoted(dst, text)
			return
		}
		dst = append(dst, name...)
		dst = append(dst, ':')
		if kind == String {
			dst = append(dst, text...)
		} else {
			dst = appendQuoted(dst, text)
		}
	})
	return append(dst, '}')
}

// AppendTime appends t as brokers write publishTime: UTC, ISO 8601, with
// milliseconds.
func AppendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	}
	hour, minute, second := t.Clock()
	dst = appendTwo(appendTwo(dst, year/100), year%100)
	dst = appendTwo(append(dst, '-'), int(month))
	dst = appendTwo(append(dst, '-'), day)
	dst = appendTwo(append(dst, 'T'), hour)
	dst = appendTwo(append(dst, ':'), minute)
	dst = appendTwo(append(dst, ':'), second)
	millisecond := t.Nanosecond() / 1e6
	dst = append(dst, '.', '0'+byte(millisecond/100))
	return append(appendTwo(dst, millisecond%100), 'Z')
}

// appendTwo appends the two digits of a number below 100.
func appendTwo(dst []byte, n int) []byte {
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
}

// An Answer is what a broker tells a producer about one message.
type Answer struct {
	// Result is "ok" or says what went wrong.
	Result string
	// MessageID is left out when empty.
	MessageID string
	// Context is the JSON value that came with the message, nil when none.
	Context []byte
	// ErrorMsg explains a result other than ok; left out when empty.
	ErrorMsg string
	// From and Settled are those of a [Frame].
	From    []byte
	Settled bool
}

// AppendAnswer appends the text of a. Pulsar's form turns the context into a
// string and adds errorCode and schemaVersion, which are 0 in every answer
// that was seen.
func AppendAnswer(dst []byte, a *Answer, form Form) []byte {
	dst = append(dst, `{"result":`...)
	dst = AppendString(dst, a.Result)
	if a.MessageID != "" {
		dst = append(dst, `,"messageId":`...)
		dst = AppendString(dst, a.MessageID)
	}
	if a.ErrorMsg != "" {
		dst = append(dst, `,"errorMsg":`...)
		dst = AppendString(dst, a.ErrorMsg)
	}
	if a.Context != nil {
		dst = append(dst, `,"context":`...)
		if form == Pulsar && a.Context[0] != '"' {
			dst = appendQuoted(dst, a.Context)
		} else {
			dst = append(dst, a.Context...)
		}
	}
	if a.From != nil {
		dst = append(dst, `,"from":`...)
		dst = append(dst, a.From...)
	}
	if a.Settled {
		dst = append(dst, `,"settled":true`...)
	}
	if form == Pulsar {
		dst = append(dst, `,"errorCode":0,"schemaVersion":0`...)
	}
	return append(dst, '}')
}

// AppendAck appends a consumer's acknowledgement of one message.
func AppendAck(dst []byte, messageID string) []byte {
	dst = append(dst, `{"messageId":`...)
	dst = AppendString(dst, messageID)
	return append(dst, '}')
}

// AcksTail ends a text that [AppendFirstAck] began.
const AcksTail = `]}`

// AppendFirstAck appends a consumer's acknowledgement of several messages,
// beginning with this one; [AppendNextAck] names the others, and [AcksTail]
// completes it. Only the embedded broker knows it.
func AppendFirstAck(dst []byte, messageID string) []byte {
	dst = append(dst, `{"type":"acknowledge","messageIds":[`...)
	return AppendString(dst, messageID)
}

// AppendNextAck appends one more message to what AppendFirstAck has begun.
func AppendNextAck(dst []byte, messageID string) []byte {
	return AppendString(append(dst, ','), messageID)
}

// VisitMessageIDs calls fn with each of the strings in a text as of
// [Frame.MessageIDs]. It stops at anything else, and returns false.
func VisitMessageIDs(raw []byte, fn func(id []byte)) bool {
	s := scanner{text: raw}
	if !s.accept('[') {
		return false
	}
	for !s.accept(']') {
		s.space()
		start := s.pos
		if !s.skipString() {
			return false
		}
		fn(unquote(s.text[start:s.pos]))
		s.accept(',') // the text is JSON
	}
	return true
}

// AppendNack appends what a consumer sends to hand a message back.
func AppendNack(dst []byte, messageID string) []byte {
	dst = append(dst, `{"type":"negativeAcknowledge","messageId":`...)
	dst = AppendString(dst, messageID)
	return append(dst, '}')
}

// AppendReturn appends the frame by which a consumer hands a message back that
// nobody has begun with. Only the embedded broker knows it.
func AppendReturn(dst []byte, messageID string) []byte {
	dst = append(dst, `{"type":"return","messageId":`...)
	dst = AppendString(dst, messageID)
	return append(dst, '}')
}

// AppendWindow appends the frame by which a consumer says how many messages it
// may have unacknowledged from now on. Only the embedded broker knows it.
func AppendWindow(dst []byte, messages int) []byte {
	dst = append(dst, `{"type":"window","permitMessages":`...)
	dst = strconv.AppendInt(dst, int64(messages), 10)
	return append(dst, '}')
}

// AppendString appends s as a JSON string, in ASCII as Python's json.dumps
// writes it: dasf-broker-django writes what it delivers so, and counts that
// against its limit. Bytes that are no UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	before := len(dst)
	dst = append(dst, s...)
	if jsonscan.IsPlain(dst[before:]) {
		return append(dst, '"')
	}
	dst = dst[:before]
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		r, n := utf8.DecodeRuneInString(s[i:])
		dst = appendEscape(dst, r)
		i += n
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return appendHex(appendHex(dst, high), low)
	}
	return appendHex(dst, r)
}

func appendHex(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// appendQuoted is AppendString for text that is already there as bytes.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	dst = appendEscaped(dst, text)
	return append(dst, '"')
}

func appendEscaped(dst, text []byte) []byte {
	if jsonscan.IsPlain(text) {
		return append(dst, text...)
	}
	quoted := AppendString(nil, string(text))
	return append(dst, quoted[1:len(quoted)-1]...)
}
