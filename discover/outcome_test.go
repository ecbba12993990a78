package discover_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
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

// TestFairTime has one of two endpoints hang until the deadlines of the callers. It
// sleeps in a bubble.
func TestFairTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given   time.Duration
		opts    []discover.Option
		ejected float64
	}{
		"too short":               {899 * time.Millisecond, nil, 0},
		"fair":                    {time.Second, nil, 1},
		"too short for an option": {time.Second, []discover.Option{discover.FairTime(2 * time.Second)}, 0},
		"fair for an option":      {200 * time.Millisecond, []discover.Option{discover.FairTime(200 * time.Millisecond)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hung := func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 0, ctx.Err() }
				opts := append([]discover.Option{discover.Balance(discover.RoundRobin())}, tt.opts...)
				pool := discover.Of([]endpoint.Endpoint[int, int]{hung, double}, opts...)
				require.NoError(t, pool.Err())
				e := discover.Balanced(pool)
				for range 12 {
					_, _ = e(received(t, tt.given), 1)
				}
				require.InDelta(t, tt.ejected, gauge(pool, "ejected"), 0)
			})
		})
	}
}

func double(_ context.Context, n int) (int, error) { return 2 * n, nil }

// TestFairTimeOption: the time must be positive.
func TestFairTimeOption(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, discover.Of([]int{1}, discover.FairTime(0)).Err(), "discover: option FairTime: 0s is not positive")
}

// TestPassedDeadline: a call whose deadline has passed acquires nothing.
func TestPassedDeadline(t *testing.T) {
	t.Parallel()
	cause := context.Canceled
	canceled, cancel := context.WithCancelCause(t.Context())
	canceled, stop := context.WithTimeout(canceled, -time.Second)
	defer stop()
	cancel(cause)
	for name, ctx := range map[string]context.Context{"passed": received(t, -time.Second), "of this process": canceled} {
		c := &counting[endpoint.Endpoint[int, int]]{value: double}
		_, err := discover.Balanced(c)(ctx, 1)
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err), name)
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		require.False(t, endpoint.ServerFault(err), name)
		require.Zero(t, c.acquired, name)

		s := &counting[endpoint.Endpoint[int, endpoint.Stream[int]]]{value: func(context.Context, int) (endpoint.Stream[int], error) {
			return endpoint.StreamOf(1), nil
		}}
		items, err := discover.Balanced(s)(ctx, 1)
		require.NoError(t, err, name)
		_, err = items.Collect()
		require.Equal(t, endpoint.DeadlineExceeded, endpoint.CodeOf(err), name)
		require.False(t, endpoint.ServerFault(err), name)
		require.Zero(t, s.acquired, name)
	}
}

// TestObservedFairTime has a balancer of the user's see a failure as one, for which the
// option FairTime makes it.
func TestObservedFairTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []error
		b := discover.BalancerFunc(func([]*discover.Member) discover.Picker { return &observing{seen: &seen} })
		hung := func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 0, ctx.Err() }
		pool := discover.Of([]endpoint.Endpoint[int, int]{hung}, discover.Balance(b), discover.FairTime(200*time.Millisecond))
		for _, given := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond} {
			_, err := discover.Balanced(pool)(received(t, given), 1)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.Len(t, seen, 2)
		require.False(t, endpoint.ServerFault(seen[0]))
		require.True(t, endpoint.ServerFault(seen[1]))
	})
}

// observing is a Picker of the only member that keeps the errors of calls.
type observing struct{ seen *[]error }

func (*observing) Pick(context.Context) int { return 0 }
func (o *observing) Done(_ *discover.Member, _ time.Duration, err error) {
	*o.seen = append(*o.seen, err)
}
