package booking

import (
	"net/http"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/fault"
	"github.com/typedkit/endpoint/examples/shipping/location"
	"github.com/typedkit/endpoint/examples/shipping/routing"
	"github.com/typedkit/endpoint/examples/shipping/store"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: service

// Service books cargos and routes them.
type Service struct {
	Book              endpoint.Endpoint[BookRequest, Booked]
	List              endpoint.Endpoint[endpoint.Empty, Cargos]
	Load              endpoint.Endpoint[ByID, Loaded]
	RequestRoutes     endpoint.Endpoint[ByID, Itineraries]
	AssignToRoute     endpoint.Endpoint[AssignRequest, endpoint.Empty]
	ChangeDestination endpoint.Endpoint[ChangeRequest, endpoint.Empty]
	Locations         endpoint.Endpoint[endpoint.Empty, Locations]
}

// HTTP describes the service.
func (s *Service) HTTP(r *httpx.Routes) {
	invalid, unknown := httpx.Fails(fault.ErrInvalidArgument), httpx.Fails(cargo.ErrUnknown)
	elsewhere := httpx.Fails(location.ErrUnknown)
	r.POST("/cargos", &s.Book, invalid, elsewhere, httpx.Fails(store.ErrFull),
		httpx.ErrorStatus(store.ErrFull, http.StatusInsufficientStorage))
	r.GET("/cargos", &s.List)
	r.GET("/cargos/{id}", &s.Load, unknown)
	r.GET("/cargos/{id}/request_routes", &s.RequestRoutes, unknown, httpx.Fails(routing.ErrUnavailable))
	r.POST("/cargos/{id}/assign_to_route", &s.AssignToRoute, unknown, invalid)
	r.POST("/cargos/{id}/change_destination", &s.ChangeDestination, unknown, invalid, elsewhere)
	r.GET("/locations", &s.Locations)
}

// end snippet

// ByID names a cargo.
type ByID struct {
	ID cargo.TrackingID `path:"id"`
}

// BookRequest books a cargo.
type BookRequest struct {
	Origin          location.UNLocode `json:"origin"`
	Destination     location.UNLocode `json:"destination"`
	ArrivalDeadline time.Time         `json:"arrival_deadline"`
}

// Booked has the id of the new cargo.
type Booked struct {
	TrackingID cargo.TrackingID `json:"tracking_id"`
}

// A Cargo is what planners see of a cargo.
type Cargo struct {
	ArrivalDeadline time.Time         `json:"arrival_deadline"`
	Destination     location.UNLocode `json:"destination"`
	Legs            []cargo.Leg       `json:"legs,omitempty"`
	Misrouted       bool              `json:"misrouted"`
	Origin          location.UNLocode `json:"origin"`
	Routed          bool              `json:"routed"`
	TrackingID      cargo.TrackingID  `json:"tracking_id"`
}

// Cargos are all cargos, in the order of their ids.
type Cargos struct {
	Cargos []Cargo `json:"cargos,omitempty"`
}

// Loaded is one cargo.
type Loaded struct {
	Cargo Cargo `json:"cargo"`
}

// Itineraries are the routes that a cargo can take.
type Itineraries struct {
	Routes []cargo.Itinerary `json:"routes,omitempty"`
}

// AssignRequest sets the route of a cargo.
type AssignRequest struct {
	ID        cargo.TrackingID `path:"id"`
	Itinerary cargo.Itinerary  `body:"true"`
}

// ChangeRequest changes where a cargo should go.
type ChangeRequest struct {
	ID          cargo.TrackingID  `path:"id"`
	Destination location.UNLocode `json:"destination"`
}

// Locations are the locations that cargos are booked between, in the order of their codes.
type Locations struct {
	Locations []location.Location `json:"locations"`
}
