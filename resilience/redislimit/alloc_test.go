//go:build !race

package redislimit_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/resilience/redislimit"
)

// TestAllocs: what a question allocates besides what the client does, and a call while
// Redis is away.
func TestAllocs(t *testing.T) {
	srv := newServer(t)
	client := newClient(t, srv)
	throttle := redislimit.New(client, "allocs", 1e6, 1e6, redislimit.Timeout(patience))
	script := redis.NewScript("return {1, 2, 0}")
	require.Equal(t, 1, take(t, throttle, "k", 1))
	ctx := t.Context()
	bare := testing.AllocsPerRun(200, func() { _ = script.Run(ctx, client, []string{"limit:allocs:k"}, 1, 2, 3).Err() })
	got := testing.AllocsPerRun(200, func() { _, _, _ = throttle.Allow(ctx, "k") })
	t.Logf("%v allocations of a question, of the client alone %v", got, bare)
	require.LessOrEqual(t, got, bare+18)

	away := redislimit.New(client, "away", 1, 1, redislimit.Timeout(1))
	eventually(t, "a time-out of a nanosecond passes", func() bool {
		_, _, err := away.Allow(ctx, "k")
		return err != nil
	})
	require.LessOrEqual(t, testing.AllocsPerRun(200, func() { _, _, _ = away.Allow(ctx, "k") }), 2.0)
}
