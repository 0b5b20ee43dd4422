package dasf_test

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
)

func TestMemoryOfALargeResponseIsCollectedAtOnce(t *testing.T) {
	client := dasf.Local(dasf.NewModule(dasf.Config{Topic: "topic"},
		dasf.Func("big", func(_ context.Context, r struct {
			N int `json:"n"`
		}) (string, error) {
			return strings.Repeat("x", r.N), nil
		})))
	forced := func(n int) uint32 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if got, err := dasf.Call[string](t.Context(), client, "big", map[string]int{"n": n}); err != nil || len(got) != n {
			t.Fatalf("%d characters, %v", len(got), err)
		}
		runtime.ReadMemStats(&after)
		return after.NumForcedGC - before.NumForcedGC
	}
	if n := forced(1 << 20); n != 0 {
		t.Errorf("1 MiB: %d collections", n)
	}
	if n := forced(33 << 20); n != 1 {
		t.Errorf("33 MiB: %d collections", n)
	}
	held := make([]byte, 300<<20) // never touched, so that it takes no memory
	runtime.GC()
	if n := forced(33 << 20); n != 0 {
		t.Errorf("33 MiB beside %d MiB that are held: %d collections", len(held)>>20, n)
	}
	runtime.KeepAlive(held)
}
