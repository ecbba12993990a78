//go:build unix

package measure

import (
	"syscall"
	"time"
)

// CPUTime returns how long processors have worked for this process: its own code
// and what the system did for it.
func CPUTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
