package broker

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// checkOrigin keeps web pages of other sites out. See [Config.Origins].
func (b *Broker) checkOrigin(r *http.Request) error {
	text := r.Header.Get("Origin")
	if text == "" {
		return nil
	}
	origin, err := url.Parse(text)
	if err == nil && origin.Host != "" && b.allowed(origin, r) {
		return nil
	}
	return refuse(http.StatusForbidden, "pages of %.100q may not connect, the broker's list of origins does not name it", text)
}

func (b *Broker) allowed(origin *url.URL, r *http.Request) bool {
	if b.listed(origin.Host, origin.Hostname()) {
		return true
	}
	if loopbackName(origin.Hostname()) {
		return true
	}
	// demessaging (websocket-client) sends the broker's own address as Origin.
	return strings.EqualFold(origin.Host, r.Host) && !loopbackConnection(r)
}

func loopbackName(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// loopbackConnection reports whether the request came to a loopback address.
func loopbackConnection(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	ap, err := netip.ParseAddrPort(addr.String())
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

// listed reports whether one of the patterns of origins fits one of the names.
func (b *Broker) listed(names ...string) bool {
	for _, pattern := range b.live.Load().origins {
		pattern = strings.ToLower(pattern)
		for _, name := range names {
			// The patterns were checked when the broker was made.
			if ok, _ := path.Match(pattern, strings.ToLower(name)); ok || pattern == "*" {
				return true
			}
		}
	}
	return false
}
