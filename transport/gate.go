package transport

import (
	"sync"
	"sync/atomic"
)

// A gate holds back the producers of a broker while one of its consumers is
// away: the answer to a request that is sent then would be lost where a broker
// keeps nothing for who is not there.
type gate struct {
	absent atomic.Int64 // consumers that are away, or not proven to be there

	mu        sync.Mutex
	consumers map[*consumer]bool // whether it is there
	producers map[*producer]struct{}
}

// open reports whether producers may send.
func (g *gate) open() bool { return g.absent.Load() == 0 }

// enter makes a consumer known, which is there.
func (g *gate) enter(c *consumer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.consumers == nil {
		g.consumers = make(map[*consumer]bool)
	}
	g.consumers[c] = true
}

// set notes whether a consumer is there, and wakes the producers when all are.
// One that has left stays away.
func (g *gate) set(c *consumer, there bool) {
	g.mu.Lock()
	var waiting []*producer
	if _, known := g.consumers[c]; known {
		g.consumers[c] = there
		waiting = g.recount()
	}
	g.mu.Unlock()
	wake(waiting)
}

// leave forgets a consumer that is closed.
func (g *gate) leave(c *consumer) {
	g.mu.Lock()
	delete(g.consumers, c)
	waiting := g.recount()
	g.mu.Unlock()
	wake(waiting)
}

// recount returns the producers to wake, none while the gate is shut.
func (g *gate) recount() []*producer {
	absent := 0
	for _, there := range g.consumers {
		if !there {
			absent++
		}
	}
	was := g.absent.Swap(int64(absent))
	if absent > 0 || was == 0 {
		return nil
	}
	waiting := make([]*producer, 0, len(g.producers))
	for p := range g.producers {
		waiting = append(waiting, p)
	}
	return waiting
}

func wake(producers []*producer) {
	for _, p := range producers {
		p.pump()
	}
}

// doubt makes every consumer prove that it is there. A producer asks for it
// when its own connection had broken: the consumers' may be broken too and not
// have noticed yet.
func (g *gate) doubt() {
	g.mu.Lock()
	var asked []*consumer
	for c, there := range g.consumers {
		if there {
			g.consumers[c] = false
			asked = append(asked, c)
		}
	}
	g.recount()
	g.mu.Unlock()
	for _, c := range asked {
		c.prove()
	}
}

func (g *gate) add(p *producer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.producers == nil {
		g.producers = make(map[*producer]struct{})
	}
	g.producers[p] = struct{}{}
}

func (g *gate) drop(p *producer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.producers, p)
}
