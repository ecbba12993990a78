// Package apigateway serves other services under one roof: their instances are
// called through pools. The program is in cmd/apigateway.
package apigateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
	"google.golang.org/grpc/credentials/insecure"
)

// snippet: gateway

// A Gateway is what New needs to know.
type Gateway struct {
	Strings, Profiles discover.Source // instances over HTTP
	Add               discover.Source // instances over gRPC; nil to serve no addsvc
	Attempts          int             // of a call, at different instances
	Timeout           time.Duration   // of a call with all its attempts
}

// New returns a handler that serves stringsvc below /strings, profilesvc below /directory,
// addsvc below /addsvc, and stringsvc as go-kit's gateway does below /stringsvc, and one document
// of all of them. The pools
// are part of s, which runs them until the calls in flight have ended, and shows them on its
// admin page.
func New(s *server.Server, g Gateway) (http.Handler, error) {
	r, texts, profiles, sums := chi.NewRouter(), new(stringsvc.Strings), new(profilesvc.Profiles), new(addsvc.Add)
	parts := []openapi.Option{
		openapi.Prefix("/strings"),
		openapi.And(profiles, openapi.Prefix("/directory")),
		openapi.And(new(kitStrings), openapi.Prefix("/stringsvc")),
	}
	err := errors.Join(
		httpx.Client(newPool(s, "strings", g.Strings, httpx.Dialer()), texts, httpx.Use(g.calls(s, "strings")...)),
		httpx.Client(newPool(s, "directory", g.Profiles, httpx.Dialer()), profiles, httpx.Use(g.calls(s, "directory")...)),
		mount(s, r, "strings", texts),
		mount(s, r, "directory", profiles),
		mount(s, r, "stringsvc", newKitStrings(texts)))
	if g.Add != nil {
		parts = append(parts, openapi.And((*kitAdd)(sums), openapi.Prefix("/addsvc")))
		dial := grpcx.Dialer(insecure.NewCredentials())
		err = errors.Join(err,
			grpcx.Client(newPool(s, "addsvc", g.Add, dial), sums, grpcx.Use(g.calls(s, "addsvc")...)),
			mount(s, r, "addsvc", (*kitAdd)(sums)))
	}
	err = errors.Join(err, openapi.New("apigateway", "1.0", texts, parts...).Mount(r))
	return httpx.Problems(r, httpx.Use(s)), err
}

// end snippet

// snippet: pool

// newPool returns a pool of the instances of source, on any transport.
func newPool[C any](s *server.Server, name string, source discover.Source, dial func(context.Context, string) (C, error)) *discover.Pool[C] {
	pool := discover.New(dial, discover.Named(name), discover.OnEvent(s.Event))
	s.Add(server.Follow(pool, source))
	return pool
}

// calls returns the layers around the calls of a service, outermost first.
func (g Gateway) calls(s *server.Server, name string) endpoint.Stack {
	named, events := resilience.Named(name), resilience.OnEvent(s.Event)
	breaker := resilience.NewBreaker(20, resilience.Window(10*time.Second), resilience.Ratio(0.5), named, events)
	timeout := resilience.NewTimeout(g.Timeout)
	retry := resilience.NewRetry(g.Attempts, named, events)
	attempt := resilience.NewTimeout(g.Timeout / 2) // leaves time for another instance
	s.Add(server.Watch(breaker, retry))
	return endpoint.Stack{s, breaker, timeout, retry, attempt}
}

// end snippet

// snippet: mount

// mount serves svc below its name. What Client filled is itself a server.
func mount(s *server.Server, r chi.Router, name string, svc httpx.Service) error {
	limiter := resilience.NewLimiter(1000, 1000, resilience.Named(name), resilience.OnEvent(s.Event)) // calls a second, of each operation
	s.Add(server.Watch(limiter))
	sub, prefix := chi.NewRouter(), "/"+name
	r.Mount(prefix, http.StripPrefix(prefix, httpx.Problems(sub, httpx.Use(s))))
	return httpx.Mount(sub, svc, httpx.Use(s, limiter))
}

// end snippet
