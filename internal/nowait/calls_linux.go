//go:build linux && !race && !msan && !asan

package nowait

import (
	"syscall"
	"unsafe"
)

// mostPassed is the most bytes that a call which passes by may move: until it is
// over, the collector waits for it.
const mostPassed = 64 << 10

func (c *Calls) read(descriptor uintptr, p []byte) (int, error) {
	if len(p) > mostPassed || !c.pass() {
		return syscall.Read(int(descriptor), p)
	}
	return passBy(syscall.SYS_READ, descriptor, p)
}

func (c *Calls) write(descriptor uintptr, p []byte) (int, error) {
	if len(p) > mostPassed || !c.pass() {
		return syscall.Write(int(descriptor), p)
	}
	return passBy(syscall.SYS_WRITE, descriptor, p)
}

func passBy(call, descriptor uintptr, p []byte) (int, error) {
	n, _, err := syscall.RawSyscall(call, descriptor, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if err != 0 {
		return 0, err
	}
	return int(n), nil
}
