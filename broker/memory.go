package broker

import (
	"math/bits"
	"sync/atomic"
)

// smallestReused is from which length on the memory of a text is used again as
// soon as nobody reads it any more. Left to the collector, a few large messages
// a second cost more than to pass them on.
const smallestReused = 64 << 10

// A memory is what the text of a large message lies in. It counts who may read
// it: who received it, the topic as long as anybody holds the message, and each
// delivery until it is written. Who forgets to give it back leaves it to the
// collector; who lends none must not touch it. A nil memory is never used again.
type memory struct {
	text  []byte
	users atomic.Int32
}

// takeMemory returns an empty memory that has room for size bytes, and for up to
// a sixteenth more, with one user.
func (b *Broker) takeMemory(size int) *memory {
	step := 1 << bits.Len(uint(size)) / 32
	size = (size + step - 1) / step * step
	m, ok := b.memories.Get().(*memory)
	if !ok || cap(m.text) != size {
		m = &memory{text: make([]byte, 0, size)}
	}
	m.users.Store(1)
	return m
}

// isLoose reports whether text lies in much more memory than it needs.
func isLoose(text []byte) bool { return cap(text)-len(text) > len(text)/8+keptText }

func (m *memory) lend() {
	if m != nil {
		m.users.Add(1)
	}
}

func (m *memory) giveBack(b *Broker) {
	if m != nil && m.users.Add(-1) == 0 {
		b.memories.Put(m)
	}
}
