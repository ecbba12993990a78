package cargo

import (
	"time"

	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/voyage"
)

// A RoutingStatus says whether the plan fits the specification.
type RoutingStatus int

// The routing statuses.
const (
	NotRouted RoutingStatus = iota
	Misrouted
	Routed
)

// A TransportStatus says where a cargo is.
type TransportStatus int

// The transport statuses.
const (
	NotReceived TransportStatus = iota
	InPort
	OnboardCarrier
	Claimed
)

// A Delivery is how the transport of a cargo stands, as opposed to the requirement, which is
// the RouteSpecification, and to the plan, which is the Itinerary.
type Delivery struct {
	RoutingStatus           RoutingStatus
	TransportStatus         TransportStatus
	LastEvent               HandlingEvent
	LastKnownLocation       location.UNLocode
	CurrentVoyage           voyage.Number    // while the cargo is on board, else ""
	NextExpectedActivity    HandlingActivity // of the type NotHandled if none is expected
	ETA                     time.Time        // zero unless the cargo is on track
	IsMisdirected           bool
	IsUnloadedAtDestination bool
}

func newDelivery(last HandlingEvent, i Itinerary, rs RouteSpecification) Delivery {
	d := Delivery{
		RoutingStatus:     routingStatus(i, rs),
		TransportStatus:   transportStatus(last.Activity.Type),
		LastEvent:         last,
		LastKnownLocation: last.Activity.Location,
		IsMisdirected:     last.Activity.Type != NotHandled && !i.IsExpected(last),

		IsUnloadedAtDestination: last.Activity.Type == Unload && last.Activity.Location == rs.Destination,
	}
	if d.TransportStatus == OnboardCarrier {
		d.CurrentVoyage = last.Activity.VoyageNumber
	}
	if d.IsOnTrack() {
		d.ETA = i.FinalArrivalTime()
		d.NextExpectedActivity = nextExpectedActivity(last.Activity, i)
	}
	return d
}

// IsOnTrack reports whether the cargo has a plan that fits, and follows it.
func (d Delivery) IsOnTrack() bool { return d.RoutingStatus == Routed && !d.IsMisdirected }

func routingStatus(i Itinerary, rs RouteSpecification) RoutingStatus {
	switch {
	case i.IsEmpty():
		return NotRouted
	case rs.IsSatisfiedBy(i):
		return Routed
	}
	return Misrouted
}

func transportStatus(last HandlingEventType) TransportStatus {
	switch last {
	case Load:
		return OnboardCarrier
	case Unload, Receive, Customs:
		return InPort
	case Claim:
		return Claimed
	case NotHandled:
	}
	return NotReceived
}

// nextExpectedActivity returns what should follow the last activity of a cargo that is on
// track.
func nextExpectedActivity(last HandlingActivity, i Itinerary) HandlingActivity {
	switch last.Type {
	case NotHandled:
		return HandlingActivity{Type: Receive, Location: i.InitialDepartureLocation()}
	case Receive:
		return load(i.Legs[0])
	case Load:
		l := i.Legs[i.legOf(last)] // a load that is on track has a leg
		return HandlingActivity{Type: Unload, Location: l.UnloadLocation, VoyageNumber: l.VoyageNumber}
	case Unload:
		if next := i.legOf(last) + 1; next < len(i.Legs) {
			return load(i.Legs[next])
		}
		return HandlingActivity{Type: Claim, Location: last.Location}
	case Claim, Customs:
	}
	return HandlingActivity{}
}

func load(l Leg) HandlingActivity {
	return HandlingActivity{Type: Load, Location: l.LoadLocation, VoyageNumber: l.VoyageNumber}
}
