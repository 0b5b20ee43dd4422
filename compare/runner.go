package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/internal/measure"
)

// A runner measures, and collects what it has measured.
type runner struct {
	options
	show func(text string) // what is being measured

	lab     *peers.Lab
	folder  string // for what is built and generated
	ratios  []ratio
	figures []figure
}

// A ratio is what a sceptic looks at first.
type ratio struct {
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"` // empty: it is a plain number
	// Goal is the least, or the most, that it shall be; 0: there is no goal.
	Goal    float64 `json:"goal,omitempty"`
	AtLeast bool    `json:"at_least,omitempty"`
}

// reached reports whether there is a goal, and whether it is met.
func (r ratio) reached() (has, met bool) {
	if r.AtLeast {
		return r.Goal != 0, r.Value >= r.Goal
	}
	return r.Goal != 0, r.Value <= r.Goal
}

// A figure is what was measured of one contender and one load.
type figure struct {
	Contender string          `json:"contender"`
	Load      measure.Load    `json:"load"`
	Rounds    []measure.Round `json:"rounds"`
	Median    measure.Summary `json:"median"`
}

// A contender is a way to make calls.
type contender struct {
	name  string
	chain measure.Chain
}

// A trial is a contender with a load.
type trial struct {
	contender
	load measure.Load
}

// measure has the contenders take turns at a load, and returns what was
// measured of each.
func (r *runner) measure(ctx context.Context, load measure.Load, contenders ...contender) ([]figure, error) {
	trials := make([]trial, len(contenders))
	for i, c := range contenders {
		trials[i] = trial{c, load}
	}
	return r.measureEach(ctx, trials)
}

// measureEach has the trials take turns.
func (r *runner) measureEach(ctx context.Context, trials []trial) ([]figure, error) {
	figures := make([]figure, len(trials))
	for i, t := range trials {
		t.load.Clients = max(t.load.Clients, 1)
		t.load.WarmUp, t.load.Duration = r.warmUp, r.duration
		figures[i].Contender, figures[i].Load = t.name, t.load
	}
	for round := range r.rounds {
		for i, t := range trials {
			load := figures[i].Load
			r.show(fmt.Sprintf("round %d of %d: %s: %s, %d in flight, %d clients", round+1, r.rounds, t.name, load, load.InFlight, load.Clients))
			one, err := t.chain.Measure(ctx, load)
			if err != nil {
				return nil, fmt.Errorf("%s: %s, %d in flight, %d clients: %w", t.name, load, load.InFlight, load.Clients, err)
			}
			figures[i].Rounds = append(figures[i].Rounds, one)
		}
	}
	for i := range figures {
		figures[i].Median = measure.Summarize(figures[i].Rounds)
	}
	r.figures = append(r.figures, figures...)
	return figures, nil
}

// perRound is the median, over the rounds, of one contender's figure divided by
// another's: what slows the machine down slows both.
func perRound(a, b figure, of func(measure.Result) float64) float64 {
	quotients := make([]float64, len(a.Rounds))
	for i := range a.Rounds {
		quotients[i] = of(a.Rounds[i].Result) / of(b.Rounds[i].Result)
	}
	return measure.Median(quotients)
}

func p50(m measure.Result) float64  { return float64(m.P50) }
func p99(m measure.Result) float64  { return float64(m.P99) }
func rate(m measure.Result) float64 { return m.PerSecond() }

// folderFor makes the folder for what is built and generated.
func (r *runner) folderFor() (string, error) {
	if r.folder == "" {
		var err error
		if r.folder, err = os.MkdirTemp("", "dasf-compare-"); err != nil {
			return "", err
		}
	}
	return r.folder, nil
}

func (r *runner) openPeers() (err error) {
	r.lab, err = peers.Open()
	return err
}

func (r *runner) close() error {
	var errs []error
	if r.lab != nil {
		errs = append(errs, r.lab.Close())
	}
	if r.folder != "" {
		errs = append(errs, os.RemoveAll(r.folder))
	}
	return errors.Join(errs...)
}

// pause waits for what becomes quiet by itself.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
