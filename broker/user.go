package broker

import (
	"net/http"
	"strings"
	"time"
)

// AnonymousUser is the name under which topics know those who bring no token.
// It is dasf-broker-django's (django-guardian's ANONYMOUS_USER_NAME).
const AnonymousUser = "AnonymousUser"

// A User is whom a token belongs to, with what it may do besides the rights
// that topics give it by its name.
type User struct {
	// Name is what the rights of topics and the log know the user by. Nobody
	// but who brings no token may have the name "" or [AnonymousUser].
	Name string

	// Admin may do everything.
	Admin bool
	// CreateTopics says that a first message from the user makes its topic, see
	// [CreateAllowed].
	CreateTopics bool
	// ViewStatus may see the status of every topic, the API and the metrics.
	ViewStatus bool

	// Expires is when the user's sockets are closed; zero means never.
	Expires time.Time
	// Revoked is asked every few seconds while the user has a socket, which is
	// closed once it returns true. Nil means never. It may be called
	// concurrently and must not block.
	Revoked func() bool
}

// name is the user's in lists of rights.
func (u *User) name() string {
	if u.Name == "" {
		return AnonymousUser
	}
	return u.Name
}

func (u *User) anonymous() bool { return u.Name == "" || u.Name == AnonymousUser }

// over reports whether the user's token has ceased to be good.
func (u *User) over(now time.Time) bool {
	return !u.Expires.IsZero() && !now.Before(u.Expires) || u.Revoked != nil && u.Revoked()
}

// An Authenticator tells who somebody is. [Accounts] is one; a server that
// knows its users already brings another. Its method may be called
// concurrently.
type Authenticator interface {
	// Authenticate returns the user that a token belongs to. The token is what
	// the request carries as described at [Config.Authenticator]; an empty one
	// means that there is none, and the zero User that nobody has identified
	// himself, for whom topics may have rights all the same. An error is
	// answered with 401 and logged; its text is sent to the peer.
	Authenticate(r *http.Request, token string) (User, error)
}

const (
	// protocol is what the broker agrees to speak with who asks for it.
	protocol = "dasf"
	// tokenProtocol begins a subprotocol that carries a token: a browser can
	// set no other header of a WebSocket.
	tokenProtocol = "dasf.token."
)

// identify returns who makes a request, and the subprotocol that the answer
// must name, if any. Without an Authenticator everybody may do everything.
func (b *Broker) identify(r *http.Request) (User, string, error) {
	token, chosen, err := tokenOf(r)
	if err != nil {
		return User{}, "", err
	}
	if b.config.Authenticator == nil {
		return User{Admin: true}, chosen, nil
	}
	u, err := b.config.Authenticator.Authenticate(r, token)
	if err != nil {
		return User{}, "", refuse(http.StatusUnauthorized, "%w", err)
	}
	if u.anonymous() {
		u = User{}
	}
	return u, chosen, nil
}

// tokenOf finds the token of a request, "" if it has none. A header weighs more
// than a parameter, as in Pulsar, even if it is of no use.
func tokenOf(r *http.Request) (token, chosen string, err error) {
	var offered []string
	for _, line := range r.Header.Values("Sec-Websocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			offered = append(offered, strings.TrimSpace(name))
		}
	}
	for _, name := range offered {
		if name == protocol {
			chosen = protocol
		}
		if t, ok := strings.CutPrefix(name, tokenProtocol); ok && token == "" {
			token = t
		}
	}
	if token != "" && chosen == "" {
		return "", "", refuse(http.StatusBadRequest,
			"the subprotocol %sTOKEN needs the subprotocol %s beside it: a browser wants one of those it offers in the answer", tokenProtocol, protocol)
	}
	if header := r.Header.Values("Authorization"); len(header) > 0 {
		scheme, text, _ := strings.Cut(strings.TrimSpace(header[0]), " ")
		text = strings.TrimSpace(text)
		if len(header) > 1 || text == "" || !strings.EqualFold(scheme, "Token") && !strings.EqualFold(scheme, "Bearer") {
			return "", "", refuse(http.StatusUnauthorized, "the header Authorization must be Token TOKEN or Bearer TOKEN")
		}
		return text, chosen, nil
	}
	if token == "" {
		token = r.URL.Query().Get("token")
	}
	return token, chosen, nil
}
