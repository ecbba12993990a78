package routing

import (
	"context"
	"time"

	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/voyage"
)

// NewPathfinder returns a routing service that knows two ways between any two locations: a
// direct one, and one over a third location. The first voyage leaves a day after now.
func NewPathfinder(now func() time.Time) *Service {
	return &Service{FindPaths: func(_ context.Context, q Query) (Found, error) {
		if q.From == q.To || !location.IsKnown(q.From) || !location.IsKnown(q.To) {
			return Found{}, nil
		}
		day := now().UTC().Truncate(time.Second).AddDate(0, 0, 1)
		return Found{Paths: []Path{
			path(day, []voyage.Number{"0100S"}, q.From, q.To),
			path(day, []voyage.Number{"0200T", "0300A"}, q.From, between(q), q.To),
		}}, nil
	}}
}

// between returns the first location that is neither end of the query.
func between(q Query) location.UNLocode {
	for _, l := range location.All() {
		if l.UNLocode != q.From && l.UNLocode != q.To {
			return l.UNLocode
		}
	}
	return ""
}

// path returns a way through the stops. Each voyage takes two days, and each stop one.
func path(leave time.Time, voyages []voyage.Number, stops ...location.UNLocode) Path {
	var p Path
	for i, v := range voyages {
		departure := leave.AddDate(0, 0, 3*i)
		p.Edges = append(p.Edges, Edge{
			Origin: stops[i], Destination: stops[i+1], Voyage: v,
			Departure: departure, Arrival: departure.AddDate(0, 0, 2),
		})
	}
	return p
}
