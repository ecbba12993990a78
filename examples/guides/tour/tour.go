// Package tour holds the pieces that the README shows.
package tour

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// ByID asks for a profile; the path holds its id.
type ByID struct {
	ID string `path:"id"`
}

// Profile is a person.
type Profile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Errors of the service.
var (
	ErrNotFound = endpoint.Define(endpoint.NotFound, "profiles", "NOT_FOUND", "no such profile")
	ErrNoToken  = endpoint.Define(endpoint.Unauthenticated, "profiles", "NO_TOKEN", "a token is needed")
)

// Profiles is a service with a read and a write.
type Profiles struct {
	Get endpoint.Endpoint[ByID, Profile]
	Put endpoint.Endpoint[Profile, endpoint.Empty]
}

// HTTP describes the service.
func (s *Profiles) HTTP(r *httpx.Routes) {
	r.GET("/profiles/{id}", &s.Get, httpx.Fails(ErrNotFound))
	r.POST("/profiles", &s.Put, httpx.Idempotent())
}

// Store is where profiles are.
type Store struct {
	mu   sync.Mutex // guards the field below
	byID map[string]Profile
}

// Get finds a profile.
func (s *Store) Get(_ context.Context, req ByID) (Profile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.byID[req.ID]
	if !ok {
		return Profile{}, ErrNotFound.With("no profile %q", req.ID)
	}
	return p, nil
}

// Put stores a profile.
func (s *Store) Put(_ context.Context, p Profile) (endpoint.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[string]Profile{}
	}
	s.byID[p.ID] = p
	return endpoint.Empty{}, nil
}

// snippet: layer

// timing is a layer: it looks at no request and no response, so it fits every
// endpoint of every service, on every transport.
func timing(ctx context.Context) (context.Context, func(error) error, error) {
	start := time.Now()
	return ctx, func(err error) error {
		slog.InfoContext(ctx, endpoint.CallFrom(ctx).Operation().Name, "took", time.Since(start), "err", err)
		return err
	}, nil
}

// end snippet

// snippet: middleware

// cached is a middleware: it is typed, and sees the request and the response.
func cached(next endpoint.Endpoint[ByID, Profile]) endpoint.Endpoint[ByID, Profile] {
	var mu sync.Mutex
	profiles := map[ByID]Profile{}
	return func(ctx context.Context, req ByID) (Profile, error) {
		mu.Lock()
		p, ok := profiles[req]
		mu.Unlock()
		if ok {
			return p, nil
		}
		p, err := next(ctx, req)
		if err == nil {
			mu.Lock()
			profiles[req] = p
			mu.Unlock()
		}
		return p, err
	}
}

// end snippet

// snippet: chain

// newProfiles chains the endpoints with what is theirs alone. No type argument
// is needed: Wrap takes its types from the endpoint.
func newProfiles(store *Store) *Profiles {
	return &Profiles{
		Get: endpoint.Chain(store.Get, cached, endpoint.Recover),
		Put: store.Put,
	}
}

// end snippet

// auth refuses calls without a token.
func auth(ctx context.Context) (context.Context, func(error) error, error) {
	call := endpoint.CallFrom(ctx)
	if call.Header().Get("Authorization") == "" {
		return ctx, nil, ErrNoToken
	}
	call.SetPrincipal("somebody")
	return ctx, nil, nil
}

// snippet: stack

// writes are the operations that need a token.
func writes(op *endpoint.Operation) bool { return op.Method != http.MethodGet }

// mountBoth gives two services one stack of layers.
func mountBoth(r chi.Router, users, products *Profiles) error {
	stack := endpoint.Stack{
		endpoint.LayerFunc(timing),
		endpoint.Only(endpoint.LayerFunc(auth), writes),
	}
	return errors.Join(
		httpx.Mount(under(r, "/users"), users, httpx.Use(stack...)),
		httpx.Mount(under(r, "/products"), products, httpx.Use(stack...)),
	)
}

// end snippet

func under(r chi.Router, prefix string) chi.Router {
	sub := chi.NewRouter()
	r.Mount(prefix, http.StripPrefix(prefix, httpx.Problems(sub)))
	return sub
}

// snippet: errors

// lookUp calls another process, and matches the error that it declared.
func lookUp(ctx context.Context, profiles *Profiles, id string) (string, error) {
	p, err := profiles.Get(ctx, ByID{id})
	switch {
	case errors.Is(err, ErrNotFound):
		return "nobody", nil
	case err != nil:
		return "", endpoint.Errorf(endpoint.Unavailable, "cannot look up the profile: %w", err)
	}
	return p.Name, nil
}

// end snippet
