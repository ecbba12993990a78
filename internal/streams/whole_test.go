package streams_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/streams"
)

func TestWhole(t *testing.T) {
	t.Parallel()
	cause, failed := errors.New("enough"), errors.New("failed")
	ctx, cancel := context.WithCancelCause(t.Context())
	source := func(err error, end bool) endpoint.Stream[int] {
		return func(yield func(int, error) bool) {
			if !yield(1, nil) {
				return
			}
			if end {
				cancel(cause)
			}
			if err != nil {
				yield(0, err)
			}
		}
	}
	require.Nil(t, streams.Whole[int](ctx, nil))

	items, err := streams.Whole(ctx, source(nil, false)).Collect()
	require.NoError(t, err)
	require.Equal(t, []int{1}, items)

	for _, err := range streams.Whole(ctx, source(nil, true)) {
		require.NoError(t, err)
		break
	}
	_, err = streams.Whole(ctx, source(failed, true)).Collect()
	require.ErrorIs(t, err, failed, "its own error stands")

	items, err = streams.Whole(ctx, source(nil, true)).Collect()
	require.Equal(t, endpoint.Canceled, endpoint.CodeOf(err))
	require.ErrorIs(t, err, cause)
	require.Equal(t, []int{1}, items)
}
