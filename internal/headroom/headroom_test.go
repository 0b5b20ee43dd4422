package headroom_test

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/dasf-go/dasf/internal/headroom"
)

func percent() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

var kept []byte // what the collector can't take, or it would not be allocated

// collect has the heap collected, after each pause, until GOGC is as it should be.
func collect(t *testing.T, pause time.Duration, want func(percent int) bool) {
	t.Helper()
	for start := time.Now(); !want(percent()); {
		if time.Since(start) > 30*time.Second {
			t.Fatalf("GOGC is %d after 30 s of collections each %v", percent(), pause)
		}
		time.Sleep(pause)
		runtime.GC()
		runtime.Gosched()
	}
}

func TestABusyHeapHasMoreRoomAsLongAsItIsSmall(t *testing.T) {
	standard(t)
	stop := headroom.Keep()
	collect(t, time.Millisecond, func(percent int) bool { return percent == 400 })
	kept = make([]byte, 64<<20)
	collect(t, time.Millisecond, func(percent int) bool { return 100 < percent && percent <= 130 })
	collect(t, 1100*time.Millisecond, func(percent int) bool { return percent == 100 })
	kept = nil
	collect(t, time.Millisecond, func(percent int) bool { return percent == 400 })
	stop()
	if got := percent(); got != 100 {
		t.Errorf("GOGC is %d after stop", got)
	}
	for range 10 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	if got := percent(); got != 100 {
		t.Errorf("GOGC is %d some time after stop", got)
	}
}

// standard has the collector do what it does when nobody says anything, whatever
// the environment of the test says.
func standard(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
}

func TestWhatSomebodyElseSaysIsLeftAlone(t *testing.T) {
	for name, say := range map[string]func(){
		"GOGC":       func() { debug.SetGCPercent(50) },
		"GOMEMLIMIT": func() { debug.SetMemoryLimit(1 << 40) },
	} {
		t.Run(name, func(t *testing.T) {
			standard(t)
			say()
			before := percent()
			defer headroom.Keep()()
			for range 50 {
				runtime.GC()
				time.Sleep(time.Millisecond)
			}
			if got := percent(); got != before {
				t.Errorf("GOGC is %d, want %d", got, before)
			}
		})
	}
}

func TestWhatTheProgramSaysLaterIsLeftAlone(t *testing.T) {
	standard(t)
	stop := headroom.Keep()
	collect(t, time.Millisecond, func(percent int) bool { return percent == 400 })
	debug.SetGCPercent(60)
	for range 50 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	stop()
	if got := percent(); got != 60 {
		t.Errorf("GOGC is %d, want 60", got)
	}
}
