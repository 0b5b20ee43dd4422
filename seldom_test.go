package dasf_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// A peer that sends nonsense as fast as it can does not fill the log, and the
// log says how much there was.
func TestWhatPeersBringAboutIsLoggedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		var lines lockedBuffer
		tb := startBackend(t, b, dasf.Config{Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		p := newRawPeer(t, b, "topic")
		for i := range 1000 {
			p.send("nonsense", fmt.Sprint(i), "")
		}
		synctest.Wait()
		time.Sleep(2 * time.Second)
		p.send("nonsense", "last", "")
		synctest.Wait()
		const text = "ignored a message of a type that a backend does not take"
		if n := strings.Count(lines.String(), text); n != 2 || !strings.Contains(lines.String(), "left_out=999") {
			t.Errorf("%d lines:\n%s", n, lines.String())
		}
		tb.stop()
	})
}

// Each limit that a client hits is named.
func TestTheLogNamesTheLimitThatWasHit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent
		var lines lockedBuffer
		tb := startBackend(t, b, dasf.Config{Workers: 1, QueueSize: 1, Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		p := newRawPeer(t, b, "topic")
		for i := range 20 {
			p.send("request", fmt.Sprint(i), fmt.Sprintf(sleepJSON, 5.0))
			synctest.Wait()
		}
		if n := strings.Count(lines.String(), "refused a request, since the queue is full"); n != 1 || !strings.Contains(lines.String(), "QueueSize=1") {
			t.Errorf("%d lines:\n%s", n, lines.String())
		}
		time.Sleep(time.Minute)
		tb.stop()
	})
}
