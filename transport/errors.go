package transport

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
)

// ErrClosed is what the methods of a closed [Consumer] or [Producer] return.
var ErrClosed = errors.New("closed")

// ErrTooLarge is wrapped by what Send returns for an envelope that is larger
// than the broker takes. Such a message is never sent, because brokers close
// the connection over it.
var ErrTooLarge = errors.New("message is too large for the broker")

// A SendError says that the broker did not take a message. Sending it again
// will bring the same answer, unless what the answer is about has changed.
type SendError struct {
	// Result is what the broker answered instead of ok: Pulsar writes a code,
	// `send-error:8`, Django a text.
	Result string
	// Message explains it, and may be empty.
	Message string
}

func (e *SendError) Error() string {
	if e.Message == "" {
		return "broker refused the message: " + e.Result
	}
	return "broker refused the message: " + e.Result + ": " + e.Message
}

// Refused reports whether the broker refused because of who sends, or where to,
// and not because of the message's form or a full queue. dasf-broker-django
// writes, for example, "User is not allowed to publish to this topic" and
// "Topic x does not exist."
func (e *SendError) Refused() bool {
	if e.Unstored() {
		return false
	}
	text := strings.ToLower(e.Result + " " + e.Message)
	for _, sign := range []string{"not allowed", "not authorized", "does not exist", "forbidden", "permission"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// Unstored reports whether the broker could not store the message, whoever
// sends it: its disk is full, or refuses to be written to. That may pass. Only
// the embedded broker says so.
func (e *SendError) Unstored() bool {
	text := e.Result + " " + e.Message
	return strings.Contains(text, "the message could not be stored") || strings.Contains(text, "the store is full")
}

// A HandshakeError says that a broker, or something on the way to it, answered
// the opening handshake with something else than a WebSocket.
type HandshakeError struct {
	// URL is what was dialled, without its query, which may hold a token.
	URL string
	// Status is the HTTP status code.
	Status int
	// Body is what the answer says in a few words: the title of a page of
	// HTML, where Pulsar's service puts its text, or the start of the body.
	Body string
}

func (e *HandshakeError) Error() string {
	text := fmt.Sprintf("opening %s: broker answered %d %s", e.URL, e.Status, http.StatusText(e.Status))
	if e.Body != "" {
		text += ": " + e.Body
	}
	if cure := e.cure(); cure != "" {
		text += " (" + cure + ")"
	}
	return text
}

// cure tells what to look at; the brokers' own texts often do not.
func (e *HandshakeError) cure() string {
	switch e.Status {
	case http.StatusOK, http.StatusSwitchingProtocols, http.StatusMethodNotAllowed:
		return "what answers there does not speak WebSocket; check the URL"
	case http.StatusUnauthorized:
		return "a header with a valid token is missing"
	case http.StatusForbidden:
		return "the token does not grant this topic"
	case http.StatusNotFound:
		return "check the URL, and for Pulsar tenant and namespace"
	case http.StatusConflict:
		return "another consumer holds this subscription"
	case http.StatusInternalServerError:
		return "check the topic: brokers answer so to a name that they can't parse"
	}
	return ""
}

// Temporary reports whether the same handshake may succeed later.
func (e *HandshakeError) Temporary() bool {
	switch e.Status {
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusRequestTimeout:
		return true
	}
	return e.Status >= 500
}

// handshakeError makes an answer to the handshake of t readable.
func handshakeError(t *target, resp *http.Response) error {
	e := &HandshakeError{URL: t.String(), Status: resp.StatusCode}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // what came of it is enough
	switch location := resp.Header.Get("Location"); {
	case location != "" && resp.StatusCode/100 == 3:
		e.Body = "moved to " + location
	default:
		e.Body = gist(string(body))
	}
	return e
}

// gist is what the body of an answer says: the title of a page of HTML, without
// the status code that Jetty puts before it, or the start of a text.
func gist(body string) string {
	if _, title, ok := strings.Cut(body, "<title>"); ok {
		title, _, _ = strings.Cut(title, "</title>")
		body = html.UnescapeString(title)
		if rest, ok := strings.CutPrefix(body, "Error "); ok && len(rest) > 4 && rest[3] == ' ' {
			body = rest[4:]
		}
	}
	body = strings.Join(strings.Fields(strings.ToValidUTF8(body, "")), " ")
	if runes := []rune(body); len(runes) > maxGist {
		body = string(runes[:maxGist]) + "…"
	}
	return body
}

// maxGist is the length of a gist in characters.
const maxGist = 200
