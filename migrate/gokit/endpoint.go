package gokit

import (
	"context"
	"errors"

	kit "github.com/go-kit/kit/endpoint"
	"github.com/typedkit/endpoint"
)

// Set makes the endpoint that field points to a call of e, whose requests are of the type
// Req and whose responses are of the type Resp. Other types are an [ErrType] of the call. If e
// is nil, field becomes nil, which each transport reports when the service is served.
//
// e may be the Endpoint of a client of go-kit; see gokithttp.Set and gokitgrpc.Set.
func Set[Req, Resp any](field *endpoint.Endpoint[Req, Resp], e kit.Endpoint) {
	if e == nil {
		*field = nil
		return
	}
	*field = func(ctx context.Context, req Req) (Resp, error) {
		v, err := call(ctx, e, req)
		if err != nil {
			return *new(Resp), err
		}
		return as[Resp](v, "response")
	}
}

// SetAs is [Set] for an e with types of its own: In for requests and Out for responses. to
// makes the request of e, and from makes the response of the field or an error. If e or a func is
// nil, field becomes nil.
func SetAs[Req, Resp, In, Out any](field *endpoint.Endpoint[Req, Resp], e kit.Endpoint, to func(Req) In, from func(Out) (Resp, error)) {
	if e == nil || to == nil || from == nil {
		*field = nil
		return
	}
	*field = func(ctx context.Context, req Req) (Resp, error) {
		v, err := call(ctx, e, to(req))
		if err != nil {
			return *new(Resp), err
		}
		out, err := as[Out](v, "response")
		if err != nil {
			return *new(Resp), err
		}
		return from(out)
	}
}

// ToKit returns e for go-kit. A request that is not a Req is an [ErrType] of the call. If e
// is nil, so is the result.
func ToKit[Req, Resp any](e endpoint.Endpoint[Req, Resp]) kit.Endpoint {
	if e == nil {
		return nil
	}
	return func(ctx context.Context, request any) (any, error) {
		req, err := as[Req](request, "request")
		if err != nil {
			return nil, toKit(err)
		}
		resp, err := e(ctx, req)
		if err != nil {
			return nil, toKit(err)
		}
		return resp, nil
	}
}

// ToKitAs is [ToKit] for callers with types of their own: In for requests and Out for
// responses. to makes the request of e or an error, and from makes the response. If e or a
// func is nil, so is the result.
func ToKitAs[Req, Resp, In, Out any](e endpoint.Endpoint[Req, Resp], to func(In) (Req, error), from func(Resp) Out) kit.Endpoint {
	if e == nil || to == nil || from == nil {
		return nil
	}
	return ToKit(func(ctx context.Context, in In) (Out, error) {
		req, err := to(in)
		if err != nil {
			return *new(Out), err
		}
		resp, err := e(ctx, req)
		if err != nil {
			return *new(Out), err
		}
		return from(resp), nil
	})
}

// call calls e. An error of go-kit, and one in the response, is one of this library.
func call(ctx context.Context, e kit.Endpoint, req any) (resp any, err error) {
	defer recoverAssertion(&err, typeName(req), "")
	resp, err = e(ctx, req)
	if err != nil {
		return nil, fromKit(err)
	}
	if failed := failure(resp); failed != nil {
		return nil, failed
	}
	return resp, nil
}

// errNil is the error of a call through a middleware of go-kit that is nil or returned nil.
var errNil = errors.New("gokit: From: the middleware is nil, or returned nil")
