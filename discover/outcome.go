package discover

import (
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// An outcome is what the end of a call says of its instance.
type outcome uint8

const (
	answered   outcome = iota // with success
	neutral                   // with an error of the caller
	failed                    // counts against it
	turnedAway                // by a limit of the instance
	cutOff                    // the caller stopped waiting, which says nothing
)

// outcomeOf returns what the end of a call says of its instance. A call that ended
// with its caller's deadline must have had a fair time.
// fails reports whether an error is a failure of the instance.
func outcomeOf(err error, fair time.Duration, fails func(error) bool) outcome {
	switch {
	case err == nil:
		return answered
	case mark.Excused(err, fair), endpoint.CodeOf(err) == endpoint.Canceled:
		return cutOff
	case fails(mark.Counted(err)):
		return failed
	case isLimit(err):
		return turnedAway
	}
	return neutral
}

// isLimit reports whether an instance rejected the call because of a limit. It may be
// one of this client alone, so it is not a failure of the instance.
func isLimit(err error) bool {
	e := endpoint.ErrorOf(err)
	return e.Remote() && e.Code() == endpoint.ResourceExhausted && e.Reason() != "BODY_TOO_LARGE"
}
