package etcd_test

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/etcd"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// register registers an instance until stop, which returns the error of Register.
func register(t *testing.T, r discover.Registrar, in discover.Instance) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Register(ctx, in) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

// TestLeaseLost takes the lease and the key of an instance away: it registers again, each
// time, and leaves nothing behind.
func TestLeaseLost(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	var j journal
	r := etcd.New(client, "/services/rooms", etcd.TTL(2*time.Second), etcd.OnEvent(j.add))
	news := watch(t, r)
	await(t, news, nil)
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	await(t, news, nil, "a:1")
	for range 2 {
		for _, l := range leases(t, client) {
			_, err := client.Revoke(t.Context(), l)
			require.NoError(t, err)
		}
		await(t, news, nil)
		await(t, news, nil, "a:1")
		_, err := client.Delete(t.Context(), "/services/rooms/", clientv3.WithPrefix())
		require.NoError(t, err)
		await(t, news, nil)
		await(t, news, nil, "a:1")
	}
	require.Len(t, leases(t, client), 1)
	require.NoError(t, stop())
	await(t, news, nil)
	require.Empty(t, leases(t, client))
	_, errs := j.of("register_failed")
	require.Contains(t, errs, "etcd: the key of the instance is gone")
	require.Subset(t, []string{"etcd: the key of the instance is gone", "etcd: the lease of the instance has ended"}, errs)
}

// TestNothingIsLeft looks for what Watch and Register leave at the server.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	client := newClient(t, p.Addr)
	r := etcd.New(client, "/services/rooms")
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	for set, err := range r.Watch(t.Context()) {
		require.NoError(t, err)
		if len(set) == 1 {
			require.InDelta(t, 1, metric(t, p.Addr, "etcd_debugging_mvcc_watcher_total"), 0)
			break
		}
	}
	require.NoError(t, stop())
	require.Empty(t, leases(t, client))
	require.Eventually(t, func() bool { return metric(t, p.Addr, "etcd_debugging_mvcc_watcher_total") == 0 }, 10*time.Second, 20*time.Millisecond)
}

// metric returns a figure of etcd's own.
func metric(t *testing.T, addr, name string) float64 {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/metrics", http.NoBody)
	require.NoError(t, err)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			value, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err)
			return value
		}
	}
	t.Fatalf("etcd has no %s", name)
	return 0
}

func leases(t *testing.T, client *clientv3.Client) []clientv3.LeaseID {
	t.Helper()
	resp, err := client.Leases(t.Context())
	require.NoError(t, err)
	ids := make([]clientv3.LeaseID, len(resp.Leases))
	for i, l := range resp.Leases {
		ids[i] = l.ID
	}
	return ids
}

// TestRegisterNothing has an instance without an address, and an etcd that is never there.
func TestRegisterNothing(t *testing.T) {
	t.Parallel()
	r := etcd.New(newClient(t, "127.0.0.1:1"), "rooms")
	require.EqualError(t, r.Register(t.Context(), discover.Instance{}), "etcd: Register: the instance has no address")
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	require.NoError(t, stop(), "etcd was never asked for a lease, so nothing is left")
}

// TestRegisterEvents has etcd away for a while: the failure is told once, and so is its end.
func TestRegisterEvents(t *testing.T) {
	t.Parallel()
	p := startServer(t)
	var j journal
	client := newClient(t, p.Addr)
	r := etcd.New(client, "/services/rooms", etcd.TTL(time.Second), etcd.OnEvent(j.add))
	news := watch(t, r)
	stop := register(t, r, discover.Instance{Addr: "a:1"})
	await(t, news, anyError, "a:1")
	require.Eventually(t, func() bool { all, _ := j.of("registered"); return len(all) == 1 }, 10*time.Second, 10*time.Millisecond)
	pass(3 * time.Second) // several signs of life
	_, errs := j.of("register_failed")
	require.Empty(t, errs)
	key, err := client.Get(t.Context(), "/services/rooms/a:1/", clientv3.WithPrefix())
	require.NoError(t, err)
	require.EqualValues(t, 1, key.Kvs[0].Version, "it was written once")
	p.Kill()
	require.Eventually(t, func() bool { _, errs := j.of("register_failed"); return len(errs) > 0 }, 10*time.Second, 10*time.Millisecond)
	pass(6 * time.Second) // several attempts
	p.Start()
	require.Eventually(t, func() bool { all, _ := j.of("registered"); return len(all) == 2 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, stop())
	_, errs = j.of("register_failed")
	for i, err := range errs[1:] {
		require.NotEqual(t, errs[i], err, "one error after the other is told")
	}
}
