// Package tracking tells where cargos are. It is for those whose cargos they are.
package tracking

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/store"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: service

// Service tells where a cargo is.
type Service struct {
	Track endpoint.Endpoint[ByID, Tracked]
}

// HTTP describes the service.
func (s *Service) HTTP(r *httpx.Routes) {
	r.GET("/cargos/{id}", &s.Track, httpx.Fails(cargo.ErrUnknown))
}

// end snippet

// ByID names a cargo.
type ByID struct {
	ID cargo.TrackingID `path:"id"`
}

// Tracked is one cargo.
type Tracked struct {
	Cargo Cargo `json:"cargo"`
}

// A Cargo is what its owner sees of a cargo.
type Cargo struct {
	TrackingID           cargo.TrackingID  `json:"tracking_id"`
	StatusText           string            `json:"status_text"`
	Origin               location.UNLocode `json:"origin"`
	Destination          location.UNLocode `json:"destination"`
	ETA                  time.Time         `json:"eta"` // zero unless the cargo is on track
	NextExpectedActivity string            `json:"next_expected_activity"`
	ArrivalDeadline      time.Time         `json:"arrival_deadline"`
	Events               []Event           `json:"events"`
}

// An Event is something that was done with a cargo, and whether that was planned.
type Event struct {
	Description string `json:"description"`
	Expected    bool   `json:"expected"`
}

// New returns the service that tracks the cargos of st.
func New(st *store.Store) Service {
	return Service{Track: func(_ context.Context, req ByID) (Tracked, error) {
		c, err := st.Find(req.ID)
		return Tracked{assemble(c)}, err
	}}
}

// assemble returns what the owner sees of a cargo.
func assemble(c cargo.Cargo) Cargo {
	d := c.Delivery()
	t := Cargo{
		TrackingID:           c.TrackingID,
		StatusText:           statusText(d),
		Origin:               c.Origin,
		Destination:          c.RouteSpecification.Destination,
		ETA:                  d.ETA,
		NextExpectedActivity: activityText(d.NextExpectedActivity),
		ArrivalDeadline:      c.RouteSpecification.ArrivalDeadline,
	}
	for _, e := range c.History {
		t.Events = append(t.Events, Event{eventText(e), c.Itinerary.IsExpected(e)})
	}
	return t
}
