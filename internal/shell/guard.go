package shell

import (
	"context"

	"github.com/typedkit/endpoint"
)

// Guard runs the layers of a call and the code inside them, and turns a panic
// into a *endpoint.PanicError. One that pass reports true for goes on. ok is false
// if the code ended its goroutine. A nil pass lets none go on.
func Guard(pass func(v any) bool, run func() error) (err error) {
	finished := false
	defer func() {
		if finished {
			return
		}
		v := recover()
		switch {
		case v == nil: // the goroutine ends
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

// Answer has answer make the response to a call that failed with err, which may
// panic when it is looked at: a nil pointer of a type with a method Unwrap, say.
// Then it answers that panic, whose code is Internal, instead.
func Answer(err error, answer func(err error)) {
	panicked := Guard(nil, func() error {
		answer(err)
		return nil
	})
	if panicked != nil {
		answer(panicked)
	}
}

// Hooks are the error hooks of a server.
type Hooks []func(ctx context.Context, err error)

// Report calls each hook with err. A hook that panics costs neither the caller its
// answer nor the others their call; all hooks, itself included, are called once
// more, with the *endpoint.PanicError.
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
