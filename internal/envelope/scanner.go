package envelope

import (
	"unicode/utf8"

	"github.com/dasf-go/dasf/internal/jsonscan"
)

// maxDepth bounds the nesting that the scanner follows. Deeper texts go to the
// full decoder, which has a bound of its own.
const maxDepth = 500

// A scanner walks over one JSON text. Its methods return false when the text
// is not what they look for; what is wrong with it the full decoder says.
type scanner struct {
	text []byte
	pos  int
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// accept skips white space and then c, if it is there.
func (s *scanner) accept(c byte) bool {
	if s.pos < len(s.text) && s.text[s.pos] == c { // most texts have no white space
		s.pos++
		return true
	}
	s.space()
	if s.pos < len(s.text) && s.text[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// peek returns the next byte that is no white space, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) && s.text[s.pos] > ' ' {
		return s.text[s.pos]
	}
	s.space()
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// plainString reads a string of plain characters and returns what stands between
// its quotes.
func (s *scanner) plainString() ([]byte, bool) {
	if !s.accept('"') {
		return nil, false
	}
	n := jsonscan.PlainLen(s.text[s.pos:])
	end := s.pos + n
	if end == len(s.text) || s.text[end] != '"' {
		return nil, false
	}
	part := s.text[s.pos:end]
	s.pos = end + 1
	return part, true
}

// skipString walks over a string with or without escapes.
func (s *scanner) skipString() bool {
	if !s.accept('"') {
		return false
	}
	start := s.pos
	ascii := true
	for s.pos < len(s.text) {
		s.pos += jsonscan.Ordinary(s.text[s.pos:])
		if s.pos == len(s.text) {
			return false
		}
		switch c := s.text[s.pos]; {
		case c == '"':
			ok := ascii || utf8.Valid(s.text[start:s.pos])
			s.pos++
			return ok
		case c == '\\':
			if !s.skipEscape() {
				return false
			}
			continue
		case c < 0x20:
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
		s.pos++
	}
	return false
}

func (s *scanner) skipEscape() bool {
	if s.pos+1 >= len(s.text) {
		return false
	}
	switch s.text[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return true
	case 'u':
		if _, ok := hex4(s.text[s.pos+2:]); !ok {
			return false
		}
		s.pos += 6
		return true
	}
	return false
}

// value walks over one value of any kind and returns its text.
func (s *scanner) value(depth int) ([]byte, bool) {
	c := s.peek()
	start := s.pos
	var ok bool
	switch c {
	case '"':
		ok = s.skipString()
	case '{':
		ok = s.skipObject(depth)
	case '[':
		ok = s.skipArray(depth)
	case 't':
		ok = s.literal("true")
	case 'f':
		ok = s.literal("false")
	case 'n':
		ok = s.literal("null")
	default:
		ok = s.skipNumber()
	}
	if !ok {
		return nil, false
	}
	return s.text[start:s.pos], true
}

func (s *scanner) literal(word string) bool {
	if len(s.text)-s.pos < len(word) || string(s.text[s.pos:s.pos+len(word)]) != word {
		return false
	}
	s.pos += len(word)
	return true
}

func (s *scanner) skipObject(depth int) bool {
	if depth >= maxDepth || !s.accept('{') {
		return false
	}
	if s.accept('}') {
		return true
	}
	for {
		s.space()
		if !s.skipString() || !s.accept(':') {
			return false
		}
		if _, ok := s.value(depth + 1); !ok {
			return false
		}
		if s.accept('}') {
			return true
		}
		if !s.accept(',') {
			return false
		}
	}
}

func (s *scanner) skipArray(depth int) bool {
	if depth >= maxDepth || !s.accept('[') {
		return false
	}
	if s.accept(']') {
		return true
	}
	for {
		if _, ok := s.value(depth + 1); !ok {
			return false
		}
		if s.accept(']') {
			return true
		}
		if !s.accept(',') {
			return false
		}
	}
}

func (s *scanner) skipNumber() bool {
	if s.pos < len(s.text) && s.text[s.pos] == '-' {
		s.pos++
	}
	whole := s.digits()
	if whole == 0 || whole > 1 && s.text[s.pos-whole] == '0' {
		return false
	}
	if s.pos < len(s.text) && s.text[s.pos] == '.' {
		s.pos++
		if s.digits() == 0 {
			return false
		}
	}
	if s.pos < len(s.text) && (s.text[s.pos] == 'e' || s.text[s.pos] == 'E') {
		s.pos++
		if s.pos < len(s.text) && (s.text[s.pos] == '+' || s.text[s.pos] == '-') {
			s.pos++
		}
		return s.digits() > 0
	}
	return true
}

// digits walks over decimal digits and says how many.
func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' {
		s.pos++
	}
	return s.pos - start
}
