// Package pyjson writes JSON text as Python's json module does.
package pyjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Compact puts ", " and ": " between the parts of text, as json.dumps does, and
// escapes what is not ASCII.
func Compact(text []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return nil, err
	}
	var out []byte
	quoted := false
	compact := b.Bytes()
	for i := 0; i < len(compact); i++ {
		c := compact[i]
		out = append(out, c)
		switch {
		case quoted && c == '\\':
			i++
			out = append(out, compact[i])
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == ':'):
			out = append(out, ' ')
		}
	}
	return ascii(out), nil
}

// Indent puts each part of text on a line of its own, with indent spaces for
// each level, as json.dumps(indent=indent) does, and escapes what is not ASCII.
func Indent(text []byte, indent int) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", strings.Repeat(" ", indent)); err != nil {
		return nil, err
	}
	return ascii(b.Bytes()), nil
}

// ascii escapes every character that is not ASCII. In JSON text these stand
// only in strings.
func ascii(text []byte) []byte {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, len(text))
	unit := func(u rune) {
		out = append(out, '\\', 'u', digits[u>>12&15], digits[u>>8&15], digits[u>>4&15], digits[u&15])
	}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r < 0x10000:
			unit(r)
		default:
			r -= 0x10000
			unit(0xd800 + r>>10)
			unit(0xdc00 + r&0x3ff)
		}
	}
	return out
}
