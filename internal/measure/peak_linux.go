package measure

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// peakRunning is the most memory that a process had so far: VmHWM of proc(5).
// getrusage counts what the parent had when it started the process.
func peakRunning(pid int) int64 {
	n, err := memoryOf(pid, "VmHWM")
	if err != nil {
		return 0
	}
	return n
}

func residentMemory(pid int) (int64, error) { return memoryOf(pid, "VmRSS") }

// memoryOf reads a number of kilobytes.
func memoryOf(pid int, name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), name+":")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("%s of process %d is not there", name, pid)
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes * 1024, err
}
