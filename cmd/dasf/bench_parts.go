package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dasf-go/dasf/internal/measure"
)

// parts runs the processes of bench.
type parts struct {
	program string
	flags   []string // of the connection
	environ []string // beside this process's
	own     bool     // no other broker is named
	topic   string
}

// run measures a load once, with processes that are started for it.
func (p *parts) run(ctx context.Context, load measure.Load) (measure.Round, error) {
	topic := cmp.Or(p.topic, fmt.Sprintf("dasf-bench-%08x", rand.Uint32()))
	start := func(part string) measure.Starter {
		return func(ctx context.Context, address string) (*measure.Process, error) {
			args := append([]string{benchPart}, p.flags...)
			if host, port, ok := strings.Cut(address, ":"); ok {
				args = append(args, "--host", host, "--port", port)
			}
			return measure.Start(ctx, p.environ, p.program, append(args, "--topic", topic, part)...)
		}
	}
	chain := measure.Chain{Backend: start("backend"), Client: start("client")}
	if p.own {
		chain.Broker = start("broker")
	}
	return chain.Measure(ctx, load)
}

// printBench prints the tables: how fast it was, and what it took.
func printBench(w io.Writer, rows []benchRow) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "load\tin flight\tclients\tcalls/s\tMB/s\tp50 ms\tp90 ms\tp99 ms\tmax ms\t")
	for _, r := range rows {
		ms := func(d time.Duration) string { return fmt.Sprintf("%.3g", float64(d)/1e6) }
		fmt.Fprintf(out, "%s\t%d\t%d\t%.0f\t%.1f\t%s\t%s\t%s\t%s\t\n", r.Load, r.Load.InFlight, r.Load.Clients,
			r.Median.Result.PerSecond(), r.Median.Result.MBPerSecond(), ms(r.Median.Result.P50), ms(r.Median.Result.P90), ms(r.Median.Result.P99), ms(r.Median.Result.Max))
	}
	fmt.Fprintln(out)
	fmt.Fprintln(out, "load\tin flight\tclients\tCPU µs a call: client\tbroker\tbackend\tpeak MiB: client\tbroker\tbackend\t")
	for _, r := range rows {
		cpu, peak := "-", "-"
		if r.Median.Broker != nil {
			cpu, peak = micro(r.Median.Broker.CPU), mebi(r.Median.Broker.PeakMemory)
		}
		fmt.Fprintf(out, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.Load, r.Load.InFlight, r.Load.Clients,
			micro(r.Median.Client.CPU), cpu, micro(r.Median.Backend.CPU), mebi(r.Median.Client.PeakMemory), peak, mebi(r.Median.Backend.PeakMemory))
	}
	return out.Flush()
}

func micro(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/1e3) }

func mebi(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%d", n>>20)
}
