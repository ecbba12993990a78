package consul_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
	"github.com/typedkit/endpoint/internal/registrytest"
)

// A member is an agent of a cluster.
type member struct {
	agent
	*registrytest.Process
}

// startCluster starts three servers, and an agent that is not a server, as on the machines of
// services. The agent comes last.
func startCluster(t *testing.T) []member {
	t.Helper()
	program := registrytest.ConsulProgram(t)
	members := make([]member, 4)
	first := newAgent(t)
	for i := range members {
		a := first
		// A server that is killed stays a member, or it would have no vote for ten seconds after
		// its return.
		flags := []string{"-server", "-bootstrap-expect=3", "-hcl=performance { raft_multiplier = 1 } autopilot { cleanup_dead_servers = false }"}
		if i > 0 {
			a = newAgent(t)
		}
		if i == 3 {
			flags = nil
		}
		flags = append(flags, "-retry-join="+first.serf, "-retry-interval=1s")
		members[i] = member{a, registrytest.Launch(t, a.http, func(dir string) *exec.Cmd {
			return exec.Command(program, a.args(append(flags, "-data-dir="+dir)...)...) //nolint:noctx,gosec // it ends with the test
		}, func(ctx context.Context) error {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.http)
			if err != nil {
				return err
			}
			return conn.Close() // a leader is elected only once all members have started
		})}
	}
	eventually(t, consul.New(newClient(t, members[3].Addr), "consul"), func(set []discover.Instance) bool { return len(set) == 3 })
	return members
}

// leader returns the index of the leader.
func leader(t *testing.T, members []member) int {
	t.Helper()
	addr, err := newClient(t, members[3].Addr).Status().Leader()
	require.NoError(t, err)
	i := slices.IndexFunc(members, func(m member) bool { return m.server == addr })
	require.GreaterOrEqual(t, i, 0, addr)
	return i
}

// TestLeaderKilled kills the leader of three servers: the set stays as it is, and instances
// come and go afterwards.
func TestLeaderKilled(t *testing.T) {
	t.Parallel()
	if os.Getenv("ENDPOINT_LONG") == "" {
		t.Skip("it takes a minute; ENDPOINT_LONG is not set")
	}
	members := startCluster(t)
	local := newClient(t, members[3].Addr)
	registry := consul.New(local, "rooms")
	stop := register(t, registry, discover.Instance{Addr: "192.0.2.1:80"})
	for range 3 {
		killed := leader(t, members)
		other := newClient(t, members[(killed+1)%3].Addr)
		watches := []*watching{watch(t, registry), watch(t, consul.New(other, "rooms")), watch(t, consul.New(local, "rooms", consul.Stale()))}
		before := make([]int, len(watches))
		for i, w := range watches {
			w.await(t, "[192.0.2.1:80]")
			before[i] = len(w.news())
		}
		members[killed].Kill()
		begun := time.Now()
		wait(t, 15*time.Second) // longer than the TTL
		stopLate := register(t, consul.New(other, "rooms"), discover.Instance{Addr: "192.0.2.2:80"})
		for i, w := range watches {
			w.await(t, "[192.0.2.1:80 192.0.2.2:80]")
			for _, text := range w.news()[before[i]:] {
				if strings.HasPrefix(text, "[") {
					require.Contains(t, text, "192.0.2.1:80", "%q", w.news())
				}
			}
		}
		t.Logf("a leader was killed %v ago; the watches tell %q", time.Since(begun).Round(time.Second), watches[0].news())
		members[killed].Start()
		stopLate()
		for _, w := range watches {
			w.await(t, "[192.0.2.1:80]")
			w.end()
		}
		eventually(t, consul.New(local, "consul"), func(set []discover.Instance) bool { return len(set) == 3 })
	}
	stop()
	eventually(t, registry, func(set []discover.Instance) bool { return len(set) == 0 })
}
