package cli

import "sync"

// interrupts lets a command take the next SIGINT for itself: at the prompt a
// Ctrl-C ends what is running and not the program. A nil one has no signals.
type interrupts struct {
	mu      sync.Mutex
	handler func()
}

// during has handler called for SIGINT until stop is called.
func (i *interrupts) during(handler func()) (stop func()) {
	if i == nil {
		return func() {}
	}
	i.set(handler)
	return func() { i.set(nil) }
}

func (i *interrupts) set(handler func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.handler = handler
}

// taken reports whether a command took the signal.
func (i *interrupts) taken() bool {
	i.mu.Lock()
	handler := i.handler
	i.mu.Unlock()
	if handler == nil {
		return false
	}
	handler()
	return true
}
