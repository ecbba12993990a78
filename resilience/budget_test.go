package resilience_test

import (
	"context"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

var errDown = endpoint.Errorf(endpoint.Unavailable, "down")

// counted is an endpoint that is down, takes a while of the bubble to say so, and
// counts.
func counted(n *atomic.Int64, takes time.Duration) endpoint.Endpoint[int, int] {
	return func(context.Context, int) (int, error) {
		n.Add(1)
		time.Sleep(takes)
		return 0, errDown
	}
}

// storm makes calls in a bubble for a time, one in each interval, side by side;
// or one after the other with an interval of 0. It returns their number.
func storm(ctx context.Context, e endpoint.Endpoint[int, int], d, interval time.Duration) int64 {
	var wg sync.WaitGroup
	var calls int64
	for start := time.Now(); time.Since(start) < d; {
		calls++
		if interval == 0 {
			_, _ = e(ctx, 1)
			continue
		}
		wg.Go(func() { _, _ = e(ctx, 1) })
		time.Sleep(interval)
	}
	wg.Wait()
	return calls
}

// allowed is what calls may cost: 1.1 attempts each, and what the bucket holds
// at first and gets with time.
func allowed(calls int64, d time.Duration) int64 {
	return int64(math.Ceil(float64(calls)*1.1+d.Seconds())) + 10
}

func TestBudgetStorm(t *testing.T) {
	t.Parallel()
	for name, interval := range map[string]time.Duration{"1000 calls a second": time.Millisecond, "a sequential caller": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var attempts atomic.Int64
				e := endpoint.Chain(counted(&attempts, time.Millisecond), resilience.NewRetry(3).Wrap)
				start := time.Now()
				calls := storm(t.Context(), e, 30*time.Second, interval)
				most := allowed(calls, time.Since(start))
				if got := attempts.Load(); got > most || got < calls+calls/11 {
					t.Errorf("%d calls cost %d attempts, want at most %d, and most of those", calls, got, most)
				}
			})
		})
	}
}

// The budget of failsafe-go bounds how many retries run at the same time. A
// caller that makes call after call is always within it, and costs three
// attempts each.
func TestBudgetNaive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var attempts atomic.Int64
		down := counted(&attempts, time.Millisecond)
		policy := retrypolicy.NewBuilder[int]().WithMaxRetries(2).WithBackoff(50*time.Millisecond, 2*time.Second).WithBudget(budget.New()).Build()
		naive := func(ctx context.Context, n int) (int, error) {
			return failsafe.With(policy).WithContext(ctx).Get(func() (int, error) { return down(ctx, n) })
		}
		start := time.Now()
		calls := storm(t.Context(), naive, 10*time.Second, 0)
		if got, most := attempts.Load(), allowed(calls, time.Since(start)); got <= most || got != 3*calls {
			t.Errorf("%d calls cost %d attempts, want three each", calls, got)
		}
	})
}

// Each tier tries three times. A leaf that is down would be asked nine times for one call
// of the edge, if the edge repeated what the middle repeated in vain. With budgets, a call
// costs 1.1 attempts.
func TestBudgetTiers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var naive, attempts atomic.Int64
		leaf := counted(&attempts, time.Millisecond)
		middle := endpoint.Chain(leaf, resilience.NewRetry(3).Wrap)
		edge := endpoint.Chain(middle, resilience.NewRetry(3).Wrap)
		const d = 10 * time.Second
		calls := storm(t.Context(), edge, d, time.Millisecond)
		floor := d.Seconds() + 15 // what comes with time
		if got := float64(attempts.Load()); got > 1.1*float64(calls)+floor || got < 1.09*float64(calls) {
			t.Errorf("%d calls of the edge cost the leaf %v attempts, want at most 1.1 each and %v", calls, got, floor)
		}
		unbounded := func() *resilience.Retry {
			return resilience.NewRetry(3, resilience.Budgeted(resilience.NewBudget(3, 0)))
		}
		e := endpoint.Chain(counted(&naive, time.Millisecond), unbounded().Wrap, unbounded().Wrap)
		if calls := storm(t.Context(), e, time.Second, time.Millisecond); naive.Load() != 3*calls {
			t.Errorf("without budgets %d calls cost the leaf %d attempts, want three each", calls, naive.Load())
		}
	})
}

func TestBudgetHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := resilience.NewBudget(0.1, 1)
		ok := endpoint.Chain(func(_ context.Context, n int) (int, error) { return n, nil }, resilience.NewRetry(2, resilience.Budgeted(b)).Wrap)
		want := func(when string, tokens float64) {
			t.Helper()
			if got := b.Tokens(); math.Abs(got-tokens) > 1e-6 {
				t.Errorf("%s: %v tokens, want %v", when, got, tokens)
			}
		}
		want("at first", 10)
		time.Sleep(time.Hour)
		want("after a quiet hour", 10)
		storm(t.Context(), ok, 5*time.Second, 10*time.Millisecond)
		want("after 5 s of 100 calls a second", 10+50)
		storm(t.Context(), ok, 55*time.Second, 10*time.Millisecond)
		if got := b.Tokens(); got < 100 || got > 110 {
			t.Errorf("after a minute of 100 calls a second: %v tokens, want those of the last ten seconds, 110 at most", got)
		}
		time.Sleep(20 * time.Second)
		want("after ten seconds of quiet", 10)
	})
}

// A token is for an attempt: one that was not made takes none.
func TestBudgetRefund(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := resilience.NewBudget(0, 0)
		retry := resilience.NewRetry(3, resilience.Budgeted(b), resilience.Backoff(time.Hour, time.Hour))
		var n atomic.Int64
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Nanosecond, nil)
		defer cancel()
		if _, err := endpoint.Chain(counted(&n, 0), retry.Wrap)(ctx, 1); err == nil || b.Tokens() != 10 {
			t.Errorf("after a wait that is too long: %v and %v tokens, want 10", err, b.Tokens())
		}
		ctx, give := context.WithCancel(t.Context())
		time.AfterFunc(time.Nanosecond, give)
		if _, err := endpoint.Chain(counted(&n, 0), retry.Wrap)(ctx, 1); endpoint.CodeOf(err) != endpoint.Canceled || b.Tokens() != 10 {
			t.Errorf("after a wait that was given up: %v and %v tokens, want Canceled and 10", err, b.Tokens())
		}
	})
}

// Policies that share a Budget share its tokens.
func TestBudgetShared(t *testing.T) {
	t.Parallel()
	b := resilience.NewBudget(0, 0)
	var n atomic.Int64
	for range 12 {
		retry := resilience.NewRetry(2, resilience.Budgeted(b), resilience.Backoff(0, 0))
		_, _ = endpoint.Chain(func(context.Context, int) (int, error) { n.Add(1); return 0, errDown }, retry.Wrap)(t.Context(), 1)
	}
	if n.Load() != 12+10 || b.Tokens() != 0 {
		t.Errorf("12 calls cost %d attempts and leave %v tokens, want 22 and none", n.Load(), b.Tokens())
	}
}

func TestBudgetFaults(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{-1, math.NaN(), math.Inf(1)} {
		b := resilience.NewBudget(v, v)
		if err := b.Err(); err == nil || strings.Count(err.Error(), "is not a number from 0 up") != 2 {
			t.Errorf("NewBudget(%v, %v).Err() = %v, want two faults", v, v, err)
		}
		retry := resilience.NewRetry(2, resilience.Budgeted(b))
		faults(t, retry, retry.Err(), []string{"NewBudget: the share"})
	}
	if err := resilience.NewBudget(0, 0).Err(); err != nil {
		t.Error(err)
	}
}
