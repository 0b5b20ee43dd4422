//go:build interop

package faults_test

import (
	"testing"

	"github.com/dasf-go/dasf"
)

// 10,000 requests in one second to four backends.
func TestBurst(t *testing.T) {
	on(t, func(k kind) bool { return k.shares }, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "burst")
		short := func(set *settings) { set.Keep = 1 }
		for range 3 {
			b.backend(short)
		}
		b.watch("backend", b.backend(short))
		if s.process != nil {
			b.watch("broker", s.process)
		}
		b.run(load{calls: 10_000, clients: 8})
		if s.keeps {
			b.wantAnswered()
		} else {
			b.wantOnly(dasf.CodeUnavailable, dasf.CodeBusy)
		}
		b.wantNoLeak(10, 60, 64<<20)
	})
}

// 1,000 clients connect, call, and vanish together; 200 on Pulsar, and 40 on
// dasf-broker-django. Pulsar's standalone makes new topics for each client: tried
// with 1,000 on two busy processors, fewer than 400 of them had their answer
// after 100 seconds, and the next ones gave up after a minute.
func TestClientsVanish(t *testing.T) {
	on(t, every, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "clients vanish")
		backend := b.backend(func(set *settings) { set.Keep = 1 })
		b.run(load{calls: 10})
		b.watch("backend", backend)
		crowd := 1000
		if s.process != nil {
			b.watch("broker", s.process)
		} else {
			crowd /= 5 * s.slow
		}
		p := launch(t, "crowd", settings{Topic: b.topic, At: s.at, Calls: crowd})
		b.run(load{calls: 100 / s.slow, atOnce: 10, during: func() { kill(t, p.Process) }})
		b.wantAnswered()
		b.wantNoLeak(2, 8, 16<<20)
	})
}
