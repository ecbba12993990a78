package resilience

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/typedkit/endpoint"
)

// Admit reports, by its error, that the call would be rejected now: all permits are
// in use and the queue is full.
func (b *Bulkhead) Admit(ctx context.Context) error {
	if b.permits == nil || len(b.permits) < cap(b.permits) {
		return nil
	}
	return b.queue.admit(ctx, &b.common, "bulkhead", &b.waiting)
}

// Admit reports, by its error, that the call would be rejected now: all permits are
// in use and the queue is full.
func (a *Adaptive) Admit(ctx context.Context) error {
	if a.limiter == nil || a.limiter.Inflight() < a.limiter.Limit() {
		return nil
	}
	return a.queue.admit(ctx, &a.common, "adaptive", &a.waiting)
}

// admit returns the error of a call that would find no room in the queue.
func (q queue) admit(ctx context.Context, c *common, source string, waiting *atomic.Int64) error {
	if waiting.Load() < int64(q.length) { // 0 without the option
		return nil
	}
	return c.outOfCapacity(ctx, source)
}

// Admit reports, by its error, that the call would be refused now.
func (s *Shed) Admit(ctx context.Context) error {
	if s.operations == nil {
		return nil // Enter says what is wrong
	}
	return s.calls.Admit(ctx)
}

// Admit reports, by its error, that the call would be refused now.
func (o *shedOperation) Admit(ctx context.Context) error {
	s := o.shed
	now := time.Since(s.epoch)
	if deadline, ok := ctx.Deadline(); ok && o.late(deadline.Sub(s.epoch), now, false) {
		o.rejected(ctx, "deadline", ErrTooLate)
		return ErrTooLate
	}
	if p, _ := s.prioritize(ctx); !s.load.admit(p, false) {
		o.rejected(ctx, p.String(), ErrOutOfCapacity)
		return ErrOutOfCapacity
	}
	return nil
}

var (
	_ endpoint.Admitter = (*Bulkhead)(nil)
	_ endpoint.Admitter = (*Adaptive)(nil)
	_ endpoint.Admitter = (*Shed)(nil)
	_ endpoint.Admitter = (*shedOperation)(nil)
)
