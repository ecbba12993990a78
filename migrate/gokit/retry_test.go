package gokit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/migrate/gokit"
	"github.com/typedkit/endpoint/resilience"
)

// failing returns an endpoint that fails n times and counts its calls.
func failing(n int, calls *int, err error) endpoint.Endpoint[sumRequest, sumReply] {
	return func(ctx context.Context, r sumRequest) (sumReply, error) {
		if *calls++; *calls <= n {
			return sumReply{}, err
		}
		return sum(ctx, r)
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"plain": errors.New("plain"), "business": errTwoZeroes, "away": endpoint.Errorf(endpoint.Unavailable, "away"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				calls := 0
				got, gotErr := endpoint.Chain(failing(2, &calls, err), gokit.Retry(3, time.Minute).Wrap)(t.Context(), sumRequest{1, 2})
				require.NoError(t, gotErr)
				require.Equal(t, 3, got.V)
				require.Equal(t, 3, calls)

				calls = 0
				_, gotErr = endpoint.Chain(failing(5, &calls, err), gokit.Retry(3, time.Minute).Wrap)(t.Context(), sumRequest{1, 2})
				require.ErrorIs(t, gotErr, err)
				require.Equal(t, 3, calls)
				require.Zero(t, time.Since(begun), "as in go-kit, there is no wait")
			})
		})
	}
}

func TestRetryTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		begun := time.Now()
		slow := func(ctx context.Context, _ sumRequest) (sumReply, error) {
			calls++
			<-ctx.Done()
			return sumReply{}, ctx.Err()
		}
		_, err := endpoint.Chain(slow, gokit.Retry(3, time.Second).Wrap)(t.Context(), sumRequest{})
		require.ErrorIs(t, err, resilience.ErrTimeout)
		require.Equal(t, time.Second, time.Since(begun))
		require.Equal(t, 1, calls)
	})
}

func TestRetryWithCallback(t *testing.T) {
	t.Parallel()
	plain, final := errors.New("plain"), errors.New("final")
	var seen []int
	cb := func(n int, err error) (bool, error) {
		require.ErrorIs(t, err, plain)
		seen = append(seen, n)
		return n < 3, final
	}
	calls := 0
	_, err := endpoint.Chain(failing(5, &calls, plain), gokit.RetryWithCallback(time.Minute, cb).Wrap)(t.Context(), sumRequest{})
	require.EqualError(t, err, "final")
	require.ErrorIs(t, err, final)
	require.ErrorIs(t, err, plain)
	require.Equal(t, []int{1, 2, 3}, seen)
	require.Equal(t, 3, calls)

	calls = 0
	got, err := endpoint.Chain(failing(2, &calls, plain), gokit.RetryWithCallback(time.Minute, cb).Wrap)(t.Context(), sumRequest{1, 2})
	require.NoError(t, err, "a success has no replacement")
	require.Equal(t, 3, got.V)

	calls = 0
	stop := func(int, error) (bool, error) { return false, nil }
	_, err = endpoint.Chain(failing(5, &calls, plain), gokit.RetryWithCallback(time.Minute, stop).Wrap)(t.Context(), sumRequest{})
	require.Same(t, plain, err)
	require.Equal(t, 1, calls)
}

// TestRetryBudget bounds a callback that never says stop.
func TestRetryBudget(t *testing.T) {
	t.Parallel()
	for name, stack := range map[string]endpoint.Stack{
		"nil":    gokit.RetryWithCallback(time.Minute, nil),
		"always": gokit.RetryWithCallback(time.Minute, func(int, error) (bool, error) { return true, nil }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				_, err := endpoint.Chain(failing(1000, &calls, errTwoZeroes), stack.Wrap)(t.Context(), sumRequest{})
				require.ErrorIs(t, err, errTwoZeroes)
				require.Equal(t, 11, calls, "ten tokens of the budget")
			})
		})
	}
}

// TestRetryNeverSent repeats nothing that may have been acted upon.
func TestRetryNeverSent(t *testing.T) {
	t.Parallel()
	calls := 0
	sent := endpoint.MarkMaybeSent(endpoint.Errorf(endpoint.Unavailable, "away"))
	always := func(int, error) (bool, error) { return true, nil }
	_, err := endpoint.Chain(failing(5, &calls, sent), gokit.RetryWithCallback(time.Minute, always).Wrap)(t.Context(), sumRequest{})
	require.ErrorIs(t, err, sent)
	require.Equal(t, 1, calls)
}

func TestRetryFaults(t *testing.T) {
	t.Parallel()
	calls := 0
	_, err := endpoint.Chain(failing(0, &calls, nil), gokit.Retry(0, 0).Wrap)(t.Context(), sumRequest{1, 2})
	require.ErrorContains(t, err, "NewRetry")
	require.ErrorContains(t, err, "NewTimeout")
	require.Zero(t, calls)
	_, err = endpoint.Chain(failing(0, &calls, nil), gokit.RetryWithCallback(time.Second, nil, nil).Wrap)(t.Context(), sumRequest{1, 2})
	require.Error(t, err, "a nil option")
}
