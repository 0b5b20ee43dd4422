package nowait

import (
	"sync"
	"sync/atomic"
	"time"
)

// Calls makes the system calls for a number of connections, and on Linux lets
// them pass Go's scheduler by while there are many. The zero value is ready for
// use, by any number of goroutines.
//
// An ordinary call tells the scheduler first, and in a process where nothing was
// to be done that wakes the thread that watches over the others (sysmon in the
// runtime's proc.go), which costs more than a small message does. A call that
// does not wait needs no watch. What runs after it may: only that thread
// interrupts a goroutine that computes for long. But it never sleeps longer than
// to the next timer that was there when it went to sleep. So there is always one
// while calls pass by, and the first call after a pause is an ordinary one,
// which wakes the thread after the timer was started.
type Calls struct {
	active atomic.Bool // the timer runs
	used   atomic.Bool // since it ran last

	mu    sync.Mutex
	timer *time.Timer
}

// watchTime is how often the timer runs, and thus how long the watching thread
// sleeps at most. It looks around after another pause of its own, up to 10 ms.
const watchTime = 2 * time.Millisecond

// pass reports whether the next call may pass the scheduler by. If not, it must
// not.
func (c *Calls) pass() bool {
	if !c.used.Load() {
		c.used.Store(true)
	}
	if c.active.Load() {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.active.Load() {
		if c.timer == nil {
			c.timer = time.AfterFunc(watchTime, c.look)
		} else {
			c.timer.Reset(watchTime)
		}
		c.active.Store(true)
	}
	return false
}

// look is run by the timer, and by nothing else. As long as it runs the watching
// thread does not go to sleep.
func (c *Calls) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used.Swap(false) {
		c.timer.Reset(watchTime)
	} else {
		c.active.Store(false)
	}
}
