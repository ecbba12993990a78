package shell

import (
	"context"
	"errors"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/ended"
)

// ContextError returns the error of a call whose context has ended. It wraps the
// context's cause, but its code is always DeadlineExceeded or Canceled.
func ContextError(ctx context.Context) *endpoint.Error {
	err := ctx.Err()
	if err == nil { // see IsOver
		return endpoint.ErrorOf(context.DeadlineExceeded)
	}
	plain := context.Canceled
	if errors.Is(err, context.DeadlineExceeded) {
		plain = context.DeadlineExceeded
	}
	return endpoint.ErrorOf(plain).WithCause(ended.Err(ctx))
}

// IsOver reports whether the deadline of ctx has passed. A library or a server may
// look at the clock before the context's own timer has run.
func IsOver(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}
