package main

import (
	"context"

	"connectrpc.com/connect"
)

// passConnect and gateConnect are interceptors of connect-go.

//go:noinline
func passConnect(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		return next(ctx, req)
	}
}

//go:noinline
func gateConnect(g *gate) connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			if err := g.enter(); err != nil {
				return nil, err
			}
			resp, err := next(ctx, req)
			g.exit(err)
			return resp, err
		}
	}
}

// chainedConnect returns the chain that a handler of connect-go makes of its
// interceptors. A handler serves HTTP only, but the outermost interceptor is
// asked last to wrap what is inside it: what it answers is the whole chain, with
// the checks that connect-go puts between interceptors. What is measured is
// connect-go's own chain, without its transport.
//
//go:noinline
func chainedConnect[T any](
	unary func(context.Context, *connect.Request[T]) (*connect.Response[T], error),
	depth int, gates []*gate,
) (chain connect.UnaryFunc) {
	// With depth 0 there would be no chain to ask for: one interceptor that adds
	// nothing stands in, with one check more than a handler without any has.
	all := []connect.Interceptor{connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc { return next })}
	for i := range depth {
		all = append(all[:i], connect.UnaryInterceptorFunc(passConnect))
		if gates != nil {
			all[i] = gateConnect(gates[i])
		}
	}
	outermost := all[0]
	all[0] = connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		chain = outermost.WrapUnary(next)
		return chain
	})
	connect.NewUnaryHandler(procedure, unary, connect.WithInterceptors(all...))
	return chain
}
