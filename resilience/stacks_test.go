package resilience_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/observe"
	"github.com/typedkit/endpoint/observe/otelx"
	"github.com/typedkit/endpoint/observe/promx"
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
			"PerClient Shed Breaker Limiter Limiter Adaptive Bulkhead Timeout",
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

// TestStackRoles places layers of other packages, and at other roles than their own.
func TestStackRoles(t *testing.T) {
	t.Parallel()
	log, telemetry := observe.NewLogger(slog.New(slog.DiscardHandler)), observe.New(observe.NewRequestIDs())
	breaker, timeout, longer := resilience.NewBreaker(5), resilience.NewTimeout(time.Second), resilience.NewTimeout(time.Minute)
	for _, tt := range []struct {
		name  string
		stack endpoint.Stack
		want  string
	}{
		{
			"telemetry and credentials of a client",
			resilience.ClientStack(credentials{}, breaker, telemetry.Attempts(), log, timeout, longer, telemetry),
			"*observe.Logger *observe.Telemetry Timeout Retry *observe.Telemetry Breaker Timeout resilience_test.credentials",
		},
		{
			"telemetry and credentials of a server",
			resilience.ServerStack(timeout, resilience.NewPerClient(1, 1), credentials{}, log),
			"*observe.Logger resilience.gate resilience_test.credentials PerClient Shed Timeout",
		},
		{
			"a layer without a role",
			resilience.ServerStack(timeout, resilience.At(resilience.RoleAuth, plain)),
			"resilience.gate endpoint.LayerFunc Shed Timeout",
		},
		{
			"a stack at a role",
			resilience.ServerStack(timeout, resilience.At(resilience.RoleConcurrency, endpoint.Stack{plain, plain})),
			"Shed endpoint.Stack Timeout",
		},
		{
			"at another role than its own",
			resilience.ClientStack(timeout, resilience.At(resilience.RoleRetry, breaker)),
			"Breaker Breaker Timeout",
		},
		{
			"in place of a default, for some operations",
			resilience.ClientStack(timeout, breaker, resilience.At(resilience.RoleRetry, endpoint.Only(plain, isIdempotent))),
			"*endpoint.only Breaker Timeout",
		},
		{"a Timeout of the call alone", resilience.ClientStack(breaker, resilience.At(resilience.RoleCallTimeout, timeout), resilience.Without(resilience.RoleTimeout)), "Timeout Retry Breaker"},
		{"a client without defaults", resilience.ClientStack(resilience.Without("retry"), resilience.Without("timeout"), resilience.Without("breaker")), ""},
		{"a server without defaults", resilience.ServerStack(resilience.Without(resilience.RoleShed), resilience.Without(resilience.RoleTimeout), resilience.Without(resilience.RoleTimeout)), ""},
		{
			"twice for some operations, and once for all",
			resilience.ClientStack(endpoint.Only(breaker, isIdempotent), endpoint.Only(resilience.NewBreaker(1), isIdempotent), resilience.NewBreaker(9), resilience.Without("retry")),
			"*endpoint.only *endpoint.only Breaker *endpoint.only",
		},
		{"an Only of an Only", resilience.ServerStack(timeout, endpoint.Only(endpoint.Only(breaker, isIdempotent), isIdempotent)), "Shed *endpoint.only Timeout"},
	} {
		require.Equal(t, tt.want, kinds(tt.stack), tt.name)
		_, err := tt.stack.Bind(&endpoint.Operation{Side: endpoint.ClientSide})
		require.NoError(t, err, tt.name)
	}

	stack := resilience.ClientStack(longer, resilience.At(resilience.RoleCallTimeout, timeout))
	require.Same(t, timeout, stack[0], "At decides, not the length")
	require.Same(t, longer, stack[len(stack)-1])
	same := resilience.NewTimeout(time.Second)
	stack = resilience.ClientStack(timeout, same)
	require.Same(t, timeout, stack[0], "the first of two that are as long")

	arguments := []endpoint.Layer{longer, timeout}
	resilience.ClientStack(arguments...)
	require.Same(t, longer, arguments[0], "the arguments are the caller's")
}

