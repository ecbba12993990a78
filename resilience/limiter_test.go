package resilience_test

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
	"golang.org/x/time/rate"
)

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

const minute = time.Minute

// pass returns how many of n calls pass.
func pass(t *testing.T, e endpoint.Endpoint[int, int], n int) int {
	t.Helper()
	passed := 0
	for range n {
		if _, err := e(t.Context(), 1); err == nil {
			passed++
		}
	}
	return passed
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		perSecond float64
		burst     int
		after     time.Duration
	}{
		"ten a second":      {10, 1, 100 * time.Millisecond},
		"a third":           {3, 5, 334 * time.Millisecond},
		"one in 2 seconds":  {0.5, 2, 2 * time.Second},
		"one a day":         {1.0 / 86400, 1, 24 * time.Hour},
		"a thousand":        {1000, 100, time.Millisecond},
		"a million":         {1e6, 10, time.Millisecond},
		"seven and a third": {7.3, 3, 137 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				limiter := resilience.NewLimiter(tt.perSecond, tt.burst)
				require.NoError(t, limiter.Err())
				e := endpoint.Chain(yes, limiter.Wrap)
				require.Equal(t, tt.burst, pass(t, e, 2*tt.burst))
				for range 3 {
					_, err := e(t.Context(), 1)
					require.ErrorIs(t, err, resilience.ErrRateLimited)
					require.Equal(t, endpoint.ResourceExhausted, endpoint.CodeOf(err))
					require.False(t, endpoint.ServerFault(err))
					require.Equal(t, tt.after, endpoint.ErrorOf(err).RetryAfter())
					if tt.after > time.Millisecond {
						time.Sleep(tt.after - time.Millisecond)
						require.Zero(t, pass(t, e, 1), "a millisecond too early")
						time.Sleep(time.Millisecond)
						require.Equal(t, 1, pass(t, e, 1), "after the time that it told")
						// The rest of the rounding is there at the start of the next round.
						time.Sleep(3 * time.Duration(float64(tt.burst)*float64(tt.after)))
						require.Equal(t, tt.burst, pass(t, e, tt.burst+1))
					}
				}
			})
		})
	}
}

// TestLimiterRejectionIsFree has callers who do not stop asking. They cost
// nothing: the tokens come at their rate.
func TestLimiterRejectionIsFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := endpoint.Chain(yes, resilience.NewLimiter(10, 1).Wrap)
		require.Equal(t, 1, pass(t, e, 1))
		for range 50 {
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() { _, _ = e(t.Context(), 1) })
			}
			wg.Wait()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)
		require.Equal(t, 1, pass(t, e, 20), "after 100 ms")
		time.Sleep(100 * time.Millisecond)
		require.Equal(t, 1, pass(t, e, 20), "after 200 ms")

		// The naive limiter learns the wait from a reservation and cancels it. Of
		// two that overlap, the first gives nothing back.
		bucket := rate.NewLimiter(10, 1)
		require.True(t, bucket.Allow())
		one, two := bucket.Reserve(), bucket.Reserve()
		one.Cancel()
		two.Cancel()
		time.Sleep(100 * time.Millisecond)
		require.False(t, bucket.Allow(), "x/time gives all back: the limiter may use Reserve")
	})
}

func TestLimiterOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bucket := rate.NewLimiter(10, 2)
		limiter := resilience.LimiterOf(bucket)
		e := endpoint.Chain(yes, limiter.Wrap)
		require.True(t, bucket.Allow())
		require.Equal(t, 1, pass(t, e, 3), "what the caller took is gone")

		bucket.SetLimit(0)
		_, err := e(t.Context(), 1)
		require.ErrorIs(t, err, resilience.ErrRateLimited)
		require.Zero(t, endpoint.ErrorOf(err).RetryAfter(), "nobody knows")

		bucket.SetLimit(rate.Inf)
		require.Equal(t, 100, pass(t, e, 100))
	})
}

// every lets each n-th call pass.
type every struct{ n, calls int }

