//go:build !unix

package measure

import (
	"errors"
	"time"
)

// CPUTime returns an error: this system does not tell.
func CPUTime() (time.Duration, error) {
	return 0, errors.New("this system does not tell how long processors worked for a process")
}
