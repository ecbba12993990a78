package resilience_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"golang.org/x/time/rate"
)

// TestNilOptions: a nil option is a fault of every constructor, beside the others.
func TestNilOptions(t *testing.T) {
	t.Parallel()
	bucket := rate.NewLimiter(1, 1)
	key := func(n int) int { return n }
	answer := func(context.Context, int, error) (int, error) { return 0, nil }
	for want, got := range map[string]interface{ Err() error }{
		"NewAdaptive: option 1 is nil":  resilience.NewAdaptive(resilience.Named("a"), nil),
		"NewBreaker: option 0 is nil":   resilience.NewBreaker(1, nil),
		"NewBulkhead: option 0 is nil":  resilience.NewBulkhead(1, nil, resilience.Named("a")),
		"Coalesce: option 0 is nil":     resilience.Coalesce(key, nil),
		"Fallback: option 0 is nil":     resilience.Fallback(answer, nil),
		"NewHedge: option 0 is nil":     resilience.NewHedge(1, nil),
		"NewLimiter: option 0 is nil":   resilience.NewLimiter(1, 1, nil),
		"LimiterOf: option 0 is nil":    resilience.LimiterOf(bucket, nil),
		"NewPerClient: option 0 is nil": resilience.NewPerClient(1, 1, nil),
		"NewQuota: option 0 is nil":     resilience.NewQuota(newTable(1), nil),
		"NewRetry: option 0 is nil":     resilience.NewRetry(1, nil),
		"NewShed: option 0 is nil":      resilience.NewShed(nil),
		"NewThrottler: option 0 is nil": resilience.NewThrottler(nil),
		"NewTimeout: option 0 is nil":   resilience.NewTimeout(1, nil),
		"NewWaiter: option 0 is nil":    resilience.NewWaiter(1, 1, nil),
		"WaiterOf: option 0 is nil":     resilience.WaiterOf(bucket, nil),
		"Policies: policy 0 is nil":     resilience.Policies[int](nil),
	} {
		require.EqualError(t, got.Err(), "resilience: "+want)
	}
	err := resilience.NewBulkhead(0, nil, resilience.Queue(0, 1)).Err()
	require.EqualError(t, err, "resilience: NewBulkhead: 0 permits, want a positive number\n"+
		"resilience: NewBulkhead: option 0 is nil\nresilience: NewBulkhead: Queue of 0 calls, want a positive number")
}

// TestFaultsOfAnother: a policy that is made from another one has its faults.
func TestFaultsOfAnother(t *testing.T) {
	t.Parallel()
	test := func(int, error) bool { return false }
	key := func(n int) int { return n }
	for want, got := range map[string]interface{ Err() error }{
		"NewHedge: Budgeted(nil)":                resilience.NewHedge(1, resilience.Budgeted(nil)),
		"NewRetry: Budgeted(nil)":                resilience.NewRetry(1, resilience.Budgeted(nil)),
		"Budget: make it with NewBudget":         resilience.NewRetry(1, resilience.Budgeted(new(resilience.Budget))),
		"NewRetry: 0 attempts are less than 1":   resilience.NewRetry(0).If(test),
		"Retry.If: the test is nil":              resilience.NewRetry(1).If[int](nil),
		"NewWaiter: Queue of 0 calls, want a po": resilience.NewWaiter(1, 1, resilience.Queue(0, 1)),
		"WaiterOf: Queue of 0 calls, want a pos": resilience.WaiterOf(rate.NewLimiter(1, 1), resilience.Queue(0, 1)),
		"NewPerClient: MaxClients(0), want 1 to": resilience.NewPerClient(1, 1, resilience.MaxClients(0)).By(key),
		"PerClient.By: the key is nil":           resilience.NewPerClient(1, 1).By[int, int](nil),
	} {
		require.ErrorContains(t, got.Err(), "resilience: "+want)
		require.NotContains(t, got.Err().Error(), "\n", "one fault")
	}
	require.NoError(t, resilience.NewPerClient(1, 1, resilience.MaxClients(1)).Err())
	require.NoError(t, resilience.NewRetry(1, resilience.Backoff(0, 0)).Err())
	require.NoError(t, resilience.NewHedge(1, resilience.AtMost(2)).Err())
}

// A zeroPolicy is a zero value and its middleware for a unary call and a stream.
type zeroPolicy struct {
	policy policy
	unary  endpoint.Middleware[int, int]
	stream endpoint.Middleware[int, endpoint.Stream[int]]
	want   string
}

