package resilience

import (
	"context"
	"sync"
	"time"

	"github.com/typedkit/endpoint/internal/mark"
)

// watch bounds the silence of one stream.
type watch struct {
	ctx         context.Context
	cancel      context.CancelCauseFunc
	whole       *deadlineContext // around ctx, or nil
	first, idle bound

	mu    sync.Mutex // guards the fields below
	began bool       // there was an item
	since time.Time  // the time that the current bound counts from
	timer *time.Timer
	await bool // the server waited for its caller when the time was up
}

func newWatch(ctx context.Context, whole *deadlineContext, first, idle bound) *watch {
	w := &watch{whole: whole, first: first, idle: idle}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.wait()
	return w
}

// item ends the wait for an item and begins the next one.
func (w *watch) item() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began = true
	w.wait()
}

// wait starts the timer for the current bound.
func (w *watch) wait() {
	b := w.current()
	w.since = time.Now()
	switch {
	case b.d > 0 && w.timer == nil:
		w.timer = time.AfterFunc(b.d, w.expire)
	case b.d > 0:
		w.timer.Reset(b.d)
	case w.timer != nil:
		w.timer.Stop()
	}
}

func (w *watch) current() bound {
	if w.began {
		return w.idle
	}
	return w.first
}

// expire ends the stream, unless an item came while the timer fired.
func (w *watch) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b := w.current(); b.d > 0 && time.Since(w.since) >= b.d {
		w.await = mark.WireOf(w.ctx).IsWaiting()
		w.cancel(b.cause)
	}
}

// waited reports whether the server waited for its caller when the time was up.
func (w *watch) waited() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.await
}

func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
	w.cancel(context.Canceled)
}
