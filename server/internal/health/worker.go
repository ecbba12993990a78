package health

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
)

var errExited = errors.New("the func called runtime.Goexit")

// A worker calls a func at intervals, one call at a time. Each call has a goroutine of
// its own, so a call that hangs costs one goroutine.
type worker struct {
	call          func(ctx context.Context) error
	every, within time.Duration
	wake          <-chan struct{} // ends an interval early; nil for never
	// settle gets the outcome of a call. Its err has a text of one bounded line.
	settle func(start time.Time, took time.Duration, err error)
}

// run calls the func until ctx has ended and the running call has returned or reached
// its time-out.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		next := w.timer()
		if pending := w.once(ctx); pending != nil {
			select {
			case <-pending:
			case <-ctx.Done():
			}
		}
		w.pause(ctx, next)
	}
}

// timer starts an interval. It is never shorter than every, and at random up to a tenth
// longer, so that the checks of many processes spread out.
func (w *worker) timer() *time.Timer { return time.NewTimer(w.every + rand.N(w.every/10+1)) }

// pause waits for the end of an interval.
func (w *worker) pause(ctx context.Context, next *time.Timer) {
	defer next.Stop()
	select {
	case <-next.C:
	case <-w.wake:
	case <-ctx.Done():
	}
}

// An outcome is what a call returned.
type outcome struct{ err error }

// once calls the func and settles the outcome, which is lost if ctx has ended. If the
// func has not returned within its time, once returns a channel that tells when it does.
func (w *worker) once(ctx context.Context) (pending <-chan outcome) {
	running, cancel := context.WithTimeout(ctx, w.within)
	returned := make(chan outcome, 1)
	start := time.Now()
	go func() {
		err := error(&failure{cause: errExited, text: errExited.Error()})
		defer func() { returned <- outcome{err} }()
		defer cancel()
		err = guarded(running, w.call)
	}()
	late := time.NewTimer(w.within)
	defer late.Stop()
	var err error
	select {
	case o := <-returned:
		err = o.err
	case <-late.C:
		pending = returned
	}
	took := min(time.Since(start), w.within)
	switch {
	case ctx.Err() != nil:
		return pending
	case pending != nil || err != nil && errors.Is(running.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("no result within %v", w.within)
	}
	w.settle(start, took, err)
	return pending
}

// guarded calls f and returns its error as a failure. A panic, including one in the
// error's own method, is a failure.
func guarded(ctx context.Context, f func(ctx context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v)
		}
	}()
	if err := f(ctx); err != nil {
		return &failure{cause: err, text: bounds.Line(err.Error())}
	}
	return nil
}

func panicked(v any) error {
	p := endpoint.NewPanicError(v)
	return &failure{cause: p, text: bounds.Line(p.Error())}
}

// A failure is an error whose text was made when the call ended, as one bounded line.
type failure struct {
	cause error
	text  string
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }
