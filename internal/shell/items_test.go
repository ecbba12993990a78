package shell_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/shell"
)

func TestOnce(t *testing.T) {
	t.Parallel()
	items := shell.Once(endpoint.StreamOf(1, 2))
	got, err := items.Collect()
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, got)
	for range 2 {
		got, err = items.Collect()
		require.ErrorIs(t, err, shell.ErrRangedTwice)
		require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
		require.Empty(t, got)
	}

	items = shell.Once(endpoint.StreamOf(1, 2))
	for item, err := range items {
		require.NoError(t, err)
		require.Equal(t, 1, item)
		break
	}
	for item, err := range items {
		require.ErrorIs(t, err, shell.ErrRangedTwice, "after a break")
		require.Zero(t, item)
	}
	got, err = shell.Once(endpoint.StreamOf[int]()).Collect()
	require.NoError(t, err)
	require.Empty(t, got)
}

// TestOnceOfMany ranges over one stream on several goroutines: only one of them may
// reach the connection.
func TestOnceOfMany(t *testing.T) {
	t.Parallel()
	var ranges, refused atomic.Int32
	items := shell.Once(func(yield func(int, error) bool) { ranges.Add(1); yield(1, nil) })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := items.Collect(); errors.Is(err, shell.ErrRangedTwice) {
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, ranges.Load())
	require.EqualValues(t, 7, refused.Load())
}

func TestAtItem(t *testing.T) {
	t.Parallel()
	invalid := codec.ErrInvalid.WithViolations(endpoint.Violation{Pointer: "/name", Detail: "is missing"}, endpoint.Violation{Detail: "is not an object"})
	foreign := endpoint.Errorf(endpoint.InvalidArgument, "no").WithViolations(endpoint.Violation{Pointer: "/x"})
	for name, tt := range map[string]struct {
		err error
		n   int
	}{
		"nothing":              {nil, 1},
		"a plain error":        {errFailed, 1},
		"without violations":   {codec.ErrInvalid, 1},
		"another coded error":  {foreign, 1},
		"an error around none": {errors.Join(errFailed, codec.ErrInvalid), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.err, shell.AtItem(tt.err, tt.n), "it stays as it is")
		})
	}
	for _, n := range []int{0, 12} {
		err := shell.AtItem(errors.Join(invalid), n)
		at := map[int]string{0: "/0", 12: "/12"}[n]
		require.Equal(t, []endpoint.Violation{{Pointer: at + "/name", Detail: "is missing"}, {Pointer: at, Detail: "is not an object"}}, endpoint.ErrorOf(err).Violations())
		require.ErrorIs(t, err, codec.ErrInvalid)
		require.ErrorIs(t, err, error(invalid), "the cause")
	}
	require.Equal(t, "/name", invalid.Violations()[0].Pointer, "the error itself is not changed")
}

func TestUnimplemented(t *testing.T) {
	t.Parallel()
	err := shell.Unimplemented("Get")
	require.Equal(t, endpoint.Unimplemented, endpoint.CodeOf(err))
	require.EqualError(t, err, "Get is not implemented")
}
