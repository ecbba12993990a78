package resilience

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/ended"
)

// A QueueOption is for policies that let calls wait.
type QueueOption interface {
	WaiterOption
	BulkheadOption
	AdaptiveOption
}

// Queue lets up to length calls wait, each for at most wait and never beyond its
// deadline. Both must be positive. By default no call waits for a [Bulkhead] or
// an [Adaptive], and any number waits for a [Waiter], up to the deadlines. A
// later Queue replaces an earlier one.
func Queue(length int, wait time.Duration) QueueOption {
	return queue{set: true, length: length, patience: wait}
}

// queue is the room for calls that wait.
type queue struct {
	set      bool
	length   int
	patience time.Duration
}

func (q queue) applyWaiter(w *Waiter)     { q.apply(&w.construction, &w.queue) }
func (q queue) applyBulkhead(b *Bulkhead) { q.apply(&b.construction, &b.queue) }
func (q queue) applyAdaptive(a *Adaptive) { q.apply(&a.construction, &a.queue) }

func (q queue) apply(c *construction, to *queue) {
	c.check(q.length > 0, "Queue of %d calls, want a positive number", q.length)
	c.check(q.patience > 0, "Queue with a wait of %v, want a positive one", q.patience)
	*to = q
}

// limit returns a context that ends when the wait is over.
func (q queue) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if !q.set {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, q.patience)
}

// enter lets a call of the policy c wait for a permit, which acquire takes, and
// returns nil when it has it. waiting counts the calls in the queue.
func (q queue) enter(ctx context.Context, c *common, source string, waiting *atomic.Int64, acquire func(context.Context) error) error {
	defer waiting.Add(-1)
	if waiting.Add(1) > int64(q.length) { // 0 without the option
		return c.outOfCapacity(ctx, source)
	}
	limited, cancel := q.limit(ctx)
	defer cancel()
	switch err := acquire(limited); {
	case err == nil:
		return nil
	case canceled(ctx):
		return ended.Err(ctx)
	}
	// A deadline that passed in the queue is no fault of the server, which was
	// not called.
	return c.outOfCapacity(ctx, source)
}

// outOfCapacity returns the error of a call that there is no room for and tells
// of it.
func (c *common) outOfCapacity(ctx context.Context, source string) error {
	c.emit(ctx, endpoint.Event{Source: source, Kind: "rejected"})
	return ErrOutOfCapacity
}

// canceled says that the caller gave up; an end by the deadline is none.
func canceled(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }
