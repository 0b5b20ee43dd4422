package nowait

import "sync"

// A Flusher has something to write.
type Flusher interface {
	// Flush writes it without waiting, or has a goroutine of the Flusher's
	// write it: that always if here is false.
	Flush(here bool)
}

// most is for how many flushers one reader writes before it reads on, so that a
// message to thousands is written on all processors.
const most = 64

// A Group is a number of goroutines that read, each from a connection of its
// own (see [Reader]), and what they write to. What comes up for writing while one of them is
// at work is written by the next one that is about to wait, so that all that
// follows from what was read leaves together. The zero value is ready for use.
type Group struct {
	mu      sync.Mutex
	working int
	due     []Flusher
	spare   []Flusher
}

func (g *Group) enter() {
	g.mu.Lock()
	g.working++
	g.mu.Unlock()
}

func (g *Group) leave() {
	g.mu.Lock()
	g.working--
	list := g.due
	if len(list) == 0 {
		g.mu.Unlock()
		return
	}
	g.due, g.spare = g.spare[:0], nil
	g.mu.Unlock()
	for i, f := range list {
		f.Flush(i < most)
	}
	clear(list)
	g.mu.Lock()
	if g.spare == nil && cap(list) <= 4*most {
		g.spare = list
	}
	g.mu.Unlock()
}

// Leaves reports whether a goroutine of the group will flush f soon. If not, the
// caller has to. It may hold any lock.
func (g *Group) Leaves(f Flusher) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.working == 0 {
		return false
	}
	g.due = append(g.due, f)
	return true
}
