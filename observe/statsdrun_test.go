package observe_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe"
)

// hostsFile is a resolver with a file of its own, each line of which is an address.
type hostsFile struct{ path string }

func newHostsFile(t *testing.T, addrs ...string) hostsFile {
	t.Helper()
	h := hostsFile{filepath.Join(t.TempDir(), "hosts")}
	h.write(t, addrs...)
	return h
}

func (h hostsFile) write(t *testing.T, addrs ...string) {
	t.Helper()
	require.NoError(t, os.WriteFile(h.path, []byte(strings.Join(addrs, "\n")), 0o600))
}

func (h hostsFile) LookupHost(_ context.Context, host string) ([]string, error) {
	b, err := os.ReadFile(h.path)
	if err != nil || len(b) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return strings.Split(string(b), "\n"), nil
}

// newCollectors returns two collectors on one port, the first at 127.0.0.1 and the
// second at 127.0.0.2.
func newCollectors(t *testing.T) (first, second *collector, port string) {
	t.Helper()
	for range 20 {
		first = newCollector(t)
		_, port, _ = net.SplitHostPort(first.LocalAddr().String())
		conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.2:"+port)
		if err != nil { // the port is taken there
			continue
		}
		second = &collector{PacketConn: conn, done: make(chan struct{})}
		go second.read()
		t.Cleanup(func() { second.Close(); <-second.done })
		return first, second, port
	}
	t.Skip("no port is free at both addresses")
	return nil, nil, ""
}

// TestStatsDMoves has the address of the server change, as the resolver sees it. The
// collectors are outside of the bubble, whose time is that of Run.
func TestStatsDMoves(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		before []string
		after  []string
		closed bool // the server at the first address
		within time.Duration
		want   bool // packets at the second address
	}{
		{name: "it moved", before: []string{"127.0.0.1"}, after: []string{"127.0.0.2"}, within: 12 * time.Second, want: true},
		{name: "too early", before: []string{"127.0.0.1"}, after: []string{"127.0.0.2"}, within: 8 * time.Second},
		{name: "the first is gone", before: []string{"127.0.0.1"}, after: []string{"127.0.0.2"}, closed: true, within: 6 * time.Second, want: true},
		{name: "one of two is gone", before: []string{"127.0.0.1", "127.0.0.2"}, after: []string{"127.0.0.1", "127.0.0.2"}, closed: true, within: 6 * time.Second, want: true},
		{name: "another order", before: []string{"127.0.0.1"}, after: []string{"127.0.0.2", "127.0.0.1"}, within: 30 * time.Second},
		{name: "no answer", before: []string{"127.0.0.1"}, within: 30 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first, second, port := newCollectors(t)
			hosts := newHostsFile(t, tt.before...)
			synctest.Test(t, func(t *testing.T) {
				s := observe.NewStatsD("statsd.test:"+port, observe.ResolveStatsD(hosts))
				require.NoError(t, s.Err())
				s.Watch(func(yield func(endpoint.Gauge) bool) { yield(endpoint.Gauge{Source: "pool", Metric: "size"}) })
				stop := running(t, s)
				time.Sleep(1500 * time.Millisecond)
				hosts.write(t, tt.after...)
				if tt.closed {
					first.Close()
				}
				time.Sleep(tt.within)
				stop()
			})
			if !tt.closed {
				first.await(t, has("pool.size:0"))
			}
			if tt.want {
				second.await(t, has("pool.size:0"))
				return
			}
			second.mu.Lock()
			defer second.mu.Unlock()
			require.Empty(t, second.got)
		})
	}
}

// TestStatsDResolvesLate has a host that is unknown at first.
func TestStatsDResolvesLate(t *testing.T) {
	t.Parallel()
	server := newCollector(t)
	_, port, _ := net.SplitHostPort(server.LocalAddr().String())
	hosts := newHostsFile(t)
	synctest.Test(t, func(t *testing.T) {
		s := observe.NewStatsD("statsd.test:"+port, observe.ResolveStatsD(hosts))
		s.Event(t.Context(), endpoint.Event{Source: "test", Kind: "happened"})
		stop := running(t, s)
		time.Sleep(1500 * time.Millisecond)
		hosts.write(t, "127.0.0.1")
		time.Sleep(time.Second)
		stop()
		require.Zero(t, s.Dropped())
	})
	server.await(t, has("test.happened:1"))
}

// TestStatsDStopsResolving ends while the resolver has no answer.
func TestStatsDStopsResolving(t *testing.T) {
	t.Parallel()
	server := newCollector(t)
	_, port, _ := net.SplitHostPort(server.LocalAddr().String())
	synctest.Test(t, func(t *testing.T) {
		r := &slowResolver{}
		s := observe.NewStatsD("statsd.test:"+port, observe.ResolveStatsD(r))
		stop := running(t, s)
		time.Sleep(10*time.Second + 500*time.Millisecond)
		synctest.Wait()
		require.Equal(t, 2, r.asked)
		stop()
	})
}

// slowResolver answers once.
type slowResolver struct{ asked int }

func (r *slowResolver) LookupHost(ctx context.Context, _ string) ([]string, error) {
	if r.asked++; r.asked == 1 {
		return []string{"127.0.0.1"}, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}
