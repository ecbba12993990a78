package endpoint

import (
	"context"
	"io"
	"time"
)

// outcome is what one attempt of a race came to.
type outcome[V any] struct {
	at       *attemptContext
	value    V
	err      error
	panicked *PanicError
	cancel   context.CancelFunc
}

// race runs try side by side as often as h wants and returns the first success,
// whose context stays alive until its cancel is called. When every attempt that
// was started failed, it returns the error of the last; if one of them
// panicked, it panics on the caller's goroutine. The others are cancelled;
// their goroutines end when their try does, and dispose of what it gives.
func race[V any](ctx context.Context, h Hedger, bound bool, try func(context.Context) (V, error), dispose func(V)) (outcome[V], error) {
	r := &racing[V]{try: try, dispose: dispose, results: make(chan outcome[V]), over: make(chan struct{})}
	defer close(r.over)
	failed := outcome[V]{cancel: func() {}}
	var timer *time.Timer
	var panicked *PanicError
	for at := (*attemptContext)(nil); ; {
		at = r.start(ctx, at, bound)
		timer = rearm(timer, ctx, h, r.started)
		o, decided := r.await(ctx, timer, &panicked)
		switch {
		case !decided: // the timer: one attempt more
			continue
		case o.cancel == nil: // every attempt failed, or the caller gave up
			r.cancelAll()
			if panicked != nil {
				panic(panicked.Value)
			}
			failed.at = o.at
			return failed, o.err
		}
		r.cancelOthers(o.at)
		o.at.settle()
		return o, nil
	}
}

type racing[V any] struct {
	try              func(context.Context) (V, error)
	dispose          func(V)
	results          chan outcome[V]
	over             chan struct{} // closed when nobody receives results any more
	cancels          []racer
	started, pending int
}

type racer struct {
	at     *attemptContext
	cancel context.CancelFunc
}

func (r *racing[V]) start(ctx context.Context, before *attemptContext, bound bool) *attemptContext {
	ctx, cancel := context.WithCancel(ctx)
	at := newAttempt(ctx, before, bound)
	r.cancels = append(r.cancels, racer{at, cancel})
	r.started++
	r.pending++
	go r.run(outcome[V]{at: at, cancel: cancel})
	return at
}

// run makes one attempt on a goroutine of its own.
func (r *racing[V]) run(o outcome[V]) {
	finished := false
	defer func() {
		if !finished {
			o.panicked = newPanicError(recover())
			o.err = o.panicked
		}
		select {
		case r.results <- o:
		case <-r.over:
			if o.err == nil {
				r.dispose(o.value)
			}
		}
	}()
	o.value, o.err = r.try(o.at)
	finished = true
}

// await waits until the race is decided (true) or the timer wants one attempt
// more. An outcome without cancel is a failure of all.
func (r *racing[V]) await(ctx context.Context, timer *time.Timer, panicked **PanicError) (outcome[V], bool) {
	var tick <-chan time.Time
	if timer != nil {
		tick = timer.C
	}
	for {
		select {
		case o := <-r.results:
			r.pending--
			if o.err == nil {
				return o, true
			}
			o.cancel()
			if o.panicked != nil && o.panicked.Value != nil {
				*panicked = o.panicked
			}
			if r.pending == 0 {
				o.at.settle()
				return outcome[V]{at: o.at, err: o.err}, true
			}
		case <-tick:
			return outcome[V]{}, false
		case <-ctx.Done():
			return outcome[V]{err: context.Cause(ctx)}, true
		}
	}
}

func (r *racing[V]) cancelAll() { r.cancelOthers(nil) }

func (r *racing[V]) cancelOthers(winner *attemptContext) {
	for _, c := range r.cancels {
		if c.at != winner {
			c.cancel()
		}
	}
}

// rearm sets the timer for the attempt after the started ones; nil when there
// is to be none.
func rearm(timer *time.Timer, ctx context.Context, h Hedger, started int) *time.Timer {
	if timer != nil {
		timer.Stop()
	}
	d, ok := h.Delay(ctx, started)
	if !ok {
		return nil
	}
	return time.NewTimer(max(d, 0))
}

// closeResult disposes of a response that nobody gets.
func closeResult[V any](v V) {
	if c, ok := any(v).(io.Closer); ok && c != nil {
		_ = c.Close()
	}
}
