package main

import (
	"context"
	"expvar"
	"log/slog"
	"time"

	"github.com/typedkit/endpoint"
)

// snippet: layers

// logging is a layer that writes a line for each call.
func logging(log *slog.Logger) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		start := time.Now()
		return ctx, func(err error) error {
			log.InfoContext(ctx, "call", "operation", endpoint.CallFrom(ctx).Operation().Name,
				"code", endpoint.CodeOf(err), "took", time.Since(start), "err", err)
			return err
		}, nil
	}
}

// counting is a layer that counts the calls by operation and code.
func counting(calls *expvar.Map) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			calls.Add(endpoint.CallFrom(ctx).Operation().Name+" "+endpoint.CodeOf(err).String(), 1)
			return err
		}, nil
	}
}

// end snippet
