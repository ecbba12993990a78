package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/emptypb"
)

// passGRPC and gateGRPC are unary server interceptors of grpc-go.

func passGRPC(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	return handler(ctx, req)
}

//go:noinline
func gateGRPC(g *gate) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if err := g.enter(); err != nil {
			return nil, err
		}
		resp, err := handler(ctx, req)
		g.exit(err)
		return resp, err
	}
}

// chainedGRPC returns the interceptor that a server of grpc-go makes of those
// given to it; nil for none, as the server has it.
func chainedGRPC(depth int, gates []*gate) (grpc.UnaryServerInterceptor, error) {
	all := make([]grpc.UnaryServerInterceptor, depth)
	for i := range all {
		if gates == nil {
			all[i] = passGRPC
		} else {
			all[i] = gateGRPC(gates[i])
		}
	}
	return capture(grpc.ChainUnaryInterceptor(all...))
}

// capture returns the chained interceptor of a server with the given option.
// grpc-go chains in code of its own that it does not export, and hands the
// result to the function that is generated for each method: so a method of ours
// takes it, in one call over a connection in memory. What is measured is
// grpc-go's own chain, without its transport.
func capture(opt grpc.ServerOption) (chained grpc.UnaryServerInterceptor, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := grpc.NewServer(opt)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bench.Chain",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{
			MethodName: "Call",
			Handler: func(_ any, _ context.Context, _ func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
				chained = interceptor
				return &emptypb.Empty{}, nil
			},
		}},
	}, struct{}{})
	listener := bufconn.Listen(1 << 10)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		server.Stop()
		err = errors.Join(err, <-served)
	}()
	conn, err := grpc.NewClient("passthrough:///memory",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)
	if err != nil {
		return nil, err
	}
	err = errors.Join(conn.Invoke(ctx, procedure, &emptypb.Empty{}, &emptypb.Empty{}), conn.Close())
	if err != nil {
		return nil, fmt.Errorf("asking grpc-go for its chain: %w", err)
	}
	return chained, nil
}
