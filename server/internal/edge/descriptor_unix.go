//go:build unix

package edge

import "syscall"

// duplicate returns a second descriptor of the same socket. Programs that the process
// starts inherit neither.
func duplicate(fd int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	dup, err := syscall.Dup(fd)
	if err == nil {
		syscall.CloseOnExec(fd)
		syscall.CloseOnExec(dup)
	}
	return dup, err
}

// restrict sets the permissions of a socket before it has a file, where the system
// gives them to the file. Otherwise a umask of zero would open it to everyone for a
// moment.
func restrict(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = syscall.Fchmod(int(fd), socketMode) //nolint:gosec // a descriptor fits into an int
	})
}
