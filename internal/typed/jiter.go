package typed

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A jiter finds the error that pydantic's parser, jiter, would report first,
// in its words: clients know them.
type jiter struct {
	src []byte
	pos int
}

type jiterFailure struct {
	message string
	at      int
}

// jiterError returns jiter's message, and the column that it would print,
// counted from the beginning of the text; "" if jiter would take the text.
func jiterError(src []byte) (message string, at int) {
	j := jiter{src: src}
	f := j.document()
	if f == nil {
		return "", 0
	}
	return f.message, f.at
}

func (j *jiter) fail(message string) *jiterFailure { return &jiterFailure{message, j.pos + 1} }
func (j *jiter) eof(what string) *jiterFailure {
	return &jiterFailure{"EOF while parsing " + what, len(j.src)}
}

func (j *jiter) space() {
	for j.pos < len(j.src) && strings.IndexByte(" \t\r\n", j.src[j.pos]) >= 0 {
		j.pos++
	}
}

// document reads one value. It keeps its own stack, so that depth costs nothing.
func (j *jiter) document() *jiterFailure {
	var stack []byte
	for {
		j.space()
		opened, f := j.value(&stack)
		if f != nil {
			return f
		}
		if opened {
			continue
		}
		if f, done := j.afterValue(&stack); f != nil || done {
			return f
		}
	}
}

// value reads a scalar, or the opening of an array or object up to its first value.
func (j *jiter) value(stack *[]byte) (opened bool, f *jiterFailure) {
	if j.pos >= len(j.src) {
		return false, j.eof("a value")
	}
	if len(*stack) > 10000 {
		return false, j.fail("nested deeper than 10,000 levels")
	}
	switch c := j.src[j.pos]; {
	case c == '[':
		j.pos++
		j.space()
		if j.pos >= len(j.src) {
			return false, j.eof("a list")
		}
		if j.src[j.pos] == ']' {
			j.pos++
			return false, nil
		}
		*stack = append(*stack, '[')
		return true, nil
	case c == '{':
		j.pos++
		j.space()
		if j.pos >= len(j.src) {
			return false, j.eof("an object")
		}
		if j.src[j.pos] == '}' {
			j.pos++
			return false, nil
		}
		*stack = append(*stack, '{')
		return true, j.key()
	case c == '"':
		return false, j.str()
	case c == '-' || '0' <= c && c <= '9':
		return false, j.number()
	case c == 't':
		return false, j.word("true")
	case c == 'f':
		return false, j.word("false")
	case c == 'n':
		return false, j.word("null")
	case c == 'N':
		return false, j.noNaN("NaN")
	case c == 'I':
		return false, j.noNaN("Infinity")
	}
	return false, j.fail("expected value")
}

// afterValue reads what follows a value: closing brackets, or a comma and a key.
func (j *jiter) afterValue(stack *[]byte) (f *jiterFailure, done bool) {
	for {
		j.space()
		if len(*stack) == 0 {
			if j.pos < len(j.src) {
				return j.fail("trailing characters"), true
			}
			return nil, true
		}
		open := (*stack)[len(*stack)-1]
		what, end := "a list", byte(']')
		if open == '{' {
			what, end = "an object", '}'
		}
		if j.pos >= len(j.src) {
			return j.eof(what), true
		}
		switch j.src[j.pos] {
		case end:
			j.pos++
			*stack = (*stack)[:len(*stack)-1]
			continue
		case ',':
			j.pos++
			j.space()
			if j.pos < len(j.src) && j.src[j.pos] == end {
				return j.fail("trailing comma"), true
			}
			if open == '[' {
				return nil, false
			}
			if j.pos >= len(j.src) {
				return j.eof("a value"), true
			}
			return j.key(), false
		}
		return j.fail("expected `,` or `" + string(end) + "`"), true
	}
}

func (j *jiter) key() *jiterFailure {
	if j.src[j.pos] != '"' {
		return j.fail("key must be a string")
	}
	if f := j.str(); f != nil {
		return f
	}
	j.space()
	switch {
	case j.pos >= len(j.src):
		return j.eof("an object")
	case j.src[j.pos] != ':':
		return j.fail("expected `:`")
	}
	j.pos++
	return nil
}

