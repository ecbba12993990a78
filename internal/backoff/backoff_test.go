package backoff_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/backoff"
)

// TestWait doubles the waits up to the longest one, each at least half of its bound.
func TestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b backoff.Backoff
		took := func(wait func()) time.Duration {
			begun := time.Now()
			wait()
			return time.Since(begun)
		}
		for _, ms := range []int{100, 200, 400, 800, 1000, 1000} {
			most := time.Duration(ms) * time.Millisecond
			got := took(func() { b.Wait(t.Context()) })
			require.True(t, most/2 <= got && got < most, "%v, at most %v", got, most)
		}
		got := took(func() { b.WaitAtMost(t.Context(), 300*time.Millisecond) })
		require.True(t, 150*time.Millisecond <= got && got < 300*time.Millisecond, "%v", got)
		b.Reset()
		require.Less(t, took(func() { b.Wait(t.Context()) }), backoff.First)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Zero(t, took(func() { b.Wait(ctx) }))
	})
}
