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

// Cancelled returns the error of a handler that failed with err. If err says no more than
// that ctx was cancelled, and the cause of that is an error of this process that callers
// can match, the handler failed with the cause: for example because the server stops.
func Cancelled(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || endpoint.CodeOf(err) != endpoint.Canceled {
		return err
	}
	if cause := identifiedCause(ctx, err); cause != nil {
		return cause
	}
	return err
}

// Interrupted returns the error of a response stream that has ended without one, nil if
// there is none. A stream is not complete if its context was cancelled with a cause that
// callers can match, because most handlers return when their context ends.
func Interrupted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return identifiedCause(ctx, err)
	}
	return nil
}

// identifiedCause returns the cause of the end of ctx, with err as its own cause, if it is
// an error of this process with an identity; else nil.
func identifiedCause(ctx context.Context, err error) (result error) {
	defer func() {
		if recover() != nil { // a method of the cause
			result = nil
		}
	}()
	e, ok := errors.AsType[*endpoint.Error](context.Cause(ctx))
	if !ok || e.Remote() || e.Domain() == "" {
		return nil
	}
	return e.WithCause(err)
}
