// Package handling registers what is done with cargos. It is for those who do it.
package handling

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/bus"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/fault"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/store"
	"github.com/typedkit/endpoint/examples/shipping/voyage"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: service

// Service registers what was done with cargos.
type Service struct {
	RegisterIncident endpoint.Endpoint[Incident, endpoint.Empty]
}

// HTTP describes the service.
func (s *Service) HTTP(r *httpx.Routes) {
	r.POST("/incidents", &s.RegisterIncident, httpx.Fails(fault.ErrInvalidArgument,
		cargo.ErrUnknown, voyage.ErrUnknown, location.ErrUnknown, cargo.ErrTooManyEvents))
}

// An Incident is something that was done with a cargo.
type Incident struct {
	CompletionTime time.Time         `json:"completion_time"`
	TrackingID     cargo.TrackingID  `json:"tracking_id"`
	Voyage         voyage.Number     `json:"voyage"` // "" for what is done in a port
	Location       location.UNLocode `json:"location"`
	EventType      string            `json:"event_type"` // Receive, Load, Unload, Customs or Claim
}

// end snippet

// New returns the service that keeps what was done in st, and then tells handled.
func New(st *store.Store, handled *bus.Topic[cargo.HandlingEvent]) Service {
	return Service{RegisterIncident: func(ctx context.Context, in Incident) (endpoint.Empty, error) {
		e, err := in.event()
		if err != nil {
			return endpoint.Empty{}, err
		}
		err = st.Change(e.TrackingID, func(c *cargo.Cargo) error {
			if err := in.checkPlace(); err != nil {
				return err
			}
			return c.Handle(e)
		})
		if err == nil {
			handled.Publish(ctx, e)
		}
		return endpoint.Empty{}, err
	}}
}

// event returns the event that the incident is.
func (in Incident) event() (cargo.HandlingEvent, error) {
	did := cargo.ParseEventType(in.EventType)
	var faults fault.Faults
	faults.Check(!in.CompletionTime.IsZero(), "/completion_time", "must be a time")
	faults.Check(in.TrackingID != "", "/tracking_id", "must not be empty")
	faults.Check(in.Location != "", "/location", "must not be empty")
	faults.Check(did != cargo.NotHandled, "/event_type", "must be Receive, Load, Unload, Customs or Claim")
	faults.Check(in.Voyage != "" || !did.NeedsVoyage(), "/voyage", "must not be empty")
	return cargo.HandlingEvent{
		TrackingID: in.TrackingID,
		Activity:   cargo.HandlingActivity{Type: did, Location: in.Location, VoyageNumber: in.Voyage},
		Completed:  in.CompletionTime,
	}, faults.Err()
}

// checkPlace returns an error if the voyage or the location is not known.
func (in Incident) checkPlace() error {
	if in.Voyage != "" {
		if err := voyage.Check(in.Voyage, "/voyage"); err != nil {
			return err
		}
	}
	return location.Check(in.Location, "/location")
}
