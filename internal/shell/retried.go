package shell

import (
	"strconv"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// Names of metadata about repeated calls.
const (
	// attemptKey has the number of the attempt, in a request after the first.
	attemptKey = "endpoint-attempt"
	// retriedKey is "1" in the answer to a call that failed after it was repeated in
	// vain, so that its caller does not repeat it.
	retriedKey = "endpoint-retried"
)

// setAttempt sets the number of the attempt of call, if it is not the first.
func setAttempt(call *endpoint.Call) {
	if n := call.Attempt(); n > 1 {
		call.Header().Set(attemptKey, strconv.Itoa(n))
	}
}

// SetRetried sets in reply, the metadata of an answer, whether the call was repeated in
// vain: err is how it failed, out is what goes out for it.
func SetRetried(reply *endpoint.Header, out *endpoint.Error, err error) {
	if out.Code() == endpoint.Unavailable && mark.WasRetried(err) {
		reply.Set(retriedKey, "1")
	}
}

// retried returns err, with which an attempt of call ended, with a mark if the server
// reports that the call was repeated in vain.
func retried(call *endpoint.Call, err error) error {
	e := endpoint.ErrorOf(err)
	if e.Remote() && e.Code() == endpoint.Unavailable && call.Reply().Get(retriedKey) != "" {
		return mark.Retried(err)
	}
	return err
}
