package discover_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/mark"
)

// TestLatencyOfCalls that end in each way, at an instance with a latency of 1 s.
func TestLatencyOfCalls(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		takes time.Duration
		err   error
		want  time.Duration
	}{
		{"cancelled sooner: it could have taken longer", 100 * time.Millisecond, context.Canceled, time.Second},
		{"cancelled after as long", time.Second, context.Canceled, time.Second},
		{"cancelled later: it took at least as long", 2 * time.Second, context.Canceled, 2 * time.Second},
		{"slower", 3 * time.Second, nil, 3 * time.Second},
		{"a slow failure", 3 * time.Second, errDown, 6 * time.Second},
		{"a fast failure counts as twice the latency", 0, errDown, 2 * time.Second},
		{"a failure after minutes", 10 * time.Minute, errDown, time.Minute},
		{"a limit of the server", 0, endpoint.FromWire(endpoint.ResourceExhausted, "", "", "slow down"), 2 * time.Second},
		{"a limit on the size of a message", 0, endpoint.FromWire(endpoint.ResourceExhausted, "endpoint", "BODY_TOO_LARGE", ""), time.Second},
		{"cut off sooner by the caller's deadline", 100 * time.Millisecond, mark.Never(context.DeadlineExceeded), time.Second},
		{"cut off later by the caller's deadline", 2 * time.Second, mark.Never(context.DeadlineExceeded), 2 * time.Second},
		{"an answer that is an error of the caller", 2 * time.Second, endpoint.Errorf(endpoint.NotFound, "no"), 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var member *discover.Member
				pool := discover.Of([]int{1}, discover.Balance(discover.BalancerFunc(func(set []*discover.Member) discover.Picker {
					member = set[0]
					return discover.PeakEWMA().NewPicker(set)
				})))
				call := func(takes time.Duration, err error) {
					_, token, aerr := pool.Acquire(t.Context())
					require.NoError(t, aerr)
					time.Sleep(takes)
					pool.Release(token, err)
				}
				call(time.Second, nil)
				require.Equal(t, time.Second, member.Latency())
				call(tt.takes, tt.err)
				require.InDelta(t, tt.want, member.Latency(), float64(2*time.Nanosecond))
			})
		})
	}
}
