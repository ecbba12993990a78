package shell

import (
	"context"
	"errors"

	"github.com/typedkit/endpoint"
)

// Outgoing returns the Call of an attempt under ctx, with the headers that the
// client's layers added. The error has the code InvalidArgument and names a header
// that cannot be sent.
func Outgoing(ctx context.Context) (*endpoint.Call, *endpoint.CallWriter, error) {
	call := endpoint.CallFrom(ctx)
	w := (*endpoint.CallWriter)(call)
	if call.Attempt() > 1 {
		call.Header().Del(attemptKey) // an earlier exchange of this attempt set it
	}
	if err := errors.Join(w.AddHeaders(ctx), call.Header().Check()); err != nil {
		return call, w, endpoint.ErrorOf(err)
	}
	setAttempt(call)
	return call, w, nil
}
