package gokit

import (
	"context"
	"reflect"

	kit "github.com/go-kit/kit/endpoint"
	"github.com/typedkit/endpoint"
)

// A Middleware is a middleware of go-kit for typed endpoints. Make one with [From] and pass
// its Wrap to [endpoint.Chain]. It is safe for concurrent use if that of go-kit is.
type Middleware struct{ mw kit.Middleware }

// From returns mw for typed endpoints:
//
//	svc.Sum = endpoint.Chain(svc.Sum, gokit.From(circuitbreaker.Gobreaker(breaker)).Wrap)
//
// mw is called once for each endpoint that is wrapped. A nil mw, and a mw that returns nil,
// are an error of each call. Around a stream mw sees the call and not its items, so it
// belongs around unary endpoints.
func From(mw kit.Middleware) *Middleware { return &Middleware{mw} }

// Wrap returns next decorated by m; nil if next is nil. A request or a response that m replaces by
// one of another type, or takes for one, is an [ErrType] of the call. Errors of next pass m as they are, so m
// compares them as before. Req and Resp are the types of next.
func (m *Middleware) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	if next == nil {
		return nil
	}
	e := m.around(func(ctx context.Context, request any) (any, error) {
		req, err := as[Req](request, "request")
		if err != nil {
			return nil, err
		}
		return next(ctx, req)
	})
	return func(ctx context.Context, req Req) (Resp, error) {
		v, err := through(ctx, e, req, reflect.TypeFor[Resp]().String())
		if err != nil {
			return *new(Resp), err
		}
		return as[Resp](v, "response")
	}
}

// around returns e decorated by m.
func (m *Middleware) around(e kit.Endpoint) kit.Endpoint {
	if m == nil || m.mw == nil {
		e = nil
	} else {
		e = m.mw(e)
	}
	if e == nil {
		return func(context.Context, any) (any, error) { return nil, endpoint.Errorf(endpoint.Internal, "%w", errNil) }
	}
	return e
}

// through calls e. Unlike call, it takes an error in the response for a part of the response,
// which is of the user's own type. respType is the name of that type.
func through(ctx context.Context, e kit.Endpoint, req any, respType string) (resp any, err error) {
	defer recoverAssertion(&err, typeName(req), respType)
	resp, err = e(ctx, req)
	if err != nil {
		return nil, fromKit(err)
	}
	return resp, nil
}
