// Package nowait lets the goroutines that read from connections also write to
// them. A goroutine of its own for each thing that is to be written costs more
// than to write it; but who reads must not wait for a peer that does not read.
// So it writes what the kernel takes at once, and leaves the rest to others.
package nowait
