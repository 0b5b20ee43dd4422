package transport_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf/transport"
	"github.com/dasf-go/dasf/transport/transporttest"
)

func TestMemory(t *testing.T) {
	transporttest.Run(t, func(*testing.T) transport.Broker { return transport.Memory() },
		transporttest.Caps{Keeps: true, Nacks: true, Types: true, Durable: true, AnyName: true})
}

// quick makes a test over real sockets reconnect at once.
var quick = transport.Options{MinBackoff: time.Millisecond, MaxBackoff: 50 * time.Millisecond}

func TestWebSocket(t *testing.T) {
	var s *server
	transporttest.Run(t, func(t *testing.T) transport.Broker {
		var h = newServerOf(t, &s)
		return transport.WebSocket(h, quick)
	}, transporttest.Caps{Cut: func() { s.cut() }, Keeps: true, Nacks: true, Types: true, Durable: true, AnyName: true})
}

func TestPulsar(t *testing.T) {
	var s *server
	transporttest.Run(t, func(t *testing.T) transport.Broker {
		host := strings.TrimSuffix(strings.TrimPrefix(newServerOf(t, &s), "ws://"), "/ws/")
		return transport.Pulsar(host, transport.PulsarOptions{Options: quick, Persistent: true})
	}, transporttest.Caps{Cut: func() { s.cut() }, Keeps: true, Nacks: true, Types: true, Durable: true, AnyName: true})
}

// newServerOf starts a server, stores it in s, and returns its URL.
func newServerOf(t *testing.T, s **server) string {
	var h = ""
	srv, http := newServer(t)
	*s, h = srv, wsURL(http)
	return h
}
