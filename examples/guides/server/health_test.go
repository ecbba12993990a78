package serverguide

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// unreachable is a database that nobody can connect to.
type unreachable struct{}

func (unreachable) Connect(context.Context) (driver.Conn, error) { return nil, errors.New("no route") }
func (unreachable) Driver() driver.Driver                        { return nil }

// TestHealth has a database that cannot be reached, and a pool without instances. It ends
// when both are known.
func TestHealth(t *testing.T) {
	t.Parallel()
	db := sql.OpenDB(unreachable{})
	t.Cleanup(func() { _ = db.Close() })
	s := server.New("shop", server.Log(slog.New(slog.DiscardHandler)))
	addHealth(s, db, discover.New(httpx.Dialer()), discover.Static(), resilience.NewBreaker(5), "localhost:0")
	ctx, stop := context.WithCancel(t.Context())
	addHeartbeat(s, func(_ context.Context, status string) {
		if status != "fail" {
			t.Errorf("status %q, want fail", status)
		}
		for _, c := range s.Health().Checks {
			if c.Start.IsZero() {
				return
			}
		}
		stop()
	})
	require.NoError(t, s.Run(ctx))
	got := map[string]server.HealthStatus{}
	for _, c := range s.Health().Checks {
		got[c.Name] = c.Status
	}
	require.Equal(t, map[string]server.HealthStatus{
		"database": server.HealthFail, "pool": server.HealthWarn, "work/pool": server.HealthPass, "breaker": server.HealthPass, "listener/probes": server.HealthPass,
	}, got)
}
