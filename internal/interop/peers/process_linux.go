package peers

import "syscall"

// endWithParent makes the kernel end a peer when the test binary dies without
// its clean-up, as it does on a time-out.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
