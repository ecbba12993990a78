package counter_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/counter"
	"github.com/typedkit/endpoint/resilience"
)

// TestLimited makes a call each half second: one of four passes, and the others do not
// change the total.
func TestLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := counter.New()
		add := endpoint.Chain(svc.Add, counter.Limited(2*time.Second))
		for i := range 12 {
			got, err := add(t.Context(), counter.Amount{V: 1})
			if i%4 == 0 {
				require.NoError(t, err, "call %d", i)
				require.Equal(t, int64(i/4+1), got.V)
			} else {
				require.ErrorIs(t, err, resilience.ErrRateLimited, "call %d", i)
				rejected := endpoint.ErrorOf(err)
				require.Equal(t, "rate limit exceeded", rejected.Message())
				left := []time.Duration{0, 2 * time.Second, time.Second, time.Second}[i%4] // 1.5, 1 and 0.5 s
				require.Equal(t, left, rejected.RetryAfter(), "call %d", i)
			}
			time.Sleep(500 * time.Millisecond)
		}
	})
}
