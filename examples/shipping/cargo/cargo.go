// Package cargo is the heart of the domain: cargos, where they should go, what is planned
// for them and what has happened to them. It is plain Go. Its values are immutable once
// they are shared: methods that change a Cargo replace what they change.
package cargo

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/location"
)

// ErrUnknown is the error of a tracking id that belongs to no cargo.
var ErrUnknown = endpoint.Define(endpoint.NotFound, "shipping", "UNKNOWN_CARGO", "unknown cargo")

// A TrackingID identifies a cargo.
type TrackingID string

// NextTrackingID returns a new id of eight characters. It may be in use already, which only
// a store can tell.
func NextTrackingID() TrackingID {
	var random [4]byte
	_, _ = rand.Read(random[:]) // it never fails
	return TrackingID(fmt.Sprintf("%X", random))
}

// snippet: cargo

// A Cargo is what is shipped.
type Cargo struct {
	TrackingID         TrackingID
	Origin             location.UNLocode
	RouteSpecification RouteSpecification
	Itinerary          Itinerary
	History            History
}

// New returns a cargo that is neither routed nor handled.
func New(id TrackingID, rs RouteSpecification) Cargo {
	return Cargo{TrackingID: id, Origin: rs.Origin, RouteSpecification: rs}
}

// SpecifyNewRoute changes where the cargo should go. What is planned stays, and may now be a
// wrong route.
func (c *Cargo) SpecifyNewRoute(rs RouteSpecification) { c.RouteSpecification = rs }

// AssignToRoute replaces what is planned for the cargo.
func (c *Cargo) AssignToRoute(i Itinerary) { c.Itinerary = i }

// Handle adds an event to the history of the cargo.
func (c *Cargo) Handle(e HandlingEvent) error {
	h, err := c.History.with(e)
	if err != nil {
		return err
	}
	c.History = h
	return nil
}

// Delivery returns how the delivery of the cargo stands. It is derived each time, so it
// always agrees with the plan and the history.
func (c *Cargo) Delivery() Delivery {
	return newDelivery(c.History.last(), c.Itinerary, c.RouteSpecification)
}

// end snippet

// A RouteSpecification says where a cargo should go, and until when.
type RouteSpecification struct {
	Origin          location.UNLocode
	Destination     location.UNLocode
	ArrivalDeadline time.Time
}

// IsSatisfiedBy reports whether the itinerary leads from the origin to the destination.
func (rs RouteSpecification) IsSatisfiedBy(i Itinerary) bool {
	return !i.IsEmpty() && rs.Origin == i.InitialDepartureLocation() && rs.Destination == i.FinalArrivalLocation()
}