func zero(p policy, unary endpoint.Middleware[int, int], stream endpoint.Middleware[int, endpoint.Stream[int]], want string) zeroPolicy {
	return zeroPolicy{p, unary, stream, want}
}

// TestZeroPolicies: no method of a zero policy panics, and each call is refused with
// a fault that names the constructor.
func TestZeroPolicies(t *testing.T) {
	t.Parallel()
	var (
		limiter   resilience.Limiter
		waiter    resilience.Waiter
		perClient resilience.PerClient
		quota     resilience.Quota
		breaker   resilience.Breaker
		bulkhead  resilience.Bulkhead
		adaptive  resilience.Adaptive
		shed      resilience.Shed
		throttler resilience.Throttler
		timeout   resilience.Timeout
		retry     resilience.Retry
		hedge     resilience.Hedge
	)
	for _, tt := range []zeroPolicy{
		zero(&limiter, limiter.Wrap, limiter.Wrap, "resilience: Limiter: make it with NewLimiter or LimiterOf"),
		zero(&waiter, waiter.Wrap, waiter.Wrap, "resilience: Waiter: make it with NewWaiter or WaiterOf"),
		zero(&perClient, perClient.Wrap, perClient.Wrap, "resilience: PerClient: make it with NewPerClient"),
		zero(&quota, quota.Wrap, quota.Wrap, "resilience: Quota: make it with NewQuota"),
		zero(&breaker, breaker.Wrap, breaker.Wrap, "resilience: Breaker: make it with NewBreaker"),
		zero(&bulkhead, bulkhead.Wrap, bulkhead.Wrap, "resilience: Bulkhead: make it with NewBulkhead"),
		zero(&adaptive, adaptive.Wrap, adaptive.Wrap, "resilience: Adaptive: make it with NewAdaptive"),
		zero(&shed, shed.Wrap, shed.Wrap, "resilience: Shed: make it with NewShed"),
		zero(&throttler, throttler.Wrap, throttler.Wrap, "resilience: Throttler: make it with NewThrottler"),
		zero(&timeout, timeout.Wrap, timeout.Wrap, "resilience: Timeout: make it with NewTimeout"),
		zero(&retry, retry.Wrap, retry.Wrap, "resilience: Retry: make it with NewRetry"),
		zero(&hedge, hedge.Wrap, hedge.Wrap, "resilience: Hedge: make it with NewHedge"),
	} {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, tt.policy.Err(), tt.want)
			_, err := endpoint.Chain(yes, tt.unary)(t.Context(), 1)
			requireFault(t, tt.want, err)
			streams := endpoint.Endpoint[int, endpoint.Stream[int]](func(context.Context, int) (endpoint.Stream[int], error) {
				return endpoint.StreamOf(1), nil
			})
			stream, err := endpoint.Chain(streams, tt.stream)(t.Context(), 1)
			if err == nil {
				_, err = stream.Collect()
			}
			requireFault(t, tt.want, err)
			for range tt.policy.Gauges {
				t.Error("a zero policy has no state to show")
			}
			requireRefuses(t, tt.want, tt.policy)
			if r, ok := tt.policy.(endpoint.Resolver); ok {
				for _, op := range []*endpoint.Operation{{Idempotent: true}, {Idempotent: true, Streams: endpoint.Bidi}} {
					requireRefuses(t, tt.want, r.For(op))
				}
			}
			endpointtest.Layer(t, tt.policy)
			err = httpx.Mount(http.NewServeMux(), allOf(nil), httpx.Use(tt.policy))
			require.ErrorContains(t, err, tt.want)
		})
	}
	require.Zero(t, adaptive.Limit())
	require.Equal(t, resilience.Open, breaker.State())
}

// requireRefuses demands that l refuses a call, and bears what may follow.
func requireRefuses(t *testing.T, want string, l endpoint.Layer) {
	t.Helper()
	ctx, token, err := l.Enter(t.Context())
	requireFault(t, want, err)
	require.Zero(t, token)
	require.Equal(t, t.Context(), ctx)
	require.ErrorIs(t, l.Exit(ctx, token, errDown), errDown)
	if s, ok := l.(endpoint.Streamer); ok {
		require.NoError(t, s.Item(ctx, token))
	}
	if r, ok := l.(endpoint.Repeater); ok {
		_, _, again := r.Again(ctx, token, errDown)
		require.False(t, again)
	}
	if r, ok := l.(endpoint.Racer); ok {
		_, more := r.Delay(ctx, 0)
		require.False(t, more)
		_, more = r.Delay(ctx, -1)
		require.False(t, more)
		require.False(t, r.Start(ctx, 1))
		r.Settle(ctx, time.Second, nil)
	}
}

