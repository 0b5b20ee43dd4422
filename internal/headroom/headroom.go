// Package headroom lets a busy program whose heap is small collect it less
// often.
//
// Go collects when the heap has doubled. That of a backend or a broker is a few
// megabytes, which thousands of calls a second allocate in milliseconds; to
// collect them took more time than to read and write all messages. A heap that
// is collected often gets some more room, and gives it back when there is less
// to do. A heap that is large, or seldom collected, is left alone.
package headroom

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	often  = 100 * time.Millisecond // between two collections: from then on there is more room
	seldom = time.Second            // from then on there is not
	room   = 16 << 20               // bytes that there may be more
	most   = 400                    // of GOGC
)

// Keep has the collector look after the heap of this process until stop is
// called. It does nothing where GOGC or GOMEMLIMIT says what is wanted, or the
// program itself does, and ends when that does so later. One at a time may run in
// a process.
func Keep() (stop func()) {
	if read("/gc/gogc:percent") != standard || read("/gc/gomemlimit:bytes") != math.MaxInt64 {
		return func() {}
	}
	k := &keeper{percent: standard, last: time.Now()}
	k.watch()
	return k.stop
}

// standard is what GOGC is when nobody says anything.
const standard = 100

type keeper struct {
	mu      sync.Mutex
	stopped bool
	percent int
	last    time.Time // of a collection
}

// A mark is collected by the next collection.
type mark struct{ keeper *keeper }

// watch has collected called after the next collection.
func (k *keeper) watch() {
	runtime.AddCleanup(&mark{k}, (*keeper).collected, k)
}

func (k *keeper) collected() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped || read("/gc/gogc:percent") != uint64(k.percent) {
		return
	}
	now := time.Now()
	since := now.Sub(k.last)
	k.last = now
	switch {
	case since < often:
		k.set(percentFor(read("/gc/heap/live:bytes")))
	case since > seldom:
		k.set(standard)
	}
	k.watch()
}

// percentFor gives a heap room bytes more than it has by itself, but no more than
// most percent.
func percentFor(live uint64) int {
	return min(standard+int(room*100/max(live, 1)), most)
}

// set changes GOGC, which stops the program for a moment, unless there is little
// to be gained.
func (k *keeper) set(percent int) {
	if difference := percent - k.percent; percent != standard && -k.percent/4 < difference && difference < k.percent/4 {
		return
	}
	if percent != k.percent {
		debug.SetGCPercent(percent)
		k.percent = percent
	}
}

func (k *keeper) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped = true
	if read("/gc/gogc:percent") == uint64(k.percent) {
		k.set(standard)
	}
}

// read returns one of the runtime's metrics.
func read(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
