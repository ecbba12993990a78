package resilience_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/resilience"
)

// policy is what all policies of this package have.
type policy interface {
	endpoint.Layer
	Err() error
	Gauges(yield func(endpoint.Gauge) bool)
}

// TestFaults has constructors with values that make no sense: each keeps its
// faults, names the place, and refuses every call.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy policy
		want   []string
	}{
		{resilience.NewLimiter(0, 0), []string{"NewLimiter: 0 calls a second", "NewLimiter: a burst of 0"}},
		{resilience.NewLimiter(nan, 1), []string{"NewLimiter: NaN calls"}},
		{resilience.NewLimiter(inf, 1), []string{"NewLimiter: +Inf calls"}},
		{resilience.LimiterOf(nil), []string{"LimiterOf: the bucket is nil"}},
		{resilience.NewWaiter(-1, -1), []string{"NewWaiter: -1 calls a second", "NewWaiter: a burst of -1"}},
		{resilience.NewWaiter(1, 1, resilience.Queue(0, 0)), []string{"Queue of 0 calls", "Queue with a wait of 0s"}},
		{resilience.WaiterOf(nil), []string{"WaiterOf: the bucket is nil"}},
		{resilience.NewPerClient(0, 0, resilience.MaxClients(0)), []string{"NewPerClient: 0 calls", "a burst of 0", "MaxClients(0)"}},
		{resilience.NewPerClient(1, 1, resilience.MaxClients(1<<31)), []string{"MaxClients(2147483648)"}},
		{resilience.NewQuota(nil, resilience.AskWithin(0)), []string{"NewQuota: the Throttle is nil", "AskWithin(0s)"}},
		{resilience.NewBulkhead(0, resilience.Queue(-1, 1)), []string{"NewBulkhead: 0 permits", "Queue of -1 calls"}},
		{resilience.NewAdaptive(resilience.Limits(0, -1), resilience.Queue(1, 0)), []string{"Limits(0, -1): want a positive", "greater number is first", "a wait of 0s"}},
		{resilience.NewShed(resilience.Limits(0, -1)), []string{"NewShed: Limits(0, -1): want a positive", "greater number is first"}},
		{resilience.NewBreaker(0), []string{"NewBreaker: 0 failures"}},
		{
			resilience.NewBreaker(3, resilience.LastCalls(2), resilience.Window(-1), resilience.Ratio(2)),
			[]string{"3 failures never are among LastCalls(2)", "Window(-1ns)", "exclude each other", "Ratio(2)"},
		},
		{
			resilience.NewBreaker(3, resilience.SlowAfter(0), resilience.Cooldown(0), resilience.Probes(0), resilience.ProbeTime(0), resilience.Ratio(0.5), resilience.LastCalls(0)),
			[]string{"SlowAfter(0s)", "Cooldown(0s)", "Probes(0)", "ProbeTime(0s)", "Ratio needs", "LastCalls(0)"},
		},
		{resilience.NewThrottler(resilience.Multiplier(1), resilience.Window(0)), []string{"NewThrottler: Multiplier(1)", "NewThrottler: Window(0s)"}},
	} {
		err := tt.policy.Err()
		require.Error(t, err)
		for _, want := range tt.want {
			require.ErrorContains(t, err, want)
		}
		require.Contains(t, err.Error(), "resilience: ")
		endpointtest.Layer(t, tt.policy) // it refuses all calls
		for range tt.policy.Gauges {     // and has a state to show
			break
		}
	}
}

// TestConformance has each policy keep the laws of layers, with room for the
// calls of the checker.
func TestConformance(t *testing.T) {
	t.Parallel()
	for name, layer := range map[string]func() endpoint.Layer{
		"Limiter":              func() endpoint.Layer { return resilience.NewLimiter(1e6, 1e6) },
		"Limiter that rejects": func() endpoint.Layer { return resilience.NewLimiter(1e-9, 1) },
		"Waiter":               func() endpoint.Layer { return resilience.NewWaiter(1000, 1) },
		"PerClient":            func() endpoint.Layer { return resilience.NewPerClient(1e6, 1e6) },
		"Quota":                func() endpoint.Layer { return resilience.NewQuota(newTable(1e6)) },
		"Breaker":              func() endpoint.Layer { return resilience.NewBreaker(1000) },
		"Breaker that opens":   func() endpoint.Layer { return resilience.NewBreaker(1) },
		"Breaker with a window": func() endpoint.Layer {
			return resilience.NewBreaker(1000, resilience.Window(minute), resilience.SlowAfter(minute))
		},
		"Breaker with last": func() endpoint.Layer {
			return resilience.NewBreaker(1000, resilience.LastCalls(2000), resilience.Shared())
		},
		"Bulkhead":              func() endpoint.Layer { return resilience.NewBulkhead(10) },
		"Bulkhead of one":       func() endpoint.Layer { return resilience.NewBulkhead(1) },
		"Bulkhead with a queue": func() endpoint.Layer { return resilience.NewBulkhead(1, resilience.Queue(10, minute)) },
		"Adaptive":              func() endpoint.Layer { return resilience.NewAdaptive() },
		"Adaptive with a queue": func() endpoint.Layer {
			return resilience.NewAdaptive(resilience.Limits(1, 1), resilience.Queue(10, minute))
		},
		"Throttler":              func() endpoint.Layer { return resilience.NewThrottler() },
		"Only one of operations": func() endpoint.Layer { return endpoint.Only(resilience.NewBreaker(1000), isIdempotent) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { endpointtest.Layer(t, layer()) })
		})
	}
}

func isIdempotent(op *endpoint.Operation) bool { return op.Idempotent }
