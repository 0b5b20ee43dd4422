//go:build unix && (!linux || race)

package nowait

import "syscall"

// The race detector wants to see who reads what somebody has written.

func (c *Calls) read(descriptor uintptr, p []byte) (int, error) {
	return syscall.Read(int(descriptor), p)
}

func (c *Calls) write(descriptor uintptr, p []byte) (int, error) {
	return syscall.Write(int(descriptor), p)
}