// TestRoles: each policy has a role of this package, and what a layer of observe
// calls itself is one as well.
func TestRoles(t *testing.T) {
	t.Parallel()
	telemetry := observe.New(observe.NewRequestIDs())
	for role, layers := range map[string][]interface{ Role() string }{
		resilience.RoleTelemetry:        {telemetry, observe.NewLogger(slog.New(slog.DiscardHandler)), new(observe.SLO), new(otelx.Tracer), new(promx.Metrics)},
		resilience.RoleAttemptTelemetry: {telemetry.Attempts()},
		resilience.RoleShed:             {new(resilience.Shed)},
		resilience.RoleClientLimit:      {new(resilience.PerClient)},
		resilience.RoleRetry:            {new(resilience.Retry)},
		resilience.RoleHedge:            {new(resilience.Hedge)},
		resilience.RoleThrottler:        {new(resilience.Throttler)},
		resilience.RoleBreaker:          {new(resilience.Breaker)},
		resilience.RoleRate:             {new(resilience.Limiter), new(resilience.Waiter), new(resilience.Quota)},
		resilience.RoleConcurrency:      {new(resilience.Bulkhead), new(resilience.Adaptive)},
		resilience.RoleTimeout:          {new(resilience.Timeout)},
	} {
		for _, l := range layers {
			require.Equal(t, role, l.Role(), "%T", l)
		}
	}
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
		{"two at a role", resilience.ClientStack(retry(), retry()), []string{`ClientStack: the role "retry" takes one layer for all operations, got *resilience.Retry, *resilience.Retry`}},
		{"two at a role by At", resilience.ClientStack(retry(), resilience.At("retry", plain)), []string{`"retry" takes one layer for all operations, got *resilience.Retry, endpoint.LayerFunc`}},
		{"three Timeouts", resilience.ClientStack(timeout(), timeout(), timeout()), []string{`the role "timeout" takes one layer for all operations, got *resilience.Timeout, *resilience.Timeout, *resilience.Timeout`}},
		{"two Timeouts and one of the call", resilience.ClientStack(timeout(), timeout(), resilience.At(resilience.RoleCallTimeout, timeout())), []string{`the role "call-timeout" takes one`}},
		{"two Timeouts, one of them by At", resilience.ClientStack(timeout(), resilience.At(resilience.RoleTimeout, timeout())), []string{`the role "timeout" takes one`}},
		{"two Timeouts on a server", resilience.ServerStack(timeout(), timeout()), []string{`ServerStack: the role "timeout" takes one`}},
		{
			"for servers", resilience.ClientStack(resilience.NewShed(), resilience.NewPerClient(1, 1), resilience.At("shed", plain), resilience.Without("shed")),
			[]string{
				`ClientStack: *resilience.Shed: the role "shed" is for servers`, `*resilience.PerClient: the role "client-limit" is for servers`,
				`endpoint.LayerFunc: the role "shed" is for servers`, `Without: the role "shed" is for servers`,
			},
		},
		{
			"for clients", resilience.ServerStack(retry(), resilience.NewHedge(time.Second), resilience.NewThrottler(), observe.New(observe.NewRequestIDs()).Attempts()),
			[]string{
				`ServerStack: *resilience.Retry: the role "retry" is for clients`, `*resilience.Hedge: the role "hedge" is for clients`,
				`*resilience.Throttler: the role "throttler" is for clients`, `*observe.Telemetry: the role "attempt-telemetry" is for clients`,
			},
		},
		{"of some operations", resilience.ServerStack(endpoint.Only(retry(), isIdempotent)), []string{`*resilience.Retry: the role "retry" is for clients`}},
		{
			"no role", resilience.ServerStack(new(endpointtest.Recorder).Layer("log"), endpoint.Only(endpoint.Stack{plain}, isIdempotent), endpoint.Only(nil, isIdempotent)),
			[]string{
				"*endpointtest.recording has no role: place it by At", "endpoint.Stack has no role: place it by At",
				"<nil> has no role", "endpoint: Only: the layer is nil",
			},
		},
		{
			"unknown roles", resilience.ServerStack(called("cache"), resilience.At("", plain), resilience.Without("sched")),
			[]string{
				`resilience_test.called: the role "cache" is unknown, want one of telemetry, auth, client-limit, shed, breaker, rate, concurrency, timeout`,
				`endpoint.LayerFunc: the role "" is unknown`, `Without: the role "sched" is unknown`,
			},
		},
		{
			"nil arguments", resilience.ServerStack(nil, resilience.NewShed(), (*resilience.Timeout)(nil), endpoint.LayerFunc(nil), resilience.At("rate", nil), resilience.At("rate", (*resilience.Limiter)(nil))),
			[]string{"ServerStack: argument 0 is nil", "argument 2 is nil", "argument 3 is nil", `At("rate"): the layer is nil` + "\n" + `resilience: ServerStack: At("rate"): the layer is nil`},
		},
		{"nil Timeouts", resilience.ClientStack((*resilience.Timeout)(nil), timeout()), []string{"ClientStack: argument 0 is nil"}},
		{
			"no default to leave out", resilience.ClientStack(resilience.Without("hedge"), retry(), resilience.Without("retry")),
			[]string{`ClientStack: Without("hedge"): there is no default to leave out`, `Without("retry"): there is no default to leave out`},
		},
		{
			"At and Without under Only", resilience.ClientStack(endpoint.Only(resilience.At("rate", plain), isIdempotent), endpoint.Only(resilience.Without("retry"), isIdempotent)),
			[]string{`resilience: At("rate"): it is an argument of ClientStack and ServerStack only`, `resilience: Without("retry"): it is an argument of ClientStack and ServerStack only`},
		},
		{
			"faults of policies", resilience.ClientStack(resilience.NewBreaker(0), resilience.NewShed(), resilience.At("rate", resilience.NewBulkhead(0))),
			[]string{"NewBreaker: 0 failures", `the role "shed" is for servers`, "NewBulkhead: 0 permits"},
		},
	} {
		_, err := tt.stack.Bind(&endpoint.Operation{Side: endpoint.ClientSide})
		for _, want := range tt.want {
			require.ErrorContains(t, err, want, tt.name)
		}
		_, err = endpoint.Chain(yes, tt.stack.Wrap)(t.Context(), 1)
		require.ErrorContains(t, err, tt.want[0], tt.name)
	}
}

// plain is a layer without a role.
var plain = endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) { return ctx, nil, nil })

// called is a layer that calls its role so.
type called string

func (c called) Role() string { return string(c) }

func (called) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (called) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// credentials is a layer of a user that knows its role and nothing of resilience.
type credentials struct{ endpoint.Layer }

func (credentials) Role() string { return "auth" }

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
	require.ErrorContains(t, err, `*resilience.Retry: the role "retry" is for clients`)
	err = httpx.Client(httpx.To("http://localhost"), new(notes), httpx.Use(resilience.ClientStack(resilience.NewShed())...))
	require.ErrorContains(t, err, `*resilience.Shed: the role "shed" is for servers`)
	err = httpx.Client(httpx.To("http://localhost"), new(notes), httpx.Use(resilience.At("rate", plain), resilience.Without("retry")))
	require.ErrorContains(t, err, `resilience: At("rate"): it is an argument of ClientStack and ServerStack only`)
	require.ErrorContains(t, err, `resilience: Without("retry"): it is an argument of ClientStack and ServerStack only`)
}
