//go:build interop

package interop_test

import (
	"testing"

	"github.com/dasf-go/dasf/internal/interop/wsproxy"
	"github.com/dasf-go/dasf/transport"
	"github.com/dasf-go/dasf/transport/transporttest"
)

// TestTransport holds our transport against the brokers that it was written for.
func TestTransport(t *testing.T) {
	for _, s := range slots {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			at := s.open(t)
			proxy, err := wsproxy.New(wsproxy.Config{Target: at.Addr})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := proxy.Close(); err != nil {
					t.Errorf("closing the proxy: %v", err)
				}
			})
			caps := s.caps
			caps.Cut = proxy.Cut
			transporttest.Run(t, func(t *testing.T) transport.Broker {
				return connect(t, at.Through(proxy.Addr()))
			}, caps)
		})
	}
}
