package wsproxy

import (
	"strings"
	"sync/atomic"
)

// DropEvery loses every nth message that match accepts, counted over all
// connections: the nth, the 2nth and so on. A nil match accepts all.
func DropEvery(n int, match func(Frame) bool) func(Frame) Action {
	var seen atomic.Int64
	return func(f Frame) Action {
		if match != nil && !match(f) {
			return Action{}
		}
		return Action{Drop: seen.Add(1)%int64(n) == 0}
	}
}

// CountDrops counts the frames that next loses.
func CountDrops(drops *atomic.Int64, next func(Frame) Action) func(Frame) Action {
	return func(f Frame) Action {
		a := next(f)
		if a.Drop {
			drops.Add(1)
		}
		return a
	}
}

// Messages accepts messages on their way from a producer to the broker and from
// the broker to a consumer, and leaves acknowledgements alone. Both URL forms
// are told apart by their paths.
func Messages(f Frame) bool {
	return Consumer(f.Path) == (f.Direction == ToClient)
}

// Consumer reports whether a path is a consumer's: /ws/TOPIC/SUBSCRIPTION, or
// /ws/v2/consumer/… in Pulsar's form.
func Consumer(path string) bool {
	if rest, pulsar := strings.CutPrefix(path, "/ws/v2/"); pulsar {
		return strings.HasPrefix(rest, "consumer/")
	}
	rest := strings.Trim(strings.TrimPrefix(path, "/ws/"), "/")
	return strings.Contains(rest, "/")
}
