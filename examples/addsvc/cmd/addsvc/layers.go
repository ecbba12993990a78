package main

import (
	"context"
	"expvar"
	"log/slog"
	"time"

	"github.com/typedkit/endpoint"
)

// logging is a layer that writes a line for each call.
func logging(log *slog.Logger) endpoint.LayerFunc {
	return func(ctx context.Context) (context.Context, func(error) error, error) {
		start := time.Now()
		return ctx, func(err error) error {
			call, level := endpoint.CallFrom(ctx), slog.LevelInfo
			if endpoint.ServerFault(err) {
				level = slog.LevelError
			}
			op := call.Operation()
			log.Log(ctx, level, "call", "transport", op.Transport, "operation", op.Name, "peer", call.Peer(),
				"code", endpoint.CodeOf(err), "took", time.Since(start), "err", err)
			return err
		}, nil
	}
}

// calls is published at /debug/vars.
var calls = expvar.NewMap("calls")

// counting is a layer that counts the calls by transport, operation and code.
var counting endpoint.LayerFunc = func(ctx context.Context) (context.Context, func(error) error, error) {
	return ctx, func(err error) error {
		op := endpoint.CallFrom(ctx).Operation()
		calls.Add(op.Transport+" "+op.Name+" "+endpoint.CodeOf(err).String(), 1)
		return err
	}, nil
}
