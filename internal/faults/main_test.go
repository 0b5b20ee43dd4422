//go:build interop

package faults_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/dasf-go/dasf/internal/interop/peers"
)

// roleVariable makes this program a backend, a broker or a client, for what
// only a process of its own has: it can be killed.
const roleVariable = "DASF_FAULTS_ROLE"

// The sizes of the soak. "make soak" runs them as long as they should be.
var (
	soakEmbedded = flag.Int("soak.embedded", 16_000, "calls on the embedded broker")
	soakPulsar   = flag.Int("soak.pulsar", 2_000, "calls on Pulsar")
	soakDjango   = flag.Int("soak.django", 80, "calls on dasf-broker-django")
)

// lab holds the peers that the tests share, table what each test found.
var (
	lab   *peers.Lab
	table accounts
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		play(role)
		return
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	var err error
	if lab, err = peers.Open(); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		return 1
	}
	code := m.Run()
	if err := lab.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		code = 1
	}
	table.print(os.Stdout)
	return code
}
