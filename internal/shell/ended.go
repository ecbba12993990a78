package shell

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/ended"
)

// ContextError returns the error of a call whose context has ended, with the
// context's cause. The code is DeadlineExceeded or Canceled, whatever the cause is.
func ContextError(ctx context.Context) *endpoint.Error {
	if ctx.Err() == nil { // see IsOver
		return endpoint.ErrorOf(context.DeadlineExceeded)
	}
	return endpoint.ErrorOf(ctx.Err()).WithCause(ended.Err(ctx))
}

// IsOver reports whether the deadline of ctx has passed. The context's own timer
// may not have run yet when a library, or the server, looks at the clock.
func IsOver(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}