func requireFault(t *testing.T, want string, err error) {
	t.Helper()
	require.ErrorContains(t, err, want)
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
}

// TestZeroMiddleware is the same for what is no layer.
func TestZeroMiddleware(t *testing.T) {
	t.Parallel()
	var (
		coalescer resilience.Coalescer[int, int]
		fallback  resilience.Fallbacker[int, int]
		retryIf   resilience.RetryIf[int]
		byKey     resilience.PerClientBy[int, int]
		composed  resilience.Composed[int]
	)
	retryTest, key := func(int, error) bool { return true }, func(int) int { return 0 }
	refuses := func(want string, m interface{ Err() error }, wrap endpoint.Middleware[int, int]) {
		require.EqualError(t, m.Err(), want)
		_, err := endpoint.Chain(yes, wrap)(t.Context(), 1)
		requireFault(t, want, err)
	}
	refuses("resilience: Coalescer: make it with Coalesce", &coalescer, coalescer.Wrap)
	refuses("resilience: Fallbacker: make it with Fallback", &fallback, fallback.Wrap)
	refuses("resilience: RetryIf: make it with Retry.If", &retryIf, retryIf.Wrap)
	refuses("resilience: PerClientBy: make it with PerClient.By", &byKey, byKey.Wrap)
	refuses("resilience: Composed: make it with Policies", &composed, composed.Wrap)
	of, by := new(resilience.Retry).If(retryTest), new(resilience.PerClient).By(key)
	refuses("resilience: Retry: make it with NewRetry", of, of.Wrap)
	refuses("resilience: PerClient: make it with NewPerClient", by, by.Wrap)
	require.Equal(t, map[string]float64{"flights": 0, "waiting": 0}, gauges(&coalescer))

	budget := new(resilience.Budget)
	require.EqualError(t, budget.Err(), "resilience: Budget: make it with NewBudget")
	require.Zero(t, budget.Tokens())
}

// TestNilPolicies: Mount and Client report a nil pointer as what it is.
func TestNilPolicies(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"Limiter":     (*resilience.Limiter)(nil).Err(),
		"Waiter":      (*resilience.Waiter)(nil).Err(),
		"PerClient":   (*resilience.PerClient)(nil).Err(),
		"Quota":       (*resilience.Quota)(nil).Err(),
		"Breaker":     (*resilience.Breaker)(nil).Err(),
		"Bulkhead":    (*resilience.Bulkhead)(nil).Err(),
		"Adaptive":    (*resilience.Adaptive)(nil).Err(),
		"Shed":        (*resilience.Shed)(nil).Err(),
		"Throttler":   (*resilience.Throttler)(nil).Err(),
		"Timeout":     (*resilience.Timeout)(nil).Err(),
		"Retry":       (*resilience.Retry)(nil).Err(),
		"Hedge":       (*resilience.Hedge)(nil).Err(),
		"Budget":      (*resilience.Budget)(nil).Err(),
		"RetryIf":     (*resilience.RetryIf[int])(nil).Err(),
		"PerClientBy": (*resilience.PerClientBy[int, int])(nil).Err(),
		"Coalescer":   (*resilience.Coalescer[int, int])(nil).Err(),
		"Fallbacker":  (*resilience.Fallbacker[int, int])(nil).Err(),
		"Composed":    (*resilience.Composed[int])(nil).Err(),
	} {
		require.ErrorContains(t, err, "resilience: "+want+": make it with ")
	}
	err := httpx.Client(httpx.To("http://localhost"), new(notes), httpx.Use((*resilience.Breaker)(nil)))
	require.ErrorContains(t, err, "resilience: Breaker: make it with NewBreaker")
}

// TestFaultsByWrap: the policies whose Wrap has a short way refuse calls with their
// faults all the same.
func TestFaultsByWrap(t *testing.T) {
	t.Parallel()
	limiter := resilience.NewLimiter(1, 1, nil)
	breaker := resilience.NewBreaker(1, nil)
	shed := resilience.NewShed(nil)
	refuses := func(want string, wrap endpoint.Middleware[int, int]) {
		_, err := endpoint.Chain(yes, wrap)(t.Context(), 1)
		requireFault(t, "resilience: "+want+": option 0 is nil", err)
	}
	refuses("NewLimiter", limiter.Wrap)
	refuses("NewBreaker", breaker.Wrap)
	refuses("NewShed", shed.Wrap)
}
