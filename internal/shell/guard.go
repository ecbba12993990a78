package shell

import (
	"context"
	"errors"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// Guard calls run and returns a panic of it as a *endpoint.PanicError. A panic with
// a value for which pass reports true continues; a nil pass lets none continue. If
// run calls runtime.Goexit, Guard does not return.
func Guard(pass func(v any) bool, run func() error) (err error) {
	finished := false
	defer func() {
		if finished {
			return
		}
		v := recover()
		switch {
		case v == nil: // the goroutine exits
		case pass != nil && pass(v):
			panic(v)
		default:
			err = endpoint.NewPanicError(v)
		}
	}()
	err = run()
	finished = true
	return err
}

// Answer calls answer to respond to a call that failed with err. The methods of err
// may panic, for example the Unwrap of a nil pointer. In that case it calls answer
// again, with the *endpoint.PanicError, whose code is Internal.
func Answer(err error, answer func(err error)) {
	// See decision 102.
	panicked := Guard(nil, func() error {
		answer(err)
		return nil
	})
	if panicked != nil {
		answer(panicked)
	}
}

// Reported returns err, with which a served call of op failed, as hooks get it. It has
// the code that goes out: if err has another one, err is its cause. If it does not
// count against the server, endpoint.ServerFault reports that, even if no layer asked.
func Reported(ctx context.Context, op *endpoint.Operation, err error) error {
	// See decision 137.
	abandoned := isOpaque(err) && mark.Abandoned(ctx)
	out := op.Outgoing(err)
	if out.Code() != endpoint.CodeOf(err) {
		err = out
	}
	w := mark.WireOf(ctx)
	switch {
	case !endpoint.ServerFault(err):
		return err
	case abandoned, op.StatusOf != nil && isCallersFault(op.StatusOf(out)):
		return mark.Never(err)
	case w == nil:
		return err
	case !w.Ends(ctx) && w.EndedWaiting(ctx):
		return mark.Never(err)
	}
	return w.Ended(ctx, err, w.Given)
}

// isOpaque reports whether err, which is not nil, has no code of its own, and is not that
// of a panic.
func isOpaque(err error) bool {
	if _, ok := errors.AsType[*endpoint.PanicError](err); ok {
		return false
	}
	e, ok := errors.AsType[*endpoint.Error](err)
	return !ok || e == nil
}

// Hooks are the error hooks of a server.
type Hooks []func(ctx context.Context, err error)

// WireOf returns the Wire of the call under ctx, set for a server that has these hooks and
// layers.
func (h *Hooks) WireOf(ctx context.Context, layers endpoint.Stack) *mark.Wire {
	w := mark.WireOf(ctx)
	w.Hooks = (*[]func(ctx context.Context, err error))(h)
	w.Judged = len(layers) > 0 || len(*h) > 0
	return w
}

// ReportCall calls each hook with err, with which a served call of op failed, as
// Reported returns it.
func (h Hooks) ReportCall(ctx context.Context, op *endpoint.Operation, err error) {
	if len(h) > 0 {
		h.Report(ctx, Reported(ctx, op, err))
	}
}

// Report calls each hook with err. If a hook panics, the caller still gets its
// answer and the other hooks are still called. All hooks, including the one that
// panicked, are then called once more, with the *endpoint.PanicError.
func (h Hooks) Report(ctx context.Context, err error) {
	for _, hook := range h {
		if panicked := call(ctx, hook, err); panicked != nil {
			for _, hook := range h {
				_ = call(ctx, hook, panicked)
			}
		}
	}
}

func call(ctx context.Context, hook func(context.Context, error), err error) error {
	return Guard(nil, func() error {
		hook(ctx, err)
		return nil
	})
}
