package redislimit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/resilience/redislimit"
)

// TestKeys: each key has a bucket of its own, and none is long.
func TestKeys(t *testing.T) {
	t.Parallel()
	client := newClient(t, newServer(t))
	name := strings.Repeat("n", 64)
	throttle := redislimit.New(client, name, slow, 1, redislimit.Timeout(patience))
	long := strings.Repeat("a", 1<<20)
	keys := []string{
		"", "k", ":", "a:b", "{k}", "k\x00\r\n\xff", long[:64], long[:65], long[:66], long, long + "b",
		"sha256:" + strings.Repeat("0", 57), // as long as a key may be, but a hash is longer
	}
	for i := range 50 {
		keys = append(keys, long[:100+i])
	}
	for _, key := range keys {
		require.Equal(t, 1, take(t, throttle, key, 2), "%.80q", key)
	}
	stored, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Len(t, stored, len(keys))
	for _, key := range stored {
		require.True(t, strings.HasPrefix(key, "limit:"+name+":"), key)
		require.LessOrEqual(t, len(key), 142)
	}
}
