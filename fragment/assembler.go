package fragment

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// The defaults of an [Assembler].
const (
	defaultMaxBytes = 512 << 20
	defaultMaxOpen  = 1000
	defaultMaxAge   = 2 * time.Minute
)

// maxMissing is how many numbers Missing returns at most.
const maxMissing = 1024

// overhead is what a piece costs besides its bytes, about; it keeps a flood of
// tiny pieces within MaxBytes.
const overhead = 64

// ErrFull is wrapped by the errors of [Assembler.Add] that a bound of the
// Assembler causes, and not the piece.
var ErrFull = errors.New("no room for the fragment")

// An Assembler puts pieces together. Pieces of one key belong together, and
// may come in any order, more than once, and mixed with those of other keys.
// The zero value is ready for use; the bounds must not be changed after the
// first Add. Its methods may be called from any number of goroutines.
//
// It never allocates by what a piece declares, only by what has come: at most
// eight times the bytes of the pieces that are there.
type Assembler struct {
	// MaxBytes bounds the memory of all that is incomplete, and with it the
	// size of a payload; 0 means 512 MiB.
	MaxBytes int
	// MaxOpen bounds the number of incomplete payloads; 0 means 1,000.
	MaxOpen int
	// MaxAge is after how long without a new piece Expire gives up; 0 means
	// two minutes.
	MaxAge time.Duration

	mu    sync.Mutex
	open  map[string]*assembly
	bytes int
}

// Open describes an incomplete payload.
type Open struct {
	// Key is what its pieces were added with.
	Key string
	// Received and Count are how many pieces have come, of how many.
	Received, Count int
	// Last is when the last one came.
	Last time.Time
}

// Add takes the piece with the number index of count; text is its base64. It
// returns the payload, and done, with the piece that was missing, and forgets
// the key then. now is the time of arrival.
//
// A piece that has come before is ignored. An error names the number, the rule
// and, where a bound is passed, the bound; it wraps [ErrFull] in that case.
// The piece then counts as not come, and the others are kept: who does not
// expect a better one calls [Assembler.Drop].
func (a *Assembler) Add(key string, index, count int, text []byte, now time.Time) (payload []byte, done bool, err error) {
	if err := check(index, count, text); err != nil {
		return nil, false, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	x, known := a.open[key]
	if !known {
		if x, err = a.start(count); err != nil {
			return nil, false, err
		}
	}
	if count != x.count {
		return nil, false, fmt.Errorf("fragment %d says that num_fragments is %d, an earlier one said %d", index, count, x.count)
	}
	if err := a.add(x, index, text); err != nil {
		if !known {
			a.bytes -= x.bytes
		}
		return nil, false, err
	}
	x.last = now
	if len(x.have) < count {
		if a.open == nil {
			a.open = make(map[string]*assembly)
		}
		a.open[key] = x
		return nil, false, nil
	}
	payload, err = x.finish()
	a.forget(key, x)
	return payload, err == nil, err
}

// check finds the mistakes of a piece alone.
func check(index, count int, text []byte) error {
	switch {
	case count < 1:
		return fmt.Errorf("num_fragments is %d, it must be at least 1", count)
	case index < 0:
		return fmt.Errorf("fragment is %d, it must not be negative", index)
	case index >= count:
		return fmt.Errorf("fragment is %d, it must be less than num_fragments, which is %d", index, count)
	case len(text) == 0 && count > 1:
		return fmt.Errorf("fragment %d of %d is empty", index, count)
	}
	return nil
}

// start makes room for one more incomplete payload.
func (a *Assembler) start(count int) (*assembly, error) {
	if limit := orDefault(a.MaxOpen, defaultMaxOpen); len(a.open) >= limit && count > 1 {
		return nil, fmt.Errorf("%w: %d payloads are incomplete, and MaxOpen is %d", ErrFull, len(a.open), limit)
	}
	return &assembly{count: count, have: make(map[int]int)}, nil
}

// add puts the piece into x and keeps the account.
func (a *Assembler) add(x *assembly, index int, text []byte) error {
	limit := orDefault(a.MaxBytes, defaultMaxBytes)
	room := limit - a.bytes
	before := x.bytes
	err := x.add(index, text, limit, room)
	a.bytes += x.bytes - before
	return err
}

// Missing returns the numbers of the pieces of key that have not come, in
// order and at most 1,024 of them; nil if the key is not known.
func (a *Assembler) Missing(key string) []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.open[key]
	if x == nil {
		return nil
	}
	missing := make([]int, 0, min(x.count-len(x.have), maxMissing))
	for i := 0; len(missing) < cap(missing); i++ {
		if _, ok := x.have[i]; !ok {
			missing = append(missing, i)
		}
	}
	return missing
}

// Drop forgets the pieces of key.
func (a *Assembler) Drop(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if x := a.open[key]; x != nil {
		a.forget(key, x)
	}
}

func (a *Assembler) forget(key string, x *assembly) {
	a.bytes -= x.bytes
	delete(a.open, key)
}

// Stalled returns the payloads of which no piece has come since the time
// before, in no particular order.
func (a *Assembler) Stalled(before time.Time) []Open {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stalled(before)
}

func (a *Assembler) stalled(before time.Time) []Open {
	var list []Open
	for key, x := range a.open {
		if x.last.Before(before) {
			list = append(list, Open{Key: key, Received: len(x.have), Count: x.count, Last: x.last})
		}
	}
	return list
}

// Expire forgets and returns the payloads of which no piece has come for
// MaxAge, in no particular order.
func (a *Assembler) Expire(now time.Time) []Open {
	a.mu.Lock()
	defer a.mu.Unlock()
	age := a.MaxAge
	if age <= 0 {
		age = defaultMaxAge
	}
	list := a.stalled(now.Add(-age))
	for _, o := range list {
		a.forget(o.Key, a.open[o.Key])
	}
	return list
}

// Len returns the number of incomplete payloads, and the memory, in bytes,
// that is accounted for them.
func (a *Assembler) Len() (open, bytes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.open), a.bytes
}

func orDefault(n, value int) int {
	if n <= 0 {
		return value
	}
	return n
}
