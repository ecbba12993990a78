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
	"github.com/typedkit/endpoint/examples/profilesvc"
	"github.com/typedkit/endpoint/examples/stringsvc"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/resilience"
)

// snippet: gateway

// New returns a handler that serves the services of these instances until ctx
// ends: stringsvc below /strings, profilesvc below /directory.
func New(ctx context.Context, strings, profiles discover.Source) (http.Handler, error) {
	r := chi.NewRouter()
	err := errors.Join(
		mountPool(ctx, r, "/strings", strings, new(stringsvc.Strings)),
		mountPool(ctx, r, "/directory", profiles, new(profilesvc.Profiles)),
	)
	return httpx.Problems(r), err
}

// end snippet

// snippet: mount

// mountPool serves svc below prefix; its calls go to the instances of source.
func mountPool(ctx context.Context, r chi.Router, prefix string, source discover.Source, svc httpx.Service) error {
	pool := discover.New(httpx.Dialer())
	go func() { _ = pool.Run(ctx, source) }()

	retry := resilience.NewRetry(3)
	timeout := resilience.NewTimeout(2 * time.Second) // of each attempt
	if err := httpx.Client(pool, svc, httpx.Use(retry, timeout)); err != nil {
		return err
	}
	limiter := resilience.NewLimiter(1000, 1000) // calls a second, of each operation
	sub := chi.NewRouter()
	r.Mount(prefix, http.StripPrefix(prefix, httpx.Problems(sub)))
	return httpx.Mount(sub, svc, httpx.Use(limiter)) // what Client filled is itself a server
}

// end snippet
