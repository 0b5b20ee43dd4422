package dasf_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// fullDisk is a broker that can store no response while full says so. It counts
// how often it was tried.
func fullDisk(full *atomic.Bool, tried *atomic.Int64) *watchedBroker {
	b := watched()
	b.stall = func(_ context.Context, m *transport.Message) error {
		if m.Properties["messageType"] != "response" {
			return nil
		}
		tried.Add(1)
		if full.Load() {
			return &transport.SendError{Result: "error: the message could not be stored: no space left on device"}
		}
		return nil
	}
	return b
}

func TestResponseThatCouldNotBeStoredIsSentLater(t *testing.T) {
	for name, request := range map[string]string{
		"short": `{"func_name":"echo","data":"x"}`,
		"long":  `{"func_name":"big","n":100000}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var full atomic.Bool
				var tried atomic.Int64
				b := fullDisk(&full, &tried)
				startBackend(t, b, dasf.Config{})
				p := newRawPeer(t, b, "topic")
				p.send("request", "0", request)
				p.receive() // and a producer is open
				full.Store(true)
				p.send("request", "1", request)
				time.Sleep(30 * time.Second)
				if n := count(b.noted(), "ack topic request"); n != 1 || tried.Load() < 10 {
					t.Errorf("%d requests are acknowledged while the disk is full, and %d responses were sent", n, tried.Load())
				}
				full.Store(false)
				if props, _ := p.receive(); props["requestContext"] != "1" || props["status"] != "success" {
					t.Errorf("got %v", props)
				}
				synctest.Wait()
				if n := count(b.noted(), "ack topic request"); n != 2 {
					t.Errorf("%d requests are acknowledged, want 2", n)
				}
			})
		})
	}
}

// What waits in the broker may be what fills its disk.
func TestResponseThatCouldNotBeStoredIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		var tried atomic.Int64
		b := fullDisk(&full, &tried)
		full.Store(true)
		startBackend(t, b, dasf.Config{ResendAge: 5 * time.Second})
		p := newRawPeer(t, b, "topic")
		p.send("request", "1", `{"func_name":"echo","data":"x"}`)
		time.Sleep(4 * time.Second)
		if n := count(b.noted(), "ack topic request"); n != 0 {
			t.Errorf("%d requests are acknowledged after 4 s", n)
		}
		time.Sleep(4 * time.Second)
		if n := count(b.noted(), "ack topic request"); n != 1 {
			t.Errorf("%d requests are acknowledged after Config.ResendAge", n)
		}
		sent := tried.Load()
		time.Sleep(10 * time.Second)
		if more := tried.Load() - sent; more > 0 {
			t.Errorf("the response was sent %d times more", more)
		}
	})
}

func TestRequestWhoseResponseCouldNotBeStoredIsHandedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		var tried atomic.Int64
		b := fullDisk(&full, &tried)
		full.Store(true)
		first := startBackend(t, b, dasf.Config{})
		p := newRawPeer(t, b, "topic")
		p.send("request", "1", `{"func_name":"echo","data":"x"}`)
		time.Sleep(2500 * time.Millisecond)
		p.send("request", "2", `{"func_name":"sleep","seconds":5}`) // is answered while the backend stops
		time.Sleep(time.Second)
		first.stop()
		<-first.err
		first.err <- nil
		if n := count(b.noted(), "ack topic request"); n != 0 {
			t.Errorf("%d requests are acknowledged", n)
		}
		full.Store(false)
		startBackend(t, b, dasf.Config{})
		answered := map[string]bool{}
		for range 2 {
			props, _ := p.receive()
			answered[props["requestContext"]] = props["status"] == "success"
		}
		if !answered["1"] || !answered["2"] {
			t.Errorf("answered: %v", answered)
		}
	})
}
