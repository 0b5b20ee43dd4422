package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"syscall"

	"github.com/lmittmann/tint"

	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/measure"
	"github.com/dasf-go/dasf/transport"
)

// benchPartCommand is one of the processes of bench. It prints a line when it
// is ready, or done, and ends with its standard input.
type benchPartCommand struct {
	benchFlags
	Part string `arg:"" enum:"broker,backend,client" help:"Which part to be."`
}

// Run is the part, with a profile if one is wanted.
func (c *benchPartCommand) Run(ctx context.Context, s streams, line *cmdline.Result) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	logger := slog.New(tint.NewTextHandler(s.err, &tint.Options{Level: c.LogLevel, NoColor: true}))
	endpoint, err := c.Endpoint(line)
	if err != nil {
		return err
	}
	connection := endpoint.Broker(transport.Options{Logger: logger, FailFast: true})
	part := measure.Part{In: s.in, Out: s.out}
	run := map[string]func() error{
		"broker":  func() error { return part.ServeBroker(ctx, logger) },
		"backend": func() error { return part.ServeMembers(ctx, connection, c.Topic, logger) },
		"client":  func() error { return part.CallMembers(ctx, connection, c.Topic, logger) },
	}[c.Part]
	if c.Profile == "" {
		return run()
	}
	file, err := os.Create(filepath.Join(c.Profile, c.Part+".pprof"))
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return errors.Join(err, file.Close())
	}
	err = run()
	pprof.StopCPUProfile()
	return errors.Join(err, file.Close(), writeAllocations(filepath.Join(c.Profile, c.Part+".allocs.pprof")))
}

// writeAllocations writes what was allocated since the start.
func writeAllocations(name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}
