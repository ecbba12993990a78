// Package contractguide is the code of docs/contract.md.
package contractguide

import (
	"errors"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: rules

// Room is a type with rules.
type Room struct {
	Name  string   `json:"name" required:"true" minLength:"1" maxLength:"80"`
	Kind  Kind     `json:"kind" required:"true"`
	Seats int      `json:"seats" minimum:"1" maximum:"500" default:"2"`
	Tags  []string `json:"tags" maxItems:"10" uniqueItems:"true" pattern:"^[a-z]+$"`
	Email *string  `json:"email" format:"email"`
}

// Kind is a text of a fixed set.
type Kind string

// Values lists the set.
func (Kind) Values() []string { return []string{"single", "double"} }

// List has rules of parameters.
type List struct {
	Limit int                    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	After codec.Optional[string] `query:"after" format:"uuid"`
}

// end snippet

// snippet: validate

// Stay has a rule of its own.
type Stay struct {
	From time.Time `json:"from" required:"true"`
	To   time.Time `json:"to" required:"true"`
}

// Validate is called when all other rules of a Stay are kept.
func (s Stay) Validate() error {
	if !s.From.Before(s.To) {
		return errors.New("from must be before to")
	}
	return nil
}

// end snippet

// Booking is a request.
type Booking struct {
	Room

	Stay Stay `json:"stay" required:"true"`
}

// Rooms is a service.
type Rooms struct {
	Book endpoint.Endpoint[Booking, endpoint.Empty]
	List endpoint.Endpoint[List, []Room]
}

// HTTP describes it.
func (s *Rooms) HTTP(r *httpx.Routes) {
	r.POST("/bookings", &s.Book)
	r.GET("/rooms", &s.List)
}
