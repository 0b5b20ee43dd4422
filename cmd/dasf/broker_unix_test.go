//go:build unix

package main

import (
	"path/filepath"
	"syscall"
	"testing"
)

// SIGHUP goes to this process, in which the broker runs.
func TestReloadOnSIGHUP(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broker.yaml")
	writeFile(t, path, "log-level: warn\n")
	r := runBroker(t, "--config", path)
	hangup := func() {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, path, "log-level: info\nuser-sockets: 1\nmax-topics: 5\ngrace: 3\n")
	hangup()
	r.log.await(t, "[MaxTopics grace]")
	r.log.await(t, "reloaded")
	connect(t, r, "/ws/t", "")
	r.log.await(t, "producer connected")
	if _, status := connect(t, r, "/ws/t", ""); status != 429 {
		t.Errorf("a second socket after the reload: %d, want 429", status)
	}
	writeFile(t, path, "log-level: info\nuser-sockets: many\n")
	hangup()
	r.log.await(t, "not reloaded, everything stays as it was")
	r.log.await(t, "broker.yaml:2:15: user-sockets")
	if _, status := connect(t, r, "/ws/t", ""); status != 429 {
		t.Errorf("after a mistake: %d, want 429", status)
	}
}
