// Package rooms is a service with every kind of call over HTTP, and the page of its
// document, for tests of the page in a browser.
package rooms

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/openapipage"
)

// A Room is for guests.
type Room struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Kind  string   `json:"kind"`
	Beds  int      `json:"beds"`
	Tags  []string `json:"tags,omitzero"`
	Extra *Room    `json:"extra,omitzero"` // that is rented with it
}

// A Search says which rooms.
type Search struct {
	Kind  *string  `query:"kind" enum:"single,double,suite"`
	Limit *int     `query:"limit" minimum:"1" maximum:"100"`
	Tags  []string `query:"tag" maxItems:"5"`
	Trace string   `header:"X-Trace" maxLength:"20"`
}

// A Found is a page of rooms.
type Found struct {
	Rooms []Room `json:"rooms"`
	Total int    `json:"total" header:"X-Total"`
}

// A NewRoom is a room to create.
type NewRoom struct {
	Name string   `json:"name" required:"true" minLength:"2" maxLength:"40"`
	Kind string   `json:"kind" required:"true" enum:"single,double,suite"`
	Beds int      `json:"beds" required:"true" minimum:"1" maximum:"8"`
	Tags []string `json:"tags,omitzero" maxItems:"5" uniqueItems:"true"`
}

// An ID names a room.
type ID struct {
	ID string `path:"id"`
}

// A Watch says which prices.
type Watch struct {
	ID    string `path:"id"`
	Until *int   `query:"until" minimum:"1"`
	Fail  bool   `query:"fail"`
}

// A Price is what a room costs from now on.
type Price struct {
	N     int `json:"n" sse:"id"`
	Cents int `json:"cents"`
}

// A Guest comes.
type Guest struct {
	Name string `json:"name" required:"true" minLength:"1"`
}

// A Sum is how many guests came.
type Sum struct {
	Guests int `json:"guests"`
}

// A Nothing has no members.
type Nothing struct{}

// A Closing is a request with credentials.
type Closing struct {
	Authorization string `header:"Authorization"`
}

// A Closed says who closed the house.
type Closed struct {
	By string `json:"by"`
}

var (
	ErrUnknown = endpoint.Define(endpoint.NotFound, "rooms", "UNKNOWN", "no such room")
	ErrTaken   = endpoint.Define(endpoint.AlreadyExists, "rooms", "TAKEN", "the name is taken")
	ErrStrike  = endpoint.Define(endpoint.Unavailable, "rooms", "STRIKE", "nobody works today")
	ErrClosed  = endpoint.Define(endpoint.Unauthenticated, "rooms", "TOKEN", "a token is needed")
)

// Rooms is the service.
type Rooms struct {
	List   endpoint.Endpoint[Search, Found]
	Create endpoint.Endpoint[NewRoom, Room]
	Get    endpoint.Endpoint[ID, Room]
	Delete endpoint.Endpoint[ID, Nothing]
	Prices endpoint.Endpoint[Watch, endpoint.Stream[Price]]
	Arrive endpoint.Endpoint[endpoint.Stream[Guest], Sum]
	Close  endpoint.Endpoint[Closing, Closed]
}

// HTTP describes the service.
func (s *Rooms) HTTP(r *httpx.Routes) {
	r.GET("/rooms", &s.List)
	r.POST("/rooms", &s.Create, httpx.Status(http.StatusCreated), httpx.Fails(ErrTaken))
	r.GET("/rooms/{id}", &s.Get, httpx.Fails(ErrUnknown))
	r.DELETE("/rooms/{id}", &s.Delete, httpx.Status(http.StatusNoContent), httpx.Fails(ErrUnknown))
	r.ServerStream("GET", "/rooms/{id}/prices", &s.Prices, httpx.Fails(ErrUnknown, ErrStrike))
	r.ClientStream("POST", "/guests", &s.Arrive)
	r.POST("/close", &s.Close, httpx.Fails(ErrClosed))
}

// A House has rooms.
type House struct {
	// Pause is the time between two prices.
	Pause time.Duration
	// Left is called when a reader of prices has left, unless it is nil.
	Left func()

	mu    sync.Mutex // guards the field below
	rooms map[string]Room
}

