// Package shipping is the example of go-kit with the same name: three services over one
// store, which talk by events. The program is in cmd/shipping.
package shipping

import (
	"github.com/typedkit/endpoint/examples/shipping/booking"
	"github.com/typedkit/endpoint/examples/shipping/bus"
	"github.com/typedkit/endpoint/examples/shipping/cargo"
	"github.com/typedkit/endpoint/examples/shipping/handling"
	"github.com/typedkit/endpoint/examples/shipping/inspection"
	"github.com/typedkit/endpoint/examples/shipping/store"
	"github.com/typedkit/endpoint/examples/shipping/tracking"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: services

// Services are the three services: implementations on a server, calls on a client.
type Services struct {
	Booking  booking.Service
	Handling handling.Service
	Tracking tracking.Service
}

// HTTP describes the services, each below a path of its own. No valid body is longer than
// 8 KiB.
func (s *Services) HTTP(r *httpx.Routes) {
	r = r.Under("", Errors(), httpx.MaxBody(8<<10))
	s.Booking.HTTP(r.Under("/booking/v1", httpx.Named("Booking")))
	s.Handling.HTTP(r.Under("/handling/v1", httpx.Named("Handling")))
	s.Tracking.HTTP(r.Under("/tracking/v1", httpx.Named("Tracking")))
}

// New returns the services over one store, and the inspection that follows what is handled.
func New(st *store.Store, routes booking.Routes) (*Services, *inspection.Service) {
	handled := new(bus.Topic[cargo.HandlingEvent])
	return &Services{
		Booking:  booking.New(st, routes),
		Handling: handling.New(st, handled),
		Tracking: tracking.New(st),
	}, inspection.New(st, handled)
}

// end snippet
