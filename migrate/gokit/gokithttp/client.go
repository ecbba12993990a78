package gokithttp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"

	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/migrate/gokit"
)

// Set makes the endpoint that field points to a call of go-kit's client, as gokit.Set does.
// The error of a request without a response is Unavailable: it is marked as not sent if there
// was no connection, and otherwise as possibly sent. What a response means is up to
// the client's decoder. If c is nil, field becomes nil.
func Set[Req, Resp any](field *endpoint.Endpoint[Req, Resp], c *kithttp.Client) {
	if c == nil {
		*field = nil
		return
	}
	e := c.Endpoint()
	gokit.Set(field, func(ctx context.Context, req any) (any, error) {
		resp, err := e(ctx, req)
		return resp, unreached(err)
	})
}

// unreached gives the error of a request without a response its code.
func unreached(err error) error {
	failed, ok := errors.AsType[*url.Error](err)
	if !ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	coded := endpoint.Errorf(endpoint.Unavailable, "the server cannot be reached: %w", err)
	if op, ok := errors.AsType[*net.OpError](failed.Err); ok && op.Op == "dial" {
		return endpoint.MarkNotSent(coded)
	}
	return endpoint.MarkMaybeSent(coded)
}

// ClientBefore returns a layer of a client that calls the functions before the request is
// made. What they set in the header of the request is sent; a key that the transport owns,
// such as Content-Type, is an InvalidArgument error of the call. A nil function is skipped.
func ClientBefore(before ...kithttp.RequestFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		header := endpoint.CallFrom(ctx).Header()
		r := requestOf(ctx, headerOf(header).Clone())
		for _, f := range before {
			if f != nil {
				ctx = f(ctx, r)
			}
		}
		replace(header, r.Header)
		return ctx, nil, nil
	})
}

// ClientAfter returns a layer of a client that calls the functions when a response has come,
// also one with an error. The response has its status and its header, and no body. The context
// that they return reaches only the next function. A nil function is skipped.
func ClientAfter(after ...kithttp.ClientResponseFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			call := endpoint.CallFrom(ctx)
			status := call.Status(err)
			if status == 0 {
				return err
			}
			resp := &http.Response{
				Status: http.StatusText(status), StatusCode: status,
				Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
				Header: headerOf(call.Reply()), Body: http.NoBody, ContentLength: call.ResponseBytes(),
			}
			at := ctx
			for _, f := range after {
				if f != nil {
					at = f(at, resp)
				}
			}
			return err
		}, nil
	})
}

// ClientFinalizer returns a layer of a client that calls the functions when the call has
// ended, with its error. The context has the header and the size of the response, if one came.
// A nil function is skipped.
func ClientFinalizer(finalizer ...kithttp.ClientFinalizerFunc) endpoint.Layer {
	return endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(err error) error {
			at := ctx
			if endpoint.CallFrom(ctx).Status(err) != 0 {
				at = withResponse(ctx)
			}
			for _, f := range finalizer {
				if f != nil {
					f(at, err)
				}
			}
			return err
		}, nil
	})
}
