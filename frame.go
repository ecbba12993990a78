package endpoint

import "context"

// frame is the state of one call through the layers of one segment. It lives on
// the goroutine's stack: its methods keep no pointer to it, and layers get
// copies of what it holds.
type frame struct {
	n        int // layers entered and not yet exited
	finished bool
	ctx      [maxFrame]context.Context
	tok      [maxFrame]Token
}

// enter enters layers in order and returns the context for what is inside. With
// an error, the layers outside the one that refused are still to exit.
func (f *frame) enter(ctx context.Context, layers []Layer) (context.Context, error) {
	for i, l := range layers {
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

// exit exits what was entered, the last first, and returns the error that
// stands.
func (f *frame) exit(layers []Layer, err error) error {
	for f.n > 0 {
		// Counted before the call: an Exit that panics does not run twice.
		f.n--
		i := f.n & (maxFrame - 1)
		if e := layers[i].Exit(f.ctx[i], f.tok[i], err); e != nil {
			err = e
		}
	}
	f.finished = true
	return err
}

// unwind is deferred directly, because it recovers. When the call panicked, it
// exits what was entered and panics on with the same value; the frames of the
// panic are still on the goroutine's stack then, so nothing of its trace is
// lost. A call that left its goroutine (runtime.Goexit) goes on leaving it.
func (f *frame) unwind(layers []Layer) {
	if f.finished {
		return
	}
	v := recover()
	f.exitAll(layers, NewPanicError(v))
	if v != nil {
		panic(v)
	}
}

// exitAll exits what was entered and survives an Exit that panics itself: the
// first panic is the one that goes on.
func (f *frame) exitAll(layers []Layer, err error) {
	for !f.finished {
		f.exitSome(layers, err)
	}
}

func (f *frame) exitSome(layers []Layer, err error) {
	defer func() { _ = recover() }()
	for f.n > 0 {
		f.n--
		i := f.n & (maxFrame - 1)
		_ = layers[i].Exit(f.ctx[i], f.tok[i], err)
	}
	f.finished = true
}

// itemIn tells the streamers among layers, the first first, that an item of the
// request is about to be handed on.
func (f *frame) itemIn(layers []Layer) error {
	for i := range layers {
		if err := f.item(layers, i); err != nil {
			return err
		}
	}
	return nil
}

// itemOut tells them, the last first, of an item of the response.
func (f *frame) itemOut(layers []Layer) error {
	for i := len(layers) - 1; i >= 0; i-- {
		if err := f.item(layers, i); err != nil {
			return err
		}
	}
	return nil
}

func (f *frame) item(layers []Layer, i int) error {
	if s, ok := layers[i].(Streamer); ok {
		return s.Item(f.ctx[i], f.tok[i])
	}
	return nil
}
