package server

import (
	"context"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/service"
)

// A Pool is a pool of package discover, whatever the type of its connections.
type Pool interface {
	Watchable
	// Run follows the source until ctx or the source ends.
	Run(ctx context.Context, source discover.Source) error
}

// Follow has a pool follow source, as [Go] runs a func: from before the server is ready until
// its calls have ended. The pool is on the admin page and has a check, as by [Watch]. The
// name of the work is "pool NAME", or "pool" without a name of the pool; several pools need
// names of their own, which [discover.Named] gives them. If the source ends with an error,
// the server stops. A nil pool or source is a fault.
func Follow(pool Pool, source discover.Source) Item {
	return item(func(s *Server) {
		if service.IsNil(pool) {
			s.fault("Follow: the pool is nil")
			return
		}
		name := workOf(pool)
		if service.IsNil(source) {
			s.fault("Follow: the source of %q is nil", name)
			return
		}
		s.works = s.addStep("Follow", s.works, name, true, func(ctx context.Context) error { return pool.Run(ctx, source) })
		s.Add(Watch(pool))
	})
}

// workOf returns the name of the work of a pool.
func workOf(pool Pool) string {
	for g := range pool.Gauges {
		if g.Name != "" {
			return "pool " + g.Name
		}
	}
	return "pool"
}
