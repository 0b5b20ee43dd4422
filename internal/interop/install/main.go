// Command install brings the systems that the interop tests run against into
// the cache folder. "make peers" calls it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/dasf-go/dasf/internal/interop/peers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := install(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}

func install(ctx context.Context) error {
	cache, err := peers.DefaultCache()
	if err != nil {
		return err
	}
	return peers.Install(ctx, cache, os.Stdout)
}
