package resilience_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/resilience"
)

// received returns the context of a call that is served, with the deadline that its
// caller sent.
func received(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	ctx, _, err := endpoint.StartCall(ctx, &endpoint.Operation{Name: "Do", Side: endpoint.ServerSide}, endpoint.Header{}, endpoint.Header{})
	require.NoError(t, err)
	return ctx
}

// hung waits for the end of its context.
func hung(ctx context.Context, _ int) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// hangUp makes n calls of e that have a deadline of their callers.
func hangUp(t *testing.T, e endpoint.Endpoint[int, int], n int, d time.Duration) {
	t.Helper()
	for range n {
		_, err := e(received(t, d), 0)
		require.Error(t, err)
	}
}

// TestBreakerFairTime has calls hang until the deadlines of their callers. It sleeps in
// a bubble.
func TestBreakerFairTime(t *testing.T) {
	t.Parallel()
	timeout := resilience.NewTimeout(100 * time.Millisecond)
	for name, tt := range map[string]struct {
		given time.Duration
		opts  []resilience.BreakerOption
		e     endpoint.Endpoint[int, int]
		want  resilience.BreakerState
	}{
		"too short":                         {899 * time.Millisecond, nil, hung, resilience.Closed},
		"fair":                              {time.Second, nil, hung, resilience.Open},
		"too short for an option":           {time.Second, []resilience.BreakerOption{resilience.FairTime(2 * time.Second)}, hung, resilience.Closed},
		"fair for an option":                {200 * time.Millisecond, []resilience.BreakerOption{resilience.FairTime(100 * time.Millisecond)}, hung, resilience.Open},
		"a FailIf is not asked":             {500 * time.Millisecond, []resilience.BreakerOption{resilience.FailIf(func(error) bool { return true })}, hung, resilience.Closed},
		"a FailIf is asked":                 {200 * time.Millisecond, []resilience.BreakerOption{resilience.FailIf(endpoint.ServerFault), resilience.FairTime(100 * time.Millisecond)}, hung, resilience.Open},
		"fair where that is slow":           {200 * time.Millisecond, []resilience.BreakerOption{resilience.SlowAfter(100 * time.Millisecond)}, hung, resilience.Open},
		"too short where that is slow":      {89 * time.Millisecond, []resilience.BreakerOption{resilience.SlowAfter(100 * time.Millisecond)}, hung, resilience.Closed},
		"the time of a Timeout is up":       {500 * time.Millisecond, nil, timeout.Wrap(hung), resilience.Open},
		"that of a Timeout would come late": {50 * time.Millisecond, nil, timeout.Wrap(hung), resilience.Closed},
		"a Waiter finds the deadline passed": {time.Second, nil, func(ctx context.Context, n int) (int, error) {
			<-ctx.Done()
			return endpoint.Chain(hung, resilience.NewWaiter(1, 1).Wrap)(ctx, n)
		}, resilience.Closed},
		"a Coalescer finds the deadline passed": {time.Second, nil, func(ctx context.Context, n int) (int, error) {
			<-ctx.Done()
			return endpoint.Chain(hung, resilience.Coalesce(byValue).Wrap)(ctx, n)
		}, resilience.Closed},
		"in a Coalescer the flight hangs":         {time.Second, nil, endpoint.Chain(hung, resilience.Coalesce(byValue).Wrap), resilience.Open},
		"the deadline passes as a Quota is asked": {time.Second, nil, endpoint.Chain(hung, resilience.NewQuota(stuck{}, resilience.AskWithin(time.Hour)).Wrap), resilience.Closed},
		"the Timeout ends what never began": {500 * time.Millisecond, nil, timeout.Wrap(func(ctx context.Context, _ int) (int, error) {
			<-ctx.Done()
			return 0, mark.Never(ctx.Err())
		}), resilience.Open},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := resilience.NewBreaker(3, tt.opts...)
				require.NoError(t, b.Err())
				hangUp(t, endpoint.Chain(tt.e, b.Wrap), 3, tt.given)
				require.Equal(t, tt.want, b.State())
			})
		})
	}
}

// TestBreakerProbeFairTime: a probe whose caller gave it too little time makes room for
// another one.
func TestBreakerProbeFairTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := resilience.NewBreaker(1, resilience.Cooldown(time.Second))
		hangUp(t, b.Wrap(hung), 1, time.Second)
		require.Equal(t, resilience.Open, b.State())
		time.Sleep(time.Second)
		hangUp(t, b.Wrap(hung), 3, time.Millisecond)
		require.Equal(t, resilience.HalfOpen, b.State())
		_, err := b.Wrap(yes)(received(t, time.Millisecond), 1)
		require.NoError(t, err)
		require.Equal(t, resilience.Closed, b.State())
	})
}

// TestThrottlerFairTime has calls hang until the deadlines of their callers.
func TestThrottlerFairTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given time.Duration
		opts  []resilience.ThrottlerOption
		want  bool
	}{
		"too short":          {100 * time.Millisecond, nil, false},
		"fair":               {time.Second, nil, true},
		"fair for an option": {100 * time.Millisecond, []resilience.ThrottlerOption{resilience.FairTime(100 * time.Millisecond)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				throttler := resilience.NewThrottler(tt.opts...)
				e := endpoint.Chain(hung, throttler.Wrap)
				for range 20 {
					_, _ = e(received(t, tt.given), 0)
				}
				require.Equal(t, tt.want, gauges(throttler)["rejection_ratio"] > 0)
			})
		})
	}
}

// TestFairTimeFaults: the time must be positive.
func TestFairTimeFaults(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"NewBreaker":   resilience.NewBreaker(1, resilience.FairTime(0)).Err(),
		"NewThrottler": resilience.NewThrottler(resilience.FairTime(0)).Err(),
		"NewAdaptive":  resilience.NewAdaptive(resilience.FairTime(0)).Err(),
		"NewShed":      resilience.NewShed(resilience.FairTime(0)).Err(),
	} {
		require.EqualError(t, err, "resilience: "+name+": FairTime(0s), want a positive time")
	}
}

// TestRetriedBlame has a breaker outside of a retry, whose last attempt is cut off by
// the deadline of the caller.
func TestRetriedBlame(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given time.Duration
		first error // of the attempt that takes 800 ms
		want  resilience.BreakerState
	}{
		"all failed, the call had a fair time":       {1500 * time.Millisecond, endpoint.Errorf(endpoint.Unavailable, "down"), resilience.Open},
		"all failed, the call had no fair time":      {899 * time.Millisecond, endpoint.Errorf(endpoint.Unavailable, "down"), resilience.Closed},
		"the first one was refused in this process":  {1500 * time.Millisecond, resilience.ErrOutOfCapacity, resilience.Closed},
		"the first one took too long for a Timeout":  {1500 * time.Millisecond, resilience.ErrTimeout, resilience.Open},
		"the first one took too long and no fair...": {899 * time.Millisecond, resilience.ErrTimeout, resilience.Closed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := resilience.NewBreaker(1)
				retry := resilience.NewRetry(2, resilience.Backoff(0, 0))
				attempts := 0
				e := endpoint.Chain(func(ctx context.Context, n int) (int, error) {
					if attempts++; attempts == 1 {
						time.Sleep(800 * time.Millisecond)
						return 0, tt.first
					}
					left, _ := mark.TimeLeft(ctx)
					n, err := hung(ctx, n)
					return n, mark.WireOf(ctx).Ended(ctx, err, left)
				}, b.Wrap, retry.Wrap)
				hangUp(t, e, 1, tt.given)
				require.Equal(t, 2, attempts)
				require.Equal(t, tt.want, b.State())
			})
		})
	}
}
