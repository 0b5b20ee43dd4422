package measure_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/measure"
)

// slow returns a client of functions that take a second each, the first one of
// all two; and each fails that fail says.
func slow(fail func(n int) error) *dasf.Client {
	n := 0
	wait := func(next dasf.Handler) dasf.Handler {
		return func(ctx context.Context, request json.RawMessage) (json.RawMessage, error) {
			n++
			if n == 1 {
				time.Sleep(time.Second)
			}
			time.Sleep(time.Second)
			if err := fail(n); err != nil {
				return nil, err
			}
			return next(ctx, request)
		}
	}
	return dasf.Local(dasf.NewModule(dasf.Config{Topic: "topic", Middleware: []dasf.Middleware{wait}}, measure.Members()...))
}

func TestRunCountsWhatComesAfterTheWarmUp(t *testing.T) {
	for _, load := range []measure.Load{{Payload: 100}, {Payload: 10, Answer: 190}, {Values: 9}} {
		synctest.Test(t, func(t *testing.T) {
			load.InFlight, load.Clients, load.WarmUp, load.Duration = 1, 1, 3*time.Second, 10*time.Second
			got, err := load.Run(t.Context(), []*dasf.Client{slow(func(int) error { return nil })})
			if err != nil {
				t.Fatal(err)
			}
			// At 2, 3, …, 13 seconds; counted from 3 on.
			bytes := int64(200)
			if load.Values > 0 {
				text, _ := json.Marshal(measure.Values(load.Values))
				bytes = int64(len(text))
			}
			want := measure.Result{Calls: 11, All: 12, Seconds: 10, Bytes: 11 * bytes, P50: time.Second, P90: time.Second, P99: time.Second, Max: time.Second}
			if got != want {
				t.Errorf("%s: got %+v, want %+v", load, got, want)
			}
			if got.PerSecond() != 1.1 || load.Values == 0 && got.MBPerSecond() != 220e-6 {
				t.Errorf("%v calls/s, %v MB/s", got.PerSecond(), got.MBPerSecond())
			}
		})
	}
}

func TestAFailureEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		load := measure.Load{Payload: 1, InFlight: 1, Clients: 1, Duration: time.Hour}
		_, err := load.Run(t.Context(), []*dasf.Client{slow(func(n int) error {
			if n == 3 {
				return boom
			}
			return nil
		})})
		if dasf.CodeOf(err) != dasf.CodeExecution {
			t.Errorf("got %v", err)
		}
	})
}

func TestALoadThatIsTooShortSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		load := measure.Load{Payload: 1, InFlight: 1, Clients: 1, Duration: time.Hour}
		if _, err := load.Run(ctx, []*dasf.Client{slow(func(int) error { return nil })}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		load = measure.Load{Payload: 1, InFlight: 1, Clients: 1, WarmUp: 10 * time.Second, Duration: -9 * time.Second}
		if _, err := load.Run(t.Context(), []*dasf.Client{slow(func(int) error { return nil })}); err == nil {
			t.Error("no call was counted, and there is no error")
		}
	})
}

func TestValuesAreTheSameEachTime(t *testing.T) {
	values := measure.Values(1000)
	if !slices.Equal(values[:10], measure.Values(10)) {
		t.Error("they are not")
	}
	slices.Sort(values)
	if values[0] < 0 || values[999] >= 1 || len(slices.Compact(values)) != 1000 {
		t.Errorf("between %v and %v, %d different", values[0], values[999], len(values))
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int]string{100: "100 B", 1024: "1 KiB", 10 << 20: "10 MiB", 1 << 30: "1 GiB", 1025: "1025 B"} {
		if got := measure.Bytes(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
