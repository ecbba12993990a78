package gokitgrpc

import (
	"context"

	kitgrpc "github.com/go-kit/kit/transport/grpc"
	"github.com/typedkit/endpoint"
	"google.golang.org/grpc/metadata"
)

// ClientBefore returns a layer of a client that calls the functions before the request is
// sent. The metadata that they set are sent; a key that the transport owns is an
// InvalidArgument error of the call. The context has the full method, as go-kit's clients put
// it there. A nil function is skipped.
func ClientBefore(before ...kitgrpc.ClientRequestFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		md := metadata.MD{}
		ctx = withMethod(ctx)
		for _, f := range before {
			if f != nil {
				ctx = f(ctx, &md)
			}
		}
		add(endpoint.CallFrom(ctx).Header(), md)
		return ctx, nil, nil
	})
}

// ClientAfter returns a layer of a client that calls the functions when the call has
// succeeded, as go-kit does. The metadata of the response, header and trailer, are both
// arguments, because a Call does not keep them apart. The context that they return reaches only
// the next function. A nil function is skipped.
func ClientAfter(after ...kitgrpc.ClientResponseFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			if err != nil {
				return err
			}
			md := metadataOf(endpoint.CallFrom(ctx).Reply())
			at := ctx
			for _, f := range after {
				if f != nil {
					at = f(at, md, md)
				}
			}
			return nil
		}, nil
	})
}

// ClientFinalizer returns a layer of a client that calls the functions when the call has
// ended, with its error. A nil function is skipped.
func ClientFinalizer(finalizer ...kitgrpc.ClientFinalizerFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			for _, f := range finalizer {
				if f != nil {
					f(ctx, err)
				}
			}
			return err
		}, nil
	})
}
