package pyfmt

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A kind is what a leaf is to the rules of black.
type kind uint8

const (
	name kind = iota
	number
	str
	opening
	closing
	comma
	dot
	equal
	colon
	other // arrow, star, at
)

// A leaf is one token. Its text is changed while lines are split: a bracket
// with an empty text is a pair that may be put around an expression.
type leaf struct {
	kind    kind
	text    string
	space   bool  // a space goes before it
	open    *leaf // of a closing bracket
	depth   int   // in brackets of its line
	display bool  // of an opening bracket: a list, set, dict or tuple, or an import
	noted   bool  // of a comma: part of an annotation

	optional bool // of a bracket: not in the source
}

// A scanner goes through source line by line.
type scanner struct {
	quote string // of the string that the line begins in
	open  int    // brackets
	off   bool   // after "# fmt: off"
}

// inside reports whether the next line begins in the middle of a statement, or
// where nothing is to be changed.
func (s *scanner) inside() bool { return s.quote != "" || s.open > 0 || s.off }

func (s *scanner) directive(line string) {
	if s.quote != "" {
		return
	}
	switch strings.TrimSpace(line) {
	case "# fmt: off":
		s.off = true
	case "# fmt: on":
		s.off = false
	}
}

// skip follows strings and brackets through a line that is left as it is.
func (s *scanner) skip(line string) {
	for i := 0; i < len(line); {
		if s.quote != "" {
			if line[i] == '\\' {
				i += 2
			} else if strings.HasPrefix(line[i:], s.quote) {
				i += len(s.quote)
				s.quote = ""
			} else {
				i++
			}
			continue
		}
		switch c := line[i]; c {
		case '#':
			return
		case '"', '\'':
			s.quote = line[i : i+1]
			if triple := strings.Repeat(s.quote, 3); strings.HasPrefix(line[i:], triple) {
				s.quote = triple
			}
			i += len(s.quote)
		case '(', '[', '{':
			s.open++
			i++
		case ')', ']', '}':
			s.open = max(0, s.open-1)
			i++
		default:
			i++
		}
	}
	if len(s.quote) == 1 {
		s.quote = "" // a string of one line that does not end is not ours to judge
	}
}

// statement takes a line apart. ok is false when it is not a whole statement
// or has something that this package does not know.
func (s *scanner) statement(line string) (leaves []*leaf, ok bool) {
	var stack []*leaf
	rest := strings.Trim(line, " ")
	for ok = true; rest != "" && ok; {
		before := rest
		trimmed := strings.TrimLeft(before, " ")
		var l *leaf
		l, rest, ok = next(trimmed)
		if !ok {
			break
		}
		l.space = len(leaves) > 0 && len(trimmed) < len(before)
		switch l.kind {
		case opening:
			l.display = isDisplay(leaves)
			stack = append(stack, l)
		case closing:
			if len(stack) == 0 || !matches(stack[len(stack)-1].text, l.text) {
				ok = false
				break
			}
			l.open = stack[len(stack)-1]
			stack = stack[:len(stack)-1]
		}
		leaves = append(leaves, l)
	}
	if !ok || len(stack) > 0 {
		s.skip(line)
		return nil, false
	}
	return leaves, true
}

func matches(open, close string) bool {
	return open+close == "()" || open+close == "[]" || open+close == "{}"
}

// isDisplay tells a bracket that begins an expression from one that calls,
// subscripts or lists parameters or bases.
func isDisplay(before []*leaf) bool {
	if len(before) == 0 {
		return true
	}
	switch last := before[len(before)-1]; last.kind {
	case closing, str:
		return false
	case name:
		return last.text == "return" || last.text == "import"
	}
	return true
}

// next reads one token.
func next(text string) (l *leaf, rest string, ok bool) {
	take := func(k kind, n int) (*leaf, string, bool) { return &leaf{kind: k, text: text[:n]}, text[n:], true }
	switch c := text[0]; {
	case strings.HasPrefix(text, "->"):
		return take(other, 2)
	case strings.HasPrefix(text, "**"), strings.HasPrefix(text, "=="):
		return nil, text, false
	case c == '(' || c == '[' || c == '{':
		return take(opening, 1)
	case c == ')' || c == ']' || c == '}':
		return take(closing, 1)
	case c == ',':
		return take(comma, 1)
	case c == ':':
		return take(colon, 1)
	case c == '=':
		return take(equal, 1)
	case c == '@' || c == '*':
		return take(other, 1)
	case c == '"' || c == '\'':
		return takeString(text, 0)
	case c == '-' && len(text) > 1 && '0' <= text[1] && text[1] <= '9', '0' <= c && c <= '9':
		return take(number, numberLength(text))
	case c == '.':
		return take(dot, 1)
	}
	n := nameLength(text)
	if n == 0 {
		return nil, text, false
	}
	if n < len(text) && (text[n] == '"' || text[n] == '\'') {
		return takeString(text, n)
	}
	if unknownWords[text[:n]] {
		return nil, text, false
	}
	return take(name, n)
}

// unknownWords begin or join what this package does not break.
var unknownWords = map[string]bool{
	"and": true, "assert": true, "async": true, "await": true, "del": true, "elif": true, "else": true,
	"except": true, "finally": true, "for": true, "global": true, "if": true, "is": true, "lambda": true,
	"nonlocal": true, "not": true, "or": true, "raise": true, "try": true, "while": true, "with": true, "yield": true,
}

func nameLength(text string) int {
	for i, r := range text {
		if r == '_' || unicode.IsLetter(r) || i > 0 && unicode.IsDigit(r) {
			continue
		}
		return i
	}
	return len(text)
}

func numberLength(text string) int {
	i := 1
	for i < len(text) {
		c := text[i]
		exponent := (c == '-' || c == '+') && (text[i-1] == 'e' || text[i-1] == 'E')
		if c != '.' && c != '_' && !exponent && !('0' <= c && c <= '9') && !('a' <= c && c <= 'z') && !('A' <= c && c <= 'Z') {
			break
		}
		i++
	}
	return i
}

// takeString reads a string of one line with a prefix of n letters.
func takeString(text string, n int) (*leaf, string, bool) {
	quote := text[n]
	if strings.HasPrefix(text[n:], strings.Repeat(string(quote), 3)) {
		return nil, text, false
	}
	for i := n + 1; i < len(text); {
		switch text[i] {
		case '\\':
			i++
			if i < len(text) {
				_, size := utf8.DecodeRuneInString(text[i:])
				i += size
			}
		case quote:
			return &leaf{kind: str, text: text[:i+1]}, text[i+1:], true
		default:
			i++
		}
	}
	return nil, text, false
}
