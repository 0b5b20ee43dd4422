package broker

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// usages is what each user has and does, as long as it has a socket.
type usages struct {
	mu   sync.Mutex
	user map[string]*usage
}

// A usage is one user's.
type usage struct {
	key      string
	sockets  int                          // guarded by usages.mu
	messages atomic.Pointer[rate.Limiter] // nil: no bound
	bytes    atomic.Pointer[rate.Limiter] // nil: no bound
}

// enterUsage counts a socket of u in. The usage must leave.
func (b *Broker) enterUsage(u *User, remote string) (*usage, error) {
	key := u.name()
	if u.anonymous() {
		host, _, err := net.SplitHostPort(remote)
		if err != nil {
			host = remote
		}
		key += "@" + host
	}
	c := b.live.Load()
	b.usages.mu.Lock()
	defer b.usages.mu.Unlock()
	g := b.usages.user[key]
	if g == nil {
		g = &usage{key: key}
		g.bound(c, b.config.MaxMessage)
		b.usages.user[key] = g
	}
	if c.userSockets > 0 && g.sockets >= c.userSockets {
		return nil, refuse(http.StatusTooManyRequests, "%s has %d sockets, no more are allowed", key, g.sockets)
	}
	g.sockets++
	return g, nil
}

func (b *Broker) leaveUsage(g *usage) {
	b.usages.mu.Lock()
	defer b.usages.mu.Unlock()
	g.sockets--
	if g.sockets == 0 {
		delete(b.usages.user, g.key)
	}
}

// bound sets what the user may do a second; usages.mu is held. A limiter that
// is there keeps what it has counted.
func (g *usage) bound(c *liveConfig, maxMessage int) {
	g.messages.Store(limiter(g.messages.Load(), int64(c.userMessages), int64(c.userMessages)))
	g.bytes.Store(limiter(g.bytes.Load(), c.userBytes, max(c.userBytes, hardLimit*int64(maxMessage))))
}

// limiter is nil without a bound.
func limiter(l *rate.Limiter, bound, burst int64) *rate.Limiter {
	if bound == 0 {
		return nil
	}
	if l == nil {
		return rate.NewLimiter(rate.Limit(bound), int(burst))
	}
	l.SetLimit(rate.Limit(bound))
	l.SetBurst(int(burst))
	return l
}

// take counts a message of n bytes, or says which bound it exceeds.
func (g *usage) take(n int) error {
	if g == nil {
		return nil
	}
	if l := g.messages.Load(); l != nil && !l.Allow() {
		return &fullError{"user", fmt.Sprintf(" %q", g.key), fmt.Sprintf("more than %v messages a second", l.Limit())}
	}
	if l := g.bytes.Load(); l != nil && !l.AllowN(time.Now(), n) {
		return &fullError{"user", fmt.Sprintf(" %q", g.key), fmt.Sprintf("more than %.0f bytes a second", l.Limit())}
	}
	return nil
}
