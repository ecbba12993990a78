package server_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// A store is something that a service needs. Its method Ping is that of a check.
type store struct{ down atomic.Bool }

func (s *store) Ping(context.Context) error {
	if s.down.Load() {
		return errDown
	}
	return nil
}

// statuses returns the status of each check by its name.
func statuses(s *server.Server) map[string]server.HealthStatus {
	all := map[string]server.HealthStatus{}
	for _, c := range s.Health().Checks {
		all[c.Name] = c.Status
	}
	return all
}

// TestRFC000ServerTakesChecks registers checks: methods and funcs of one signature.
func TestRFC000ServerTakesChecks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var db store
		s := server.New("rooms", quiet())
		s.Add(server.Check("database", db.Ping), server.Check("cache", down, server.Warn()))
		stop := running(t, s)
		synctest.Wait()
		require.Equal(t, map[string]server.HealthStatus{"database": server.HealthPass, "cache": server.HealthWarn}, statuses(s))
		require.True(t, s.Health().Ready)
		db.down.Store(true)
		time.Sleep(12 * time.Second)
		require.Equal(t, server.HealthFail, statuses(s)["database"])
		require.False(t, s.Health().Ready)
		require.NoError(t, stop())
	})
}

// TestRFC000ServerHasDefaultChecks has checks that nobody registered: of a listener, of
// works, one of which fails, and of what is watched.
func TestRFC000ServerHasDefaultChecks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := server.New("rooms", quiet())
		var before, after map[string]server.HealthStatus
		pool := discover.New(func(context.Context, string) (int, error) { return 0, nil }, discover.Named("strings"))
		s.Add(
			server.Listen("broker", free, newPart(newJournal(), func(context.Context) error {
				time.Sleep(2 * time.Second)
				after = statuses(s)
				return nil
			})),
			server.Watch(pool, resilience.NewBreaker(1, resilience.Named("strings"))),
			server.Go("cleaning", func(context.Context) error {
				time.Sleep(time.Second)
				before = statuses(s)
				return errDown
			}),
			server.Go("prices", untilEnd))
		require.ErrorIs(t, s.Run(t.Context()), errDown)
		want := map[string]server.HealthStatus{
			"listener/broker": server.HealthPass, "work/cleaning": server.HealthPass, "work/prices": server.HealthPass,
			"pool/strings": server.HealthWarn, "breaker/strings": server.HealthPass,
		}
		require.Equal(t, want, before)
		want["work/cleaning"] = server.HealthFail
		require.Equal(t, want, after)
	})
}

// TestRFC000ServerAnswersForItsHealth asks for the health while a check passes, and while it
// fails: in full on the admin address, without details where a load balancer asks, and over
// gRPC.
func TestRFC000ServerAnswersForItsHealth(t *testing.T) {
	t.Parallel()
	var db store
	h := newHost(t, served(double), setup{
		items: []server.Item{server.Check("database", db.Ping, server.Every(50*time.Millisecond)), server.Probes(free)},
		more:  []string{"probes"},
	})
	conn := dialGRPC(t, h.addr["gRPC"])
	answers := func() string {
		alive, _ := ask(t, "http://"+h.addr["probes"]+"/livez", "")
		ready, body := ask(t, "http://"+h.addr["probes"]+"/readyz", "")
		status, document := ask(t, "http://"+h.addr["admin"]+"/health", "")
		down := strings.Contains(document, `"output":"down"`)
		got, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
		return fmt.Sprint(alive, " ", ready, " ", strings.TrimSpace(body), ", ", status, " ", down, ", ", got.GetStatus(), " ", err)
	}
	for _, state := range []struct {
		down bool
		want string
	}{
		{false, "200 200 ok, 200 false, SERVING <nil>"},
		{true, "200 503 not ready, 503 true, NOT_SERVING <nil>"},
	} {
		db.down.Store(state.down)
		require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Equal(c, state.want, answers()) }, 10*time.Second, 10*time.Millisecond)
	}
}

// TestRFC000ServerPublishesHealth passes each change of the health on to a func of the
// program.
func TestRFC000ServerPublishesHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var db store
		var last atomic.Pointer[server.HealthReport]
		s := server.New("rooms", quiet())
		s.Add(server.Check("database", db.Ping), server.Report(func(_ context.Context, r server.HealthReport) { last.Store(&r) }))
		stop := running(t, s)
		synctest.Wait()
		require.Equal(t, server.HealthPass, last.Load().Status)
		require.True(t, last.Load().Ready)
		db.down.Store(true)
		time.Sleep(12 * time.Second)
		synctest.Wait()
		require.Equal(t, server.HealthFail, last.Load().Status)
		require.False(t, last.Load().Ready)
		require.Equal(t, "database", last.Load().Checks[0].Name)
		require.NoError(t, stop())
	})
}
