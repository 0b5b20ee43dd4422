package broker

import (
	"container/heap"
	"slices"
	"time"
)

// delays holds the entries of a subscription that were handed back and must
// not be delivered before their time. One timer serves them all.
type delays struct {
	heap  delayHeap
	timer *time.Timer
}

type delayed struct {
	entry *entry
	due   time.Time
}

func (d *delays) add(s *subscription, e *entry, delay time.Duration) {
	if len(d.heap) >= 2*s.topic.broker.config.QueueMessages {
		// Only what was acknowledged meanwhile can have made it so long.
		d.heap = slices.DeleteFunc(d.heap, func(x delayed) bool { return x.entry.done })
		heap.Init(&d.heap)
	}
	heap.Push(&d.heap, delayed{e, time.Now().Add(delay)})
	if d.heap[0].entry == e {
		d.arm(s)
	}
}

// arm sets the timer to the first entry.
func (d *delays) arm(s *subscription) {
	wait := time.Until(d.heap[0].due)
	if d.timer == nil {
		d.timer = time.AfterFunc(wait, func() { s.topic.delaysDue(s) })
		return
	}
	d.timer.Reset(wait)
}

// due removes and returns the entries whose time has come.
func (d *delays) due(s *subscription) []*entry {
	var entries []*entry
	now := time.Now()
	for len(d.heap) > 0 && !d.heap[0].due.After(now) {
		if e := heap.Pop(&d.heap).(delayed).entry; !e.done {
			entries = append(entries, e)
		}
	}
	if len(d.heap) > 0 {
		d.arm(s)
	}
	return entries
}

func (d *delays) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
	d.heap = nil
}

// A delayHeap is a [heap.Interface], the earliest first.
type delayHeap []delayed

func (h delayHeap) Len() int           { return len(h) }
func (h delayHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h delayHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *delayHeap) Push(x any)        { *h = append(*h, x.(delayed)) }
func (h *delayHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = delayed{}
	*h = old[:len(old)-1]
	return last
}
