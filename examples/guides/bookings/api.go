// Package bookings is a service of meeting rooms: parameters of every place, an enum,
// members that may be absent, defaults, declared errors, and a feed that its readers
// resume when the server restarts. A gateway or a command imports this package and uses
// [Rooms] as its client.
package bookings

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// Errors that callers match with errors.Is.
var (
	ErrNoRoom = endpoint.Define(endpoint.NotFound, "bookings", "NO_ROOM", "no such room")
	ErrTaken  = endpoint.Define(endpoint.AlreadyExists, "bookings", "TAKEN", "the room is taken at that time")
)

// Kind is the kind of a room. The zero Kind is small.
type Kind uint8

// The kinds of rooms.
const (
	Small Kind = iota
	Large
)

var kinds = []string{"small", "large"}

// Values returns the names of all kinds. The caller gets them with the fault of a wrong
// one, because the error of UnmarshalText is not an *endpoint.Error.
func (Kind) Values() []string { return kinds }

// MarshalText returns the name of k.
func (k Kind) MarshalText() ([]byte, error) {
	if int(k) >= len(kinds) {
		return nil, endpoint.Errorf(endpoint.Internal, "no kind has the number %d", k)
	}
	return []byte(kinds[k]), nil
}

// UnmarshalText reads the name of a kind.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kinds, string(text))
	if i < 0 {
		return errors.New("no such kind of room")
	}
	*k = Kind(i)
	return nil
}

// Room is a room.
type Room struct {
	Name  string `json:"name" required:"true"`
	Kind  Kind   `json:"kind"`
	Seats int    `json:"seats" default:"4"`
	Note  string `json:"note"`
}

// List asks for rooms.
type List struct {
	Kind   *Kind     `query:"kind"`                                         // nil: of any kind
	Seats  int       `query:"seats" default:"1"`                            // at least
	Limit  int       `query:"limit" default:"20" minimum:"1" maximum:"100"` // at most
	Free   time.Time `query:"free"`                                         // zero: taken or not
	Tenant string    `header:"X-Tenant"`
	Lang   string    `cookie:"lang" default:"en"`
}

// Found is the response to a List.
type Found struct {
	Rooms []Room `json:"rooms"`
	Lang  string `json:"lang"`
}

// Put creates or replaces a room.
type Put struct {
	Name string `path:"name"`
	Room Room   `body:"true"`
}

// Stored is the response to a Put, with the status 201 if the room is new.
type Stored struct {
	Status int  `status:"true"`
	Room   Room `body:"true"`
}

// Change changes members of a room, of which each may be absent.
type Change struct {
	Name  string                 `path:"name"`
	Kind  codec.Optional[Kind]   `json:"kind,omitzero"`
	Seats codec.Optional[int]    `json:"seats,omitzero"`
	Note  codec.Optional[string] `json:"note,omitzero"` // null clears it
}

// Book books a room.
type Book struct {
	Name   string        `path:"name"`
	Key    string        `header:"Idempotency-Key"`
	Start  time.Time     `json:"start" required:"true"`
	Length time.Duration `json:"length" default:"1h"`
}

// Booking is a booking, and an item of the feed.
type Booking struct {
	ID     int64         `json:"id" sse:"id"`
	Room   string        `json:"room"`
	Start  time.Time     `json:"start"`
	Length time.Duration `json:"length"`
}

// Feed asks for the bookings after an id.
type Feed struct {
	After int64 `header:"Last-Event-ID"`
}

// ByName names a room.
type ByName struct {
	Name string `path:"name"`
}

// Rooms is the service. Its fields are the implementation on a server, and the calls on
// a client.
type Rooms struct {
	List   endpoint.Endpoint[List, Found]
	Get    endpoint.Endpoint[ByName, Room]
	Put    endpoint.Endpoint[Put, Stored]
	Change endpoint.Endpoint[Change, Room]
	Delete endpoint.Endpoint[ByName, endpoint.Empty]
	Book   endpoint.Endpoint[Book, Booking]
	Feed   endpoint.Endpoint[Feed, endpoint.Stream[Booking]]
}

// Describe states what holds over every transport.
func (s *Rooms) Describe(f *endpoint.Facts) {
	f.Of(&s.Get, endpoint.Fails(ErrNoRoom))
	f.Of(&s.Change, endpoint.Fails(ErrNoRoom))
	f.Of(&s.Delete, endpoint.Fails(ErrNoRoom))
	f.Of(&s.Book, endpoint.Fails(ErrNoRoom, ErrTaken))
}

// HTTP describes the service.
func (s *Rooms) HTTP(r *httpx.Routes) {
	r.GET("/rooms", &s.List)
	r.GET("/rooms/{name}", &s.Get)
	r.PUT("/rooms/{name}", &s.Put)
	r.PATCH("/rooms/{name}", &s.Change)
	r.DELETE("/rooms/{name}", &s.Delete)
	r.POST("/rooms/{name}/bookings", &s.Book, httpx.Status(http.StatusCreated))
	r.ServerStream("GET", "/bookings", &s.Feed, httpx.Resume())
}