func (e *every) Allow() bool { e.calls++; return e.calls%e.n == 0 }

// hinting is an Allower with the time until there is room.
type hinting struct {
	every
	after time.Duration
}

func (h *hinting) RetryAfter() time.Duration { return h.after }

// TestLimiterOfAllower: a type with one method makes a Limiter. The error has the time
// to wait if the type can tell it.
func TestLimiterOfAllower(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		embedding := struct{ *rate.Limiter }{rate.NewLimiter(10, 1)}
		require.True(t, embedding.Allow())
		for name, tt := range map[string]struct {
			bucket resilience.Allower
			after  time.Duration
			gauges int
		}{
			"one method":        {&every{n: 3}, 0, 0},
			"a time":            {&hinting{every{n: 3}, 1500 * time.Microsecond}, 2 * time.Millisecond, 0},
			"a time not known":  {&hinting{every{n: 3}, 0}, 0, 0},
			"a negative time":   {&hinting{every{n: 3}, -1}, 0, 0},
			"a bucket embedded": {embedding, 100 * time.Millisecond, 1},
		} {
			limiter := resilience.LimiterOf(tt.bucket)
			require.NoError(t, limiter.Err(), name)
			_, err := endpoint.Chain(yes, limiter.Wrap)(t.Context(), 1)
			require.ErrorIs(t, err, resilience.ErrRateLimited, name)
			require.Equal(t, tt.after, endpoint.ErrorOf(err).RetryAfter(), name)
			gauges := 0
			for range limiter.Gauges {
				gauges++
			}
			require.Equal(t, tt.gauges, gauges, name)
		}
		require.Equal(t, 3, pass(t, endpoint.Chain(yes, resilience.LimiterOf(&every{n: 3}).Wrap), 9))
		for _, none := range []resilience.Allower{nil, (*rate.Limiter)(nil), (*every)(nil)} {
			limiter := resilience.LimiterOf(none)
			require.ErrorContains(t, limiter.Err(), "LimiterOf: the bucket is nil")
			_, err := endpoint.Chain(yes, limiter.Wrap)(t.Context(), 1)
			require.Error(t, err)
		}
	})
}

// TestLimiterIsOne has one Limiter around two endpoints.
func TestLimiterIsOne(t *testing.T) {
	t.Parallel()
	limiter := resilience.NewLimiter(1e-6, 3)
	one, two := endpoint.Chain(yes, limiter.Wrap), endpoint.Chain(yes, limiter.Wrap)
	require.Equal(t, 2, pass(t, one, 2))
	require.Equal(t, 1, pass(t, two, 2))
}

// TestLimiterStream has a stream take its token when it is ranged over, each
// time.
func TestLimiterStream(t *testing.T) {
	t.Parallel()
	limiter := resilience.NewLimiter(1e-6, 2)
	e := endpoint.Chain(ticks, limiter.Wrap)
	for range 10 {
		_, err := e(t.Context(), 3)
		require.NoError(t, err)
	}
	s, err := e(t.Context(), 3)
	require.NoError(t, err)
	for range 2 {
		items, err := s.Collect()
		require.NoError(t, err)
		require.Equal(t, []int{0, 1, 2}, items)
	}
	items, err := s.Collect()
	require.ErrorIs(t, err, resilience.ErrRateLimited)
	require.Empty(t, items)
}

// ticks answers with a stream of n numbers.
func ticks(_ context.Context, n int) (endpoint.Stream[int], error) {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
	}, nil
}

func TestLimiterEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var heard happenings
		limiter := resilience.NewLimiter(4, 2, resilience.Named("edge"), resilience.OnEvent(heard.hear))
		require.Equal(t, map[string]float64{"tokens": 2}, gauges(limiter))
		require.Equal(t, 2, pass(t, endpoint.Chain(yes, limiter.Wrap), 3))
		require.Equal(t, []string{"edge: limiter rejected 250ms"}, heard.take())
		require.Equal(t, map[string]float64{"tokens": 0}, gauges(limiter))
	})
}
