package pylog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A format is a formatter: a line made of a record.
type format struct {
	parts []part
	date  string // strftime; "" means Python's default
}

// A part is literal text, or an attribute of a record with its layout.
type part struct {
	literal   string
	attr      string // "" for literal text
	verb      byte   // s, d, f or e, as in Python; 0 means s
	width     int
	precision int // -1: none
	align     byte
	fill      byte
}

// compile reads a format in one of the three styles of logging.Formatter.
func compile(text, style string) ([]part, error) {
	c := &compiler{rest: text}
	var next func() error
	switch style {
	case "%":
		next = c.percent
	case "{":
		next = c.brace
	case "$":
		next = c.dollar
	default:
		return nil, fmt.Errorf("the style %q must be one of %%, { and $", style)
	}
	for c.rest != "" {
		if err := next(); err != nil {
			return nil, err
		}
	}
	c.flush()
	return c.parts, nil
}

type compiler struct {
	rest    string
	literal strings.Builder
	parts   []part
}

func (c *compiler) flush() {
	if c.literal.Len() > 0 {
		c.parts = append(c.parts, part{literal: c.literal.String()})
		c.literal.Reset()
	}
}

func (c *compiler) attribute(p part) {
	c.flush()
	c.parts = append(c.parts, p)
}

// before moves the text in front of the next mark to the literal. It reports
// whether there is a mark, and leaves it out.
func (c *compiler) before(mark string) bool {
	text, after, found := strings.Cut(c.rest, mark)
	c.literal.WriteString(text)
	c.rest = after
	return found
}

// percent reads up to and with one %(name)-8s.
func (c *compiler) percent() error {
	if !c.before("%") {
		return nil
	}
	if after, ok := strings.CutPrefix(c.rest, "%"); ok {
		c.literal.WriteByte('%')
		c.rest = after
		return nil
	}
	name, spec, closed := strings.Cut(strings.TrimPrefix(c.rest, "("), ")")
	if !strings.HasPrefix(c.rest, "(") || !closed {
		return fmt.Errorf("a %% must be followed by (name) or another %%: %q", "%"+c.rest)
	}
	p := part{attr: name, precision: -1, fill: ' ', align: '>'}
flags:
	for spec != "" {
		switch spec[0] {
		case '-':
			p.align = '<'
		case '0':
			p.fill = '0'
		case ' ', '+', '#':
		default:
			break flags
		}
		spec = spec[1:]
	}
	spec = p.numbers(spec)
	if spec == "" || strings.IndexByte("srdifFeEgGxXo", spec[0]) < 0 {
		return fmt.Errorf("%%(%s) must end with s, d or f", name)
	}
	p.verb = spec[0]
	if p.align == '<' {
		p.fill = ' '
	}
	c.rest = spec[1:]
	c.attribute(p)
	return nil
}

// numbers reads width and precision.
func (p *part) numbers(spec string) string {
	p.width, spec = number(spec)
	if after, ok := strings.CutPrefix(spec, "."); ok {
		p.precision, spec = number(after)
	}
	return spec
}

// maxWidth bounds what a format pads to.
const maxWidth = 1000

func number(text string) (n int, rest string) {
	end := 0
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(text[:end])
	if err != nil && end > 0 || n > maxWidth {
		n = maxWidth
	}
	return n, text[end:]
}

// brace reads up to and with one {name:<8}.
func (c *compiler) brace() error {
	i := strings.IndexAny(c.rest, "{}")
	if i < 0 {
		c.literal.WriteString(c.rest)
		c.rest = ""
		return nil
	}
	c.literal.WriteString(c.rest[:i])
	mark := c.rest[i : i+1]
	c.rest = c.rest[i+1:]
	if after, ok := strings.CutPrefix(c.rest, mark); ok {
		c.literal.WriteString(mark)
		c.rest = after
		return nil
	}
	field, after, closed := strings.Cut(c.rest, "}")
	if mark == "}" || !closed {
		return errors.New("a single { or }: write it twice for the character itself")
	}
	c.rest = after
	field, spec, _ := strings.Cut(field, ":")
	name, _, _ := strings.Cut(field, "!")
	if name == "" {
		return errors.New("{} names no attribute")
	}
	p := part{attr: name, precision: -1, fill: ' '}
	p.alignment(&spec)
	if after, ok := strings.CutPrefix(spec, "0"); ok && p.align == 0 {
		p.fill, p.align, spec = '0', '>', after
	}
	spec = p.numbers(spec)
	if len(spec) > 1 {
		return fmt.Errorf("{%s}: %q is no layout", name, spec)
	}
	if spec != "" {
		p.verb = spec[0]
	}
	c.attribute(p)
	return nil
}

func (p *part) alignment(spec *string) {
	s := *spec
	switch {
	case len(s) > 1 && strings.IndexByte("<>^=", s[1]) >= 0:
		p.fill, p.align, *spec = s[0], s[1], s[2:]
	case s != "" && strings.IndexByte("<>^=", s[0]) >= 0:
		p.align, *spec = s[0], s[1:]
	}
}

// dollar reads up to and with one $name or ${name}.
func (c *compiler) dollar() error {
	if !c.before("$") {
		return nil
	}
	if after, ok := strings.CutPrefix(c.rest, "$"); ok {
		c.literal.WriteByte('$')
		c.rest = after
		return nil
	}
	name, rest := "", ""
	if braced, ok := strings.CutPrefix(c.rest, "{"); ok {
		name, rest, ok = strings.Cut(braced, "}")
		if !ok {
			return errors.New("${ is not closed")
		}
	} else {
		end := 0
		for end < len(c.rest) && (c.rest[end] == '_' || c.rest[end]|0x20 >= 'a' && c.rest[end]|0x20 <= 'z') {
			end++
		}
		name, rest = c.rest[:end], c.rest[end:]
	}
	if name == "" {
		return errors.New("a single $: write $$ for the character itself")
	}
	c.rest = rest
	c.attribute(part{attr: name, precision: -1, fill: ' '})
	return nil
}

// append writes the attribute as it is laid out.
func (p *part) append(dst []byte, v value) []byte {
	text := v.text
	switch p.verb {
	case 'd', 'i':
		if v.isNumber {
			text = strconv.FormatInt(int64(v.number), 10)
		}
	case 'f', 'F', 'e', 'E', 'g', 'G':
		if v.isNumber {
			precision := p.precision
			if precision < 0 {
				precision = 6
			}
			verb := p.verb
			if verb == 'F' {
				verb = 'f'
			}
			text = strconv.FormatFloat(v.number, verb, precision, 64)
		}
	default:
		if p.precision >= 0 && utf8.RuneCountInString(text) > p.precision {
			text = string([]rune(text)[:p.precision])
		}
	}
	return p.pad(dst, text, v.isNumber)
}

func (p *part) pad(dst []byte, text string, isNumber bool) []byte {
	missing := p.width - utf8.RuneCountInString(text)
	if missing <= 0 {
		return append(dst, text...)
	}
	align := p.align
	if align == 0 {
		align = '<'
		if isNumber {
			align = '>'
		}
	}
	left := 0
	switch align {
	case '>', '=':
		left = missing
	case '^':
		left = missing / 2
	}
	for range left {
		dst = append(dst, p.fill)
	}
	dst = append(dst, text...)
	for range missing - left {
		dst = append(dst, p.fill)
	}
	return dst
}
