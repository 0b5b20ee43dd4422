package dasf

import "time"

// An Observer is told what a backend does, for metrics: see Config.Observer.
// Its methods are called from many goroutines at once. They must return at
// once, and must not call the module.
type Observer interface {
	// Request is told of each request once it is over: answered, refused or
	// cancelled. A request that is handed back to the broker is not over.
	Request(RequestEvent)

	// Held is told how the numbers of requests that wait for a worker, and of
	// those that run, have changed.
	Held(waiting, running int)

	// Count is told that something happened n times.
	Count(what Counter, n int)
}

// A RequestEvent is a request that is over.
type RequestEvent struct {
	// Member is the function, or the class, that the request named; "" where
	// it named none of the module's, or was refused before it was looked at.
	Member string

	// Code is that of the error which the caller got; "" is success.
	Code Code

	// Wait is the time from the request's arrival, the last one if it was handed
	// back before, until a worker took it, Run the time until its response was
	// there. Both are zero for a request that was refused.
	Wait, Run time.Duration

	// RequestBytes and ResponseBytes are the lengths of the payloads, decoded.
	RequestBytes, ResponseBytes int
}

// A Counter names what is counted.
type Counter string

const (
	// CountFragmentsReceived and CountFragmentsSent count pieces of requests
	// and of responses.
	CountFragmentsReceived Counter = "fragments_received"
	CountFragmentsSent     Counter = "fragments_sent"

	// CountDuplicates counts requests that came again while they were in hand,
	// or after they were answered.
	CountDuplicates Counter = "duplicates"

	// CountResends counts responses, or pieces, that a client asked for again.
	CountResends Counter = "resends"

	// CountIgnored counts messages that are none for a backend.
	CountIgnored Counter = "ignored"

	// CountDropped counts answers that were given up: too many waited, or the
	// broker took them neither at once nor later.
	CountDropped Counter = "dropped"
)

type noObserver struct{}

func (noObserver) Request(RequestEvent) {}
func (noObserver) Held(int, int)        {}
func (noObserver) Count(Counter, int)   {}
