package typed

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxInput is the number of characters of an input that an error shows.
const maxInput = 100

const (
	headInput = 50                       // characters kept at the front of a cut input
	tailInput = maxInput - headInput - 3 // and at its end, three dots between them
)

// pythonType is Python's name for the type of a JSON value.
func pythonType(raw []byte) string {
	if len(raw) == 0 {
		return "NoneType"
	}
	switch raw[0] {
	case '{':
		return "dict"
	case '[':
		return "list"
	case '"':
		return "str"
	case 't', 'f':
		return "bool"
	case 'n':
		return "NoneType"
	}
	if bytes.ContainsAny(raw, ".eE") {
		return "float"
	}
	return "int"
}

// pythonRepr is Python's repr of a valid JSON value, cut in the middle where it
// is longer than maxInput characters. Of a large value only the front and the
// end are kept in memory.
func pythonRepr(raw []byte) string {
	w := excerpt{}
	w.value(&text{src: raw})
	return w.String()
}

// An excerpt keeps the first and the last characters of what is written to it.
type excerpt struct {
	head  []byte // the first maxInput characters and a few more
	count int    // characters in head
	tail  []byte // what came after head; trimmed at its front
	more  bool   // something was trimmed
}

func (w *excerpt) write(s string) {
	for len(s) > 0 && w.count < maxInput {
		_, n := utf8.DecodeRuneInString(s)
		w.head = append(w.head, s[:n]...)
		w.count++
		s = s[n:]
	}
	if w.tail = append(w.tail, s...); len(w.tail) > 16*maxInput {
		keep := w.tail[len(w.tail)-4*maxInput:]
		w.tail = append(w.tail[:0], keep...)
		w.more = true
	}
}

func (w *excerpt) String() string {
	if len(w.tail) == 0 {
		return string(w.head)
	}
	end := string(w.tail)
	if !w.more {
		end = string(w.head) + end
	}
	return cut(string(w.head), end, true)
}

// cut joins the front of head and the end of tail. If long is false, head is
// the whole and is cut itself where it is too long.
func cut(head, tail string, long bool) string {
	if !long {
		if utf8.RuneCountInString(head) <= maxInput {
			return head
		}
		tail = head
	}
	front, back := 0, len(tail)
	for range headInput {
		_, n := utf8.DecodeRuneInString(head[front:])
		front += n
	}
	for range tailInput {
		_, n := utf8.DecodeLastRuneInString(tail[:back])
		back -= n
	}
	return head[:front] + "..." + tail[back:]
}

// str writes the repr of a string. Of a long one only the two ends are read:
// what is between them would be cut out anyway.
func (w *excerpt) str(s []byte) {
	const end = 4 * maxInput
	if len(s) > 2*end {
		front := bytes.ToValidUTF8(s[:end], nil)
		s = append(front[:len(front):len(front)], bytes.ToValidUTF8(s[len(s)-end:], nil)...)
	}
	w.write(pythonString(string(s)))
}

// value writes the repr of the value at t, without recursion.
func (w *excerpt) value(t *text) {
	for t.space() != 0 {
		switch c := t.src[t.pos]; c {
		case '{', '[', '}', ']':
			w.write(string(c))
			t.pos++
		case ',':
			w.write(", ")
			t.pos++
		case ':':
			w.write(": ")
			t.pos++
		case '"':
			w.str(t.str())
		case 't':
			w.write("True")
			t.pos += 4
		case 'f':
			w.write("False")
			t.pos += 5
		case 'n':
			w.write("None")
			t.pos += 4
		default:
			w.write(pythonNumber(t.value()))
		}
	}
}

func pythonNumber(raw []byte) string {
	if !bytes.ContainsAny(raw, ".eE") {
		if string(raw) == "-0" {
			return "0"
		}
		return string(raw)
	}
	f, _ := strconv.ParseFloat(string(raw), 64) // valid syntax: the only error is the range, and then f is right
	return pythonFloat(f)
}

// pythonFloat is repr(f).
func pythonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// pythonString is repr(s).
func pythonString(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	b := make([]byte, 0, len(s)+2)
	b = append(b, quote)
	for _, r := range s {
		switch {
		case r == rune(quote) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case unicode.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r < 0x100:
			b = appendHex(append(b, `\x`...), r, 2)
		case r < 0x10000:
			b = appendHex(append(b, `\u`...), r, 4)
		default:
			b = appendHex(append(b, `\U`...), r, 8)
		}
	}
	return string(append(b, quote))
}

func appendHex(b []byte, r rune, digits int) []byte {
	h := strconv.FormatInt(int64(r), 16)
	for range digits - len(h) {
		b = append(b, '0')
	}
	return append(b, h...)
}

// anyOf joins choices as pydantic does: 'a', 'b' or 'c'.
func anyOf(choices []string) string {
	if len(choices) < 2 {
		return strings.Join(choices, "")
	}
	last := len(choices) - 1
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}
