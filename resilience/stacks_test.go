package resilience_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// kinds returns the types of the layers.
func kinds(stack endpoint.Stack) string {
	names := make([]string, len(stack))
	for i, l := range stack {
		names[i] = strings.TrimPrefix(fmt.Sprintf("%T", l), "*resilience.")
	}
	return strings.Join(names, " ")
}

func TestStackOrder(t *testing.T) {
	t.Parallel()
	retry, hedge, breaker := resilience.NewRetry(2), resilience.NewHedge(time.Second), resilience.NewBreaker(5)
	limiter, second, waiter := resilience.NewLimiter(1, 1), resilience.NewLimiter(100, 1), resilience.NewWaiter(1, 1)
	quota, bulkhead, adaptive := resilience.NewQuota(newTable(1)), resilience.NewBulkhead(1), resilience.NewAdaptive()
	whole, attempt := resilience.NewTimeout(time.Minute), resilience.NewTimeout(time.Second)
	for _, tt := range []struct {
		name  string
		stack endpoint.Stack
		want  string
	}{
		{"client", resilience.ClientStack(), "Retry Breaker *endpoint.only"},
		{
			"client with everything, from the inside out",
			resilience.ClientStack(attempt, adaptive, bulkhead, quota, waiter, limiter, breaker, resilience.NewThrottler(), hedge, retry, whole),
			"Timeout Retry Hedge Throttler Breaker Quota Waiter Limiter Adaptive Bulkhead Timeout",
		},
		{"server", resilience.ServerStack(), "Shed *endpoint.only"},
		{
			"server with everything, from the inside out",
			resilience.ServerStack(attempt, adaptive, bulkhead, limiter, second, breaker, resilience.NewPerClient(1, 1), resilience.NewShed()),
			"Shed PerClient Breaker Limiter Limiter Adaptive Bulkhead Timeout",
		},
		{
			"for some operations",
			resilience.ClientStack(endpoint.Only(attempt, isIdempotent), bulkhead, endpoint.Only(whole, isIdempotent), endpoint.Only(limiter, isIdempotent)),
			"Retry Breaker *endpoint.only Bulkhead *endpoint.only *endpoint.only",
		},
	} {
		require.Equal(t, tt.want, kinds(tt.stack), tt.name)
	}
	for _, timeouts := range [][]endpoint.Layer{{whole, attempt}, {attempt, whole}} {
		stack := resilience.ClientStack(timeouts...)
		require.Same(t, whole, stack[0])
		require.Same(t, attempt, stack[len(stack)-1])
	}
	require.Same(t, breaker, resilience.ClientStack(breaker)[1])
}

func TestStackFaults(t *testing.T) {
	t.Parallel()
	retry := func() endpoint.Layer { return resilience.NewRetry(2) }
	timeout := func() endpoint.Layer { return resilience.NewTimeout(time.Second) }
	for _, tt := range []struct {
		name  string
		stack endpoint.Stack
		want  []string
	}{
		{"two of a kind", resilience.ClientStack(retry(), retry()), []string{"ClientStack: 2 of *resilience.Retry"}},
		{"three Timeouts", resilience.ClientStack(timeout(), timeout(), timeout()), []string{"3 of *resilience.Timeout"}},
		{"two Timeouts on a server", resilience.ServerStack(timeout(), timeout()), []string{"2 of *resilience.Timeout"}},
		{
			"for servers", resilience.ClientStack(resilience.NewShed(), resilience.NewPerClient(1, 1)),
			[]string{"*resilience.Shed is for servers", "*resilience.PerClient is for servers"},
		},
		{
			"for clients", resilience.ServerStack(retry(), resilience.NewHedge(time.Second), resilience.NewThrottler()),
			[]string{"*resilience.Retry is for clients", "*resilience.Hedge is for clients", "*resilience.Throttler is for clients"},
		},
		{"of some operations", resilience.ServerStack(endpoint.Only(retry(), isIdempotent)), []string{"*resilience.Retry is for clients"}},
		{"no policy", resilience.ServerStack(new(endpointtest.Recorder).Layer("log"), nil), []string{"*endpointtest.recording is no policy", "<nil> is no policy"}},
		{"faults of a policy", resilience.ClientStack(resilience.NewBreaker(0)), []string{"NewBreaker: 0 failures"}},
	} {
		_, err := tt.stack.Bind(&endpoint.Operation{Side: endpoint.ClientSide})
		for _, want := range tt.want {
			require.ErrorContains(t, err, want, tt.name)
		}
		_, err = endpoint.Chain(yes, tt.stack.Wrap)(t.Context(), 1)
		require.ErrorContains(t, err, tt.want[0], tt.name)
	}
}

// TestStacksOverHTTP: a client and a server with their stacks: calls are
// repeated, streams stay open beyond the default times.
func TestStacksOverHTTP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		svc := allOf(func(ctx context.Context) error {
			if calls++; calls == 1 {
				return errDown
			}
			return pause(ctx, time.Second)
		})
		var c notes
		require.NoError(t, httpx.Client(served(t, svc, httpx.Use(resilience.ServerStack()...)), &c, httpx.Use(resilience.ClientStack()...)))
		got, err := c.Read(t.Context(), ask{3})
		require.NoError(t, err)
		require.Equal(t, told{3}, got)
		require.Equal(t, 2, calls)

		svc.Watch = func(ctx context.Context, _ ask) (endpoint.Stream[told], error) {
			return func(yield func(told, error) bool) {
				for i := range 3 {
					if err := pause(ctx, time.Minute); err != nil {
						yield(told{}, err)
						return
					}
					if !yield(told{i}, nil) {
						return
					}
				}
			}, nil
		}
		var w notes
		require.NoError(t, httpx.Client(served(t, svc, httpx.Use(resilience.ServerStack()...)), &w, httpx.Use(resilience.ClientStack()...)))
		stream, err := w.Watch(t.Context(), ask{})
		require.NoError(t, err)
		items, err := stream.Collect()
		require.NoError(t, err)
		require.Len(t, items, 3)
	})
}

// TestStacksReported: Mount and Client report a stack with faults.
func TestStacksReported(t *testing.T) {
	t.Parallel()
	err := httpx.Mount(http.NewServeMux(), allOf(nil), httpx.Use(resilience.ServerStack(resilience.NewRetry(2))...))
	require.ErrorContains(t, err, "*resilience.Retry is for clients")
	err = httpx.Client(httpx.To("http://localhost"), new(notes), httpx.Use(resilience.ClientStack(resilience.NewShed())...))
	require.ErrorContains(t, err, "*resilience.Shed is for servers")
}
