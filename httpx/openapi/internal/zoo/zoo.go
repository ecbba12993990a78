// Package zoo is a service with every kind of thing that a document describes.
package zoo

import (
	"encoding/json/jsontext"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/httpx/openapi/internal/zoo/keeper"
)

// The errors of the service.
var (
	ErrNoAnimal  = endpoint.Define(endpoint.NotFound, "zoo", "NO_ANIMAL", "no such animal")
	ErrNoCage    = endpoint.Define(endpoint.NotFound, "zoo", "NO_CAGE", "no such cage")
	ErrAsleep    = endpoint.Define(endpoint.Unavailable, "zoo", "ASLEEP", "the animal sleeps").WithRetryAfter(time.Minute)
	ErrForbidden = endpoint.Define(endpoint.PermissionDenied, "zoo", "FORBIDDEN", "not for visitors").WithMeta("why", "it bites")
)

// Kind is a text of a fixed set.
type Kind string

// Values lists the set.
func (Kind) Values() []string { return []string{"bird", "cat", "fish"} }

// Color writes itself as a text.
type Color struct{ R, G, B uint8 }

// MarshalText writes a color.
func (c Color) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "#%02x%02x%02x", c.R, c.G, c.B), nil
}

// UnmarshalText reads a color. Any other text is black.
func (c *Color) UnmarshalText(text []byte) error {
	if _, err := fmt.Sscanf(string(text), "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		*c = Color{}
	}
	return nil
}

// UUID is one of 16 bytes.
type UUID [16]byte

// MarshalText writes it.
func (UUID) MarshalText() ([]byte, error) { return []byte("00000000-0000-0000-0000-000000000000"), nil }

// UnmarshalText reads it.
func (*UUID) UnmarshalText(text []byte) error {
	if !isUUID.Match(text) {
		return endpoint.Errorf(endpoint.InvalidArgument, "must be a UUID")
	}
	return nil
}

var isUUID = regexp.MustCompile("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")

// Money writes itself as JSON.
type Money struct{ Cents int }

// MarshalJSON writes it.
func (Money) MarshalJSON() ([]byte, error) { return []byte(`"0.00"`), nil }

// UnmarshalJSON reads it.
func (*Money) UnmarshalJSON([]byte) error { return nil }

// Base is embedded.
type Base struct {
	ID      UUID      `json:"id" required:"true" doc:"given by the server" example:"00000000-0000-0000-0000-000000000000"`
	Created time.Time `json:"created" example:"2026-01-02T15:04:05Z"`
}

// User is one of two types of this name.
type User struct {
	Name string `json:"name" required:"true" minLength:"1" maxLength:"40" example:"Ann"`
}

// Tree is recursive.
type Tree struct {
	Name     string  `json:"name" required:"true" pattern:"^[a-z]+$"`
	Children []*Tree `json:"children" maxItems:"8"`
	Parent   *Tree   `json:"parent,omitzero"`
}

// Nest is a recursive slice.
type Nest []Nest

// Page is a generic type.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitzero"`
}

