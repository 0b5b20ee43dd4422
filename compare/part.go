package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"syscall"

	"github.com/dasf-go/dasf/internal/measure"
)

// A role is what one process of a contender does, at the address of the one
// before it.
type role func(ctx context.Context, p measure.Part, address string) error

// roles are the processes that this program can be.
var roles = map[string]map[string]role{
	"dasf":    {"broker": dasfBroker, "backend": dasfBackend, "client": dasfClient},
	"plain":   {"backend": plainBackend, "client": plainClient},
	"local":   {"client": localClient},
	"strconv": {"client": strconvClient},
	"topics":  {"broker": dasfBroker, "client": topicsClient},
	"relay":   {"broker": relayBroker, "backend": plainSockets.backend, "client": plainSockets.client},
	"echo":    {"backend": pulsarSockets.backend, "client": pulsarSockets.client},
	"nats":    {"broker": natsBroker, "backend": natsBackend, "client": natsClient},
	"grpc":    {"backend": grpcBackend, "client": grpcClient},
}

// partCommand is the first argument of a process that is a part.
const partCommand = "part"

// profileVariable names the folder for CPU profiles of parts, if there is one.
const profileVariable = "DASF_COMPARE_PROFILE"

// runPart is the main function of a part.
func runPart(args []string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(args) != 3 || roles[args[0]][args[1]] == nil {
		return fmt.Errorf("%q is no part", args)
	}
	if folder := os.Getenv(profileVariable); folder != "" {
		file, err := os.Create(filepath.Join(folder, args[0]+"-"+args[1]+".pprof"))
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	return roles[args[0]][args[1]](ctx, measure.Part{In: os.Stdin, Out: os.Stdout}, args[2])
}

// starter starts this program as a part.
func starter(contender, role string) measure.Starter {
	return func(ctx context.Context, address string) (*measure.Process, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return measure.Start(ctx, nil, self, partCommand, contender, role, address)
	}
}

// partLogger is for warnings, which are shown when a part fails.
func partLogger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
