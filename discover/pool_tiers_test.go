package discover_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"google.golang.org/grpc/credentials/insecure"
)

// spares returns a source of instances of two tiers, by priority or by zone.
func spares(first, second []string, byZone bool) discover.Source {
	var set []discover.Instance
	for _, addr := range first {
		set = append(set, discover.Instance{Addr: addr, Zone: "a"})
	}
	for _, addr := range second {
		if byZone {
			set = append(set, discover.Instance{Addr: addr, Zone: "b"})
		} else {
			set = append(set, discover.Instance{Addr: addr, Zone: "a", Priority: 1})
		}
	}
	return discover.Fixed(set...)
}

// TestSparesOfRealServers stops all servers of the first priority, or of the zone, under
// load: no call fails.
func TestSparesOfRealServers(t *testing.T) {
	t.Parallel()
	ample := func() endpoint.Layer {
		return resilience.NewRetry(4, resilience.Budgeted(resilience.NewBudget(10, 100)))
	}
	for name, byZone := range map[string]bool{"priorities": false, "zones": true} {
		t.Run("HTTP, "+name, func(t *testing.T) {
			t.Parallel()
			first, second := backends(t, 3), backends(t, 3)
			pool := follow(t, discover.New(httpx.Dialer(), discover.Zone("a")), spares(addrs(first), addrs(second), byZone))
			var c echoes
			require.NoError(t, httpx.Client(pool, &c, httpx.Use(ample())))
			errs := hammer(t, c.Get, func() {
				for _, s := range first {
					_ = s.Listener.Close()
					s.CloseClientConnections()
				}
			})
			require.Empty(t, errs)
		})
		t.Run("gRPC, "+name, func(t *testing.T) {
			t.Parallel()
			first, second := grpcBackends(t, 3), grpcBackends(t, 3)
			var all [2][]string
			for i, servers := range [][]*grpcBackend{first, second} {
				for _, s := range servers {
					all[i] = append(all[i], s.Addr().String())
				}
			}
			pool := follow(t, discover.New(grpcx.Dialer(insecure.NewCredentials()), discover.Zone("a")), spares(all[0], all[1], byZone))
			var c echoes
			require.NoError(t, grpcx.Client(pool, &c, grpcx.Use(ample())))
			errs := hammer(t, c.Get, func() {
				for _, s := range first {
					s.server.Stop()
				}
			})
			require.Empty(t, errs)
		})
	}
}

// TestProbesOfRealServers: servers that say they are not ready get no calls, over HTTP and
// gRPC.
func TestProbesOfRealServers(t *testing.T) {
	t.Parallel()
	t.Run("HTTP", func(t *testing.T) {
		t.Parallel()
		var hits [2]atomic.Int64
		var servers []*httptest.Server
		for i := range hits {
			count := func(ctx context.Context, w word) (word, error) { hits[i].Add(1); return echo(ctx, w) }
			servers = append(servers, serveHTTP(t, &echoes{count, count, count}, func(mux *http.ServeMux) {
				mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
					if i == 1 {
						w.WriteHeader(http.StatusServiceUnavailable)
					}
				})
			}))
		}
		pool := follow(t, discover.New(httpx.Dialer(), discover.Check(httpx.Probe("/readyz"))), discover.Static(addrs(servers)...))
		var c echoes
		require.NoError(t, httpx.Client(pool, &c))
		require.Empty(t, hammer(t, c.Get, func() {}))
		require.EqualValues(t, calls, hits[0].Load())
		require.Zero(t, hits[1].Load())
	})
	t.Run("gRPC", func(t *testing.T) {
		t.Parallel()
		well, unwell := healthy(t, true), healthy(t, false)
		var events atomic.Int64
		pool := follow(t, discover.New(grpcx.Dialer(insecure.NewCredentials()), discover.Check(grpcx.Probe("")),
			discover.OnEvent(func(_ context.Context, e endpoint.Event) {
				if e.Kind == "unhealthy" && e.Detail == unwell {
					events.Add(1)
				}
			})), discover.Static(well, unwell))
		var c echoes
		require.NoError(t, grpcx.Client(pool, &c))
		require.Empty(t, hammer(t, c.Get, func() {}))
		require.EqualValues(t, 1, events.Load())
		require.InDelta(t, 1, gauge(pool, "serving"), 0)
	})
}

// TestMostServersDie: three of four servers are gone, and the registry still names them. A
// Retry as it is by default hides that.
func TestMostServersDie(t *testing.T) {
	t.Parallel()
	t.Run("HTTP", func(t *testing.T) {
		t.Parallel()
		servers := backends(t, 4)
		var c echoes
		pool := follow(t, discover.New(httpx.Dialer()), discover.Static(addrs(servers)...))
		require.NoError(t, httpx.Client(pool, &c, httpx.Use(resilience.NewRetry(4))))
		require.Empty(t, hammer(t, c.Get, func() {
			for _, s := range servers[1:] {
				_ = s.Listener.Close()
				s.CloseClientConnections()
			}
		}))
	})
	t.Run("gRPC", func(t *testing.T) {
		t.Parallel()
		servers := grpcBackends(t, 4)
		var all []string
		for _, s := range servers {
			all = append(all, s.Addr().String())
		}
		var c echoes
		pool := follow(t, discover.New(grpcx.Dialer(insecure.NewCredentials())), discover.Static(all...))
		require.NoError(t, grpcx.Client(pool, &c, grpcx.Use(resilience.NewRetry(4))))
		require.Empty(t, hammer(t, c.Get, func() {
			for _, s := range servers[1:] {
				s.server.Stop()
			}
		}))
	})
}
