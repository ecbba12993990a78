package gokit

import (
	"context"
	"math"
	"time"

	"github.com/go-kit/kit/sd/lb"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// Retry returns the layers that stand for lb.Retry(attempts, timeout, balancer) of go-kit, for Use or
// as a middleware:
//
//	e := endpoint.Chain(discover.Balanced(pool), gokit.Retry(3, time.Second).Wrap)
//
// A call is made at most attempts times, the first included, until it succeeds or the timeout ends
// all attempts. As in go-kit, any error is repeated without a wait: opts may change both. What a
// [resilience.Retry] never repeats is not repeated here either: what may have been acted upon (a
// POST that reached its server, unless the operation is idempotent), and more than its budget
// allows. An endpoint that ignores the end of its context is waited for. Less than 1 attempt and a
// timeout that is not positive are faults.
func Retry(attempts int, timeout time.Duration, opts ...resilience.RetryOption) endpoint.Stack {
	return endpoint.Stack{resilience.NewTimeout(timeout), newRetry(attempts, opts)}
}

// RetryWithCallback is [Retry] for lb.RetryWithCallback. cb gets the number of attempts that
// have failed, from 1, and the error of the last one. If it returns false, there is no further
// attempt. The error that it returns replaces that of the call if there is no further attempt;
// errors.Is finds both. A nil cb repeats any error until the timeout, within the budget.
func RetryWithCallback(timeout time.Duration, cb lb.Callback, opts ...resilience.RetryOption) endpoint.Stack {
	r := newRetry(math.MaxInt, opts)
	if cb == nil {
		return endpoint.Stack{resilience.NewTimeout(timeout), r}
	}
	return endpoint.Stack{resilience.NewTimeout(timeout), &asking{r, cb}}
}

func newRetry(attempts int, opts []resilience.RetryOption) *resilience.Retry {
	var codes []endpoint.Code
	for c := endpoint.Unknown; c <= endpoint.Unauthenticated; c++ {
		codes = append(codes, c)
	}
	defaults := []resilience.RetryOption{resilience.Backoff(0, 0), resilience.Codes(codes...)}
	return resilience.NewRetry(attempts, append(defaults, opts...)...)
}

// asking is a Retry that a callback of go-kit can end.
type asking struct {
	*resilience.Retry

	cb lb.Callback
}

// asked is the state of a call whose first attempt has failed.
type asked struct {
	of          endpoint.Token // of the Retry
	failed      int
	replacement error
}

// Again asks the callback, and then the Retry.
func (a *asking) Again(ctx context.Context, t endpoint.Token, err error) (context.Context, endpoint.Token, bool) {
	s, ok := t.P.(*asked)
	if !ok {
		s = &asked{of: t}
		t.P = s
	}
	s.failed++
	again, replacement := a.cb(s.failed, err)
	s.replacement = replacement
	if again {
		ctx, s.of, again = a.Retry.Again(ctx, s.of, err)
	}
	return ctx, t, again
}

// Exit returns the error of the Retry, or what replaces it.
func (a *asking) Exit(ctx context.Context, t endpoint.Token, err error) error {
	s, ok := t.P.(*asked)
	if !ok {
		return a.Retry.Exit(ctx, t, err)
	}
	err = a.Retry.Exit(ctx, s.of, err)
	if err == nil || s.replacement == nil {
		return err
	}
	return &replaced{s.replacement, err}
}

// replaced is the error of a callback in place of another one.
type replaced struct {
	error

	was error
}

func (r *replaced) Unwrap() []error { return []error{r.error, r.was} }
