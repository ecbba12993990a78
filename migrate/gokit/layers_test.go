package gokit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	kitendpoint "github.com/go-kit/kit/endpoint"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/migrate/gokit"
	"github.com/typedkit/endpoint/resilience"
)

// TestLayersInKit has a breaker and a limiter of ours in a chain of go-kit.
func TestLayersInKit(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	var seen []string
	log := func(next kitendpoint.Endpoint) kitendpoint.Endpoint {
		return func(ctx context.Context, request any) (any, error) {
			resp, err := next(ctx, request)
			if err != nil {
				seen = append(seen, err.Error())
			}
			return resp, err
		}
	}
	e := kitendpoint.Chain(log, gokit.Layers(resilience.NewBreaker(2), resilience.NewLimiter(1, 4)))(
		func(_ context.Context, request any) (any, error) {
			if request == nil {
				return nil, away
			}
			return request, nil
		})
	got, err := e(t.Context(), "text")
	require.NoError(t, err)
	require.Equal(t, "text", got)
	for range 2 {
		_, err = e(t.Context(), nil)
		require.Same(t, away, err, "an error passes as it is")
	}
	_, err = e(t.Context(), "text")
	require.ErrorIs(t, err, resilience.ErrOpen)
	require.Equal(t, []string{"away", "away", resilience.ErrOpen.Message()}, seen)
	status, ok := err.(interface{ StatusCode() int })
	require.True(t, ok)
	require.Equal(t, 503, status.StatusCode())
}

// TestFailerInLayers has the layers see the error in a response, which does not count against
// the server, and the caller get the response.
func TestFailerInLayers(t *testing.T) {
	t.Parallel()
	var codes []endpoint.Code
	watch := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			codes = append(codes, endpoint.CodeOf(err))
			return err
		}, nil
	})
	failed := oldReply{Err: errors.New("failed")}
	e := gokit.Layers(resilience.NewRetry(3), watch, resilience.NewBreaker(1))(answer(failed, nil))
	for range 3 {
		got, err := e(t.Context(), oldRequest{})
		require.NoError(t, err)
		require.Equal(t, failed, got)
	}
	require.Equal(t, []endpoint.Code{endpoint.FailedPrecondition, endpoint.FailedPrecondition, endpoint.FailedPrecondition}, codes)
}

// TestLayersReplace has a layer answer with another error.
func TestLayersReplace(t *testing.T) {
	t.Parallel()
	replace := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error { return errTwoZeroes.WithCause(err) }, nil
	})
	old := errors.New("old")
	_, err := gokit.Layers(replace)(answer(nil, old))(t.Context(), nil)
	require.ErrorIs(t, err, errTwoZeroes)
	require.ErrorIs(t, err, old)
}

// TestRetryInKit has a Retry of ours repeat an endpoint of go-kit.
func TestRetryInKit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls, begun := 0, time.Now()
		e := gokit.Layers(resilience.NewRetry(2, resilience.Backoff(0, 0)))(func(context.Context, any) (any, error) {
			calls++
			return nil, statusError(503)
		})
		_, err := e(t.Context(), nil)
		require.Equal(t, statusError(503), err)
		require.Equal(t, 2, calls)
		require.Equal(t, 3*time.Second, time.Since(begun), "as Retry-After of the error says")
	})
}

func TestFaultyLayers(t *testing.T) {
	t.Parallel()
	_, err := gokit.Layers(resilience.NewBreaker(0))(answer(nil, nil))(t.Context(), nil)
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	require.Nil(t, gokit.Layers(resilience.NewBreaker(1))(nil))
}
