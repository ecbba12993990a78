package resilience

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/failsafe-go/failsafe-go/adaptivethrottler"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
	"github.com/failsafe-go/failsafe-go/timeout"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/fork"
)

// A Composed runs policies that were built with failsafe-go around calls, by its
// Executor. Make it with [Policies] and use its Wrap, which is a middleware; it
// is no Layer, because these policies see responses, of type Resp.
//
// Use it for what the policies of this package do not do: a call through the
// Executor costs some hundred nanoseconds and ten allocations, and it knows
// nothing of the toolkit, but that each attempt has an endpoint.Call of its own, as with
// a [Hedge]. Its retries repeat what they are told to, also what
// was perhaps acted upon ([endpoint.MaybeSent]), its timeout is no deadline that
// the next hop hears of, and attempts have no numbers.
//
// Rejections get the toolkit's errors, with those of failsafe-go as their cause:
// [ErrOpen], [ErrRateLimited], [ErrOutOfCapacity], [ErrTimeout]. A panic of the
// call goes on in the goroutine of the caller, also out of a hedged attempt, and
// counts for the policies as an error that ended the call; nothing repeats it.
//
// The Wrap of the zero Composed refuses every call. A Composed is safe for
// concurrent use.
type Composed[Resp any] struct {
	construction
	policies []failsafe.Policy[Resp]
}

// Policies returns a middleware that runs the policies, the first outermost. Resp
// is the type of the response. A nil policy is a fault, and so is none.
func Policies[Resp any](policies ...failsafe.Policy[Resp]) *Composed[Resp] {
	c := &Composed[Resp]{by: "Policies", policies: slices.Clone(policies)}
	c.check(len(policies) > 0, "there is none")
	for i, p := range policies {
		c.check(p != nil, "policy %d is nil", i)
	}
	return c
}

// Err returns the faults of the construction, or nil.
func (c *Composed[Resp]) Err() error { return errOf(c, "Composed", "Policies") }

// Wrap returns next with the policies around it. Req is the type of its request.
// A stream as a request or a response is a fault: the policies would only see a
// call that does nothing yet.
func (c *Composed[Resp]) Wrap[Req any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	faults := c.Err()
	if isStream[Req]() || isStream[Resp]() {
		faults = errors.Join(faults, errors.New("resilience: Policies: they cannot see into a stream"))
	}
	if faults != nil {
		return endpoint.Stack{faulty{faults}}.Wrap(next)
	}
	executor := failsafe.With(c.policies...)
	return func(ctx context.Context, req Req) (Resp, error) {
		var panicked atomic.Pointer[endpoint.PanicError]
		var rounds rounds
		inner, _ := fork.Of(ctx) // here, because an attempt may start when the call is over
		resp, err := executor.WithContext(inner).GetWithExecution(func(exec failsafe.Execution[Resp]) (resp Resp, err error) {
			if p := panicked.Load(); p != nil {
				return *new(Resp), p
			}
			round := exec.Retries()
			ctx, calls := fork.Of(exec.Context())
			resp, err = caught(ctx, req, next, &panicked)
			rounds.ended(round, calls, err)
			return resp, err
		})
		rounds.adopt(ctx, err)
		if p := panicked.Load(); p != nil {
			panic(p.Value)
		}
		if err != nil {
			return *new(Resp), translated(err)
		}
		return resp, nil
	}
}

// rounds are the attempts of one call that have ended. Those of a round, up to the next
// retry, ran side by side.
type rounds struct {
	mu     sync.Mutex // guards the fields below
	last   int
	good   fork.Calls // of the first of the last round that succeeded
	failed fork.Calls // of the first one that failed
}

// ended notes the end of an attempt, with its Calls, which are nil without any.
func (r *rounds) ended(round int, calls fork.Calls, err error) {
	if calls == nil {
		return
	}
	calls.Settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	if round > r.last {
		r.last, r.good, r.failed = round, nil, nil
	}
	switch {
	case round < r.last:
	case err == nil && r.good == nil:
		r.good = calls
	case err != nil && r.failed == nil:
		r.failed = calls
	}
}

// adopt copies what the attempt that decided set in its reply to that of ctx. The
// Executor does not say which it was: it takes the first of a round.
func (r *rounds) adopt(ctx context.Context, err error) {
	r.mu.Lock()
	calls := r.good
	if err != nil {
		calls = r.failed
	}
	r.mu.Unlock()
	if calls != nil {
		calls.Adopt(ctx)
	}
}

// caught calls next and keeps its panic. An attempt may run in a goroutine of
// failsafe-go's, where a panic would end the process; and some of its policies
// would never release what the call holds.
func caught[Req, Resp any](ctx context.Context, req Req, next endpoint.Endpoint[Req, Resp], kept *atomic.Pointer[endpoint.PanicError]) (resp Resp, err error) {
	defer func() {
		if v := recover(); v != nil {
			p := endpoint.NewPanicError(v)
			kept.CompareAndSwap(nil, p)
			resp, err = *new(Resp), p
		}
	}()
	return next(ctx, req)
}

// translated returns the toolkit's error for a rejection by a policy of
// failsafe-go; err itself if it has a code.
func translated(err error) error {
	if _, coded := errors.AsType[*endpoint.Error](err); coded {
		return err
	}
	for _, t := range []struct {
		theirs error
		ours   *endpoint.Error
	}{
		{circuitbreaker.ErrOpen, ErrOpen},
		{ratelimiter.ErrExceeded, ErrRateLimited},
		{bulkhead.ErrFull, ErrOutOfCapacity},
		{adaptivelimiter.ErrExceeded, ErrOutOfCapacity},
		{adaptivethrottler.ErrExceeded, ErrOutOfCapacity},
		{timeout.ErrExceeded, ErrTimeout},
	} {
		if errors.Is(err, t.theirs) {
			return t.ours.WithCause(err)
		}
	}
	return err
}
