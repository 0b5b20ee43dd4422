package cmdline

import (
	"errors"
	"strings"
)

// A dotenv reads the lines of a dotenv file as python-dotenv does.
type dotenv struct {
	rest   string
	line   int // of what is read
	lookup func(string) (string, bool)
}

// next returns the next variable, or an empty name at the end.
func (p *dotenv) next() (name, value string, err error) {
	p.skip()
	if p.rest == "" {
		return "", "", nil
	}
	end := strings.IndexAny(p.rest, "=\n")
	if end < 0 || p.rest[end] == '\n' {
		return "", "", errors.New("expected NAME=value")
	}
	name = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(p.rest[:end]), "export "))
	if name == "" || strings.ContainsAny(name, " \t\"'#") {
		return "", "", errors.New("expected NAME=value, a name without spaces and quotes")
	}
	p.rest = strings.TrimLeft(p.rest[end+1:], " \t")
	value, err = p.value()
	return name, value, err
}

// skip leaves out empty lines and comments.
func (p *dotenv) skip() {
	for {
		p.rest = strings.TrimLeft(p.rest, " \t\ufeff")
		switch {
		case strings.HasPrefix(p.rest, "\n"):
			p.rest = p.rest[1:]
			p.line++
		case strings.HasPrefix(p.rest, "#"):
			_, after, _ := strings.Cut(p.rest, "\n")
			p.rest = "\n" + after
			if after == "" {
				p.rest = ""
			}
		default:
			return
		}
	}
}

func (p *dotenv) value() (string, error) {
	switch {
	case strings.HasPrefix(p.rest, "'"):
		return p.quoted('\'')
	case strings.HasPrefix(p.rest, `"`):
		return p.quoted('"')
	}
	text, after, more := strings.Cut(p.rest, "\n")
	p.rest = ""
	if more {
		p.rest = "\n" + after
	}
	if strings.HasPrefix(text, "#") {
		text = ""
	}
	for _, comment := range []string{" #", "\t#"} {
		text, _, _ = strings.Cut(text, comment)
	}
	return p.expand(strings.TrimSpace(text)), nil
}

// quoted reads a quoted value, which may go over several lines.
func (p *dotenv) quoted(quote byte) (string, error) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		c := p.rest[i]
		switch {
		case c == quote:
			p.line += strings.Count(p.rest[:i], "\n")
			p.rest = p.rest[i+1:]
			return p.unquoted(b.String(), quote)
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteString(unescape(p.rest[i], quote))
		default:
			b.WriteByte(c)
		}
	}
	return "", errors.New("a quote is not closed")
}

// unescape returns what \c stands for: in single quotes only \' and \\ mean
// something.
func unescape(c, quote byte) string {
	if c == quote || c == '\\' {
		return string(c)
	}
	if quote == '"' {
		if i := strings.IndexByte("ntr", c); i >= 0 {
			return "\n\t\r"[i : i+1]
		}
	}
	return `\` + string(c)
}

// unquoted checks that only a comment follows a quoted value.
func (p *dotenv) unquoted(text string, quote byte) (string, error) {
	tail, _, _ := strings.Cut(p.rest, "\n")
	if tail = strings.TrimSpace(tail); tail != "" && tail[0] != '#' {
		return "", errors.New("text behind a closing quote")
	}
	if quote == '"' {
		text = p.expand(text)
	}
	return text, nil
}

// expand replaces ${NAME} and ${NAME:-otherwise}.
func (p *dotenv) expand(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "${")
		name, rest, closed := strings.Cut(after, "}")
		if !found || !closed {
			b.WriteString(text)
			return b.String()
		}
		name, otherwise, _ := strings.Cut(name, ":-")
		value, ok := p.lookup(name)
		if !ok {
			value = otherwise
		}
		b.WriteString(before)
		b.WriteString(value)
		text = rest
	}
}
