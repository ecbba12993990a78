package resilience

import (
	"context"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// ErrOutOfCapacity is the error of a call that a [Bulkhead], an [Adaptive], a
// [Shed] or a [Throttler] rejects, or a [Quota] that fails closed: there is no
// capacity for it now. It differs from [ErrRateLimited], which says that the
// caller asks for more than its share.
var ErrOutOfCapacity = endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "OUT_OF_CAPACITY", "out of capacity")

// A Bulkhead bounds how many calls run at the same time, so that one slow
// operation does not take every goroutine, connection and byte of memory with
// it. A call holds a permit from its start to its end, however it ends; a stream
// holds one until its loop ends. Further calls wait in the [Queue], if there is
// one, first come, first served, or are rejected with [ErrOutOfCapacity].
//
// A Bulkhead is one for all operations that it surrounds. A success costs no
// allocation, unless it waits. The zero Bulkhead refuses every call; make one with
// [NewBulkhead]. A Bulkhead is safe for concurrent use.
//
// Its events have the source "bulkhead" and the kind "rejected". Its gauges are
// "permits", "permits_in_use" and "waiting".
type Bulkhead struct {
	common
	queue   queue
	permits chan struct{} // an element for each permit in use
	waiting atomic.Int64
}

// A BulkheadOption is an option of [NewBulkhead].
type BulkheadOption interface{ applyBulkhead(b *Bulkhead) }

func (o commonOption) applyBulkhead(b *Bulkhead) { o(&b.common) }

// NewBulkhead returns a Bulkhead for up to n calls at the same time. n must be
// positive.
func NewBulkhead(n int, opts ...BulkheadOption) *Bulkhead {
	b := &Bulkhead{by: "NewBulkhead", permits: make(chan struct{}, max(n, 0))}
	b.check(n > 0, "%d permits, want a positive number", n)
	configure(b, opts, BulkheadOption.applyBulkhead)
	return b
}

// Err returns the faults of the construction, or nil.
func (b *Bulkhead) Err() error { return errOf(b, "Bulkhead", "NewBulkhead") }

// Role returns [RoleConcurrency].
func (*Bulkhead) Role() string { return RoleConcurrency }

// Enter takes a permit, waits for one, or rejects the call.
func (b *Bulkhead) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	select {
	case b.permits <- struct{}{}:
		return ctx, endpoint.Token{}, nil
	default:
	}
	if b.permits == nil {
		return faulty{b.Err()}.Enter(ctx)
	}
	return ctx, endpoint.Token{}, b.wait(ctx)
}

// Exit gives the permit back.
func (b *Bulkhead) Exit(_ context.Context, _ endpoint.Token, err error) error {
	if b.permits != nil { // else it would wait for ever
		<-b.permits
	}
	return err
}

// Wrap returns next bounded by b alone. Req and Resp are those of next.
func (b *Bulkhead) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{b}.Wrap(next)
}

// Gauges yields the state of b.
func (b *Bulkhead) Gauges(yield func(endpoint.Gauge) bool) {
	if b.permits == nil {
		return
	}
	for _, g := range []endpoint.Gauge{
		{Metric: "permits", Value: float64(cap(b.permits))},
		{Metric: "permits_in_use", Value: float64(len(b.permits))},
		{Metric: "waiting", Value: float64(b.waiting.Load())},
	} {
		g.Source, g.Name = "bulkhead", b.name
		if !yield(g) {
			return
		}
	}
}

// See decision 36.
func (b *Bulkhead) wait(ctx context.Context) error {
	return b.queue.enter(ctx, &b.common, "bulkhead", &b.waiting, func(ctx context.Context) error {
		select {
		case b.permits <- struct{}{}: // those who wait are served in order
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}
