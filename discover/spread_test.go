package discover_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// TestMoreAttemptsThanInstances: when all are tried, further attempts go to any.
func TestMoreAttemptsThanInstances(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := discover.Of([]string{"a", "b"}, discover.Balance(balancer()))
			var went []string
			e := endpoint.Stack{&repeat{times: 5}}.Wrap(func(ctx context.Context, _ int) (int, error) {
				addr, token, err := pool.Acquire(ctx)
				require.NoError(t, err)
				pool.Release(token, nil)
				went = append(went, addr)
				return 0, errDown
			})
			_, err := e(t.Context(), 0)
			require.ErrorIs(t, err, errDown)
			require.Len(t, went, 5)
			require.ElementsMatch(t, []string{"a", "b"}, went[:2])
		})
	}
}

// TestPoolsAreToldApart: what a call has tried in one pool, it has not tried in
// another, though their instances have the same numbers.
func TestPoolsAreToldApart(t *testing.T) {
	t.Parallel()
	first := discover.Of([]string{"a", "b"})
	second := discover.Of([]string{"c", "d"}, discover.Balance(discover.BalancerFunc(
		func([]*discover.Member) discover.Picker { return fixed(0) })))
	var went []string
	e := endpoint.Stack{&repeat{times: 2}}.Wrap(func(ctx context.Context, _ int) (int, error) {
		pool := first
		if len(went) > 0 {
			pool = second
		}
		addr, token, err := pool.Acquire(ctx)
		require.NoError(t, err)
		pool.Release(token, nil)
		went = append(went, addr)
		return 0, errDown
	})
	for range 20 {
		went = nil
		_, err := e(t.Context(), 0)
		require.ErrorIs(t, err, errDown)
		require.Equal(t, "c", went[1])
	}
}
