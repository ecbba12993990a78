package resilience

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// An Adaptive bounds how many calls run at the same time, like a [Bulkhead], and
// finds the bound by itself: it raises it while calls take as long as they used
// to, and lowers it when they begin to queue up somewhere behind it. It is
// failsafe-go's adaptivelimiter: about once a second, after 50 calls or more, it
// compares the 90th percentile of their durations with its long-term average, in
// the manner of TCP Vegas, and takes the correlation of concurrency with
// throughput and duration into account.
//
// The limit starts at 20, and stays between 1 and 200 and within five times what
// was in use; see [Limits]. Calls beyond it wait in the [Queue], if there is
// one, or are rejected with [ErrOutOfCapacity]. A call holds a permit from its
// start to its end, however it ends; a stream holds one until its loop ends.
//
// The durations of calls that were cancelled, panicked, were rejected by another
// policy inside or failed by the server's fault teach it nothing, because a call
// that fails fast says nothing of the load; those of calls whose deadline passed
// do, unless it came over a wire and left no fair time ([FairTime]).
//
// An Adaptive is one for all operations that it surrounds, which should take
// about equally long: give slow ones another with [endpoint.Only]. A call costs
// one allocation. The zero Adaptive refuses every call; make one with
// [NewAdaptive]. An Adaptive is safe for concurrent use.
//
// Its events have the source "adaptive" and the kinds "rejected" and "limit", for
// a new limit. Its gauges are "permits", which is the limit, "permits_in_use" and
// "waiting".
type Adaptive struct {
	common
	limits  limits
	queue   queue
	fair    time.Duration
	limiter adaptivelimiter.AdaptiveLimiter[struct{}]
	waiting atomic.Int64
	told    atomic.Int64 // the limit that was last told
}

// An AdaptiveOption is an option of [NewAdaptive].
type AdaptiveOption interface{ applyAdaptive(a *Adaptive) }

func (o commonOption) applyAdaptive(a *Adaptive) { o(&a.common) }

const startLimit = 20

// NewAdaptive returns an Adaptive with a limit of 20, or the nearest that its
// [Limits] allow.
func NewAdaptive(opts ...AdaptiveOption) *Adaptive {
	a := &Adaptive{by: "NewAdaptive", limits: limits{1, 200}, fair: mark.FairTime}
	configure(a, opts, AdaptiveOption.applyAdaptive)
	start := a.limits.nearest(startLimit)
	a.limiter = adaptivelimiter.NewBuilder[struct{}]().WithLimits(uint(a.limits.least), uint(a.limits.most), uint(start)).Build() //nolint:gosec // positive
	a.told.Store(int64(start))
	return a
}

// Err returns the faults of the construction, or nil.
func (a *Adaptive) Err() error { return errOf(a, "Adaptive", "NewAdaptive") }

// Role returns [RoleConcurrency].
func (*Adaptive) Role() string { return RoleConcurrency }

// Limit returns how many calls may run at the same time now.
func (a *Adaptive) Limit() int {
	if a.limiter == nil {
		return 0
	}
	return a.limiter.Limit()
}

// Enter takes a permit, waits for one, or rejects the call.
func (a *Adaptive) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	if a.limiter == nil {
		return faulty{a.Err()}.Enter(ctx)
	}
	if permit, ok := a.limiter.TryAcquirePermit(); ok {
		return ctx, endpoint.Token{P: permit}, nil
	}
	permit, err := a.wait(ctx)
	return ctx, endpoint.Token{P: permit}, err
}

// Exit gives the permit back, with the duration of the call if it teaches
// something.
func (a *Adaptive) Exit(ctx context.Context, t endpoint.Token, err error) error {
	permit, ok := t.P.(adaptivelimiter.Permit)
	switch {
	case !ok:
		return err
	case a.teaches(err):
		permit.Record()
	default:
		permit.Drop()
	}
	if a.onEvent != nil {
		a.tell(ctx)
	}
	return err
}

// Wrap returns next bounded by a alone. Req and Resp are those of next.
func (a *Adaptive) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{a}.Wrap(next)
}

// Gauges yields the state of a.
func (a *Adaptive) Gauges(yield func(endpoint.Gauge) bool) {
	if a.limiter == nil {
		return
	}
	for _, g := range []endpoint.Gauge{
		{Metric: "permits", Value: float64(a.limiter.Limit())},
		{Metric: "permits_in_use", Value: float64(a.limiter.Inflight())},
		{Metric: "waiting", Value: float64(a.waiting.Load())},
	} {
		g.Source, g.Name = "adaptive", a.name
		if !yield(g) {
			return
		}
	}
}

func (a *Adaptive) wait(ctx context.Context) (permit adaptivelimiter.Permit, err error) {
	err = a.queue.enter(ctx, &a.common, "adaptive", &a.waiting, func(ctx context.Context) (err error) {
		permit, err = a.limiter.AcquirePermit(ctx)
		return err
	})
	return permit, err
}

// tell tells of the limit if it is another one. It asks here rather than in the
// limiter's own listener, which runs in the middle of an update.
func (a *Adaptive) tell(ctx context.Context) {
	if limit := int64(a.limiter.Limit()); a.told.Swap(limit) != limit {
		a.emit(ctx, endpoint.Event{Source: "adaptive", Kind: "limit", Detail: strconv.FormatInt(limit, 10)})
	}
}

// teaches says that the duration of a call that ended with err is one of the
// work that was asked for.
func (a *Adaptive) teaches(err error) bool {
	switch {
	case err == nil:
		return true
	case neverMade(err), mark.Excused(err, a.fair):
		return false
	}
	return endpoint.CodeOf(err) == endpoint.DeadlineExceeded || !endpoint.ServerFault(mark.Counted(err))
}
