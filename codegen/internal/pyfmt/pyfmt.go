// Package pyfmt breaks the lines of generated Python code where black breaks
// them, for any line length, so that black leaves the code alone.
//
// It is no formatter of Python at large. It takes code whose statements stand
// on one line each, spaced as black spaces them, and made of names, literals,
// calls, subscripts and displays; a statement with anything else in it, or one
// that is on several lines already, is left as it is.
package pyfmt

import "strings"

const indentWidth = 4

// Format returns source with each statement that is longer than width broken
// into lines. Strings that span lines, comments, and what stands between
// "# fmt: off" and "# fmt: on" are left as they are.
func Format(source string, width int) string {
	var out strings.Builder
	var s scanner
	for text := range strings.Lines(source) {
		line := strings.TrimSuffix(text, "\n")
		if s.inside() || strings.TrimSpace(line) == "" || strings.HasPrefix(strings.TrimSpace(line), "#") {
			s.directive(line)
			s.skip(line)
			out.WriteString(text)
			continue
		}
		leaves, ok := s.statement(line)
		if !ok {
			out.WriteString(text)
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " "))
		for _, l := range split(leaves, indent/indentWidth, width) {
			out.WriteString(l)
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// Width returns the number of columns that text takes, as black counts them:
// East Asian wide characters take two.
func Width(text string) int {
	n := 0
	for _, r := range text {
		n++
		if wide(r) {
			n++
		}
	}
	return n
}

func wide(r rune) bool {
	if r < 0x1100 {
		return false
	}
	for _, span := range [][2]rune{
		{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0x33ff}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa000, 0xa4cf},
		{0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6},
		{0x1f300, 0x1faff}, {0x20000, 0x3fffd},
	} {
		if span[0] <= r && r <= span[1] {
			return true
		}
	}
	return false
}
