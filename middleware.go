package endpoint

import (
	"context"
	"reflect"
)

// A Middleware decorates an endpoint: it returns an endpoint that does
// something before, after, around or instead of next. It is called once, when
// the chain is built. Req and Resp are the types of the endpoint.
type Middleware[Req, Resp any] func(next Endpoint[Req, Resp]) Endpoint[Req, Resp]

// Chain returns e decorated by mws, the first outermost:
//
//	Chain(e, A, B) = A(B(e))
//
// A request passes A, then B, then e; the response comes back the other way.
// The endpoint stands first so that Go infers Req and Resp from it, also for
// the generic methods named Wrap that are passed without type arguments.
// A nil middleware is skipped.
func Chain[Req, Resp any](e Endpoint[Req, Resp], mws ...Middleware[Req, Resp]) Endpoint[Req, Resp] {
	for i := len(mws) - 1; i >= 0; i-- {
		if mws[i] != nil {
			e = mws[i](e)
		}
	}
	return e
}

// Recover is a [Middleware] that turns a panic of next into a [*PanicError],
// whose code is [Internal]. It is for calls in process: the transports recover
// by themselves. For a [Stream] it covers the source and never the body of the
// loop that ranges over it.
func Recover[Req, Resp any](next Endpoint[Req, Resp]) Endpoint[Req, Resp] {
	kind, streams := asStream(reflect.TypeOf(next).Out(0))
	return func(ctx context.Context, req Req) (resp Resp, err error) {
		if streams {
			return recovering(kind, func() (any, error) { return next(ctx, req) }).(Resp), nil
		}
		defer func() {
			if v := recover(); v != nil {
				resp, err = *new(Resp), NewPanicError(v)
			}
		}()
		return next(ctx, req)
	}
}
