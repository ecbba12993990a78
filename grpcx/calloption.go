package grpcx

import (
	"context"
	"slices"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
	"google.golang.org/grpc"
)

// optionsKey is where WithCallOptions leaves options for the next calls.
type optionsKey struct{}

// heldKey is where a call keeps those that were meant for it while its layers
// run.
type heldKey struct{}

type heldOptions struct {
	op   *endpoint.Operation
	opts []grpc.CallOption
}

// WithCallOptions returns a context whose next client calls have options of
// grpc-go, after those of [CallOptions]: grpc.UseCompressor, grpc.Header,
// grpc.PerRPCCredentials and so on. Several add up. They reach no further: the
// calls that a layer of the client makes do not have them.
//
// Each attempt of a call has them. So what grpc.Header, grpc.Trailer and
// grpc.Peer point to is written by every attempt of a hedged call, also at the
// same time, and by those that lost even after the call came back: they must not
// be used with hedging. A layer of the client finds the same in the Call.
//
// A nil option is an InvalidArgument error of the call.
func WithCallOptions(ctx context.Context, opts ...grpc.CallOption) context.Context {
	return context.WithValue(ctx, optionsKey{}, append(slices.Clip(optionsFrom(ctx)), opts...))
}

func optionsFrom(ctx context.Context) []grpc.CallOption {
	opts, _ := ctx.Value(optionsKey{}).([]grpc.CallOption)
	return opts
}

// holdOptions takes the options for a call out of the way of the calls that its
// layers make.
func holdOptions(ctx context.Context, op *endpoint.Operation) context.Context {
	opts := optionsFrom(ctx)
	if len(opts) == 0 {
		return ctx
	}
	ctx = context.WithValue(ctx, optionsKey{}, []grpc.CallOption(nil))
	return context.WithValue(ctx, heldKey{}, heldOptions{op, opts})
}

// addOptions adds the options of a call, and those that its layers added.
func (x *outgoing) addOptions(ctx context.Context) error {
	if held, ok := ctx.Value(heldKey{}).(heldOptions); ok && held.op == x.c.mt.op {
		x.opts = append(x.opts, held.opts...)
	}
	x.opts = append(x.opts, optionsFrom(ctx)...)
	if slices.Contains(x.opts, nil) {
		return shell.Failure(endpoint.InvalidArgument, "WithCallOptions: a nil option")
	}
	return nil
}
