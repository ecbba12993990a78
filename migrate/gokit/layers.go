package gokit

import (
	"context"
	"errors"

	kit "github.com/go-kit/kit/endpoint"
	"github.com/typedkit/endpoint"
)

// Layers returns a middleware of go-kit that runs the layers around an endpoint of go-kit,
// the first outermost. Faults of the layers are an error of each call.
//
// The layers see the errors of the endpoint with the codes that the package's documentation
// lists. They also see the error in a response that is a Failer. If they leave an error
// standing, the caller gets what the endpoint returned: the same error, or the response.
func Layers(layers ...endpoint.Layer) kit.Middleware {
	return func(next kit.Endpoint) kit.Endpoint {
		if next == nil {
			return nil
		}
		wrapped := endpoint.Stack(layers).Wrap(endpoint.Endpoint[any, any](func(ctx context.Context, req any) (any, error) {
			resp, err := next(ctx, req)
			if err != nil {
				return nil, seen(err, nil, fromKit(err))
			}
			if failed := failure(resp); failed != nil {
				return nil, seen(nil, resp, failed)
			}
			return resp, nil
		}))
		return func(ctx context.Context, req any) (any, error) {
			resp, err := wrapped(ctx, req)
			if o, ok := errors.AsType[*outcome](err); ok && o.stands(err) {
				return o.resp, o.err
			}
			if err != nil {
				return nil, toKit(err)
			}
			return resp, nil
		}
	}
}

// outcome is the error that layers see, with what the endpoint returned.
type outcome struct {
	error // with its code

	resp any
	err  error
}

func seen(err error, resp any, coded error) error { return &outcome{coded, resp, err} }

func (o *outcome) Unwrap() error { return o.error }

// stands reports whether err, which the layers made of o, means the same as o.
func (o *outcome) stands(err error) bool {
	before, _ := errors.AsType[*endpoint.Error](o.error)
	after, _ := errors.AsType[*endpoint.Error](err)
	return before == after
}
