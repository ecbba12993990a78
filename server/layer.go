package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/server/internal/figures"
)

// Enter is for calls without an operation, and does nothing.
func (s *Server) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

// Exit returns err.
func (s *Server) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

// For returns the layer of one operation: it counts the calls, and on a server it ends
// those that a stop ends.
func (s *Server) For(op *endpoint.Operation) endpoint.Layer {
	l := &layer{set: s.figures, calls: s.figures.Of(op)}
	switch {
	case op.Side != endpoint.ServerSide:
	case op.Streams&endpoint.ServerStream != 0:
		l.gate = &s.streams
	case op.Transport != "http": // the context of the listener ends those
		l.gate = &s.calls
	}
	return l
}

// Wrap returns next within the server. Req and Resp are those of next.
func (s *Server) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{s}.Wrap(next)
}

// A layer is that of one operation.
type layer struct {
	set   *figures.Set
	calls *figures.Operation
	gate  *gate // nil if a stop does not end the calls here
}

// Enter begins to count a call, and refuses one that comes too late.
func (l *layer) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	l.calls.Begin()
	began := l.set.Now()
	t := endpoint.Token{N: int64(began)}
	if l.gate == nil {
		return ctx, t, nil
	}
	inner, f, ok := l.gate.enter(ctx)
	if !ok {
		err := l.gate.cause
		l.calls.End(ctx, began, l.set.Now(), err)
		return nil, endpoint.Token{}, err
	}
	t.P = f
	return inner, t, nil
}

// Exit counts the call.
func (l *layer) Exit(ctx context.Context, t endpoint.Token, err error) error {
	if f, ok := t.P.(*flight); ok {
		l.gate.leave(f)
	}
	l.calls.End(ctx, time.Duration(t.N), l.set.Now(), err)
	return err
}

// inFlight names the operations of the server that have calls in flight, with their number.
func (s *Server) inFlight() string {
	var all []string
	for _, o := range s.figures.Operations() {
		op := o.Operation()
		if n := o.Snapshot(s.figures.Now()).InFlight; n > 0 && op.Side == endpoint.ServerSide {
			all = append(all, fmt.Sprintf("%s.%s over %s: %d", op.Service, op.Name, op.Transport, n))
		}
	}
	return strings.Join(all, ", ")
}