// Service returns the service of h.
func (h *House) Service() *Rooms {
	h.rooms = map[string]Room{"1": {ID: "1", Name: "Garden", Kind: "double", Beds: 2, Tags: []string{"quiet", "ground floor"}}}
	return &Rooms{
		List: h.list, Create: h.create, Get: h.get, Delete: h.remove, Prices: h.prices,
		Arrive: arrive,
		Close: func(_ context.Context, c Closing) (Closed, error) {
			if c.Authorization == "" {
				return Closed{}, ErrClosed
			}
			return Closed{By: c.Authorization}, nil
		},
	}
}

func (h *House) list(_ context.Context, s Search) (Found, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := Found{Rooms: []Room{}}
	for _, r := range h.rooms {
		if s.Kind == nil || *s.Kind == r.Kind {
			f.Rooms = append(f.Rooms, r)
		}
	}
	f.Total = len(f.Rooms)
	return f, nil
}

func (h *House) create(_ context.Context, n NewRoom) (Room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rooms {
		if r.Name == n.Name {
			return Room{}, ErrTaken
		}
	}
	r := Room{ID: "2", Name: n.Name, Kind: n.Kind, Beds: n.Beds, Tags: n.Tags}
	h.rooms[r.ID] = r
	return r, nil
}

func (h *House) get(_ context.Context, id ID) (Room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r, ok := h.rooms[id.ID]
	if !ok {
		return Room{}, ErrUnknown
	}
	return r, nil
}

func (h *House) remove(ctx context.Context, id ID) (Nothing, error) {
	_, err := h.get(ctx, id)
	if err != nil {
		return Nothing{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.rooms, id.ID)
	return Nothing{}, nil
}

// prices yields prices until there are enough or the reader leaves.
func (h *House) prices(ctx context.Context, w Watch) (endpoint.Stream[Price], error) {
	if _, err := h.get(ctx, ID{w.ID}); err != nil {
		return nil, err
	}
	return func(yield func(Price, error) bool) {
		tick := time.NewTicker(h.Pause)
		defer tick.Stop()
		for n := 1; w.Until == nil || n <= *w.Until; n++ {
			select {
			case <-tick.C:
			case <-ctx.Done():
				if h.Left != nil {
					h.Left()
				}
				yield(Price{}, ctx.Err())
				return
			}
			if !yield(Price{n, 9000 + 10*n}, nil) {
				return
			}
		}
		if w.Fail {
			yield(Price{}, ErrStrike)
		}
	}, nil
}

func arrive(_ context.Context, guests endpoint.Stream[Guest]) (Sum, error) {
	all, err := guests.Collect()
	return Sum{len(all)}, err
}

//go:embed testdata
var documents embed.FS

// Handler returns the service, with the page of its document at /docs, and at /docs-3.1 that of
// 3.1. Each of others, documents by their names, has a page at /docs- and its name.
func (h *House) Handler(others map[string][]byte) (http.Handler, error) {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, h.Service()); err != nil {
		return nil, err
	}
	own, err := fs.Sub(documents, "testdata")
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"openapi-3.1.json", "openapi-3.2.json"} {
		mux.Handle("GET /"+name, http.FileServerFS(own))
	}
	pages := []openapipage.Config{
		{Path: "/docs", Document: "openapi-3.2.json", Others: []string{"openapi-3.1.json"}},
		{Path: "/docs-3.1", Document: "openapi-3.1.json"},
	}
	for name, text := range others {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(text)
		})
		pages = append(pages, openapipage.Config{Path: "/docs-" + name, Document: name})
	}
	for _, c := range pages {
		if err := servePage(mux, c); err != nil {
			return nil, err
		}
	}
	return httpx.Problems(mux), nil
}

func servePage(mux *http.ServeMux, c openapipage.Config) error {
	page, err := openapipage.New(c)
	for path, h := range page {
		if path == c.Path+"/" {
			path += "{$}"
		}
		mux.Handle("GET "+path, h)
	}
	return err
}
