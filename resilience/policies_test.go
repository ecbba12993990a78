package resilience_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/fallback"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
)

// TestPolicies runs a retry of failsafe-go that looks at the response, and a
// fallback outside it.
func TestPolicies(t *testing.T) {
	t.Parallel()
	attempts := 0
	retry := retrypolicy.NewBuilder[int]().HandleResult(0).WithMaxRetries(2).Build()
	e := endpoint.Chain(func(_ context.Context, n int) (int, error) {
		if attempts++; attempts < 3 {
			return 0, nil
		}
		return n, nil
	}, resilience.Policies(fallback.NewWithResult(-1), retry).Wrap)
	got, err := e(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, 7, got)
	require.Equal(t, 3, attempts)

	down := endpoint.Chain(no(errDown), resilience.Policies(fallback.NewWithResult(-1), retry).Wrap)
	got, err = down(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, -1, got)
}

// TestPoliciesContext: the call ends with its caller, and its context has the
// caller's values.
func TestPoliciesContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := endpoint.Chain(func(ctx context.Context, n int) (int, error) {
			require.Equal(t, resilience.Sheddable, resilience.PriorityFrom(ctx))
			return n, pause(ctx, time.Minute)
		}, resilience.Policies(retrypolicy.NewBuilder[int]().WithMaxRetries(100).WithDelay(time.Second).Build()).Wrap)
		ctx, cancel := context.WithTimeout(resilience.WithPriority(t.Context(), resilience.Sheddable), time.Second)
		defer cancel()
		begin := time.Now()
		_, err := e(ctx, 1)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(begin))
	})
}

// TestPoliciesRejections: what a policy of failsafe-go rejects arrives as an
// error of the toolkit.
func TestPoliciesRejections(t *testing.T) {
	t.Parallel()
	open := circuitbreaker.NewWithDefaults[int]()
	open.Open()
	full := bulkhead.New[int](1)
	require.True(t, full.TryAcquirePermit())
	busy := adaptivelimiter.NewBuilder[int]().WithLimits(1, 1, 1).Build()
	_, ok := busy.TryAcquirePermit()
	require.True(t, ok)
	spent := ratelimiter.NewBursty[int](1, time.Hour)
	require.True(t, spent.TryAcquirePermit())
	for _, tt := range []struct {
		name         string
		policy       failsafe.Policy[int]
		ours, theirs error
	}{
		{"breaker", open, resilience.ErrOpen, circuitbreaker.ErrOpen},
		{"bulkhead", full, resilience.ErrOutOfCapacity, bulkhead.ErrFull},
		{"adaptive", busy, resilience.ErrOutOfCapacity, adaptivelimiter.ErrExceeded},
		{"rate", spent, resilience.ErrRateLimited, ratelimiter.ErrExceeded},
		{"timeout", timeout.New[int](time.Nanosecond), resilience.ErrTimeout, timeout.ErrExceeded},
	} {
		got, err := endpoint.Chain(func(ctx context.Context, n int) (int, error) {
			<-ctx.Done()
			return n, ctx.Err()
		}, resilience.Policies(tt.policy).Wrap)(t.Context(), 1)
		require.ErrorIs(t, err, tt.ours, tt.name)
		require.ErrorIs(t, err, tt.theirs, tt.name)
		require.Zero(t, got, tt.name)
	}
	// An error with a code of its own keeps it, also as the cause of a retry's.
	_, err := endpoint.Chain(no(errDown), resilience.Policies(retrypolicy.NewWithDefaults[int]()).Wrap)(t.Context(), 1)
	require.Equal(t, endpoint.Unavailable, endpoint.CodeOf(err))
	require.ErrorIs(t, err, retrypolicy.ErrExceeded)
}

// TestPoliciesPanic: the panic of a call goes on in the caller, is not repeated,
// and gives back what the call held. The naive wrapping loses the permit.
func TestPoliciesPanic(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]failsafe.Policy[int]{
		"none further": nil,
		"retry":        retrypolicy.NewWithDefaults[int](),
		"hedge":        hedgepolicy.NewWithDelay[int](time.Hour),
		"timeout":      timeout.New[int](time.Hour),
	} {
		held := bulkhead.New[int](1)
		policies := []failsafe.Policy[int]{held}
		if policy != nil {
			policies = append(policies, policy)
		}
		value, ran := errors.New("failed"), 0
		e := endpoint.Chain(func(context.Context, int) (int, error) {
			ran++
			panic(value)
		}, resilience.Policies(policies...).Wrap)
		require.PanicsWithValue(t, value, func() { _, _ = e(t.Context(), 1) }, name)
		require.Equal(t, 1, ran, name)
		require.True(t, held.TryAcquirePermit(), "%s: the permit is lost", name)
	}
	naive := bulkhead.New[int](1)
	require.Panics(t, func() {
		_, _ = failsafe.With(naive).Get(func() (int, error) { panic("failed") })
	})
	require.False(t, naive.TryAcquirePermit(), "failsafe-go gives the permit back by itself now: the detour is not needed")
}

