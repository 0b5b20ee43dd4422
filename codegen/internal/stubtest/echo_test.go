package stubtest

import (
	"context"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/echotest"
	"github.com/dasf-go/dasf/transport"
)

// echo returns a client of a backend that answers each request with itself, as
// a string: what the stub sends can be looked at.
func echo(t *testing.T, topic string) *dasf.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	b := transport.Memory()
	echotest.Run(ctx, t, b, topic)
	client, err := dasf.Dial(ctx, b, topic)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}
