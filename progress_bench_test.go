package dasf_test

import (
	"context"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
)

// microsecond is a body of about 1 µs.
func microsecond(rounds int) (sum uint64) {
	for i := range rounds {
		sum = sum*6364136223846793005 + uint64(i)
	}
	return sum
}

var sink uint64

// calibrate returns the rounds that take a microsecond here.
func calibrate() int {
	const tries = 1_000_000
	best := time.Duration(1 << 62)
	for range 10 {
		start := time.Now()
		sink += microsecond(tries)
		best = min(best, time.Since(start))
	}
	return int(tries * time.Microsecond / max(best, 1))
}

// A million calls of Step between bodies of 1 µs, in a call whose reports are
// sent. overhead-% is what reporting adds to the time of the bodies, each the
// best of all rounds: a busy machine wants -benchtime 10x.
func BenchmarkMillionSteps(b *testing.B) {
	const steps = 1_000_000
	rounds := calibrate()
	loop := func(step func()) time.Duration {
		start := time.Now()
		for range steps {
			sink += microsecond(rounds)
			step()
		}
		return time.Since(start)
	}
	var bare, reported time.Duration = 1 << 62, 1 << 62
	m := dasf.NewModule(dasf.Config{Topic: "t"}, dasf.Func("f", func(_ context.Context, r reportRequest) (string, error) {
		r.Report.SetSteps(steps)
		reported = min(reported, loop(r.Report.Step))
		return "", nil
	}))
	for b.Loop() {
		bare = min(bare, loop(func() {}))
		_, err := dasf.Call[string](b.Context(), dasf.Local(m), "f", nil, dasf.OnProgress(func(*dasf.ProgressReport) {}))
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(bare.Nanoseconds())/steps, "ns/body")
	b.ReportMetric(100*float64(reported-bare)/float64(bare), "overhead-%")
}

func BenchmarkStep(b *testing.B) {
	r := dasf.NewProgressReport("a", 0)
	b.ReportAllocs()
	for b.Loop() {
		r.Step()
	}
}

// A step with a report of its own: the oldest are folded all the time.
func BenchmarkSub(b *testing.B) {
	r := dasf.NewProgressReport("a", 0)
	b.ReportAllocs()
	for b.Loop() {
		r.Sub("step", 0).Complete(nil)
	}
}