// Animal has every kind of member.
type Animal struct {
	Base

	Kind    Kind                   `json:"kind" required:"true" doc:"what it is"`
	Size    Kind                   `json:"size,omitzero" enum:"cat,fish" default:"cat"`
	Name    string                 `json:"name" required:"true" minLength:"1" maxLength:"20" doc:"shown to visitors" example:"Leo"`
	Legs    int8                   `json:"legs" minimum:"0" maximum:"100" multipleOf:"2" example:"4"`
	Eyes    uint8                  `json:"eyes" enum:"1,2,8" default:"2"`
	Weight  float64                `json:"weight" exclusiveMinimum:"0" required:"true" example:"190.5"`
	Height  *float32               `json:"height" maximum:"10"`
	Number  int64                  `json:"number,string" example:"7"`
	Count   *uint64                `json:"count,string,omitzero"`
	Serial  uint32                 `json:"serial" deprecated:"true"`
	Tags    []string               `json:"tags" maxItems:"5" uniqueItems:"true" minLength:"2" example:"[\"big\", \"old\"]"`
	Teeth   [3]int                 `json:"teeth"`
	Digest  [4]byte                `json:"digest"`
	Photo   []byte                 `json:"photo,omitzero"`
	Color   Color                  `json:"color"`
	Price   Money                  `json:"price"`
	Naps    time.Duration          `json:"naps" default:"8h"`
	Fed     *time.Time             `json:"fed,omitzero"`
	Address netip.Addr             `json:"address"`
	Net     netip.Prefix           `json:"net"`
	Scores  map[string]int         `json:"scores" maxProperties:"3" maximum:"10"`
	ByYear  map[int]string         `json:"byYear"`
	ByColor map[Color]bool         `json:"byColor"`
	Email   string                 `json:"email,omitzero" format:"email" required:"true"`
	Code    *string                `json:"code" pattern:"(?i)^[a-z]{3}$"`
	Nick    codec.Optional[string] `json:"nick,omitzero" maxLength:"10"`
	Mate    *Tree                  `json:"mate"`
	Owner   keeper.User            `json:"owner"`
	Visitor *User                  `json:"visitor"`
	Nest    Nest                   `json:"nest"`
	Inline  struct {
		X, Y int
	} `json:"inline"`
	Any   any            `json:"any"`
	Raw   jsontext.Value `json:"raw"`
	Alive bool           `json:"alive" default:"true"`
	Empty string         `json:"empty,omitempty"`
}

// Open has members of its user.
type Open struct {
	Name string         `json:"name"`
	More map[string]int `json:",embed"`
}

// Get has parameters of every kind.
type Get struct {
	ID      UUID                 `path:"id" doc:"of the animal"`
	Fields  []string             `query:"fields" maxItems:"3" minLength:"1" doc:"which members to return"`
	Limit   int                  `query:"limit" minimum:"1" maximum:"100" default:"20" example:"50"`
	Since   *time.Time           `query:"since"`
	Kind    codec.Optional[Kind] `query:"kind"`
	Wait    time.Duration        `query:"wait" default:"1s"`
	Deep    bool                 `query:"deep"`
	Hash    []byte               `query:"hash"`
	Pair    [2]int               `query:"pair" required:"true"`
	Trace   string               `header:"X-Trace" required:"true" minLength:"1"`
	Session string               `cookie:"session" deprecated:"true"`
}

// Got is a response with headers and a status of its own.
type Got struct {
	Status  int         `status:"true"`
	Tag     string      `header:"ETag" doc:"of the version" example:"abc"`
	Age     int         `header:"X-Age"`
	Session http.Cookie `cookie:"session"`
	Animal  *Animal     `body:"true" required:"true"`
}

// Put has a body beside its parameters.
type Put struct {
	Number int    `path:"number" minimum:"1"`
	Name   string `json:"name" required:"true" minLength:"1"`
	Note   string `json:"note" default:"none" maxLength:"10"`
}

// Moved is a response that is also a member of itself as a request.
type Moved struct {
	Count int `header:"X-Count"`
	Done  bool
}

// Login is a form.
type Login struct {
	User  string   `form:"user" required:"true" minLength:"1"`
	Roles []string `form:"roles" maxItems:"2"`
	Age   *int     `form:"age" minimum:"18"`
	Stay  bool     `form:"stay" default:"true"`
}

// File is a rest of a path with a body that may be absent.
type File struct {
	Path string               `path:"path"`
	User codec.Optional[User] `body:"true"`
}

// Raw is a body of bytes.
type Raw struct {
	Name string `path:"name"`
	Data []byte `body:"true"`
}

// OldError is an error body of older servers.
type OldError struct {
	Message string `json:"message"`
	Code    int    `json:"code"`
}

// Tick is an item of a stream.
type Tick struct {
	N  int       `json:"n" sse:"id"`
	At time.Time `json:"at"`
}

// Search is a request of a method that 3.1 does not know.
type Search struct {
	Text string `json:"text" required:"true" minLength:"1"`
}

