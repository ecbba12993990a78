package gokithttp

import (
	"context"
	"net/http"

	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/typedkit/endpoint"
)

// ServerBefore returns a layer of a server that calls the functions before the endpoint,
// with the header that came. Layers inside and the endpoint get the context that the functions
// return. A nil function is skipped.
func ServerBefore(before ...kithttp.RequestFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		r := requestOf(ctx, headerOf(endpoint.CallFrom(ctx).Header()))
		for _, f := range before {
			if f != nil {
				ctx = f(ctx, r)
			}
		}
		return ctx, nil, nil
	})
}

// ServerAfter returns a layer of a server that calls the functions after the endpoint has
// succeeded. What they set in the header of the writer goes out. The writer writes nothing:
// WriteHeader has no effect, and Write returns [http.ErrBodyNotAllowed]. The context that they
// return reaches only the next function. A nil function is skipped.
func ServerAfter(after ...kithttp.ServerResponseFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			if err != nil {
				return err
			}
			reply := endpoint.CallFrom(ctx).Reply()
			w := headerWriter{headerOf(reply).Clone()}
			at := ctx
			for _, f := range after {
				if f != nil {
					at = f(at, w)
				}
			}
			replace(reply, w.h)
			return nil
		}, nil
	})
}

// ServerFinalizer returns a layer of a server that calls the functions when the call has
// ended, with the status that goes out, and with the header and the size of the response in the
// context, as go-kit does. They run before the response is written. A panic has the
// status 500. A nil function is skipped.
//
// The context has what layers outside put there. Put it outside [ServerBefore] to see every
// call, and inside to see its values.
func ServerFinalizer(finalizer ...kithttp.ServerFinalizerFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		r := requestOf(ctx, headerOf(endpoint.CallFrom(ctx).Header()))
		return ctx, func(err error) error {
			at := withResponse(ctx)
			for _, f := range finalizer {
				if f != nil {
					f(at, endpoint.CallFrom(ctx).Status(err), r)
				}
			}
			return err
		}, nil
	})
}

// withResponse returns a context with the header and the size of the response.
func withResponse(ctx context.Context) context.Context {
	call := endpoint.CallFrom(ctx)
	ctx = context.WithValue(ctx, kithttp.ContextKeyResponseHeaders, headerOf(call.Reply()))
	return context.WithValue(ctx, kithttp.ContextKeyResponseSize, call.ResponseBytes())
}

// headerWriter is a response of which only the header can be set.
type headerWriter struct{ h http.Header }

func (w headerWriter) Header() http.Header { return w.h }

func (headerWriter) Write([]byte) (int, error) { return 0, http.ErrBodyNotAllowed }

func (headerWriter) WriteHeader(int) {}

// replace makes the header what m has.
func replace(h *endpoint.Header, m http.Header) {
	for key := range h.Raw() {
		if _, ok := m[key]; !ok {
			h.Del(key)
		}
	}
	now := endpoint.HTTPHeader(m)
	for key, values := range now.All() {
		h.Set(key, values...)
	}
}
