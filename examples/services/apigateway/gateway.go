// Package apigateway serves other services under one roof: their instances are
// called through pools. The program is in cmd/apigateway.
package apigateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
	"github.com/typedkit/endpoint/server"
)

// snippet: gateway

// New returns a handler that serves the services of these instances: stringsvc below
// /strings, profilesvc below /directory. Their pools are part of s, which runs them until
// the calls in flight have ended, and shows them on its admin page.
func New(s *server.Server, strings, profiles discover.Source) (http.Handler, error) {
	r := chi.NewRouter()
	err := errors.Join(
		mountPool(s, r, "strings", strings, new(stringsvc.Strings)),
		mountPool(s, r, "directory", profiles, new(profilesvc.Profiles)),
	)
	return httpx.Problems(r, httpx.Use(s)), err
}

// end snippet

// snippet: mount

// mountPool serves svc below its name; its calls go to the instances of source.
func mountPool(s *server.Server, r chi.Router, name string, source discover.Source, svc httpx.Service) error {
	named, events := resilience.Named(name), resilience.OnEvent(s.Event)
	pool := discover.New(httpx.Dialer(), discover.Named(name), discover.OnEvent(s.Event))
	breaker := resilience.NewBreaker(20, resilience.Window(10*time.Second), resilience.Ratio(0.5), named, events)
	retry := resilience.NewRetry(3, named, events)
	timeout := resilience.NewTimeout(2 * time.Second) // of each attempt
	if err := httpx.Client(pool, svc, httpx.Use(s, breaker, retry, timeout)); err != nil {
		return err
	}
	limiter := resilience.NewLimiter(1000, 1000, named, events) // calls a second, of each operation
	s.Add(
		server.Go("pool "+name, func(ctx context.Context) error { return pool.Run(ctx, source) }),
		server.Watch(pool, breaker, retry, limiter))

	sub, prefix := chi.NewRouter(), "/"+name
	r.Mount(prefix, http.StripPrefix(prefix, httpx.Problems(sub, httpx.Use(s))))
	return httpx.Mount(sub, svc, httpx.Use(s, limiter)) // what Client filled is itself a server
}

// end snippet
