//go:build !linux

package measure

import "errors"

func peakRunning(int) int64 { return 0 }

func residentMemory(int) (int64, error) { return 0, errors.ErrUnsupported }
