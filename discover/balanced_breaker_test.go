package discover_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/resilience"
)

// TestBreakerOutsideRetry has a breaker judge what becomes of calls, not of
// attempts: it stays closed while one instance of three answers, opens when none
// does, and its first probe finds the one that is back.
func TestBreakerOutsideRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var up [3]bool
		var replicas []endpoint.Endpoint[int, int]
		for i := range up {
			replicas = append(replicas, func(_ context.Context, n int) (int, error) {
				if !up[i] {
					return 0, errDown
				}
				return n, nil
			})
		}
		pool := discover.Of(replicas, discover.Balance(discover.RoundRobin()), discover.Eject(0, 0))
		breaker := resilience.NewBreaker(20, resilience.Window(10*time.Second), resilience.Ratio(0.5))
		retry := resilience.NewRetry(3, resilience.Budgeted(resilience.NewBudget(2, 0))) // a token for every repeat
		call := endpoint.Chain(discover.Balanced(pool), breaker.Wrap, retry.Wrap)

		up[1] = true
		for range 60 {
			_, err := call(t.Context(), 1)
			require.NoError(t, err, "an instance is up")
		}
		up[1] = false
		opened := false
		for range 200 {
			start := time.Now()
			_, err := call(t.Context(), 1)
			require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
			require.LessOrEqual(t, time.Since(start), 150*time.Millisecond, "the waits of three attempts")
			opened = opened || errors.Is(err, resilience.ErrOpen)
		}
		require.True(t, opened)
		up[2] = true
		time.Sleep(5 * time.Second) // the cooldown
		for range 10 {
			_, err := call(t.Context(), 1)
			require.NoError(t, err, "an instance is back")
		}
	})
}
