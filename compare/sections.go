package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/dasf-go/dasf/internal/measure"
)

// embedded is DASF on the embedded broker.
var embedded = contender{"DASF", measure.Chain{
	Broker: starter("dasf", "broker"), Backend: starter("dasf", "backend"), Client: starter("dasf", "client"),
}}

var bareRelay = contender{"bare relay", measure.Chain{
	Broker: starter("relay", "broker"), Backend: starter("relay", "backend"), Client: starter("relay", "client"),
}}

// calls compares small calls.
func calls(ctx context.Context, r *runner) error {
	contenders := []contender{
		embedded,
		bareRelay,
		{"NATS", measure.Chain{Broker: starter("nats", "broker"), Backend: starter("nats", "backend"), Client: starter("nats", "client")}},
		{"gRPC, no broker", measure.Chain{Backend: starter("grpc", "backend"), Client: starter("grpc", "client")}},
	}
	for _, inFlight := range []int{1, 64} {
		f, err := r.measure(ctx, measure.Load{Payload: 100, InFlight: inFlight}, contenders...)
		if err != nil {
			return err
		}
		load := fmt.Sprintf("100 B, %d in flight: ", inFlight)
		for i, goal := range map[int][3]float64{1: {1.5, 0, 0}, 64: {0.6, 0.4, 0}}[inFlight] {
			other := f[i+1]
			if inFlight == 1 {
				r.ratios = append(r.ratios, ratio{What: load + "p50 of DASF ÷ " + other.Contender, Value: perRound(f[0], other, p50), Goal: goal})
			} else {
				r.ratios = append(r.ratios, ratio{What: load + "calls/s of DASF ÷ " + other.Contender, Value: perRound(f[0], other, rate), Goal: goal, AtLeast: true})
			}
		}
	}
	return nil
}

// large measures large responses, one at a time.
func large(ctx context.Context, r *runner) error {
	ten, hundred := 10_000_000, 100_000_000
	if r.short {
		ten, hundred = ten/10, hundred/10
	}
	f, err := r.measure(ctx, measure.Load{Payload: 100, Answer: ten, InFlight: 1}, embedded)
	if err != nil {
		return err
	}
	r.ratios = append(r.ratios, ratio{What: fmt.Sprintf("response of %d MB", ten/1e6), Value: f[0].Median.Result.MBPerSecond(), Unit: "MB/s", Goal: 400, AtLeast: true})
	if f, err = r.measure(ctx, measure.Load{Payload: 100, Answer: hundred, InFlight: 1}, embedded); err != nil {
		return err
	}
	what := fmt.Sprintf("responses of %d MB, one after another: ", hundred/1e6)
	r.ratios = append(r.ratios, ratio{What: what + "speed", Value: f[0].Median.Result.MBPerSecond(), Unit: "MB/s"})
	for _, process := range []struct {
		name  string
		usage *measure.Usage
	}{{"client", f[0].Median.Client}, {"broker", f[0].Median.Broker}, {"backend", f[0].Median.Backend}} {
		r.ratios = append(r.ratios, ratio{
			What: what + "peak memory of the " + process.name + " ÷ payload", Value: float64(process.usage.PeakMemory) / float64(hundred), Goal: 3,
		})
	}
	return nil
}

// clients has ever more clients make the same number of calls at a time.
func clients(ctx context.Context, r *runner) error {
	counts := []int{1, 10, 100, 1000}
	if r.short {
		counts = []int{1, 10, 20}
	}
	load := func(n int) measure.Load { return measure.Load{Payload: 100, InFlight: 64, Clients: n} }
	most := len(counts) - 1
	var trials []trial
	for _, n := range counts {
		trials = append(trials, trial{embedded, load(n)})
	}
	for _, n := range []int{counts[1], counts[most]} { // what sockets alone cost that are seldom used
		trials = append(trials, trial{bareRelay, load(n)})
	}
	f, err := r.measureEach(ctx, trials)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("calls/s of %d clients ÷ %d clients", counts[most], counts[1])
	relay := f[len(counts):]
	r.ratios = append(r.ratios,
		ratio{What: "100 B, 64 in flight: " + what, Value: perRound(f[most], f[1], rate), Goal: 0.8, AtLeast: true},
		ratio{What: "the same of the bare relay", Value: perRound(relay[1], relay[0], rate)},
		ratio{What: fmt.Sprintf("100 B, 64 in flight of %d clients: calls/s of DASF ÷ bare relay", counts[most]), Value: perRound(f[most], relay[1], rate)},
	)
	return nil
}

// topics has ever more topics on one broker.
func topics(ctx context.Context, r *runner) error {
	counts := []int{1, 10, 100, 1000, 10_000}
	if r.short {
		counts = []int{1, 100}
	}
	contenders := make([]contender, len(counts))
	for i, n := range counts {
		client := starter("topics", "client")
		contenders[i] = contender{
			strconv.Itoa(n) + " topics",
			measure.Chain{Broker: starter("topics", "broker"), Client: func(ctx context.Context, address string) (*measure.Process, error) {
				return client(ctx, address+"/"+strconv.Itoa(n))
			}},
		}
	}
	// With 64 on their way those of one topic share system calls, which those of
	// 64 topics can't; one alone shows what the number of topics costs.
	for _, inFlight := range []int{1, 64} {
		f, err := r.measure(ctx, measure.Load{Payload: 100, InFlight: inFlight}, contenders...)
		if err != nil {
			return err
		}
		most := len(counts) - 1
		r.ratios = append(r.ratios, ratio{
			What:  fmt.Sprintf("messages of 100 B, %d on their way: p99 with %d topics ÷ 1 topic", inFlight, counts[most]),
			Value: perRound(f[most], f[0], p99), Goal: 2,
		})
	}
	return nil
}
