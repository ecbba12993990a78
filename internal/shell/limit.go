package shell

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
)

// DefaultCallTimeout is how long an exchange of a unary call may take whose context
// has no deadline, unless the client says otherwise.
const DefaultCallTimeout = 30 * time.Second

// errTimeout has the identity of resilience.ErrTimeout: it is a time-out of this
// process.
var errTimeout = endpoint.Define(endpoint.DeadlineExceeded, "endpoint", "TIMEOUT", "not done in time")

// A limit bounds exchanges whose context has no deadline. It ends their context, but
// sets no deadline, because transports tell the server a deadline as one of the
// caller's. See decision 130.
type limit struct {
	d   time.Duration   // negative for none
	err *endpoint.Error // of an exchange that took longer
}

// newLimit returns a limit of d: the default if d is 0, and none if it is negative.
func newLimit(d time.Duration) *limit {
	if d == 0 {
		d = DefaultCallTimeout
	}
	return &limit{d, errTimeout.With("not answered within %v, the client's limit for calls without a deadline", d)}
}

// bounds reports whether the limit applies to an exchange under ctx.
func (l *limit) bounds(ctx context.Context) bool {
	_, has := ctx.Deadline()
	return !has && l.d >= 0
}

// start returns the context of an exchange, the function that ends it, and the timer
// that does so at the limit. The caller stops the timer when the exchange is over.
func (l *limit) start(ctx context.Context) (context.Context, context.CancelCauseFunc, *time.Timer) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, cancel, time.AfterFunc(l.d, func() { cancel(l.err) })
}

// explain returns the error of an exchange under ctx, a context from start, that ended
// with err: the limit's own if that ended it.
func (l *limit) explain(ctx context.Context, err error) error {
	if err == nil || context.Cause(ctx) != error(l.err) { //nolint:errorlint // the very same
		return err
	}
	if code := endpoint.CodeOf(err); code != endpoint.Canceled && code != endpoint.DeadlineExceeded {
		return err // of a server that answered in the last moment
	}
	// The error is not wrapped, because it is a context.Canceled.
	if endpoint.MaybeSent(err) {
		return endpoint.MarkMaybeSent(l.err)
	}
	return l.err
}
