//go:build interop

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// A worker is killed in the middle of 500 requests, and another one started.
func TestWorkerKilled(t *testing.T) {
	on(t, every, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "worker killed")
		first := b.backend(nil)
		if s.shares {
			b.watch("backend", b.backend(nil))
		}
		b.run(load{calls: 500 / s.slow, atOnce: 100, ms: 30, during: func() {
			kill(t, first.Process)
			b.backend(nil)
		}})
		if s.keeps {
			b.wantAnswered()
		} else {
			b.wantOnly(dasf.CodeUnavailable)
		}
		b.wantNoLeak(2, 10, 8<<20)
	})
}

// The broker is killed and comes back, with what it had on the disk.
func TestBrokerKilled(t *testing.T) {
	on(t, func(k kind) bool { return k.keeps }, true, func(t *testing.T, s *server) {
		b := newBench(t, s, "broker killed")
		b.watch("backend", b.backend(nil))
		// Longer than the brokers take for a start: calls end when theirs is gone
		// for the liveness time. What a killed Pulsar has lost in spite of its
		// acknowledgement is sent again after twice that, within a call's time.
		patient := []dasf.DialOption{dasf.WithLiveness(40 * time.Second)}
		if !s.durable {
			patient = nil // it starts at once, and what it had the clients send again
		}
		b.run(load{calls: 500 / s.slow, atOnce: 50, ms: 100, dial: patient, during: func() {
			s.kill()
			s.restart()
		}})
		b.wantAnswered()
		b.wantNoLeak(2, 10, 8<<20)
	})
}

// SIGTERM in the middle of work: what is in hand is answered, and the next
// backend takes what was handed back.
func TestGracefulStop(t *testing.T) {
	on(t, every, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "graceful stop")
		first := b.backend(nil)
		b.run(load{calls: 200 / s.slow, atOnce: 40, ms: 200, during: func() {
			started := time.Now()
			if err := first.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			if s.shares {
				b.backend(nil)
			}
			<-first.Done()
			if code := first.ExitCode(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if d := time.Since(started); d > 25*time.Second {
				t.Errorf("stopping took %v", d)
			}
			if !s.shares {
				b.backend(nil)
			}
		}})
		if s.keeps {
			b.wantAnswered()
		} else {
			b.wantOnly(dasf.CodeUnavailable)
		}
	})
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	on(t, every, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "two signals")
		first := b.backend(nil)
		client := launch(t, "client", settings{Topic: b.topic, At: s.at, Calls: 4, Alive: s.liveness().Seconds() / 3})
		waitFor(t, "the calls to run", func() bool { return b.runs() == 4 })
		started := time.Now()
		for range 2 {
			if err := first.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			time.Sleep(200 * time.Millisecond) // two signals at once may be one
		}
		<-first.Done()
		if d := time.Since(started); d > 10*time.Second {
			t.Errorf("ending took %v", d)
		}
		if code := first.ExitCode(); code != 128+15 {
			t.Errorf("exit code %d", code)
		}
		kill(t, client.Process)
	})
}

// A client is killed that waits for its response; the others go on.
func TestClientKilled(t *testing.T) {
	on(t, every, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "client killed")
		backend := b.backend(func(set *settings) { set.Cancel, set.Keep = true, 1 })
		b.run(load{calls: 4})
		b.watch("backend", backend)
		client := launch(t, "client", settings{Topic: b.topic, At: s.at, Calls: 4, Alive: s.liveness().Seconds() / 3})
		waitFor(t, "the calls to run", func() bool { return b.runs() == 8 })
		b.run(load{calls: 100 / s.slow, atOnce: 4, during: func() { kill(t, client.Process) }})
		b.wantAnswered()
		waitFor(t, "the handlers of the client that is gone to be cancelled", func() bool { return len(b.ended()) >= 4 })
		for _, line := range b.ended() {
			var id string
			if n, _ := fmt.Sscanf(line, "ended %s the client is gone", &id); n != 1 {
				t.Errorf("a handler's context %s", line)
			}
		}
		b.wantNoLeak(1, 4, 8<<20)
	})
}

// A request ends each process that runs it. The fourth one refuses it.
func TestRequestThatEndsItsWorkers(t *testing.T) {
	counts := func(k kind) bool { return strings.HasPrefix(k.name, "embedded") }
	on(t, counts, false, func(t *testing.T, s *server) {
		b := newBench(t, s, "worker ends itself")
		var backends []*process
		for range 4 {
			backends = append(backends, b.backend(nil))
		}
		client, err := dasf.Dial(t.Context(), connectWith(s.at, transport.Options{}), b.topic)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), callLimit)
		defer cancel()
		_, err = dasf.Call[string](ctx, client, "work", workRequest{ID: "deadly", MS: -1})
		var e *dasf.Error
		if !errors.As(err, &e) || !e.Remote() || !strings.Contains(err.Error(), "delivered 3 times before and never answered") {
			t.Errorf("the call ended with %v", err)
		}
		alive := 0
		for _, p := range backends {
			select {
			case <-p.Done():
			default:
				alive++
			}
		}
		if alive != 1 || b.runs() != 3 {
			t.Errorf("%d backends are left after %d runs", alive, b.runs())
		}
		b.run(load{calls: 20}) // by the one that is left
		b.wantAnswered()
	})
}