func (j *jiter) word(w string) *jiterFailure {
	for i := range len(w) {
		if j.pos+i >= len(j.src) {
			return j.eof("a value")
		}
		if j.src[j.pos+i] != w[i] {
			j.pos += i
			return j.fail("expected ident")
		}
	}
	j.pos += len(w)
	return nil
}

// noNaN refuses a word that jiter takes.
func (j *jiter) noNaN(word string) *jiterFailure {
	start := j.pos
	if f := j.word(word); f != nil {
		return f
	}
	j.pos = start
	return j.fail("expected value (NaN and Infinity are no JSON, send null)")
}

func (j *jiter) number() *jiterFailure {
	digits := func() *jiterFailure {
		start := j.pos
		for j.pos < len(j.src) && '0' <= j.src[j.pos] && j.src[j.pos] <= '9' {
			j.pos++
		}
		if j.pos > start {
			return nil
		}
		if j.pos >= len(j.src) {
			return j.eof("a value")
		}
		return j.fail("invalid number")
	}
	if j.src[j.pos] == '-' {
		if j.pos++; j.pos < len(j.src) && j.src[j.pos] == 'I' {
			return j.noNaN("Infinity")
		}
	}
	start := j.pos
	if f := digits(); f != nil {
		return f
	}
	if j.src[start] == '0' && j.pos > start+1 {
		j.pos = start + 1
		return j.fail("invalid number")
	}
	if j.pos < len(j.src) && j.src[j.pos] == '.' {
		j.pos++
		if f := digits(); f != nil {
			return f
		}
	}
	if j.pos < len(j.src) && (j.src[j.pos] == 'e' || j.src[j.pos] == 'E') {
		j.pos++
		if j.pos < len(j.src) && (j.src[j.pos] == '+' || j.src[j.pos] == '-') {
			j.pos++
		}
		return digits()
	}
	return nil
}

func (j *jiter) str() *jiterFailure {
	for j.pos++; j.pos < len(j.src); {
		switch c := j.src[j.pos]; {
		case c == '"':
			j.pos++
			return nil
		case c < ' ':
			return j.fail(`control character (\u0000-\u001F) found while parsing a string`)
		case c == '\\':
			j.pos++
			if f := j.escape(); f != nil {
				return f
			}
		case c < utf8.RuneSelf:
			j.pos++
		default:
			r, n := utf8.DecodeRune(j.src[j.pos:])
			if r == utf8.RuneError && n <= 1 {
				return j.fail("invalid unicode code point")
			}
			j.pos += n
		}
	}
	return j.eof("a string")
}

func (j *jiter) escape() *jiterFailure {
	if j.pos >= len(j.src) {
		return j.eof("a string")
	}
	c := j.src[j.pos]
	if strings.IndexByte(`"\/bfnrt`, c) >= 0 {
		j.pos++
		return nil
	}
	if c != 'u' {
		return j.fail("invalid escape")
	}
	first, f := j.hex()
	if f != nil {
		return f
	}
	switch {
	case 0xdc00 <= first && first < 0xe000:
		j.pos--
		return j.fail("lone leading surrogate in hex escape")
	case first < 0xd800 || first >= 0xe000:
		return nil
	}
	for _, want := range []byte(`\u`) {
		if j.pos >= len(j.src) {
			return j.eof("a string")
		}
		if j.src[j.pos] != want {
			return j.fail("unexpected end of hex escape")
		}
		if want == '\\' {
			j.pos++
		}
	}
	second, f := j.hex()
	if f != nil {
		return f
	}
	if second < 0xdc00 || second >= 0xe000 {
		j.pos--
		return j.fail("lone leading surrogate in hex escape")
	}
	return nil
}

// hex reads the u and four digits of an escape.
func (j *jiter) hex() (uint64, *jiterFailure) {
	if j.pos+5 > len(j.src) {
		return 0, j.eof("a string")
	}
	for i := 1; i < 5; i++ {
		if strings.IndexByte("0123456789abcdefABCDEF", j.src[j.pos+i]) < 0 {
			j.pos += i
			return 0, j.fail("invalid escape")
		}
	}
	n, _ := strconv.ParseUint(string(j.src[j.pos+1:j.pos+5]), 16, 16) // four hex digits always parse
	j.pos += 5
	return n, nil
}
