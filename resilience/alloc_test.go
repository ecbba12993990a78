//go:build !race

package resilience_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

func TestAllocations(t *testing.T) { // not parallel: it counts
	ctx := calling(t.Context(), "", "[2001:db8::1]:80")
	adaptive := resilience.NewAdaptive()
	for _, tt := range []struct {
		name string
		e    endpoint.Endpoint[int, int]
		want float64
	}{
		{"Limiter", endpoint.Chain(yes, resilience.NewLimiter(1e9, 1e6).Wrap), 0},
		{"Waiter", endpoint.Chain(yes, resilience.NewWaiter(1e9, 1e6).Wrap), 0},
		{"PerClient", endpoint.Chain(yes, resilience.NewPerClient(1e9, 1e6).Wrap), 0},
		{"PerClientBy", endpoint.Chain(yes, resilience.NewPerClient(1e9, 1e6).By(func(n int) int { return n }).Wrap), 1},
		{"Breaker", endpoint.Chain(yes, resilience.NewBreaker(5).Wrap), 0},
		{"Breaker, last calls", endpoint.Chain(yes, resilience.NewBreaker(5, resilience.LastCalls(100)).Wrap), 0},
		{"Breaker, window", endpoint.Chain(yes, resilience.NewBreaker(5, resilience.Window(minute), resilience.SlowAfter(minute)).Wrap), 0},
		{"Breaker, ratio", endpoint.Chain(yes, resilience.NewBreaker(5, resilience.Window(minute), resilience.Ratio(0.5)).Wrap), 0},
		{"Bulkhead", endpoint.Chain(yes, resilience.NewBulkhead(5).Wrap), 0},
		{"Adaptive", endpoint.Chain(yes, adaptive.Wrap), 1},
		{"Throttler", endpoint.Chain(yes, resilience.NewThrottler().Wrap), 0},
		{"all that need none", endpoint.Stack{
			resilience.NewLimiter(1e9, 1e6), resilience.NewPerClient(1e9, 1e6), resilience.NewBreaker(5),
			resilience.NewBulkhead(5), resilience.NewThrottler(),
		}.Wrap(yes), 0},
	} {
		if got := testing.AllocsPerRun(40, func() { // fewer than an Adaptive learns from
			if _, err := tt.e(ctx, 7); err != nil {
				t.Error(err)
			}
		}); got != tt.want {
			t.Errorf("%s: %v allocations for each call, want %v", tt.name, got, tt.want)
		}
	}
}

// TestPerClientIsBounded has a million clients. The one that comes all the time
// keeps its place, and so its limit.
func TestPerClientIsBounded(t *testing.T) { // not parallel: it measures
	limit := resilience.NewPerClient(1e-3, 2).By(func(id int) int { return id })
	e := endpoint.Chain(yes, limit.Wrap)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	busy := 0
	for id := range 1_000_000 {
		if _, err := e(t.Context(), id+1); err != nil {
			t.Fatalf("client %d: %v", id, err)
		}
		if id%1000 == 0 {
			if _, err := e(t.Context(), -1); err == nil {
				busy++
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Equal(t, 2, busy, "a client that keeps coming has no more than its burst")
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(16<<20))

	// Those who were not seen for long have lost their place.
	_, err := e(t.Context(), 1)
	require.NoError(t, err)
	_, err = e(t.Context(), 1)
	require.NoError(t, err, "a full bucket again")
}
