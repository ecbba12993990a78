package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/typedkit/endpoint"
)

// snippet: logging

// logging is a layer that writes a line for each call.
func logging(log *slog.Logger) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		start := time.Now()
		return ctx, func(err error) error {
			call, level := endpoint.CallFrom(ctx), slog.LevelInfo
			if endpoint.ServerFault(err) {
				level = slog.LevelError
			}
			log.Log(ctx, level, "call", "operation", call.Operation().Name, "peer", call.Peer(),
				"code", endpoint.CodeOf(err), "took", time.Since(start), "err", err)
			return err
		}, nil
	}
}

// end snippet
