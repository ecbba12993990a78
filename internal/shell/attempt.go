package shell

import (
	"context"
	"errors"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// errPanicked is the outcome that a target gets for an attempt that panicked or
// called runtime.Goexit, in the exchange or in the loop over its items. It counts
// neither for the server nor against it.
var errPanicked = endpoint.ErrStopped.With("the call panicked: %w", context.Canceled)

// Attempt makes one attempt on a connection of to. It releases the connection
// exactly once, even if do panics. If the deadline of ctx has passed, it acquires
// nothing, and its error counts against no server. C is the type of a connection.
func Attempt[C any](ctx context.Context, to endpoint.Target[C], do func(conn C) error) error {
	return AttemptStream(ctx, to, nil, do)
}

// AttemptStream is Attempt for a call whose response is a stream, which do delivers
// to out.
func AttemptStream[C any](ctx context.Context, to endpoint.Target[C], out *Receiver, do func(conn C) error) error {
	left, ok := mark.TimeLeft(ctx)
	if !ok {
		return mark.Never(ContextError(ctx))
	}
	conn, token, err := to.Acquire(ctx)
	if err != nil {
		return err
	}
	outcome := error(errPanicked)
	defer func() { to.Release(token, outcome) }()
	if outcome = do(conn); outcome != nil {
		outcome = retried(endpoint.CallFrom(ctx), blame(ctx, outcome, out, left))
	}
	return outcome
}

// blame returns err, with which an attempt ended, with a mark if it does not count
// against the server. left is the time that the attempt had.
func blame(ctx context.Context, err error, out *Receiver, left time.Duration) error {
	call := endpoint.CallFrom(ctx)
	switch {
	case isCallersFault(call.Status(nil)) && counts(err):
		return mark.Never(err)
	case call.Operation().Streams&endpoint.ClientStream != 0, out.hasItem():
		left = 0 // the caller decides how long the call takes
	}
	w := mark.WireOf(ctx)
	if w.Ends(ctx) {
		err = timedOut(err)
	}
	if e := endpoint.ErrorOf(err); e.Remote() && e.Code() == endpoint.DeadlineExceeded {
		return w.Early(ctx, err, left)
	}
	return w.Ended(ctx, err, left)
}

// timedOut returns err, with which a call ended at its caller's deadline, with the code
// DeadlineExceeded if it has the code Canceled. The caller cancels the call at the same
// time, and it is a matter of chance which of the two is noticed first.
func timedOut(err error) error {
	if endpoint.CodeOf(err) != endpoint.Canceled || errors.Is(err, endpoint.ErrStopped) {
		return err
	}
	return endpoint.ErrorOf(context.DeadlineExceeded).WithCause(err)
}

// counts reports whether err, if it came from the server, counts against it by its
// code.
func counts(err error) bool {
	e := endpoint.ErrorOf(err)
	return e.Remote() && (e.Code() == endpoint.ResourceExhausted || endpoint.ServerFault(e))
}

// isCallersFault reports whether a status, if it is one of HTTP, names a fault of the
// caller. A limit of the server that rejected the call is judged by its error.
func isCallersFault(status int) bool {
	return status >= 400 && status <= 499 && status != 429
}

// TargetFor returns the form of to for one operation, or to itself if it has none.
// C is the type of a connection.
func TargetFor[C any](to endpoint.Target[C], op *endpoint.Operation) endpoint.Target[C] {
	if t, ok := to.(interface {
		For(op *endpoint.Operation) endpoint.Target[C]
	}); ok {
		if own := t.For(op); own != nil {
			return own
		}
	}
	return to
}
