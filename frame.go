package endpoint

import "context"

// A slot is what one layer needs from Enter to Exit.
type slot struct {
	ctx context.Context
	tok Token
}

// A frame is the state of one call through the layers of one segment, and the
// one place that keeps the law that Exit runs exactly once for each Enter that
// did not refuse. slots has room for each of layers. Those of a unary call lie on
// the goroutine's stack: no method keeps a pointer to them, and layers get copies.
type frame struct {
	layers   []Layer
	slots    []slot
	n        int // layers entered and not yet exited
	finished bool
}

// enter enters the layers in order and returns the context for what is inside.
// After an error, the layers outside the one that refused are still to exit.
func (f *frame) enter(ctx context.Context) (context.Context, error) {
	for i, l := range f.layers {
		if i == len(f.slots) { // tells the compiler that i is in bounds
			break
		}
		inner, tok, err := l.Enter(ctx)
		if err != nil {
			return ctx, err
		}
		if inner != nil {
			ctx = inner
		}
		f.slots[i] = slot{ctx, tok}
		f.n = i + 1
	}
	return ctx, nil
}

// exit exits the entered layers, the last first, and returns the error that
// stands.
func (f *frame) exit(err error) error {
	for f.n > 0 {
		// Counted before the call: an Exit that panics does not run twice.
		f.n--
		s := &f.slots[f.n]
		if e := f.layers[f.n].Exit(s.ctx, s.tok, err); e != nil {
			err = e
		}
	}
	f.finished = true
	return err
}

// unwind is deferred directly, because it recovers. When the call panicked, it
// exits the entered layers and panics again with the same value. The frames of
// the panic are still on the goroutine's stack then, so its trace is whole. A
// call that ended its goroutine (runtime.Goexit) goes on ending it.
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

// exitQuietly is exit for a call that panicked: a panic of an Exit is dropped,
// because the first panic is the one that goes on.
func (f *frame) exitQuietly(err error) {
	defer func() { _ = recover() }()
	for f.n > 0 {
		f.n--
		s := &f.slots[f.n]
		_ = f.layers[f.n].Exit(s.ctx, s.tok, err)
	}
	f.finished = true
}

// again asks the only layer, a Repeater, for another attempt, and keeps the
// context and the token for its Exit.
func (f *frame) again(ctx *context.Context, err error) bool {
	s := &f.slots[0]
	next, tok, again := f.layers[0].(Repeater).Again(*ctx, s.tok, err)
	if next != nil {
		*ctx, s.ctx = next, next
	}
	s.tok = tok
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
		return s.Item(f.slots[i].ctx, f.slots[i].tok)
	}
	return nil
}
