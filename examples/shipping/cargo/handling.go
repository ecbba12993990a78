package cargo

import (
	"slices"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/voyage"
)

// ErrTooManyEvents is the error of a further event of a cargo that has MaxEvents.
var ErrTooManyEvents = endpoint.Define(endpoint.FailedPrecondition, "shipping", "TOO_MANY_EVENTS", "too many handling events")

// MaxEvents is how many events a cargo may have.
const MaxEvents = 100

// A HandlingEventType says what was done with a cargo.
type HandlingEventType int

// The types of events. NotHandled is the type of no event.
const (
	NotHandled HandlingEventType = iota
	Load
	Unload
	Receive
	Claim
	Customs
)

// ParseEventType returns the type with this name, or NotHandled.
func ParseEventType(name string) HandlingEventType {
	for t := Load; t <= Customs; t++ {
		if t.String() == name {
			return t
		}
	}
	return NotHandled
}

// String returns the name of the type.
func (t HandlingEventType) String() string {
	switch t {
	case NotHandled:
		return "Not Handled"
	case Load:
		return "Load"
	case Unload:
		return "Unload"
	case Receive:
		return "Receive"
	case Claim:
		return "Claim"
	case Customs:
		return "Customs"
	}
	return ""
}

// NeedsVoyage reports whether something is done with a voyage.
func (t HandlingEventType) NeedsVoyage() bool { return t == Load || t == Unload }

// A HandlingActivity is something that is done with a cargo, or expected next. VoyageNumber
// is "" for what is done in a port.
type HandlingActivity struct {
	Type         HandlingEventType
	Location     location.UNLocode
	VoyageNumber voyage.Number
}

// A HandlingEvent is an activity that was completed.
type HandlingEvent struct {
	TrackingID TrackingID
	Activity   HandlingActivity
	Completed  time.Time
}

// A History is what was done with a cargo, in the order of completion.
type History []HandlingEvent

// with returns a copy of the history with the event in its place.
func (h History) with(e HandlingEvent) (History, error) {
	if len(h) >= MaxEvents {
		return nil, ErrTooManyEvents
	}
	at := len(h)
	for at > 0 && h[at-1].Completed.After(e.Completed) {
		at--
	}
	return slices.Insert(slices.Clone(h), at, e), nil
}

// last returns the most recently completed event, or one of the type NotHandled.
func (h History) last() HandlingEvent {
	if len(h) == 0 {
		return HandlingEvent{}
	}
	return h[len(h)-1]
}
