package shell

import (
	"context"

	"github.com/typedkit/endpoint"
)

// errPanicked is the outcome that a target gets of an attempt that panicked, or
// that ended its goroutine: here, or in the loop over its items. It counts neither
// for the server nor against it.
var errPanicked = endpoint.ErrStopped.With("the call panicked: %w", context.Canceled)

// Attempt makes one attempt on a connection of to. The outcome is given back
// exactly once, also when do panics. C is the type of a connection.
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

// TargetFor returns the form that to has for an operation, or to. C is the type
// of a connection.
func TargetFor[C any](to endpoint.Target[C], op *endpoint.Operation) endpoint.Target[C] {
	if t, ok := to.(interface {
		For(op *endpoint.Operation) endpoint.Target[C]
	}); ok {
		return t.For(op)
	}
	return to
}