func TestPoliciesFaults(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, resilience.Policies[int]().Err(), "there is none")
	broken := resilience.Policies(timeout.New[int](time.Second), nil)
	require.ErrorContains(t, broken.Err(), "policy 1 is nil")
	_, err := endpoint.Chain(yes, broken.Wrap)(t.Context(), 1)
	require.ErrorContains(t, err, "policy 1 is nil")
	require.NoError(t, resilience.Policies(timeout.New[int](time.Second)).Err())
	ticks := func(context.Context, int) (endpoint.Stream[int], error) { return endpoint.StreamOf(1), nil }
	stream, err := endpoint.Chain(ticks, resilience.Policies(timeout.New[endpoint.Stream[int]](time.Second)).Wrap)(t.Context(), 1)
	if err == nil {
		_, err = stream.Collect()
	}
	require.ErrorContains(t, err, "cannot see into a stream")
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
}

// TestPoliciesAreCopied: what happens to the arguments later changes nothing.
func TestPoliciesAreCopied(t *testing.T) {
	t.Parallel()
	list := []failsafe.Policy[int]{timeout.New[int](time.Hour)}
	composed := resilience.Policies(list...)
	list[0] = nil
	n, err := endpoint.Chain(yes, composed.Wrap)(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// TestPoliciesReply: attempts have Calls of their own. The call gets what the attempt
// that decides set in its reply, and nothing from those that outlive it.
func TestPoliciesReply(t *testing.T) {
	t.Parallel()
	hedge := hedgepolicy.NewWithDelay[int](time.Second)
	retry := retrypolicy.NewBuilder[int]().HandleResult(0).WithMaxRetries(2).Build()
	for _, tt := range []struct {
		name     string
		policies []failsafe.Policy[int]
		takes    []time.Duration // each attempt
		results  []int           // negative for an error
		want     string
	}{
		{"the second of a hedge wins", []failsafe.Policy[int]{hedge}, []time.Duration{time.Minute, time.Second}, []int{7, 7}, "2"},
		{"the first of a hedge wins", []failsafe.Policy[int]{hedge}, []time.Duration{2 * time.Second, time.Minute}, []int{7, 7}, "1"},
		{"a retry of a response", []failsafe.Policy[int]{retry}, []time.Duration{0, 0, 0}, []int{0, 0, 7}, "3"},
		{"a retry that gives up", []failsafe.Policy[int]{retry}, []time.Duration{0, 0, 0}, []int{0, -1, -1}, "3"},
		{"a retry of a hedge", []failsafe.Policy[int]{retry, hedge}, []time.Duration{time.Minute, time.Second, time.Second / 2}, []int{7, 0, 7}, "3"},
		{"a fallback", []failsafe.Policy[int]{fallback.NewWithResult(7)}, []time.Duration{0}, []int{-1}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, end := callOf(t, t.Context(), "ada")
				var attempts atomic.Int64
				e := endpoint.Chain(func(ctx context.Context, _ int) (int, error) {
					i := attempts.Add(1) - 1
					for range 10 {
						endpoint.CallFrom(ctx).Reply().Set("X-Attempt", strconv.Itoa(int(i)+1))
						time.Sleep(tt.takes[i] / 10)
					}
					if tt.results[i] < 0 {
						return 0, errDown
					}
					return tt.results[i], nil
				}, resilience.Policies(tt.policies...).Wrap)
				_, err := e(ctx, 1)
				require.Equal(t, slices.Min(tt.results) < 0 && tt.want != "", err != nil)
				require.Equal(t, tt.want, endpoint.CallFrom(ctx).Reply().Get("X-Attempt"))
				end()
				time.Sleep(time.Hour)
				require.Empty(t, endpoint.CallFrom(ctx).Reply().Raw())
			})
		})
	}
}
