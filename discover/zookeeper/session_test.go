package zookeeper_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/zookeeper"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// TestCluster kills the leader of three members, and then leaves one member alone, which has
// no quorum: the set stays in both cases.
func TestCluster(t *testing.T) {
	t.Parallel()
	if os.Getenv("ENDPOINT_LONG") == "" {
		t.Skip("three servers take ENDPOINT_LONG=1")
	}
	members := startCluster(t)
	var addrs []string
	for addr := range members {
		addrs = append(addrs, addr)
	}
	r := zookeeper.New(addrs, rooms, zookeeper.TTL(lease))
	news := watch(t, r)
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	await(t, news, anyError, "a:1")
	first := leader(t, members, "")
	members[first].Kill()
	second := register(t, r, discover.Instance{Addr: "b:1"})
	await(t, news, anyError, "a:1", "b:1")

	next := leader(t, members, first)
	members[next].Kill()
	errs := stays(t, news, 2*lease, 2)
	require.Positive(t, errs, "a member without a quorum counts as away")
	members[first].Start()
	members[next].Start()
	third := register(t, r, discover.Instance{Addr: "c:1"})
	await(t, news, anyError, "a:1", "b:1", "c:1")
	require.NoError(t, stop())
	require.NoError(t, second())
	require.NoError(t, third())
	await(t, news, anyError)
}

// stays wants no other set than one of n instances for a while, and returns how many errors
// there were.
func stays(t *testing.T, news <-chan yielded, while time.Duration, n int) int {
	t.Helper()
	wait := time.NewTimer(while)
	defer wait.Stop()
	errs := 0
	for {
		select {
		case y := <-news:
			if y.err != nil {
				errs++
				continue
			}
			require.Len(t, y.set, n)
		case <-wait.C:
			return errs
		}
	}
}

// startCluster starts three members, and returns them by their addresses.
func startCluster(t *testing.T) map[string]*registrytest.Process {
	t.Helper()
	registrytest.ZooKeeperCommand(t)
	lines := []string{"initLimit=10", "syncLimit=5", "quorumListenOnAllIPs=false"}
	for i := range 3 {
		_, peer, _ := net.SplitHostPort(registrytest.Addr(t))
		_, election, _ := net.SplitHostPort(registrytest.Addr(t))
		lines = append(lines, fmt.Sprintf("server.%d=127.0.0.1:%s:%s", i+1, peer, election))
	}
	members := map[string]*registrytest.Process{}
	for i := range 3 {
		addr := registrytest.Addr(t)
		members[addr] = startMember(t, addr, i+1, lines...)
	}
	return members
}

// leader returns the address of the leader that is not the former one.
func leader(t *testing.T, members map[string]*registrytest.Process, former string) string {
	t.Helper()
	var found string
	require.Eventually(t, func() bool {
		for addr := range members {
			text, err := word(t.Context(), addr, "srvr")
			if err == nil && addr != former && strings.Contains(text, "Mode: leader") {
				found = addr
				return true
			}
		}
		return false
	}, 20*time.Second, 50*time.Millisecond)
	return found
}
