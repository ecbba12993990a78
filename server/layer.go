package server

import (
	"context"

	"github.com/typedkit/endpoint"
)

// Enter is for calls without an operation, and does nothing.
func (s *Server) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

// Exit returns err.
func (s *Server) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// For returns the layer of one operation. On a client it only counts.
func (s *Server) For(op *endpoint.Operation) endpoint.Layer {
	if op.Side != endpoint.ServerSide {
		return nil
	}
	g := &s.calls
	switch {
	case op.Streams&endpoint.ServerStream != 0:
		g = &s.streams
	case op.Transport == "http":
		return nil // the context of the listener ends these calls
	}
	return &ending{gate: g}
}

// Wrap returns next within the server. Req and Resp are those of next.
func (s *Server) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{s}.Wrap(next)
}

// ending ends calls with their gate.
type ending struct{ gate *gate }

// Enter refuses a call that came too late.
func (e *ending) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	ctx, f, ok := e.gate.enter(ctx)
	if !ok {
		return nil, endpoint.Token{}, errStopped
	}
	return ctx, endpoint.Token{P: f}, nil
}

// Exit lets the gate forget the call.
func (e *ending) Exit(_ context.Context, t endpoint.Token, err error) error {
	if f, ok := t.P.(*flight); ok {
		e.gate.leave(f)
	}
	return err
}
