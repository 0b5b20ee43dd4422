//go:build unix && (!linux || race || msan || asan)

package nowait

import "syscall"

// Only Linux has its calls stay as they are. The detectors of races and of bad
// accesses to memory want to see what a call reads and writes.

func (c *Calls) read(descriptor uintptr, p []byte) (int, error) {
	return syscall.Read(int(descriptor), p)
}

func (c *Calls) write(descriptor uintptr, p []byte) (int, error) {
	return syscall.Write(int(descriptor), p)
}
