package gokitgrpc

import (
	"context"
	"errors"

	kit "github.com/go-kit/kit/endpoint"
	kitgrpc "github.com/go-kit/kit/transport/grpc"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/migrate/gokit"
	"google.golang.org/grpc/status"
)

// ToKit returns e for a server of go-kit, as gokit.ToKit does:
//
//	kitgrpc.NewServer(gokitgrpc.ToKit(svc.Sum), decode, encode)
//
// An *endpoint.Error goes out as a server of grpcx sends it, with its code, identity and
// details. For types of the server's own, see gokit.ToKitAs and [Errors].
func ToKit[Req, Resp any](e endpoint.Endpoint[Req, Resp]) kit.Endpoint {
	return Errors(gokit.ToKit(e))
}

// Errors is a middleware of go-kit for servers: it gives each *endpoint.Error of next the
// status of gRPC. It returns nil for nil.
func Errors(next kit.Endpoint) kit.Endpoint {
	if next == nil {
		return nil
	}
	return func(ctx context.Context, req any) (any, error) {
		resp, err := next(ctx, req)
		if e, ok := errors.AsType[*endpoint.Error](err); ok && e != nil {
			return resp, statusError{err}
		}
		return resp, err
	}
}

// statusError is an error with a status of gRPC.
type statusError struct{ error }

func (e statusError) Unwrap() error { return e.error }

// GRPCStatus returns the status, for grpc-go.
func (e statusError) GRPCStatus() *status.Status { return grpcx.StatusOf(e.error) }

// Set makes the endpoint that field points to a call of go-kit's client, as gokit.Set does.
// A status that the server sends is an *endpoint.Error with its code, identity and details, as
// with a client of grpcx. If c is nil, field becomes nil.
func Set[Req, Resp any](field *endpoint.Endpoint[Req, Resp], c *kitgrpc.Client) {
	if c == nil {
		*field = nil
		return
	}
	e := c.Endpoint()
	gokit.Set(field, func(ctx context.Context, req any) (any, error) {
		resp, err := e(ctx, req)
		if err != nil && ctx.Err() != nil {
			return nil, endpoint.ErrorOf(ctx.Err()).WithCause(errors.Join(ctx.Err(), err))
		}
		return resp, grpcx.FromStatus(err)
	})
}
