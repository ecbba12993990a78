package grpcx

import (
	"context"
	"errors"
	"io"
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
	"google.golang.org/grpc"
)

// exchangeKey is where the parts of a method with a request stream find the
// exchange: the request of their endpoint is the stream.
type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// serverStream returns the handler of a method whose response is a stream.
func (mt *method) serverStream() grpc.StreamHandler {
	before, after := mt.stack.Split()
	serve := before.Wrap(receiveFirst(after, func(ctx context.Context, x *exchange) (endpoint.Stream[any], error) {
		if err := x.run(ctx); err != nil {
			return nil, err
		}
		return x.messages(ctx), nil
	}))
	return mt.handleStream(func(ctx context.Context, x *exchange, stream grpc.ServerStream) error {
		items, err := serve(ctx, x)
		if err != nil {
			return err
		}
		return x.sendAll(stream, items)
	})
}

// clientStream returns the handler of a method whose request is a stream.
func (mt *method) clientStream() grpc.StreamHandler {
	before, after := mt.stack.Split()
	serve := before.Wrap(receiveFirstItem(after, func(ctx context.Context, items endpoint.Stream[any]) (endpoint.Empty, error) {
		return endpoint.Empty{}, exchangeFrom(ctx).runItems(ctx, items)
	}))
	return mt.handleStream(func(ctx context.Context, x *exchange, stream grpc.ServerStream) error {
		if _, err := serve(context.WithValue(ctx, exchangeKey{}, x), x.received()); err != nil {
			return err
		}
		return x.send(stream, x.source.answer)
	})
}

// bidi returns the handler of a method with streams on both sides.
func (mt *method) bidi() grpc.StreamHandler {
	serve := mt.stack.Wrap(func(ctx context.Context, items endpoint.Stream[any]) (endpoint.Stream[any], error) {
		x := exchangeFrom(ctx)
		if err := x.runItems(ctx, items); err != nil {
			return nil, err
		}
		return x.messages(ctx), nil
	})
	return mt.handleStream(func(ctx context.Context, x *exchange, stream grpc.ServerStream) error {
		answers, err := serve(context.WithValue(ctx, exchangeKey{}, x), x.received())
		if err != nil {
			return err
		}
		return x.sendAll(stream, answers)
	})
}

// runItems is run with the items of a request stream.
func (x *exchange) runItems(ctx context.Context, items endpoint.Stream[any]) error {
	x.inner, x.requests = ctx, items
	return x.run(ctx)
}

// handleStream makes the Call and runs the layers around the endpoint and its
// streams.
func (mt *method) handleStream(run func(ctx context.Context, x *exchange, stream grpc.ServerStream) error) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		x := &exchange{mt: mt, receive: stream.RecvMsg}
		ctx := x.start(stream.Context())
		x.takeDeadline()
		err := shell.Guard(nil, func() error { return run(ctx, x, stream) })
		if err != nil {
			return x.refuse(ctx, err)
		}
		if !x.started {
			x.sendHeader(ctx)
		}
		x.sendTrailer(ctx)
		return nil
	}
}

// messages returns the items of the response as they are sent. ctx is the handler's.
func (x *exchange) messages(ctx context.Context) endpoint.Stream[any] {
	if x.responses == nil {
		return nil
	}
	return func(yield func(any, error) bool) {
		for item, err := range x.responses {
			var m any
			if err == nil {
				m, err = x.encode(item)
			}
			if err != nil {
				yield(nil, shell.Cancelled(ctx, coded(err)))
				return
			}
			if !yield(m, nil) {
				return
			}
			if x.mt.plain() || len(x.mt.stack) > 0 { // a layer may ask
				x.source.items.Add(sizeOf(m))
			}
		}
		if err := shell.Interrupted(ctx); err != nil {
			yield(nil, err)
		}
	}
}

// sendAll ranges over a response, with which the layers end. A nil one has no
// items.
func (x *exchange) sendAll(stream grpc.ServerStream, items endpoint.Stream[any]) error {
	if items == nil {
		return nil
	}
	x.sends = newSendTimer(x.stream, x.mt.opts.sendTimeout)
	for m, err := range items {
		if err == nil {
			err = x.send(stream, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// send sends a message, and the header before the first. It waits while the
// client reads slowly, but no longer than SendTimeout allows.
func (x *exchange) send(stream grpc.ServerStream, m any) error {
	if !x.started {
		x.started = true
		x.sendHeader(stream.Context())
	}
	x.sends.start()
	err := stream.SendMsg(m)
	if late := x.sends.stop(); late != nil {
		return late
	}
	switch {
	case err == nil:
		return nil
	case isMarshalFault(err): // before the context, which grpc-go has ended for it
		return endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", speak(err))
	case x.stream.Err() != nil:
		return shell.ContextError(x.stream)
	}
	return endpoint.Errorf(endpoint.Canceled, "the answer was not written: %w", err)
}

// received returns the request's messages as items. Nothing is read ahead but
// what the connection's window holds, so a reader that waits holds the sender.
// The end of the handler's context ends them, even while the sender is silent.
func (x *exchange) received() endpoint.Stream[any] {
	return shell.Once(func(yield func(any, error) bool) {
		place := reflect.New(x.mt.in.typ)
		item := place.Interface()
		next, stop := x.receiver(place.Elem(), item)
		defer stop()
		for n := 0; ; n++ {
			if err := next(); err != nil {
				if !errors.Is(err, io.EOF) {
					yield(nil, shell.AtItem(x.unread(err), n))
				}
				return
			}
			x.call.AddBytes(int64(x.in.size), 0)
			if !yield(item, nil) {
				return
			}
		}
	})
}

// receiver returns what reads the next item into v, which item points to, and what
// ends it. A
// handler whose context ends before that of the stream, because a layer says so,
// is not kept waiting for the sender: the read runs on a goroutine of its own
// then, which ends with the stream at the latest.
func (x *exchange) receiver(v reflect.Value, item any) (next func() error, stop func()) {
	plain := x.mt.plain()
	read := func() error {
		if plain {
			v.SetZero() // nothing of an item is in the next one
		}
		return x.read(item)
	}
	if x.inner.Done() == x.stream.Done() {
		return read, func() {}
	}
	ask, got := make(chan struct{}), make(chan error, 1)
	go func() {
		for range ask {
			got <- shell.Guard(nil, read)
		}
	}()
	next = func() error {
		ask <- struct{}{}
		select {
		case err := <-got:
			return err
		case <-x.inner.Done():
			if !x.ended() {
				return shell.ContextError(x.inner)
			}
			return <-got // grpc-go may have refused a message, which ends the stream
		}
	}
	return next, func() { close(ask) }
}

// ended reports whether grpc-go's own stream has ended: nothing waits for its sender
// then.
func (x *exchange) ended() bool {
	s := x.transport()
	return s != nil && s.Err() != nil
}

// takeDeadline takes the deadline of grpc-go's own stream as the one that the client
// sent, because an interceptor may have set an earlier one.
func (x *exchange) takeDeadline() {
	if s := x.transport(); s != nil {
		deadline, _ := s.Deadline()
		x.wire.Set(deadline)
	}
}

// transport returns the context of grpc-go's own stream, or nil if there is none. The
// one that a stream shows may be that of an interceptor.
func (x *exchange) transport() context.Context {
	s, ok := grpc.ServerTransportStreamFromContext(x.stream).(interface{ Context() context.Context })
	if !ok {
		return nil
	}
	return s.Context()
}
