package dasf_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// A request in pieces needs a backend that is known to take them. Pulsar
// withholds the ping that asks while all workers are busy, for hours if need
// be, and a broker that keeps it may have to wait for a backend. The call ended
// after the liveness time, although a small one waits.
func TestLargeRequestWaitsForABackendThatIsBusy(t *testing.T) {
	for _, test := range []struct {
		name string
		lost int // pings
		busy time.Duration
	}{
		{"the ping is withheld", 0, time.Hour},
		{"the first pings are lost", 3, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := watched()
				lost := 0
				b.loseIn = func(topic string, m *transport.Message) bool {
					if topic != "topic" || m.Properties["messageType"] != "ping" || lost >= test.lost {
						return false
					}
					lost++
					return true
				}
				c := dial(t, b)
				done := make(chan error, 1)
				go func() {
					text := strings.Repeat("x", 2_000_000)
					got, err := dasf.Call[string](t.Context(), c, "echo", echoRequest{text})
					if err == nil && got != text {
						t.Errorf("got %d characters", len(got))
					}
					done <- err
				}()
				time.Sleep(test.busy)
				tb := startBackend(t, b, dasf.Config{})
				if err := <-done; err != nil {
					t.Error(err)
				}
				if lost != test.lost {
					t.Errorf("%d pings were lost", lost)
				}
				tb.stop()
				c.Close()
			})
		})
	}
}
