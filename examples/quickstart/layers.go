package main

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
	"golang.org/x/time/rate"
)

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
