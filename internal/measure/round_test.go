package measure_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf/internal/measure"
)

func TestClientsTakeTurnsWhereThereAreMoreOfThemThanCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := make([]int, 5)
		calls := make([]measure.Call, len(made))
		for i := range calls {
			calls[i] = func(context.Context) (int, error) {
				made[i]++
				time.Sleep(time.Second)
				return 1, nil
			}
		}
		load := measure.Load{InFlight: 1, Clients: len(calls), Duration: 10 * time.Second}
		got, err := load.Loop(t.Context(), calls)
		if err != nil || got.Calls != 10 {
			t.Errorf("%d calls, %v", got.Calls, err)
		}
		for i, n := range made {
			if n != 2 {
				t.Errorf("client %d made %d calls of 10", i, n)
			}
		}
	})
}

func TestASummaryHasTheMedianOfEachFigureByItself(t *testing.T) {
	round := func(calls int, p50 time.Duration, cpu time.Duration, peak int64) measure.Round {
		return measure.Round{
			Result: measure.Result{Calls: calls, All: 2 * calls, Seconds: 1, P50: p50},
			Client: &measure.Usage{CPU: cpu, PeakMemory: peak},
		}
	}
	got := measure.Summarize([]measure.Round{
		round(100, 3, 2000, 7), round(10, 1, 20, 9), round(50, 2, 500, 8),
	})
	if got.Result.Calls != 50 || got.Result.P50 != 2 || got.Client.CPU != 5 || got.Client.PeakMemory != 8 {
		t.Errorf("%+v, client %+v", got.Result, got.Client)
	}
	if got.Broker != nil || got.Backend != nil {
		t.Error("processes that were not there have taken something")
	}
}
