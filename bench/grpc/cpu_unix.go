//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime returns how long processors have worked for this process: its own code
// and what the system did for it.
func cpuTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
