package gokitgrpc

import (
	"context"

	kitgrpc "github.com/go-kit/kit/transport/grpc"
	"github.com/typedkit/endpoint"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// ServerBefore returns a layer of a server that calls the functions before the endpoint,
// with the metadata that came. The context has the full method as kitgrpc.Interceptor puts it
// there. Layers inside and the endpoint get the context that the functions return. A nil
// function is skipped.
func ServerBefore(before ...kitgrpc.ServerRequestFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		md := metadataOf(endpoint.CallFrom(ctx).Header())
		ctx = withMethod(ctx)
		for _, f := range before {
			if f != nil {
				ctx = f(ctx, md)
			}
		}
		return ctx, nil, nil
	})
}

// ServerAfter returns a layer of a server that calls the functions after the endpoint has
// succeeded. The header and the trailer that they set are sent. The context that they return
// reaches only the next function. A nil function is skipped.
func ServerAfter(after ...kitgrpc.ServerResponseFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			if err != nil {
				return err
			}
			header, trailer := metadata.MD{}, metadata.MD{} // go-kit's own functions panic on nil ones
			at := ctx
			for _, f := range after {
				if f != nil {
					at = f(at, &header, &trailer)
				}
			}
			add(endpoint.CallFrom(ctx).Reply(), header)
			if len(trailer) > 0 {
				return grpc.SetTrailer(ctx, trailer)
			}
			return nil
		}, nil
	})
}

// ServerFinalizer returns a layer of a server that calls the functions when the call has
// ended, with its error. They run before the response is written. The context has what layers
// outside put there. A nil function is skipped.
func ServerFinalizer(finalizer ...kitgrpc.ServerFinalizerFunc) endpoint.Layer {
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

// withMethod returns a context with the full method of the Call.
func withMethod(ctx context.Context) context.Context {
	return context.WithValue(ctx, kitgrpc.ContextKeyRequestMethod, endpoint.CallFrom(ctx).Operation().Method)
}

// metadataOf returns a copy of the metadata.
func metadataOf(h *endpoint.Header) metadata.MD {
	if md := metadata.MD(h.Raw()).Copy(); md != nil {
		return md
	}
	return metadata.MD{}
}

// add adds the metadata to the header.
func add(h *endpoint.Header, md metadata.MD) {
	for key, values := range md {
		for _, v := range values {
			h.Add(key, v)
		}
	}
}
