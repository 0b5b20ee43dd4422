package store

import (
	"errors"
	"os"
	"syscall"
)

// syncData syncs what was written, and of the file's metadata only what is
// needed to find it.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

// allocate takes space for a file up to size; it reads as zeros. A file system
// that can't is no error.
func allocate(f *os.File, from, size int64) (int64, error) {
	for {
		err := syscall.Fallocate(int(f.Fd()), 0, from, size-from)
		switch {
		case err == nil:
			return size, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOSYS):
			return from, nil
		default:
			return from, os.NewSyscallError("fallocate", err)
		}
	}
}
