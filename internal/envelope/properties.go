package envelope

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/dasf-go/dasf/internal/jsonscan"
)

// Kind is what a property's value was in JSON.
type Kind byte

// The kinds of a value.
const (
	String Kind = iota
	Number
	Bool
	Null
	Object
	Array
)

// errProperties is for a caller's mistake: Scan has checked what it hands out.
var errProperties = errors.New("properties are no JSON object")

// VisitProperties calls fn for each property in raw, which is the text of a
// JSON object as [Scan] hands it out. A string's value is its text; a number,
// true and false are their literal text (20 digits stay 20 digits); null has
// the value nil and counts as absent; an object or array is its JSON text. A
// name that comes twice is visited twice, and the last one counts.
//
// key and value are valid until fn returns. An error of fn ends the visit and
// is returned as it is.
func VisitProperties(raw []byte, fn func(key, value []byte, kind Kind) error) error {
	var failed error
	err := visit(raw, func(key, value span) {
		if failed != nil {
			return
		}
		kind := kindOf(raw[value.start])
		text := raw[value.start:value.end]
		switch kind {
		case String:
			text = unquote(text)
		case Null:
			text = nil
		}
		failed = fn(unquote(raw[key.start:key.end]), text, kind)
	})
	if err != nil {
		return err
	}
	return failed
}

// The bounds of [CheckProperties]. demessaging sends seven properties at most,
// and DASF for Go a dozen.
const (
	MaxProperties   = 1000
	MaxPropertyName = 1024 // bytes, as JSON writes it
)

// CheckProperties finds fault with properties that no peer has a use for: too
// many, or of too long a name. Each costs whoever keeps it in a table ten times
// what it costs to send. What is no object has no fault here.
func CheckProperties(raw []byte) error {
	if len(raw) <= MaxPropertyName {
		return nil
	}
	count, longest := 0, 0
	_ = visit(raw, func(key, _ span) {
		count++
		longest = max(longest, key.end-key.start-2)
	})
	return JudgeProperties(count, longest)
}

// JudgeProperties is CheckProperties for who has counted them, and the bytes of
// the longest name.
func JudgeProperties(count, longest int) error {
	switch {
	case count > MaxProperties:
		return fmt.Errorf("the message has %d properties, at most %d are taken; put data into the payload", count, MaxProperties)
	case longest > MaxPropertyName:
		return fmt.Errorf("the name of a property has %d bytes, at most %d are taken", longest, MaxPropertyName)
	}
	return nil
}

// A span is where a name or a value stands in a text.
type span struct{ start, end int }

// text returns the text of a scalar at s; whole is raw as a string, of which a
// text without escapes is a part.
func (s span) text(raw []byte, whole string) string {
	if raw[s.start] != '"' {
		return whole[s.start:s.end]
	}
	if bytes.IndexByte(raw[s.start:s.end], '\\') < 0 {
		return whole[s.start+1 : s.end-1]
	}
	return string(unquote(raw[s.start:s.end]))
}

// visit walks over the members of an object.
func visit(raw []byte, fn func(key, value span)) error {
	if raw == nil {
		return nil
	}
	s := scanner{text: raw}
	if !s.accept('{') {
		return errProperties
	}
	if s.accept('}') {
		return nil
	}
	for {
		s.space()
		key := span{start: s.pos}
		if !s.skipString() {
			return errProperties
		}
		key.end = s.pos
		if !s.accept(':') {
			return errProperties
		}
		s.space()
		value := span{start: s.pos}
		if _, ok := s.value(0); !ok {
			return errProperties
		}
		value.end = s.pos
		fn(key, value)
		if s.accept('}') {
			return nil
		}
		if !s.accept(',') {
			return errProperties
		}
	}
}

func kindOf(first byte) Kind {
	switch first {
	case '"':
		return String
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	case '{':
		return Object
	case '[':
		return Array
	}
	return Number
}

// Property returns the text of one property, nil when it is absent, null, an
// object or an array.
func Property(raw []byte, name string) []byte {
	var found []byte
	_ = visit(raw, func(key, value span) {
		if string(raw[key.start+1:key.end-1]) != name && string(unquote(raw[key.start:key.end])) != name {
			return
		}
		found = raw[value.start:value.end]
		switch kindOf(found[0]) {
		case String:
			found = unquote(found)
		case Null, Object, Array:
			found = nil
		}
	})
	return found
}

// A Summary is what a broker wants to know of the properties of a message.
type Summary struct {
	// MessageType and ResponseTopic are the properties of demessaging's names;
	// see [Property].
	MessageType, ResponseTopic []byte
	// Refused says what Pulsar's service has against the properties, all of
	// which must be strings to it: numbers and booleans become some.
	Refused error
	// Verbatim says that in Pulsar's form the properties are the text that came.
	Verbatim bool
}

// Summarize walks over properties once.
func Summarize(raw []byte) Summary {
	var s Summary
	length, members, strings := len("{}"), 0, 0
	_ = VisitProperties(raw, func(key, value []byte, kind Kind) error {
		length += len(key) + len(value) + len(`"":""`)
		members++
		text := value
		switch kind {
		case String:
			strings++
		case Null:
			s.refuse("property %q must not be null", key)
		case Object, Array:
			text = nil
			s.refuse("property %q must be a string", key)
		}
		switch string(key) {
		case "messageType":
			s.MessageType = text
		case "response_topic":
			s.ResponseTopic = text
		}
		return nil
	})
	// Without escapes the texts are as long as in raw, where there must be
	// nothing else but commas.
	length += max(members-1, 0)
	s.Verbatim = strings == members && length == len(raw) && isVerbatim(raw)
	return s
}

func (s *Summary) refuse(format string, name []byte) {
	if s.Refused == nil {
		s.Refused = fmt.Errorf(format, name)
	}
}

// isVerbatim reports whether strings in raw are written as they came: there is
// neither an escape in it nor anything that needs one.
func isVerbatim(raw []byte) bool {
	return bytes.IndexByte(raw, '\\') < 0 && jsonscan.Printable(raw)
}

// PropertyMap returns the properties in raw as a map of texts, as
// [VisitProperties] gives them. An object or array as a value is an error.
func PropertyMap(raw []byte) (map[string]string, error) {
	properties := make(map[string]string)
	if err := AddProperties(properties, raw); err != nil {
		return nil, err
	}
	return properties, nil
}

// AddProperties is PropertyMap for a map that is there. After an error it may
// have some of the properties.
func AddProperties(properties map[string]string, raw []byte) error {
	var whole string // of which plain names and values are parts
	var wrong error
	err := visit(raw, func(key, value span) {
		if whole == "" {
			whole = string(raw)
		}
		name := key.text(raw, whole)
		switch kind := kindOf(raw[value.start]); kind {
		case Null:
			delete(properties, name)
		case Object, Array:
			wrong = fmt.Errorf("property %q is %s, it must be a string, number or boolean", name, kindName(raw[value.start:]))
		default:
			properties[name] = value.text(raw, whole)
		}
	})
	if err != nil {
		return err
	}
	return wrong
}
