package main

import (
	"context"

	"github.com/typedkit/endpoint"
)

// A passer is a layer of the workload "pass": it hands the call on and does
// nothing else. The names of all such layers begin with "pass", by which a trail
// finds them on the stack.
type passer struct{}

// Wrap makes passer a typed middleware.
//
//go:noinline
func (*passer) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return func(ctx context.Context, req Req) (Resp, error) {
		return next(ctx, req)
	}
}

// Enter and Exit make passer an [endpoint.Layer].
func (*passer) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

func (*passer) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }
