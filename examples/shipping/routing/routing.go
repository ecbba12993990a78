// Package routing is the routing service: another program, which finds ways between
// locations. This package has what both ends share, and the client's policies.
package routing

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/voyage"
	"github.com/typedkit/endpoint/httpx"
)

// ErrUnavailable is the error of a call for which the routing service gave no answer.
var ErrUnavailable = endpoint.Define(endpoint.Unavailable, "shipping", "ROUTING_UNAVAILABLE", "the routing service does not answer")

// snippet: routing

// Service is the routing service: on a server its field is the implementation, on a client
// it is the call.
type Service struct {
	FindPaths endpoint.Endpoint[Query, Found]
}

// HTTP describes the service.
func (s *Service) HTTP(r *httpx.Routes) { r.GET("/paths", &s.FindPaths) }

// A Query asks for the ways between two locations.
type Query struct {
	From location.UNLocode `query:"from"`
	To   location.UNLocode `query:"to"`
}

// Found are the ways that there are.
type Found struct {
	Paths []Path `json:"paths"`
}

// A Path is one way.
type Path struct {
	Edges []Edge `json:"edges"`
}

// An Edge is a part of a way on one voyage.
type Edge struct {
	Origin      location.UNLocode `json:"origin"`
	Destination location.UNLocode `json:"destination"`
	Voyage      voyage.Number     `json:"voyage"`
	Departure   time.Time         `json:"departure"`
	Arrival     time.Time         `json:"arrival"`
}

// Routes returns the itineraries that satisfy the specification. Its error is that of the
// caller's context, or ErrUnavailable with the error of the call as its cause.
func (s *Service) Routes(ctx context.Context, rs cargo.RouteSpecification) ([]cargo.Itinerary, error) {
	found, err := s.FindPaths(ctx, Query{From: rs.Origin, To: rs.Destination})
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, err
	default:
		return nil, ErrUnavailable.WithCause(err).WithRetryAfter(endpoint.ErrorOf(err).RetryAfter())
	}
	var routes []cargo.Itinerary
	for _, p := range found.Paths {
		routes = append(routes, p.itinerary())
	}
	return routes, nil
}

// end snippet

func (p Path) itinerary() cargo.Itinerary {
	i := cargo.Itinerary{Legs: make([]cargo.Leg, 0, len(p.Edges))}
	for _, e := range p.Edges {
		i.Legs = append(i.Legs, cargo.Leg{
			VoyageNumber: e.Voyage, LoadLocation: e.Origin, UnloadLocation: e.Destination,
			LoadTime: e.Departure, UnloadTime: e.Arrival,
		})
	}
	return i
}
