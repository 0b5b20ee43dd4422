package envelope

import (
	"errors"
	"fmt"
	"strconv"
)

// Scan takes the envelope in text apart and fills f with its parts.
//
// The text must be one JSON object in valid UTF-8 and nothing after it. Names
// are matched by exact case, and of a name that comes twice the last value
// counts, as in Pulsar's service. properties must be an object or null; the
// other members a string, a number, true, false or null; context may be
// anything. A member with another name is ignored, or kept in f.Unknown when
// f.KeepUnknown is set. Nothing is required: who needs a messageId looks for it.
//
// After an error f holds nothing of use.
func Scan(text []byte, f *Frame) error {
	f.reset()
	if f.scan(text) {
		return nil
	}
	f.reset()
	return f.decode(text)
}

// scan is the plain path. It gives up at the first thing that it does not
// know, an escape in a name for example, and at every mistake.
func (f *Frame) scan(text []byte) bool {
	s := scanner{text: text}
	if !s.accept('{') {
		return false
	}
	if s.accept('}') {
		return s.peek() == 0 && s.pos == len(text)
	}
	for {
		name, ok := s.plainString()
		if !ok || !s.accept(':') || !f.scanMember(&s, name) {
			return false
		}
		if s.accept('}') {
			s.space()
			return s.pos == len(text)
		}
		if !s.accept(',') {
			return false
		}
	}
}

func (f *Frame) scanMember(s *scanner, name []byte) bool {
	if string(name) == "payload" && s.peek() == '"' {
		payload, ok := s.plainString()
		f.Payload, f.HasPayload, f.PlainPayload = payload, true, true
		return ok
	}
	raw, ok := s.value(0)
	return ok && f.set(name, raw) == nil
}

// set puts the value of one member where it belongs.
func (f *Frame) set(name, raw []byte) error {
	switch string(name) {
	case "messageId":
		return setText(&f.MessageID, "messageId", raw)
	case "publishTime":
		return setText(&f.PublishTime, "publishTime", raw)
	case "key":
		return setText(&f.Key, "key", raw)
	case "payload":
		err := setText(&f.Payload, "payload", raw)
		f.HasPayload, f.PlainPayload = f.Payload != nil, false
		return err
	case "redeliveryCount":
		return setInt(&f.RedeliveryCount, "redeliveryCount", raw)
	case "context":
		f.Context = unlessNull(raw)
		return nil
	case "properties":
		f.Properties = unlessNull(raw)
		if f.Properties != nil && raw[0] != '{' {
			return fmt.Errorf("properties is %s, it must be an object", kindName(raw))
		}
		return nil
	case "dasfLate":
		f.Late = string(raw) == "true"
		return nil
	case "dasfSettles":
		return setText(&f.Settles, "dasfSettles", raw)
	}
	if f.KeepUnknown {
		f.Unknown = append(f.Unknown, ',')
		f.Unknown = appendQuoted(f.Unknown, name)
		f.Unknown = append(f.Unknown, ':')
		f.Unknown = append(f.Unknown, raw...)
	}
	switch string(name) {
	case "result":
		return setText(&f.Result, "result", raw)
	case "errorMsg":
		return setText(&f.ErrorMsg, "errorMsg", raw)
	case "type":
		return setText(&f.Type, "type", raw)
	case "messageIds":
		f.MessageIDs = nil // a message may have it too, for its consumer
		if raw[0] == '[' {
			f.MessageIDs = raw
		}
	case "permitMessages":
		return setInt(&f.PermitMessages, "permitMessages", raw)
	case "endOfTopic":
		f.EndOfTopic = string(raw) == "true"
	case "from":
		return setText(&f.From, "from", raw)
	case "settled":
		f.Settled = string(raw) == "true"
	}
	return nil
}

// setText stores the text of a scalar.
func setText(p *[]byte, name string, raw []byte) error {
	switch raw[0] {
	case '"':
		*p = unquote(raw)
	case '{', '[':
		return fmt.Errorf("%s is %s, it must be a string", name, kindName(raw))
	default:
		*p = unlessNull(raw)
	}
	return nil
}

// setInt stores a whole number, also one that is written as a string.
func setInt(p *int, name string, raw []byte) error {
	*p = 0
	var text []byte
	if err := setText(&text, name, raw); err != nil || text == nil {
		return err
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return fmt.Errorf("%s is %.40q, it must be a whole number: %w", name, text, errors.Unwrap(err))
	}
	*p = n
	return nil
}

func unlessNull(raw []byte) []byte {
	if raw[0] == 'n' {
		return nil
	}
	return raw
}

// kindName is for messages to people.
func kindName(raw []byte) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}
