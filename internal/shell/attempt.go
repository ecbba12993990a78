package shell

import (
	"context"

	"github.com/typedkit/endpoint"
)

// errPanicked is the outcome that a target gets for an attempt that panicked or
// called runtime.Goexit, in the exchange or in the loop over its items. It counts
// neither for the server nor against it.
var errPanicked = endpoint.ErrStopped.With("the call panicked: %w", context.Canceled)

// Attempt makes one attempt on a connection of to. It releases the connection
// exactly once, even if do panics. C is the type of a connection.
func Attempt[C any](ctx context.Context, to endpoint.Target[C], do func(conn C) error) error {
	conn, token, err := to.Acquire(ctx)
	if err != nil {
		return err
	}
	outcome := error(errPanicked)
	defer func() { to.Release(token, outcome) }()
	outcome = do(conn)
	return outcome
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
