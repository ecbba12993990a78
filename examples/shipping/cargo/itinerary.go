package cargo

import (
	"fmt"
	"time"

	"github.com/typedkit/endpoint/examples/shipping/fault"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/voyage"
)

// Limits of an itinerary, which strangers send.
const (
	MaxLegs   = 16
	maxNumber = 16 // bytes of the number of a voyage
)

// A Leg is the way of a cargo on one voyage.
type Leg struct {
	VoyageNumber   voyage.Number     `json:"voyage_number"`
	LoadLocation   location.UNLocode `json:"from"`
	UnloadLocation location.UNLocode `json:"to"`
	LoadTime       time.Time         `json:"load_time"`
	UnloadTime     time.Time         `json:"unload_time"`
}

// An Itinerary is the plan for a cargo: the legs from its origin to its destination. They
// may lead through ports at which no cargo is booked.
type Itinerary struct {
	Legs []Leg `json:"legs"`
}

// Validate adds what is wrong with the form of the itinerary to faults.
func (i Itinerary) Validate(faults *fault.Faults) {
	if len(i.Legs) == 0 || len(i.Legs) > MaxLegs {
		faults.Check(false, "/legs", fmt.Sprintf("must have 1 to %d legs", MaxLegs))
		return
	}
	for n, l := range i.Legs {
		at := fmt.Sprintf("/legs/%d", n)
		faults.Check(l.VoyageNumber != "" && len(l.VoyageNumber) <= maxNumber, at+"/voyage_number", fmt.Sprintf("must have 1 to %d bytes", maxNumber))
		faults.Check(l.LoadLocation.IsWellFormed(), at+"/from", "must be a UN/LOCODE")
		faults.Check(l.UnloadLocation.IsWellFormed(), at+"/to", "must be a UN/LOCODE")
	}
}

// IsEmpty reports whether nothing is planned.
func (i Itinerary) IsEmpty() bool { return len(i.Legs) == 0 }

// InitialDepartureLocation returns where the first leg begins, or "".
func (i Itinerary) InitialDepartureLocation() location.UNLocode {
	if i.IsEmpty() {
		return ""
	}
	return i.Legs[0].LoadLocation
}

// FinalArrivalLocation returns where the last leg ends, or "".
func (i Itinerary) FinalArrivalLocation() location.UNLocode {
	if i.IsEmpty() {
		return ""
	}
	return i.Legs[len(i.Legs)-1].UnloadLocation
}

// FinalArrivalTime returns when the last leg ends, or the zero time.
func (i Itinerary) FinalArrivalTime() time.Time {
	if i.IsEmpty() {
		return time.Time{}
	}
	return i.Legs[len(i.Legs)-1].UnloadTime
}

// IsExpected reports whether the event agrees with the plan. Without a plan, every event does.
func (i Itinerary) IsExpected(e HandlingEvent) bool {
	if i.IsEmpty() {
		return true
	}
	switch e.Activity.Type {
	case Receive:
		return e.Activity.Location == i.InitialDepartureLocation()
	case Load, Unload:
		return i.legOf(e.Activity) >= 0
	case Claim:
		return e.Activity.Location == i.FinalArrivalLocation()
	case NotHandled, Customs:
	}
	return true
}

// legOf returns the index of the leg that a cargo begins or ends by being loaded or
// unloaded, or -1.
func (i Itinerary) legOf(a HandlingActivity) int {
	for n, l := range i.Legs {
		at := l.LoadLocation
		if a.Type == Unload {
			at = l.UnloadLocation
		}
		if at == a.Location && l.VoyageNumber == a.VoyageNumber {
			return n
		}
	}
	return -1
}
