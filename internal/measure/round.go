package measure

import (
	"cmp"
	"slices"
	"time"
)

// A Round is what was measured of a load once. What a process has taken is nil
// where there is no such process, or where it ran before.
type Round struct {
	Result  Result `json:"result"`
	Client  *Usage `json:"client,omitempty"`
	Broker  *Usage `json:"broker,omitempty"`
	Backend *Usage `json:"backend,omitempty"`
}

// A Summary holds the medians of several rounds, each figure by itself. Here
// the CPU time is that of a call.
type Summary Round

// Summarize makes medians of one or more rounds.
func Summarize(rounds []Round) Summary {
	duration := func(figure func(Result) time.Duration) time.Duration {
		return time.Duration(median(rounds, func(r Round) float64 { return float64(figure(r.Result)) }))
	}
	usage := func(of func(Round) *Usage) *Usage {
		if of(rounds[0]) == nil {
			return nil
		}
		return &Usage{
			CPU:        time.Duration(median(rounds, func(r Round) float64 { return float64(of(r).CPU) / float64(r.Result.All) })),
			PeakMemory: int64(median(rounds, func(r Round) float64 { return float64(of(r).PeakMemory) })),
		}
	}
	byRate := slices.SortedFunc(slices.Values(rounds), func(a, b Round) int {
		return cmp.Compare(a.Result.PerSecond(), b.Result.PerSecond())
	})
	s := Summary{Result: byRate[len(byRate)/2].Result}
	s.Result.P50 = duration(func(r Result) time.Duration { return r.P50 })
	s.Result.P90 = duration(func(r Result) time.Duration { return r.P90 })
	s.Result.P99 = duration(func(r Result) time.Duration { return r.P99 })
	s.Result.Max = duration(func(r Result) time.Duration { return r.Max })
	s.Client = usage(func(r Round) *Usage { return r.Client })
	s.Broker = usage(func(r Round) *Usage { return r.Broker })
	s.Backend = usage(func(r Round) *Usage { return r.Backend })
	return s
}

func median(rounds []Round, figure func(Round) float64) float64 {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = figure(r)
	}
	return Median(values)
}

// Median is the middle of one or more values, the upper one of two.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
