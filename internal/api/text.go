package api

import (
	"bytes"
	"encoding/json"
)

// Spaced returns compact JSON text with ", " and ": " between its parts, as
// Python's json.dumps writes it.
func Spaced(compact []byte) []byte {
	out := make([]byte, 0, len(compact)+len(compact)/8)
	inString := false
	for i := 0; i < len(compact); i++ {
		c := compact[i]
		out = append(out, c)
		switch {
		case inString && c == '\\' && i+1 < len(compact):
			i++
			out = append(out, compact[i])
		case c == '"':
			inString = !inString
		case !inString && (c == ',' || c == ':'):
			out = append(out, ' ')
		}
	}
	return out
}

// Indented returns JSON text with each level indented by so many spaces, as
// Python's json.dumps writes it with that indent. A negative width counts as 0.
func Indented(compact []byte, width int) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", string(bytes.Repeat([]byte{' '}, max(width, 0)))); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
