// Package pipenet is a network in memory: listeners and connections that buffer
// and have deadlines, as TCP's do, and nothing of the operating system. Inside a
// bubble of testing/synctest, where a real connection would stop the clock, time
// passes as soon as every goroutine waits, so that pings, deadlines and pauses
// are tested without waiting for them.
//
// A [Network] can also misbehave: [Network.Cut] breaks the connections that are
// open, [Network.Hold] lets them stand and carries nothing any more.
package pipenet
