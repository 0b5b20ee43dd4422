// Package requests makes a request of what a user wrote on a command line.
package requests

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/yamljson"
)

// Help tells how a request may be written.
const Help = `A request is one of

    '{func_name: hello_world, name: Peter}'    YAML or JSON text
    request.json                               a YAML or JSON file
    -                                          the same from standard input
    hello_world name=Peter repeat=3            a member and its parameters
    HelloWorld.greet message=Hi repeat=2       a method; both take parameters

The type of a parameter behind = is taken from the schema: name=7 is the text
"7" where the schema wants a string. Lists and objects are written as YAML.`

// A Reader reads requests.
type Reader struct {
	// In is where "-" reads from.
	In io.Reader
	// API describes the backend. It is asked for only where it is needed.
	API func() (*dasf.API, error)
}

// Read makes a request of the words of a command line, of which there is at
// least one. It does not check the request against the schema.
func (r *Reader) Read(words []string) (json.RawMessage, error) {
	if len(words) == 1 {
		text, where, err := r.text(words[0])
		if err != nil {
			return nil, err
		}
		if text != nil {
			return object(where, text)
		}
	}
	description, err := r.API()
	if err != nil {
		return nil, err
	}
	return build(description, words)
}

// object reads the text of a request.
func object(where string, text []byte) (json.RawMessage, error) {
	request, err := yamljson.JSON(text)
	if err != nil {
		return nil, cmdline.Usagef("%s: %v", where, err)
	}
	if trimmed := strings.TrimSpace(string(request)); !strings.HasPrefix(trimmed, "{") {
		return nil, cmdline.Usagef("%s is %s: it must be an object such as {func_name: hello_world}", where, shorten(trimmed))
	}
	return request, nil
}

// fileTypes are the endings by which the original knows a file.
var fileTypes = []string{".json", ".yml", ".yaml"}

// IsFile reports whether a word is the name of a YAML or JSON file by its
// ending, as the original decides it.
func IsFile(word string) bool {
	return slices.Contains(fileTypes, strings.ToLower(filepath.Ext(word)))
}

// text returns the text of a request and what to call it in errors. The text
// is nil when the word is the name of a member.
func (r *Reader) text(word string) (text []byte, where string, err error) {
	switch {
	case word == "-":
		if text, err = io.ReadAll(r.In); err != nil {
			return nil, "", fmt.Errorf("reading the request from standard input: %w", err)
		}
		return text, "the request", nil
	case strings.ContainsAny(word, "\n{[:") && !IsFile(word), word == "":
		return []byte(word), "the request", nil
	case !IsFile(word):
		// A program in the same folder often has the name of its function.
		description, err := r.API()
		if err != nil || isMember(description, word) {
			return nil, "", err
		}
	}
	text, err = os.ReadFile(word)
	if err == nil {
		return text, word, nil
	}
	if !IsFile(word) && errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil // the error names the members
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	return nil, "", cmdline.Usagef("the request file %s: %v", word, err)
}

func isMember(a *dasf.API, word string) bool {
	name, _, _ := strings.Cut(word, ".")
	return slices.ContainsFunc(a.Functions, func(f api.Function) bool { return f.Name == name }) ||
		slices.ContainsFunc(a.Classes, func(c api.Class) bool { return c.Name == name })
}

func shorten(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
