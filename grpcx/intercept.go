package grpcx

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/fork"
	"github.com/typedkit/endpoint/internal/shell"
	"google.golang.org/grpc"
)

// intercepted makes a unary call through the interceptor of the server, which sees
// the messages as a handler of generated code does: a value that is not a message
// of protobuf is passed as a pointer. An interceptor may return before the handler
// does, so the handler has an exchange and a Call of its own, and never sees x. What it
// set in the reply counts if it returned in time. See decision 131.
func (x *exchange) intercepted(ctx context.Context) error {
	mt := x.mt
	e := mt.endpoint
	req, err := x.request()
	if err != nil {
		return err
	}
	info := &grpc.UnaryServerInfo{Server: mt.svc, FullMethod: mt.op.Method}
	var done atomic.Pointer[handled]
	outer := ctx
	resp, err := x.interceptor(ctx, shown(req), info, func(ctx context.Context, v any) (any, error) {
		req, ok := taken(v, e.Req)
		if !ok {
			return nil, endpoint.Errorf(endpoint.Internal, "%w", fmt.Errorf("an interceptor made a %T of the request", v))
		}
		inner := &handed{req: req}
		ctx, calls := fork.Of(ctx)
		if calls != nil {
			defer func() {
				calls.Settle()
				done.Store(&handled{calls, endpoint.CallFrom(ctx)})
			}()
		}
		if err := e.Serve(ctx, inner); err != nil {
			return nil, mt.withStatus(err)
		}
		return shown(inner.resp), nil
	})
	done.Load().adopt(outer)
	if err != nil {
		return err
	}
	v, ok := taken(resp, e.Resp)
	switch {
	case !ok:
		return endpoint.Errorf(endpoint.Internal, "%w", fmt.Errorf("an interceptor made a %T of the response", resp))
	case e.ByValue:
		return x.Send(v.Elem().Interface())
	}
	return x.Encode(&shell.Messages{Resp: v.Interface()})
}

// handled is the Call of a handler that has returned.
type handled struct {
	calls fork.Calls
	call  *endpoint.Call
}

// adopt copies what the handler set to the Call that ctx belongs to. A nil h is a
// handler that was not called, or that has not returned yet.
func (h *handled) adopt(ctx context.Context) {
	if h != nil {
		h.calls.Adopt(ctx)
		endpoint.CallFrom(ctx).SetPrincipal(h.call.Principal())
	}
}

// request reads the request and returns a pointer to it.
func (x *exchange) request() (reflect.Value, error) {
	p := reflect.New(x.mt.endpoint.Req)
	if !x.mt.endpoint.ByValue {
		return p, x.Decode(&shell.Messages{Req: p.Interface()})
	}
	m, err := x.Receive()
	if err == nil {
		p.Elem().Set(reflect.ValueOf(m))
	}
	return p, err
}

// handed is the exchange of a handler behind an interceptor. Its fields point to
// the messages.
type handed struct{ req, resp reflect.Value }

// Decode reads the request of m.
func (h *handed) Decode(m *shell.Messages) error {
	reflect.ValueOf(m.Req).Elem().Set(h.req.Elem())
	return nil
}

// Encode takes the response of m.
func (h *handed) Encode(m *shell.Messages) error {
	h.resp = reflect.ValueOf(m.Resp)
	return nil
}

// Receive returns the request.
func (h *handed) Receive() (any, error) { return h.req.Elem().Interface(), nil }

// Send takes the response.
func (h *handed) Send(resp any) error {
	h.resp = reflect.New(reflect.TypeOf(resp))
	h.resp.Elem().Set(reflect.ValueOf(resp))
	return nil
}

// shown returns the value that p points to as interceptors see it.
func shown(p reflect.Value) any {
	if p.Type().Elem().Implements(protoMessage) {
		return p.Elem().Interface()
	}
	return p.Interface()
}

// taken returns a pointer to v, a value of type t that an interceptor passes on,
// or a pointer to one.
func taken(v any, t reflect.Type) (p reflect.Value, ok bool) {
	p = reflect.ValueOf(v)
	switch {
	case !p.IsValid():
		return p, false
	case p.Type() == reflect.PointerTo(t):
		return p, !p.IsNil()
	case !p.Type().AssignableTo(t):
		return p, false
	}
	own := reflect.New(t)
	own.Elem().Set(p)
	return own, true
}