// Zoo is the service.
type Zoo struct {
	Get    endpoint.Endpoint[Get, Got]
	List   endpoint.Endpoint[endpoint.Empty, Page[Animal]]
	Users  endpoint.Endpoint[endpoint.Empty, Page[User]]
	Add    endpoint.Endpoint[Animal, endpoint.Empty]
	Put    endpoint.Endpoint[Put, Moved]
	Patch  endpoint.Endpoint[Put, Moved]
	Tree   endpoint.Endpoint[Tree, Tree]
	Login  endpoint.Endpoint[Login, string]
	File   endpoint.Endpoint[File, endpoint.Empty]
	Upload endpoint.Endpoint[Raw, []byte]
	Old    endpoint.Endpoint[User, User]
	Open   endpoint.Endpoint[Open, Open]
	Delete endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
	Search endpoint.Endpoint[Search, []User]
	Purge  endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
	Ticks  endpoint.Endpoint[endpoint.Empty, endpoint.Stream[Tick]]
	Feed   endpoint.Endpoint[endpoint.Stream[User], User]
	Chat   endpoint.Endpoint[endpoint.Stream[User], endpoint.Stream[User]]
}

// HTTP describes it.
func (s *Zoo) HTTP(r *httpx.Routes) {
	r.GET("/animals/{id}", &s.Get, httpx.Fails(ErrNoAnimal, ErrNoCage))
	r.GET("/animals", &s.List)
	r.GET("/users", &s.Users)
	r.POST("/animals", &s.Add, httpx.Status(201))
	r.PUT("/animals/{number}", &s.Put, httpx.ErrorStatus(ErrForbidden, 451),
		httpx.Example("one", Put{Number: 7, Name: "Leo"}, Moved{Count: 1, Done: true}),
		httpx.Example("with a note", Put{Number: 8, Name: "Ann", Note: "asleep"}, Moved{}))
	r.PATCH("/animals/{number}", &s.Patch, httpx.AllowUnknown())
	r.POST("/trees", &s.Tree)
	r.POST("/login", &s.Login, httpx.ResponseCodec(must[string](codec.Text())))
	r.PUT("/files/{path...}", &s.File)
	r.POST("/raw/{name}", &s.Upload, httpx.RequestCodec(must[[]byte](codec.Bytes("image/png"))), httpx.ResponseCodec(must[[]byte](codec.Bytes(""))))
	r.POST("/old", &s.Old, httpx.Fails(ErrNoCage), httpx.MapErrors(
		func(e *endpoint.Error) (int, OldError) { return 0, OldError{Message: e.Message()} },
		func(int, OldError) *endpoint.Error { return nil }))
	r.POST("/open", &s.Open)
	r.DELETE("/animals", &s.Delete, httpx.Status(204))
	r.Handle("QUERY", "/animals", &s.Search)
	r.Handle("PURGE", "/animals", &s.Purge)
	r.ServerStream("GET", "/ticks", &s.Ticks)
	r.ClientStream("POST", "/feed", &s.Feed)
	r.Bidi("POST", "/chat", &s.Chat)
}

// Describe has the facts.
func (s *Zoo) Describe(f *endpoint.Facts) {
	f.Of(&s.Get, endpoint.Doc("returns an animal"), endpoint.Fails(ErrAsleep))
	f.Of(&s.Old, endpoint.Doc("is as Login was"), endpoint.Deprecated())
	f.Of(&s.Put, endpoint.Doc("moves an animal\n\nIt takes a while."), endpoint.Fails(ErrForbidden, ErrNoAnimal))
}

// Formats are those of the service.
func Formats() httpx.Option {
	return httpx.Formats(codec.JSON(), codec.As(codec.JSON(), "application/vnd.zoo+json"))
}

// Document returns the document of the service.
func Document() *openapi.Document {
	return openapi.New("zoo", "1.0", new(Zoo), openapi.Mounted(Formats()), openapi.Description("A service with every kind of thing."),
		openapi.License("MIT", "https://opensource.org/license/mit"), openapi.Tag("Zoo", "animals and their keepers"))
}

func must[T any](f codec.Format) codec.Codec[T] {
	c, err := codec.Of[T](f, codec.Options{})
	if err != nil {
		panic(err)
	}
	return c
}
