package gokit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-kit/kit/circuitbreaker"
	kitendpoint "github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/ratelimit"
	"github.com/sony/gobreaker"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/migrate/gokit"
	"github.com/typedkit/endpoint/resilience"
)

// TestMiddlewareOfKit has go-kit's breaker and limiter in a chain of ours.
func TestMiddlewareOfKit(t *testing.T) {
	t.Parallel()
	tokens := 3
	breaker := gobreaker.NewCircuitBreaker(gobreaker.Settings{
		Timeout: time.Hour, ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 2 },
	})
	var calls int
	var e endpoint.Endpoint[sumRequest, sumReply] = func(ctx context.Context, r sumRequest) (sumReply, error) {
		calls++
		return sum(ctx, r)
	}
	e = endpoint.Chain(
		e,
		gokit.From(circuitbreaker.Gobreaker(breaker)).Wrap,
		gokit.From(ratelimit.NewErroringLimiter(ratelimit.AllowerFunc(func() bool { tokens--; return tokens >= 0 }))).Wrap,
	)
	got, err := e(t.Context(), sumRequest{1, 2})
	require.NoError(t, err)
	require.Equal(t, 3, got.V)
	for range 2 {
		_, err = e(t.Context(), sumRequest{})
		require.Same(t, errTwoZeroes, err, "an error passes as it is")
	}
	_, err = e(t.Context(), sumRequest{1, 2})
	require.ErrorIs(t, err, gobreaker.ErrOpenState)
	require.ErrorIs(t, err, resilience.ErrOpen)
	require.Equal(t, 3, calls)
}

func TestLimiterOfKit(t *testing.T) {
	t.Parallel()
	none := ratelimit.NewErroringLimiter(ratelimit.AllowerFunc(func() bool { return false }))
	var e endpoint.Endpoint[sumRequest, sumReply] = sum
	_, err := endpoint.Chain(e, gokit.From(none).Wrap)(t.Context(), sumRequest{1, 2})
	require.ErrorIs(t, err, ratelimit.ErrLimited)
	require.ErrorIs(t, err, resilience.ErrRateLimited)
	require.True(t, endpoint.Refused(err))
}

func TestMiddlewareOfOtherTypes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		mw    kitendpoint.Middleware
		cause string
	}{
		"request": {func(next kitendpoint.Endpoint) kitendpoint.Endpoint {
			return func(ctx context.Context, _ any) (any, error) { return next(ctx, "text") }
		}, "gokit: the request is string, want gokit_test.sumRequest"},
		"response":  {func(kitendpoint.Endpoint) kitendpoint.Endpoint { return answer(4, nil) }, "gokit: the response is int, want gokit_test.sumReply"},
		"assertion": {func(kitendpoint.Endpoint) kitendpoint.Endpoint { return oldSum }, "is gokit_test.sumRequest, not gokit_test.oldRequest"},
		"assertion on the response": {func(next kitendpoint.Endpoint) kitendpoint.Endpoint {
			return func(ctx context.Context, r any) (any, error) {
				resp, err := next(ctx, r)
				return resp.(oldReply), err
			}
		}, "gokit: the response: interface conversion: interface {} is gokit_test.sumReply, not gokit_test.oldReply"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e endpoint.Endpoint[sumRequest, sumReply] = sum
			_, err := endpoint.Chain(e, gokit.From(tt.mw).Wrap)(t.Context(), sumRequest{1, 2})
			require.ErrorIs(t, err, gokit.ErrType)
			require.ErrorContains(t, err, tt.cause)
		})
	}
}

func TestNilMiddleware(t *testing.T) {
	t.Parallel()
	var e endpoint.Endpoint[sumRequest, sumReply] = sum
	var zero *gokit.Middleware
	for _, m := range []*gokit.Middleware{zero, gokit.From(nil), gokit.From(func(kitendpoint.Endpoint) kitendpoint.Endpoint { return nil })} {
		_, err := endpoint.Chain(e, m.Wrap)(t.Context(), sumRequest{1, 2})
		require.ErrorContains(t, err, "the middleware is nil")
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	}
	e = nil
	require.Nil(t, endpoint.Chain(e, gokit.From(circuitbreaker.Gobreaker(nil)).Wrap))
}

// TestFailerInChain leaves a response alone that is of the user's own type.
func TestFailerInChain(t *testing.T) {
	t.Parallel()
	failed := oldReply{Err: errors.New("failed")}
	var e endpoint.Endpoint[oldRequest, oldReply] = func(context.Context, oldRequest) (oldReply, error) { return failed, nil }
	pass := func(next kitendpoint.Endpoint) kitendpoint.Endpoint { return next }
	got, err := endpoint.Chain(e, gokit.From(pass).Wrap)(t.Context(), oldRequest{})
	require.NoError(t, err)
	require.Equal(t, failed, got)
}
