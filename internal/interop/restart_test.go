//go:build interop

package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// A restartable is a broker that can be taken away and brought back at the same address.
type restartable struct {
	at   peers.Endpoint
	stop func()
	run  func()
}

func restartableDjango(t *testing.T) restartable {
	d := lab.StartDjango(t, peers.DjangoOptions{})
	return restartable{
		at: d.Endpoint,
		stop: func() {
			if err := d.Kill(); err != nil { // asked to end, daphne waits for its clients
				t.Error(err)
			}
		},
		run: func() { lab.StartDjango(t, peers.DjangoOptions{State: d.State, Addr: d.Endpoint.Addr}) },
	}
}

func restartableEmbedded(t *testing.T) restartable { return restartableWith(t, "") }

func restartableStored(t *testing.T) restartable { return restartableWith(t, t.TempDir()) }

// restartableWith is our own broker, with a store if it has a folder.
func restartableWith(t *testing.T, dir string) restartable {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	var stop func()
	serve := func(l net.Listener) {
		b, err := broker.New(broker.Config{Dir: dir, Logger: newLog(t, "broker")})
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second}
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		stop = func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := errors.Join(server.Close(), b.Shutdown(ctx)); err != nil {
				t.Error(err)
			}
			<-served
		}
	}
	serve(l)
	t.Cleanup(func() { stop() })
	return restartable{
		at:   peers.Endpoint{Name: "embedded", Addr: addr},
		stop: func() { stop() },
		run: func() {
			l, err := net.Listen("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			serve(l)
		},
	}
}

// TestPeersOutliveARestartOfTheBroker: websocket-client never comes back after
// a close frame, so a broker that says goodbye ends every Python backend for good.
func TestPeersOutliveARestartOfTheBroker(t *testing.T) {
	for _, s := range []struct {
		name string
		open func(*testing.T) restartable
	}{
		{"django", restartableDjango},
		{"embedded", restartableEmbedded},
		{"embedded, stored", restartableStored},
	} {
		for _, b := range backends {
			for _, k := range clients {
				t.Run(s.name+"/"+b.name+"/"+k.name, func(t *testing.T) {
					t.Parallel()
					r, topic := s.open(t), lab.Topic("restart")
					b.start(t, r.at, topic, limits{})
					client := k.dial(t, r.at, topic)
					hello := call{member: "hello_world", args: map[string]any{"name": "Ada"}}
					if _, err := client.do(within(t), hello); err != nil {
						t.Fatal(err)
					}
					r.stop()
					r.run()
					got, err := afterRestart(t, client, hello)
					if err != nil {
						t.Fatalf("a call after the restart: %v", err)
					}
					wantJSON(t, got, `"Hello World, Ada"`)
				})
			}
		}
	}
}

// TestARequestOutlivesTheBroker: a request that was sent before its backend was
// there is answered although the broker was started anew in between.
func TestARequestOutlivesTheBroker(t *testing.T) {
	for _, b := range backends {
		for _, k := range clients {
			t.Run(b.name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				r, topic := restartableStored(t), lab.Topic("outlives")
				client := k.dial(t, r.at, topic)
				ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
				defer cancel()
				type result struct {
					got json.RawMessage
					err error
				}
				answered := make(chan result, 1)
				go func() {
					got, err := client.do(ctx, call{member: "hello_world", args: map[string]any{"name": "Ada"}})
					answered <- result{got, err}
				}()
				for backlogOf(t, r.at, topic) == 0 {
					select {
					case a := <-answered:
						t.Fatalf("answered without a backend: %s, %v", a.got, a.err)
					case <-ctx.Done():
						t.Fatal("the request has not come")
					case <-time.After(20 * time.Millisecond):
					}
				}
				r.stop()
				r.run()
				b.start(t, r.at, topic, limits{})
				a := <-answered
				if a.err != nil {
					t.Fatal(a.err)
				}
				wantJSON(t, a.got, `"Hello World, Ada"`)
			})
		}
	}
}

// backlogOf is how many messages a topic of our broker holds.
func backlogOf(t *testing.T, at peers.Endpoint, topic string) int {
	t.Helper()
	resp, err := http.Get("http://" + at.Addr + "/api/topics/" + topic)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var st struct {
		Backlog int `json:"backlog"`
	}
	if resp.StatusCode == http.StatusOK {
		if err := json.NewDecoder(resp.Body).Decode(&st); err != nil {
			t.Fatal(err)
		}
	}
	return st.Backlog
}

// afterRestart calls until an answer comes. A Python client loses what it sends
// while it has not noticed the end of its connection, connects again after 5 s,
// a Python backend after 10 s.
func afterRestart(t *testing.T, c client, q call) (got json.RawMessage, err error) {
	t.Helper()
	for range 6 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		got, err = c.do(ctx, q)
		cancel()
		if err == nil {
			return got, nil
		}
	}
	return nil, err
}
