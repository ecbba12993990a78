package redislimit_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/resilience/redislimit"
)

// newCluster starts a cluster of three nodes and returns it with a client.
func newCluster(t *testing.T) ([]*server, *redis.ClusterClient) {
	t.Helper()
	var nodes []*server
	var addrs []string
	var first []string // host, port and bus port
	const slots, n = 16384, 3
	for i := range n {
		_, bus, err := net.SplitHostPort(freeAddress(t))
		require.NoError(t, err)
		node := newServer(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-require-full-coverage", "no")
		client := newClient(t, node)
		require.NoError(t, client.ClusterAddSlotsRange(t.Context(), i*slots/n, (i+1)*slots/n-1).Err())
		if i == 0 {
			host, port, err := net.SplitHostPort(node.addr)
			require.NoError(t, err)
			first = []string{host, port, bus}
		} else {
			require.NoError(t, client.Do(t.Context(), "CLUSTER", "MEET", first[0], first[1], first[2]).Err())
		}
		nodes, addrs = append(nodes, node), append(addrs, node.addr)
	}
	for _, node := range nodes {
		client := newClient(t, node)
		eventually(t, "a node knows all", func() bool {
			info := client.ClusterInfo(t.Context()).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3") && strings.Contains(info, "cluster_slots_ok:16384")
		})
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = client.Close() })
	return nodes, client
}

// TestCluster has keys on all nodes of a cluster, one of which goes away.
func TestCluster(t *testing.T) {
	t.Parallel()
	nodes, client := newCluster(t)
	throttle := redislimit.New(client, "cluster", slow, 2, redislimit.Timeout(patience))
	for i := range 60 {
		require.Equal(t, 2, take(t, throttle, strconv.Itoa(i), 3))
	}
	for i, node := range nodes {
		keys, err := newClient(t, node).DBSize(t.Context()).Result()
		require.NoError(t, err)
		require.Positive(t, keys, "keys on node %d", i)
	}

	throttle = redislimit.New(client, "cluster", slow, 2, redislimit.Timeout(time.Second))
	nodes[1].pause(t)
	eventually(t, "the circuit opens", func() bool {
		failed := false
		for i := range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, _, err := throttle.Allow(ctx, strconv.Itoa(i))
			failed = failed || err != nil && ctx.Err() == nil
			cancel()
		}
		return failed
	})
	nodes[1].resume(t)
	eventually(t, "the circuit closes", func() bool {
		_, _, err := throttle.Allow(t.Context(), "0")
		return err == nil
	})
	require.Zero(t, take(t, redislimit.New(client, "cluster", slow, 2, redislimit.Timeout(patience)), "0", 1))
}
