// Package layout lays text out on lines of a given width, by the algorithm that
// prettier uses (after Philip Wadler's "A prettier printer"): a group stands on
// one line if it fits, else all its breaks become line breaks.
package layout

import (
	"strings"
	"unicode/utf8"
)

// A Doc is text with the places where it may be broken.
type Doc interface{ doc() }

type (
	text   string
	concat []Doc
	group  struct{ inner Doc }
	nest   struct{ inner Doc }
	choice struct{ broken, flat Doc }
	space  struct{ flat string } // a line break, or this
)

func (text) doc()   {}
func (concat) doc() {}
func (group) doc()  {}
func (nest) doc()   {}
func (choice) doc() {}
func (space) doc()  {}

// Text is text without line breaks.
func Text(s string) Doc { return text(s) }

// Concat is one after the other.
func Concat(docs ...Doc) Doc { return concat(docs) }

// Group is on one line if it fits.
func Group(docs ...Doc) Doc { return group{concat(docs)} }

// Indent indents the lines that are broken in it by two spaces.
func Indent(docs ...Doc) Doc { return nest{concat(docs)} }

// Line is a space or a line break.
func Line() Doc { return space{" "} }

// Softline is nothing or a line break.
func Softline() Doc { return space{} }

// IfBreak is broken in a group that is broken, else flat.
func IfBreak(broken, flat Doc) Doc { return choice{broken, flat} }

// Join puts separator between docs.
func Join(separator Doc, docs []Doc) Doc {
	var out concat
	for i, d := range docs {
		if i > 0 {
			out = append(out, separator)
		}
		out = append(out, d)
	}
	return out
}

type command struct {
	indent int
	flat   bool
	doc    Doc
}

// String lays d out at a width, the first line beginning at column 0.
func String(d Doc, width int) string {
	var out strings.Builder
	column := 0
	stack := []command{{0, false, d}}
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		switch d := c.doc.(type) {
		case text:
			out.WriteString(string(d))
			column += utf8.RuneCountInString(string(d))
		case concat:
			for i := len(d) - 1; i >= 0; i-- {
				stack = append(stack, command{c.indent, c.flat, d[i]})
			}
		case nest:
			stack = append(stack, command{c.indent + 2, c.flat, d.inner})
		case group:
			flat := c.flat || fits(command{c.indent, true, d.inner}, stack, width-column)
			stack = append(stack, command{c.indent, flat, d.inner})
		case choice:
			chosen := d.broken
			if c.flat {
				chosen = d.flat
			}
			if chosen != nil {
				stack = append(stack, command{c.indent, c.flat, chosen})
			}
		case space:
			if c.flat {
				out.WriteString(d.flat)
				column += len(d.flat)
				continue
			}
			trimmed := strings.TrimRight(out.String(), " ")
			out.Reset()
			out.WriteString(trimmed + "\n" + strings.Repeat(" ", c.indent))
			column = c.indent
		}
	}
	return out.String()
}

// fits reports whether a command, and what follows it up to the next possible
// line break, fits into the room that is left.
func fits(next command, rest []command, room int) bool {
	stack := []command{next}
	at := len(rest)
	for room >= 0 {
		if len(stack) == 0 {
			if at == 0 {
				return true
			}
			at--
			stack = append(stack, rest[at])
			continue
		}
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		switch d := c.doc.(type) {
		case text:
			room -= utf8.RuneCountInString(string(d))
		case concat:
			for i := len(d) - 1; i >= 0; i-- {
				stack = append(stack, command{c.indent, c.flat, d[i]})
			}
		case nest:
			stack = append(stack, command{c.indent, c.flat, d.inner})
		case group:
			stack = append(stack, command{c.indent, c.flat, d.inner})
		case choice:
			chosen := d.broken
			if c.flat {
				chosen = d.flat
			}
			if chosen != nil {
				stack = append(stack, command{c.indent, c.flat, chosen})
			}
		case space:
			if !c.flat {
				return true
			}
			room -= len(d.flat)
		}
	}
	return false
}
