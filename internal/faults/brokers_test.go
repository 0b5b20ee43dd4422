//go:build interop

package faults_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/internal/interop/peers"
)

// A kind is one broker of the bench.
type kind struct {
	name string
	// keeps: a request that the broker took survives its backend, and durable:
	// the broker's own end too.
	keeps, durable bool
	// shares: several backends share a topic.
	shares bool
	// slow divides how much is asked of it: some twenty calls a second.
	slow int
	// open starts one; alone says that it is to be killed.
	open func(t testing.TB, alone bool) *server
}

// A server is a broker that runs.
type server struct {
	kind
	at      peers.Endpoint
	process *process // of the embedded broker; nil for others
	kill    func()
	restart func()
}

var kinds = []kind{
	{name: "embedded", keeps: true, shares: true, slow: 1, open: openEmbedded(false)},
	{name: "embedded-persistent", keeps: true, durable: true, shares: true, slow: 1, open: openEmbedded(true)},
	{name: "pulsar-persistent", keeps: true, durable: true, shares: true, slow: 1, open: openPulsar("persistent")},
	{name: "pulsar-non-persistent", shares: true, slow: 1, open: openPulsar("non-persistent")},
	{name: "django", keeps: true, durable: true, slow: 5, open: openDjango},
}

// on runs a test on each broker that ok accepts, on several at a time. What is
// measured is what other processes hold.
func on(t *testing.T, ok func(kind) bool, alone bool, test func(t *testing.T, s *server)) {
	for _, k := range kinds {
		if ok(k) {
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				s := k.open(t, alone)
				s.kind = k
				test(t, s)
			})
		}
	}
}

func every(kind) bool { return true }

func openEmbedded(durable bool) func(t testing.TB, alone bool) *server {
	return func(t testing.TB, _ bool) *server {
		if durable {
			return startEmbedded(t, settings{Dir: filepath.Join(t.TempDir(), "store")})
		}
		return startEmbedded(t, settings{})
	}
}

// startEmbedded starts a broker in a process of its own.
func startEmbedded(t testing.TB, set settings) *server {
	set.Addr = "127.0.0.1:0"
	s := &server{}
	start := func() {
		s.process = launch(t, "broker", set)
		set.Addr = s.process.Await(t, "its address", func(log string) (string, bool) {
			_, rest, ok := strings.Cut(log, "broker at ")
			addr, _, _ := strings.Cut(rest, "\n")
			return addr, ok
		})
	}
	start()
	s.at = peers.Endpoint{Name: "embedded", Addr: set.Addr}
	s.kill = func() { kill(t, s.process.Process) }
	s.restart = start
	return s
}

func openPulsar(persistent string) func(t testing.TB, alone bool) *server {
	return func(t testing.TB, alone bool) *server {
		if !alone {
			return &server{at: lab.Pulsar(t, persistent)}
		}
		p := lab.StartPulsar(t, peers.PulsarOptions{})
		s := &server{at: p.Endpoint(persistent)}
		s.kill = func() { kill(t, p.Process) }
		s.restart = func() { p = lab.StartPulsar(t, peers.PulsarOptions{State: p.State, Addr: p.Addr}) }
		return s
	}
}

func openDjango(t testing.TB, _ bool) *server {
	d := lab.StartDjango(t, peers.DjangoOptions{})
	s := &server{at: d.Endpoint}
	s.kill = func() { kill(t, d.Process) }
	s.restart = func() { d = lab.StartDjango(t, peers.DjangoOptions{State: d.State, Addr: d.Endpoint.Addr}) }
	return s
}

func kill(t testing.TB, p *peers.Process) {
	t.Helper()
	if err := p.Kill(); err != nil {
		t.Error(err)
	}
}
