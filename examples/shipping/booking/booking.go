// Package booking books cargos and routes them. It is for those who plan.
package booking

import (
	"cmp"
	"context"
	"errors"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/fault"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/store"
)

// Routes returns the itineraries that satisfy a specification.
type Routes func(ctx context.Context, rs cargo.RouteSpecification) ([]cargo.Itinerary, error)

// New returns the service that keeps its cargos in st, and gets routes from routes.
func New(st *store.Store, routes Routes) Service {
	p := planner{st, routes}
	return Service{
		Book: p.book, List: p.list, Load: p.load, RequestRoutes: p.requestRoutes,
		AssignToRoute: p.assignToRoute, ChangeDestination: p.changeDestination, Locations: p.locations,
	}
}

// planner is the implementation.
type planner struct {
	store  *store.Store
	routes Routes
}

func (p planner) book(_ context.Context, req BookRequest) (Booked, error) {
	var faults fault.Faults
	faults.Check(req.Origin != "", "/origin", "must not be empty")
	faults.Check(req.Destination != "", "/destination", "must not be empty")
	faults.Check(!req.ArrivalDeadline.IsZero(), "/arrival_deadline", "must be a time")
	if err := faults.Err(); err != nil {
		return Booked{}, err
	}
	if err := cmp.Or(location.Check(req.Origin, "/origin"), location.Check(req.Destination, "/destination")); err != nil {
		return Booked{}, err
	}
	rs := cargo.RouteSpecification{Origin: req.Origin, Destination: req.Destination, ArrivalDeadline: req.ArrivalDeadline}
	for {
		c := cargo.New(cargo.NextTrackingID(), rs)
		if err := p.store.Add(c); !errors.Is(err, store.ErrExists) {
			return Booked{c.TrackingID}, err
		}
	}
}

func (p planner) list(context.Context, endpoint.Empty) (Cargos, error) {
	var all []Cargo
	for _, c := range p.store.All() {
		all = append(all, assemble(c))
	}
	return Cargos{all}, nil
}

func (p planner) load(_ context.Context, req ByID) (Loaded, error) {
	c, err := p.store.Find(req.ID)
	return Loaded{assemble(c)}, err
}

func (p planner) requestRoutes(ctx context.Context, req ByID) (Itineraries, error) {
	c, err := p.store.Find(req.ID)
	if err != nil {
		return Itineraries{}, err
	}
	routes, err := p.routes(ctx, c.RouteSpecification)
	return Itineraries{routes}, err
}

func (p planner) assignToRoute(_ context.Context, req AssignRequest) (endpoint.Empty, error) {
	var faults fault.Faults
	req.Itinerary.Validate(&faults)
	if err := faults.Err(); err != nil {
		return endpoint.Empty{}, err
	}
	return endpoint.Empty{}, p.store.Change(req.ID, func(c *cargo.Cargo) error {
		c.AssignToRoute(req.Itinerary)
		return nil
	})
}

func (p planner) changeDestination(_ context.Context, req ChangeRequest) (endpoint.Empty, error) {
	var faults fault.Faults
	faults.Check(req.Destination != "", "/destination", "must not be empty")
	if err := faults.Err(); err != nil {
		return endpoint.Empty{}, err
	}
	return endpoint.Empty{}, p.store.Change(req.ID, func(c *cargo.Cargo) error {
		rs := c.RouteSpecification
		rs.Destination = req.Destination
		c.SpecifyNewRoute(rs)
		return location.Check(req.Destination, "/destination")
	})
}

func (p planner) locations(context.Context, endpoint.Empty) (Locations, error) {
	return Locations{location.All()}, nil
}

// assemble returns what planners see of a cargo.
func assemble(c cargo.Cargo) Cargo {
	return Cargo{
		ArrivalDeadline: c.RouteSpecification.ArrivalDeadline,
		Destination:     c.RouteSpecification.Destination,
		Legs:            c.Itinerary.Legs,
		Misrouted:       c.Delivery().RoutingStatus == cargo.Misrouted,
		Origin:          c.Origin,
		Routed:          !c.Itinerary.IsEmpty(),
		TrackingID:      c.TrackingID,
	}
}
