package typed

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/dasf-go/dasf/internal/jsonscan"
)

// checkSyntax returns nil if src is one valid JSON value: syntax, UTF-8, no
// duplicate keys, no lone surrogates, at most 10,000 levels.
func checkSyntax(src []byte) *Invalid {
	if jsontext.Value(src).IsValid() {
		return nil
	}
	err := firstError(src)
	if name, path, ok := duplicate(src, err); ok {
		return &Invalid{Fields: []FieldError{{
			Path: path, Type: "duplicate_key",
			Message: fmt.Sprintf("The key %s is given twice, give it once", pythonString(name)),
			Input:   pythonString(name), InputType: "str",
		}}}
	}
	message, at := jiterError(src)
	if message == "" { // what jsontext refuses and pydantic's parser takes
		message, at = plainError(err), offset(src, err)
	}
	line, column := position(src, at)
	var input excerpt
	input.str(src)
	return &Invalid{Fields: []FieldError{{
		Type:    "json_invalid",
		Message: fmt.Sprintf("Invalid JSON: %s at line %d column %d", message, line, column),
		Input:   input.String(), InputType: "str",
	}}}
}

// isPlainString reports whether src is one string without escapes.
func isPlainString(src []byte) bool {
	n := len(src)
	return n >= 2 && src[0] == '"' && src[n-1] == '"' && jsonscan.IsPlain(src[1:n-1])
}

// firstError reads src token by token, which gives the position of the error.
func firstError(src []byte) error {
	d := jsontext.NewDecoder(strings.NewReader(string(src)))
	if _, err := d.ReadValue(); err != nil {
		return err
	}
	_, err := d.ReadToken()
	return err
}

// duplicate tells whether err is about a key that occurs twice, and gives the
// key and the path of its second occurrence.
func duplicate(src []byte, err error) (name, path string, ok bool) {
	if !errors.Is(err, jsontext.ErrDuplicateName) {
		return "", "", false
	}
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) {
		return "", "", false
	}
	var steps []string
	for token := range s.JSONPointer.Tokens() {
		steps = append(steps, pathStep(token))
		name = token
	}
	return name, strings.Join(steps, "."), true
}

func offset(src []byte, err error) int {
	var s *jsontext.SyntacticError
	if errors.As(err, &s) {
		return min(int(s.ByteOffset), len(src))
	}
	return len(src)
}

func plainError(err error) string {
	var s *jsontext.SyntacticError
	if errors.As(err, &s) {
		err = s.Err
	}
	if strings.Contains(err.Error(), "max depth") {
		return "nested deeper than 10,000 levels"
	}
	return strings.TrimPrefix(err.Error(), "jsontext: ")
}

// position counts as pydantic's parser does: lines from 1, columns in bytes,
// the column of the byte at which the error was noticed.
func position(src []byte, at int) (line, column int) {
	before := src[:min(at, len(src))]
	line = 1
	for i, c := range before {
		if c == '\n' {
			line++
			before = src[i+1 : min(at, len(src))]
		}
	}
	return line, len(before) + at - min(at, len(src))
}

// pathStep is a key as pydantic writes it in a path: in backticks where it has a dot.
func pathStep(key string) string {
	if strings.Contains(key, ".") {
		return "`" + key + "`"
	}
	return key
}
