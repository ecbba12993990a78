package main

import (
	"context"
	"expvar"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/counter"
	"github.com/typedkit/endpoint/observe"
)

// snippet: middleware

// logging is a middleware that writes a line for each call, with its amount and the total.
func logging(log *slog.Logger) endpoint.Middleware[counter.Amount, counter.Total] {
	return func(next endpoint.Endpoint[counter.Amount, counter.Total]) endpoint.Endpoint[counter.Amount, counter.Total] {
		return func(ctx context.Context, a counter.Amount) (counter.Total, error) {
			start := time.Now()
			t, err := next(ctx, a)
			log.InfoContext(ctx, "add", "path", endpoint.CallFrom(ctx).Operation().Pattern, "request", a.V, "result", t.V,
				"err", err, "request_id", observe.RequestID(ctx), "elapsed", time.Since(start))
			return t, err
		}
	}
}

// counting is a layer that counts the calls, including those that the limit rejects.
func counting(vars *expvar.Map) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		vars.Add(requestCount, 1)
		return ctx, nil, nil
	}
}

// end snippet

const requestCount = "request.count"

// newVars returns variables of the program's own. The handler of the package expvar shows
// the command line and the memory as well, which strangers need not know.
func newVars() *expvar.Map {
	vars := new(expvar.Map)
	vars.Add(requestCount, 0)
	return vars
}

// varsHandler serves variables as JSON.
func varsHandler(vars *expvar.Map) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, vars)
	}
}
