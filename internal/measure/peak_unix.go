//go:build unix

package measure

import (
	"os"
	"runtime"
	"syscall"
)

// peakEnded is the most memory that a process had. Linux and the BSDs count in
// units of 1024 bytes, Darwin in bytes: getrusage(2).
func peakEnded(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) * 1024
}
