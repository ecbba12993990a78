package endpoint

import (
	"context"
	"errors"
)

// A frame is the state of one call through the layers of one segment. It ensures
// that Exit runs exactly once for each Enter that did not refuse. The frame of a
// unary call is on the goroutine's stack: no method keeps a pointer to it, and
// layers get copies of what it holds.
type frame struct {
	layers   []Layer
	n        int // layers entered and not yet exited
	finished bool
	// Of each entered layer. They are two arrays, because the compiler copies an
	// element of a struct of both through memory, which doubles the time of a layer.
	ctx [maxFrame]context.Context
	tok [maxFrame]Token
}

// errNilContext is the error of a call with a nil context.
var errNilContext = Errorf(Internal, "%w", errors.New("endpoint: the context of the call is nil"))

// enter enters the layers in order and returns the context for what is inside. If
// a layer refuses, the layers outside it must still exit.
func (f *frame) enter(ctx context.Context) (context.Context, error) {
	if ctx == nil {
		return context.Background(), errNilContext
	}
	for i, l := range f.layers {
		if i == maxFrame { // tells the compiler that i is in bounds
			break
		}
		inner, tok, err := l.Enter(ctx)
		if err != nil {
			return ctx, err
		}
		if inner != nil {
			ctx = inner
		}
		f.ctx[i], f.tok[i] = ctx, tok
		f.n = i + 1
	}
	return ctx, nil
}

// exit exits the entered layers, last first, and returns the resulting error.
func (f *frame) exit(err error) error {
	layers := f.layers
	for f.n > 0 {
		// Before the call, so that an Exit that panics does not run twice.
		f.n--
		i := f.n & (maxFrame - 1)
		if e := layers[i].Exit(f.ctx[i], f.tok[i], err); e != nil {
			err = e
		}
	}
	f.finished = true
	return err
}

// unwind must be deferred directly, because it recovers. If the call panicked, it
// exits the entered layers and panics again with the same value. The frames of the
// first panic are still on the goroutine's stack, so the trace is complete. If the
// call called runtime.Goexit, the goroutine exits after the layers.
func (f *frame) unwind() {
	if f.finished {
		return
	}
	v := recover()
	err := NewPanicError(v)
	for !f.finished {
		f.exitQuietly(err)
	}
	if v != nil {
		panic(v)
	}
}

// exitQuietly is exit for a call that panicked. It drops a panic of an Exit, because
// the first panic is the one that continues.
func (f *frame) exitQuietly(err error) {
	defer func() { _ = recover() }()
	for f.n > 0 {
		f.n--
		_ = f.layers[f.n].Exit(f.ctx[f.n], f.tok[f.n], err)
	}
	f.finished = true
}

// again asks the only layer, a Repeater, whether to make another attempt, and keeps
// the context and the token for its Exit.
func (f *frame) again(ctx *context.Context, err error) bool {
	next, tok, again := f.layers[0].(Repeater).Again(*ctx, f.tok[0], err)
	if next != nil {
		*ctx, f.ctx[0] = next, next
	}
	f.tok[0] = tok
	return again
}

// itemIn notifies the Streamers, outermost first, before an item of the request
// is delivered.
func (f *frame) itemIn() error {
	for i := range f.layers {
		if err := f.item(i); err != nil {
			return err
		}
	}
	return nil
}

// itemOut notifies the Streamers, innermost first, before an item of the response
// is delivered.
func (f *frame) itemOut() error {
	for i := len(f.layers) - 1; i >= 0; i-- {
		if err := f.item(i); err != nil {
			return err
		}
	}
	return nil
}

func (f *frame) item(i int) error {
	if s, ok := f.layers[i].(Streamer); ok {
		return s.Item(f.ctx[i], f.tok[i])
	}
	return nil
}
