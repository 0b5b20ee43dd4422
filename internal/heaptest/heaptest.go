// Package heaptest measures memory, for tests of what bounds it.
package heaptest

import "runtime"

// Live is how many bytes of the heap are in use, once all that nobody needs is
// collected, pools included.
func Live() int64 {
	m := collected()
	return int64(m.HeapAlloc)
}

// InUse is how many bytes heap and stacks then take from the system.
func InUse() int64 {
	m := collected()
	return int64(m.HeapInuse + m.StackInuse)
}

func collected() (m runtime.MemStats) {
	for range 3 { // what is in a pool survives the first
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m
}
