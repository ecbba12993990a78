// Package authguide has the code of docs/auth.md.
package authguide

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/auth"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// snippet: first

// User is who calls.
type User struct{ ID, Tenant string }

// Principal returns the name for logs and limits.
func (u User) Principal() string { return u.ID }

// Users is declared once, beside the services that require it.
var Users = &auth.Bearer[User]{Name: "users"}

// HTTP describes the service, for its server and its clients.
func (s *Rooms) HTTP(r *httpx.Routes) {
	r.DELETE("/rooms/{id}", &s.Delete, httpx.Requires(Users.Scope("rooms:write")))
}

func mount(mux *http.ServeMux, svc *Rooms) error {
	return httpx.Mount(mux, svc, httpx.Use(Users.Verify(verify)))
}

// end snippet

// ByID is the request.
type ByID struct {
	ID string `path:"id"`
}

// Room is the response.
type Room struct {
	ID    string `json:"id"`
	Owner string `json:"owner"`
}

// Rooms is the service.
type Rooms struct {
	Delete endpoint.Endpoint[ByID, Room]
}

// snippet: verify

func verify(ctx context.Context, token string) (User, []string, error) {
	s, err := sessions.find(ctx, token)
	switch {
	case errors.Is(err, errNoSession):
		return User{}, nil, err // 401
	case err != nil:
		return User{}, nil, endpoint.Errorf(endpoint.Unavailable, "cannot look the session up: %w", err) // 503
	}
	return s.user, s.scopes, nil
}

// end snippet

type session struct {
	user   User
	scopes []string
}

type store map[string]session

var (
	errNoSession = errors.New("no such session")
	sessions     = store{"t1": {User{ID: "ann", Tenant: "a"}, []string{"rooms:write"}}, "t2": {User{ID: "bob"}, nil}}
)

func (s store) find(_ context.Context, token string) (session, error) {
	found, ok := s[token]
	if !ok {
		return session{}, errNoSession
	}
	return found, nil
}

// snippet: from

func remove(ctx context.Context, req ByID) (Room, error) {
	u, ok := Users.From(ctx)
	if !ok {
		return Room{}, endpoint.ErrUnauthenticated
	}
	return Room{ID: req.ID, Owner: u.ID}, nil
}

// end snippet

// snippet: owner

// owned lets the owner of a room delete it, and nobody else.
func owned(find func(ctx context.Context, id string) (Room, error)) endpoint.Middleware[ByID, Room] {
	return func(next endpoint.Endpoint[ByID, Room]) endpoint.Endpoint[ByID, Room] {
		return func(ctx context.Context, req ByID) (Room, error) {
			room, err := find(ctx, req.ID)
			if err != nil {
				return Room{}, err
			}
			if u, ok := Users.From(ctx); !ok || u.ID != room.Owner {
				return Room{}, auth.ErrPermissionDenied
			}
			return next(ctx, req)
		}
	}
}

// end snippet

// snippet: client

func connect(url string, c *Rooms) error {
	tokens := auth.NewTokens(func(ctx context.Context) (auth.Token, error) {
		value, lasts, err := logIn(ctx)
		return auth.Token{Value: value, Expires: time.Now().Add(lasts)}, err
	})
	return httpx.Client(httpx.To(url), c, httpx.Use(resilience.NewRetry(3), Users.Send(tokens)))
}

// end snippet

func logIn(context.Context) (string, time.Duration, error) { return "t1", time.Hour, nil }

// snippet: gateway

func gateway(mux *http.ServeMux, backend string) error {
	var rooms Rooms
	return errors.Join(
		httpx.Client(httpx.To(backend), &rooms, httpx.Use(Users.Relay())),
		httpx.Mount(mux, &rooms, httpx.Use(Users.Relay())),
	)
}

// end snippet

// snippet: schemes

// App is a program that calls.
type App string

// Principal returns its name.
func (a App) Principal() string { return string(a) }

// The other schemes.
var (
	Staff = &auth.Basic[User]{Name: "staff"}
	Apps  = &auth.APIKey[App]{Name: "apps", Header: "X-Api-Key"} // or Query, or Cookie
	Peers = &auth.ClientCert[App]{Name: "peers"}
)

func stack() endpoint.Stack {
	return endpoint.Stack{
		Staff.Verify(func(_ context.Context, name, password string) (User, []string, error) {
			if name != "root" || !auth.Equal(password, os.Getenv("ROOT_PASSWORD")) {
				return User{}, nil, errors.New("wrong name or password")
			}
			return User{ID: name}, nil, nil
		}),
		Apps.Verify(auth.Keys(map[string]App{os.Getenv("BILLING_KEY"): "billing"})),
		Peers.Verify(func(_ context.Context, cert *x509.Certificate) (App, []string, error) {
			return App(cert.Subject.CommonName), nil, nil
		}),
		Users.Verify(verify, auth.Cached(time.Minute)), // asks once a minute for each token
	}
}

// end snippet

// snippet: alternatives

// HTTP describes routes with several requirements.
func (s *Shop) HTTP(r *httpx.Routes) {
	in := r.Under("/v1", httpx.Requires(Users, Apps)) // a user or an app
	in.GET("/orders", &s.List)
	in.POST("/orders", &s.Place, httpx.Requires(Users.Scope("orders:write"))) // a user with the scope
	in.POST("/refunds", &s.Refund, httpx.Requires(auth.All(Apps, Peers)))     // an app with a certificate
	in.GET("/prices", &s.Prices, httpx.Public())                              // anybody
	r.POST("/close", &s.Close, httpx.Requires(Staff))
}

// end snippet

// Shop is a service.
type Shop struct {
	List, Place, Refund, Prices, Close endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}
