package discover_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// counting is a target of one value that counts what it gives and gets back.
type counting[C any] struct {
	value    C
	acquired int
	released []error
	refuse   error
}

func (c *counting[C]) Acquire(context.Context) (C, endpoint.Token, error) {
	if c.refuse != nil {
		return c.value, endpoint.Token{}, c.refuse
	}
	c.acquired++
	return c.value, endpoint.Token{}, nil
}

func (c *counting[C]) Release(_ endpoint.Token, err error) { c.released = append(c.released, err) }

func TestBalanced(t *testing.T) {
	t.Parallel()
	c := &counting[endpoint.Endpoint[int, int]]{value: func(_ context.Context, n int) (int, error) {
		switch {
		case n < 0:
			return 0, errDown
		case n == 0:
			panic("zero")
		}
		return 2 * n, nil
	}}
	e := discover.Balanced(c)
	n, err := e(t.Context(), 21)
	require.NoError(t, err)
	require.Equal(t, 42, n)
	_, err = e(t.Context(), -1)
	require.ErrorIs(t, err, errDown)
	require.PanicsWithValue(t, "zero", func() { _, _ = e(t.Context(), 0) })
	require.Equal(t, 3, c.acquired)
	require.Len(t, c.released, 3)
	require.NoError(t, c.released[0])
	require.ErrorIs(t, c.released[1], errDown)
	require.True(t, endpoint.ServerFault(c.released[2]), "a panic counts against the endpoint")

	c.refuse = errSource
	_, err = e(t.Context(), 1)
	require.ErrorIs(t, err, errSource)
	require.Len(t, c.released, 3)
}

func TestBalancedStream(t *testing.T) {
	t.Parallel()
	type numbers = endpoint.Stream[int]
	c := &counting[endpoint.Endpoint[int, numbers]]{value: func(_ context.Context, n int) (numbers, error) {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			yield(0, errDown)
		}, nil
	}}
	e := discover.Balanced(c)
	stream, err := e(t.Context(), 3)
	require.NoError(t, err)
	require.Zero(t, c.acquired, "a stream is cold")

	items, err := stream.Collect()
	require.ErrorIs(t, err, errDown)
	require.Equal(t, []int{0, 1, 2}, items)
	require.Equal(t, 1, c.acquired)
	require.Len(t, c.released, 1)
	require.ErrorIs(t, c.released[0], errDown)

	for range stream {
		require.Len(t, c.released, 1, "while the loop runs")
		break
	}
	require.Len(t, c.released, 2, "two loops are two calls")
	require.ErrorIs(t, c.released[1], endpoint.ErrStopped)

	c.refuse = errSource
	_, err = stream.Collect()
	require.ErrorIs(t, err, errSource)
}

// TestBalancedOf is a plain slice of endpoints with one that is down.
func TestBalancedOf(t *testing.T) {
	t.Parallel()
	up := func(context.Context, string) (string, error) { return "up", nil }
	down := func(context.Context, string) (string, error) { return "", errDown }
	e := endpoint.Chain(discover.Balanced(discover.Of([]endpoint.Endpoint[string, string]{up, down, up})), endpoint.Stack{&repeat{times: 2}}.Wrap)
	for range 1000 {
		answer, err := e(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, "up", answer)
	}
}

// TestBalancedWithFaults: an endpoint over a target that was set up wrongly says so.
func TestBalancedWithFaults(t *testing.T) {
	t.Parallel()
	type each = endpoint.Endpoint[int, int]
	up := each(func(_ context.Context, n int) (int, error) { return n, nil })
	for _, tt := range []struct {
		name   string
		target endpoint.Target[each]
		want   string
	}{
		{"no endpoint", discover.Of([]each{}), "discover: Of: there is no connection"},
		{"a nil endpoint", discover.Of([]each{up, nil}), "discover: Of: connection 1 is nil"},
		{"a nil option", discover.Of([]each{up}, nil), "discover: Of: option 1 of 1 is nil"},
		{"a nil target", nil, "discover: Balanced: the target is nil"},
		{"a nil pool", (*discover.Pool[each])(nil), "discover: Pool: it is nil; make one with New or Of"},
		{"the zero pool", &discover.Pool[each]{}, "discover: Pool: it is the zero Pool; make one with New or Of"},
		{"a target that works, with a fault", &faulty[each]{counting[each]{value: up}}, "source: " + errSource.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := discover.Balanced(tt.target)(t.Context(), 1)
			require.ErrorContains(t, err, tt.want)
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
			require.NotErrorIs(t, err, discover.ErrNoEndpoints)
		})
	}
}

// faulty is a target with a fault of construction.
type faulty[C any] struct{ counting[C] }

func (*faulty[C]) Err() error { return fmt.Errorf("source: %w", errSource) }

// TestBalancedStreamOfNothing tells its fault in the loop.
func TestBalancedStreamOfNothing(t *testing.T) {
	t.Parallel()
	stream, err := discover.Balanced[int, endpoint.Stream[int]](nil)(t.Context(), 1)
	require.NoError(t, err, "a stream is cold")
	_, err = stream.Collect()
	require.ErrorContains(t, err, "discover: Balanced: the target is nil")
}

// TestBalancedStreamContext: an endpoint finds the values of its caller.
func TestBalancedStreamContext(t *testing.T) {
	t.Parallel()
	type numbers = endpoint.Stream[int]
	e := discover.Balanced(discover.Of([]endpoint.Endpoint[int, numbers]{func(ctx context.Context, _ int) (numbers, error) {
		return func(yield func(int, error) bool) { yield(ctx.Value(valueKey{}).(int), nil) }, nil
	}}))
	stream, err := e(context.WithValue(t.Context(), valueKey{}, 42), 0)
	require.NoError(t, err)
	items, err := stream.Collect()
	require.NoError(t, err)
	require.Equal(t, []int{42}, items)
}

// TestNilContext: a call with a nil context is an error.
func TestNilContext(t *testing.T) {
	t.Parallel()
	var none context.Context
	pool := discover.Of([]endpoint.Endpoint[int, int]{double})
	_, _, acquired := pool.Acquire(none)
	_, called := discover.Balanced(pool)(none, 1)
	for _, err := range []error{acquired, called} {
		require.EqualError(t, err, "discover: the context of the call is nil")
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		require.Equal(t, "internal error", endpoint.ErrorOf(err).Message())
	}
	counts := func(context.Context, int) (endpoint.Stream[int], error) { return endpoint.StreamOf(1), nil }
	items, err := discover.Balanced(discover.Of([]endpoint.Endpoint[int, endpoint.Stream[int]]{counts}))(none, 1)
	require.ErrorContains(t, err, "the context of the call is nil")
	require.Nil(t, items)
}
