package httpx

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
)

// errNoRoom is the error of a request whose bytes find no room in the ReadBudget.
var errNoRoom = own(http.StatusServiceUnavailable, endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "OUT_OF_CAPACITY", "out of capacity"))

// afterReading returns next inside the layers that take places. They are entered once
// the request has been read, so that nobody holds a place by sending slowly. See
// decision 139.
func afterReading[Resp any](places endpoint.Stack, next endpoint.Endpoint[*exchange, Resp]) endpoint.Endpoint[*exchange, Resp] {
	if len(places) == 0 {
		return next
	}
	inside := places.Wrap(next)
	return func(ctx context.Context, x *exchange) (Resp, error) {
		if err := x.readFirst(ctx, places); err != nil {
			return *new(Resp), err
		}
		return inside(ctx, x)
	}
}

func (x *exchange) readFirst(ctx context.Context, places endpoint.Stack) error {
	if x.hasBody() {
		if err := places.Admit(ctx); err != nil {
			return err
		}
	}
	return x.quietly(x.receive)
}

// afterFirstLine is afterReading for a request stream: the places are taken once its
// first line has come, within the time that a body may take.
func (rt *route) afterFirstLine(places endpoint.Stack) endpoint.Endpoint[endpoint.Stream[line], endpoint.Empty] {
	if len(places) == 0 {
		return rt.clientStream
	}
	inside := places.Wrap(rt.clientStream)
	return func(ctx context.Context, lines endpoint.Stream[line]) (endpoint.Empty, error) {
		x := exchangeFrom(ctx)
		if !rt.endpoint.IsNil() {
			if err := places.Admit(ctx); err != nil {
				return endpoint.Empty{}, err
			}
			if err := x.acceptLines(); err != nil {
				return endpoint.Empty{}, err
			}
			x.peek(ctx)
		}
		return inside(ctx, lines)
	}
}

// peek reads the first line of a request stream, or its end or error, for whoever
// ranges over the lines. It waits until ctx ends at most.
func (x *exchange) peek(ctx context.Context) {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { defer close(interrupted); x.interrupt() })
	conn := deadliner(x.w)
	var deadline time.Time
	if d := x.rt.opts.bodyTimeout; d > 0 && conn != nil {
		deadline = time.Now().Add(d)
		_ = conn.SetReadDeadline(deadline)
	}
	// The end of ctx moves the deadline to the past, and net/http ends ctx when a
	// deadline passes.
	x.wire.Wait()
	err := x.reader.peek()
	x.wire.Waited()
	if errors.Is(err, os.ErrDeadlineExceeded) && !deadline.IsZero() && !time.Now().Before(deadline) {
		x.reader.err, x.rest = ErrBodyTimeout.WithCause(err), bodyBroken
	}
	if conn != nil {
		_ = conn.SetReadDeadline(time.Time{})
	}
	if !stop() {
		<-interrupted
	}
}
