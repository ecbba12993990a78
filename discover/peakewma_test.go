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
		{"a limit on the size of a message", 0, endpoint.FromWire(endpoint.ResourceExhausted, "endpoint", "BODY_TOO_LARGE", ""), 1100 * time.Millisecond},
		{"cut off sooner by the caller's deadline", 100 * time.Millisecond, mark.Never(context.DeadlineExceeded), time.Second},
		{"cut off later by the caller's deadline", 2 * time.Second, mark.Never(context.DeadlineExceeded), 2 * time.Second},
		{"a slow error of the caller", 2 * time.Second, endpoint.Errorf(endpoint.NotFound, "no"), 1100 * time.Millisecond},
		{"a fast error of the caller", 0, endpoint.Errorf(endpoint.NotFound, "no"), 1100 * time.Millisecond},
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

// TestSinkhole: an instance that fails at once, where the others take 20 ms, gets no more
// calls than its share, whether or not it was called first. It sleeps in a bubble.
func TestSinkhole(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"unavailable":        endpoint.FromWire(endpoint.Unavailable, "", "", ""),
		"internal":           endpoint.FromWire(endpoint.Internal, "", "", ""),
		"resource exhausted": endpoint.FromWire(endpoint.ResourceExhausted, "", "", ""),
		"limited":            endpoint.FromWire(endpoint.ResourceExhausted, "endpoint", "LIMITED", ""),
		"not found":          endpoint.FromWire(endpoint.NotFound, "", "", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := running(t, weights(1, 1, 1), discover.Eject(0, 0))
				bad := 0
				for i := range 600 {
					addr, token, aerr := pool.Acquire(t.Context())
					require.NoError(t, aerr)
					if addr != "1" {
						time.Sleep(20*time.Millisecond + time.Duration(i%7)*time.Millisecond)
						pool.Release(token, nil)
						continue
					}
					bad++
					time.Sleep(time.Millisecond)
					pool.Release(token, err)
				}
				require.Less(t, bad, 200)
				require.Positive(t, bad)

				counts := load(t, pool, 1000, 10*time.Second, behaving(func(addr string) backend {
					if addr == "1" {
						return backend{time.Millisecond, err}
					}
					return backend{20 * time.Millisecond, nil}
				}))
				if endpoint.ErrorOf(err).Code() != endpoint.NotFound {
					require.Less(t, counts["1"], 10_000/3, "%v", counts)
				} // it has fewer calls in flight
			})
		})
	}
}

// TestRetryAfterOfAnInstance: an instance that says when to come back gets no calls until
// then while others are idle, or until it has answered, but no longer than a minute. It
// sleeps in a bubble.
func TestRetryAfterOfAnInstance(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		after, passed time.Duration
		answers       bool
		avoided       bool
	}{
		"before":                  {40 * time.Second, 30 * time.Second, false, true},
		"after":                   {10 * time.Second, 40 * time.Second, false, false},
		"none":                    {0, 30 * time.Second, false, false},
		"an answer":               {40 * time.Second, 30 * time.Second, true, false},
		"a time of years: before": {1 << 60, 50 * time.Second, false, true},
		"a time of years: after":  {1 << 60, 90 * time.Second, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := running(t, weights(1, 1))
				tokens := make(map[string][]endpoint.Token) // of two calls to each
				for len(tokens["0"]) < 2 || len(tokens["1"]) < 2 {
					addr, token, err := pool.Acquire(t.Context())
					require.NoError(t, err)
					tokens[addr] = append(tokens[addr], token)
				}
				time.Sleep(20 * time.Millisecond)
				pool.Release(tokens["1"][0], endpoint.FromWire(endpoint.ResourceExhausted, "", "", "").WithRetryAfter(tt.after))
				pool.Release(tokens["0"][0], nil)
				pool.Release(tokens["0"][1], nil)
				if tt.answers {
					pool.Release(tokens["1"][1], nil)
				} else {
					pool.Release(tokens["1"][1], context.Canceled)
				}
				for range int(tt.passed / time.Second) {
					addr, token, err := pool.Acquire(t.Context())
					require.NoError(t, err)
					tokens[addr] = append(tokens[addr], token)
					time.Sleep(20 * time.Millisecond)
					pool.Release(token, nil)
					time.Sleep(time.Second)
				}
				require.Equal(t, tt.avoided, len(tokens["1"]) == 2)
			})
		})
	}
}
