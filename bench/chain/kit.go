package main

import (
	"context"

	kit "github.com/go-kit/kit/endpoint"
)

// passKit and gateKit are middlewares of go-kit.

//go:noinline
func passKit(next kit.Endpoint) kit.Endpoint {
	return func(ctx context.Context, request any) (any, error) {
		return next(ctx, request)
	}
}

//go:noinline
func gateKit(g *gate) kit.Middleware {
	return func(next kit.Endpoint) kit.Endpoint {
		return func(ctx context.Context, request any) (response any, err error) {
			if err := g.enter(); err != nil {
				return nil, err
			}
			response, err = next(ctx, request)
			g.exit(err)
			return response, err
		}
	}
}

// chainedKit decorates e with go-kit's own Chain, which takes one middleware at
// least.
//
//go:noinline
func chainedKit(e kit.Endpoint, depth int, gates []*gate) kit.Endpoint {
	mws := make([]kit.Middleware, depth)
	for i := range mws {
		if gates == nil {
			mws[i] = passKit
		} else {
			mws[i] = gateKit(gates[i])
		}
	}
	if depth == 0 {
		return e
	}
	return kit.Chain(mws[0], mws[1:]...)(e)
}
