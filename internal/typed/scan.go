package typed

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/dasf-go/dasf/internal/jsonscan"
)

// A text is JSON that jsontext has found valid (syntax, UTF-8, duplicate keys,
// depth), and a position in it. Knowing that, it needs no further checks, and
// every part of it can be read again: for a union's next alternative, or to
// show the input in an error.
type text struct {
	src   []byte
	pos   int
	plain bool // all of it is one string without escapes, see [isPlainString]
}

// space moves to the next byte that is not white space, and returns it; 0 at the end.
func (t *text) space() byte {
	for t.pos < len(t.src) {
		if c := t.src[t.pos]; c > ' ' {
			return c
		}
		t.pos++
	}
	return 0
}

// next moves to the next element of an array or the next key of an object. It
// is called after the opening bracket and after each element, and returns
// false once it has passed the closing one.
func (t *text) next() bool {
	c := t.space()
	if c == ',' {
		t.pos++
		c = t.space()
	}
	if c == ']' || c == '}' {
		t.pos++
		return false
	}
	return true
}

// skip moves past the value that begins here.
func (t *text) skip() {
	switch t.space() {
	case '"':
		t.skipString()
	case '{', '[':
		t.skipNested()
	default:
		t.skipPlain()
	}
}

// skipPlain moves past a number, true, false or null.
func (t *text) skipPlain() { t.pos += jsonscan.LiteralLen(t.src[t.pos:]) }

func (t *text) skipString() {
	if t.plain {
		t.pos = len(t.src)
		return
	}
	for t.pos++; ; t.pos++ {
		n := bytes.IndexByte(t.src[t.pos:], '"')
		if n < 0 {
			panic("typed: a string without end: the text was never checked")
		}
		t.pos += n
		back := t.pos - 1
		for t.src[back] == '\\' {
			back--
		}
		if (t.pos-back)%2 == 1 { // an even number of backslashes
			t.pos++
			return
		}
	}
}

func (t *text) skipNested() {
	for depth := 0; ; {
		switch t.src[t.pos] {
		case '"':
			t.skipString()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		t.pos++
		if depth == 0 {
			return
		}
	}
}

// value moves past the value that begins here and returns its text.
func (t *text) value() []byte {
	t.space()
	start := t.pos
	t.skip()
	return t.src[start:t.pos]
}

// str moves past the string that begins here and returns its contents. The
// result is valid as long as the text; it is the text itself unless there are escapes.
func (t *text) str() []byte {
	start := t.pos
	t.skipString()
	inner := t.src[start+1 : t.pos-1]
	if t.plain || bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	// The text is valid, so there is nothing that this could refuse.
	plain, _ := jsontext.AppendUnquote(make([]byte, 0, len(inner)), t.src[start:t.pos])
	return plain
}

// key moves past a key and its colon to the value, and returns the key.
func (t *text) key() []byte {
	k := t.str()
	t.space()
	t.pos++
	t.space()
	return k
}

// end returns where the value that begins at start ends.
func (t *text) end(start int) int {
	at := text{src: t.src, pos: start}
	at.skip()
	return at.pos
}

// isNumberStart reports whether a JSON value that begins with c is a number.
func isNumberStart(c byte) bool { return c == '-' || '0' <= c && c <= '9' }
