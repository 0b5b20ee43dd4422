//go:build !linux

package peers

import "syscall"

// endWithParent is for Linux only; elsewhere a peer outlives a test binary that
// dies without its clean-up.
func endWithParent() *syscall.SysProcAttr { return nil }
