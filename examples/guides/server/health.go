// Package serverguide holds the pieces that docs/server.md shows.
package serverguide

import (
	"context"
	"database/sql"
	"time"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// snippet: health

// addHealth adds the checks of a service that cannot answer without its database, and that
// can answer some calls without the prices.
func addHealth(s *server.Server, db *sql.DB, prices *discover.Pool[*httpx.Conn], source discover.Source, breaker *resilience.Breaker, probes string) {
	s.Add(
		server.Check("database", db.PingContext, server.Every(5*time.Second), server.Within(time.Second)),
		server.Follow(prices, source),
		server.Watch(breaker),
		server.Probes(probes)) // such as ":8083"
}

// end snippet

// snippet: report

// addHeartbeat passes the health on, after each change and every ten seconds.
func addHeartbeat(s *server.Server, send func(ctx context.Context, status string)) {
	s.Add(server.Report(func(ctx context.Context, r server.HealthReport) {
		send(ctx, string(r.Status))
	}))
}

// end snippet
