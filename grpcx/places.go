package grpcx

import (
	"context"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
)

// receiveFirst returns next inside the layers that take places. They are entered
// once the first message has come, so that nobody holds a place by sending slowly.
// See decision 139.
func receiveFirst[Resp any](places endpoint.Stack, next endpoint.Endpoint[*exchange, Resp]) endpoint.Endpoint[*exchange, Resp] {
	if len(places) == 0 {
		return next
	}
	inside := places.Wrap(next)
	return func(ctx context.Context, x *exchange) (Resp, error) {
		if err := places.Admit(ctx); err != nil {
			return *new(Resp), err
		}
		if x.receiveFirst(); x.early != nil {
			return *new(Resp), x.unread(x.early)
		}
		return inside(ctx, x)
	}
}

// receiveFirstItem is receiveFirst for a request stream: the places are taken once
// its first item has come.
func receiveFirstItem(places endpoint.Stack, next endpoint.Endpoint[endpoint.Stream[any], endpoint.Empty]) endpoint.Endpoint[endpoint.Stream[any], endpoint.Empty] {
	if len(places) == 0 {
		return next
	}
	inside := places.Wrap(next)
	return func(ctx context.Context, items endpoint.Stream[any]) (endpoint.Empty, error) {
		if err := places.Admit(ctx); err != nil {
			return endpoint.Empty{}, err
		}
		if err := exchangeFrom(ctx).receiveFirstWithin(ctx); err != nil {
			return endpoint.Empty{}, err
		}
		return inside(ctx, items)
	}
}

// receiveFirstWithin is receiveFirst until ctx ends, whose error it returns. An error of
// the stream, or its end, is that of the items.
func (x *exchange) receiveFirstWithin(ctx context.Context) error {
	if ctx.Done() == x.stream.Done() {
		x.receiveFirst()
		return nil
	}
	// As a receiver does, the goroutine ends with the stream at the latest. Nobody uses
	// the exchange of a stream again.
	received := make(chan error, 1)
	go func() { received <- shell.Guard(nil, func() error { x.receiveFirst(); return nil }) }()
	select {
	case err := <-received:
		return err
	case <-ctx.Done():
		if x.ended() {
			return <-received // which knows why
		}
		return shell.ContextError(ctx)
	}
}
