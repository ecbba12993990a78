package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/typedkit/endpoint"
	"golang.org/x/time/rate"
)

// snippet: logging

// logging is a layer as a function: what runs before the call, and what after.
func logging(log *slog.Logger) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		start := time.Now()
		return ctx, func(err error) error {
			op := endpoint.CallFrom(ctx).Operation()
			log.InfoContext(ctx, op.Service+"."+op.Name, "code", endpoint.CodeOf(err), "took", time.Since(start))
			return err
		}, nil
	}
}

// end snippet

// snippet: limit

var ErrTooFast = endpoint.Define(endpoint.ResourceExhausted, "strings", "TOO_FAST", "too many requests")

// limit is a rate limit in ten lines: it refuses a call before its body is read.
func limit(l *rate.Limiter) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		if !l.Allow() {
			return ctx, nil, ErrTooFast.WithRetryAfter(time.Second)
		}
		return ctx, nil, nil
	}
}

// end snippet
