package grpcx

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/typedkit/endpoint"
	"google.golang.org/grpc"
)

// exchangeKey is where the parts of a method with a request stream find the
// exchange: the request of their endpoint is the stream.
type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// serveServerStream returns the handler of a method whose response is a stream.
func serveServerStream[Req, T any](mt *method, in *wire[Req], out *wire[T], next endpoint.Endpoint[Req, endpoint.Stream[T]]) grpc.StreamHandler {
	shell := mt.stack.Wrap(func(ctx context.Context, x *exchange) (endpoint.Stream[any], error) {
		if next == nil {
			return nil, unimplemented(mt.op.Name)
		}
		req, err := decode(x, in)
		if err != nil {
			return nil, coded(err)
		}
		items, err := next(ctx, req)
		if err != nil {
			return nil, coded(err)
		}
		return messages(x, out, items), nil
	})
	return mt.handleStream(func(ctx context.Context, x *exchange, stream grpc.ServerStream) error {
		items, err := shell(ctx, x)
		if err != nil {
			return err
		}
		return x.sendAll(stream, items)
	})
}

// serveClientStream returns the handler of a method whose request is a stream.
func serveClientStream[T, Resp any](mt *method, in *wire[T], out *wire[Resp], next endpoint.Endpoint[endpoint.Stream[T], Resp]) grpc.StreamHandler {
	shell := mt.stack.Wrap(func(ctx context.Context, items endpoint.Stream[T]) (endpoint.Empty, error) {
		x := exchangeFrom(ctx)
		if next == nil {
			return endpoint.Empty{}, unimplemented(mt.op.Name)
		}
		if err := x.negotiate(); err != nil {
			return endpoint.Empty{}, coded(err)
		}
		x.inner = ctx
		resp, err := next(ctx, items)
		if err == nil {
			err = answer(x, out, resp)
		}
		if err != nil {
			return endpoint.Empty{}, coded(err)
		}
		return endpoint.Empty{}, nil
	})
	return mt.handleStream(func(ctx context.Context, x *exchange, stream grpc.ServerStream) error {
		if _, err := shell(context.WithValue(ctx, exchangeKey{}, x), received(x, in)); err != nil {
			return err
		}
		return x.send(stream, x.source.answer)
	})
}

// serveBidi returns the handler of a method with streams on both sides.
func serveBidi[In, Out any](mt *method, in *wire[In], out *wire[Out], next endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]]) grpc.StreamHandler {
	shell := mt.stack.Wrap(func(ctx context.Context, items endpoint.Stream[In]) (endpoint.Stream[any], error) {
		x := exchangeFrom(ctx)
		if next == nil {
			return nil, unimplemented(mt.op.Name)
		}
		if err := x.negotiate(); err != nil {
			return nil, coded(err)
		}
		x.inner = ctx
		answers, err := next(ctx, items)
		if err != nil {
			return nil, coded(err)
		}
		return messages(x, out, answers), nil
	})
	return mt.handleStream(func(ctx context.Context, x *exchange, stream grpc.ServerStream) error {
		answers, err := shell(context.WithValue(ctx, exchangeKey{}, x), received(x, in))
		if err != nil {
			return err
		}
		return x.sendAll(stream, answers)
	})
}

// handleStream makes the Call and runs the layers around the endpoint and its
// streams.
func (mt *method) handleStream(run func(ctx context.Context, x *exchange, stream grpc.ServerStream) error) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		x := &exchange{mt: mt, receive: stream.RecvMsg}
		ctx := x.start(stream.Context())
		err := guard(func() error { return run(ctx, x, stream) })
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

// guard runs the layers and what they are around. A panic is an error from here
// on.
func guard(run func() error) (err error) {
	finished := false
	defer func() {
		if finished {
			return
		}
		if v := recover(); v != nil {
			err = endpoint.NewPanicError(v)
		}
	}()
	err = run()
	finished = true
	return err
}

// messages returns the items of a response as they are sent.
func messages[T any](x *exchange, w *wire[T], items endpoint.Stream[T]) endpoint.Stream[any] {
	if items == nil {
		return nil
	}
	return func(yield func(any, error) bool) {
		for v, err := range items {
			var m any
			if err == nil {
				m, err = encode(x, w, v)
			}
			if err != nil {
				yield(nil, coded(err))
				return
			}
			if !yield(m, nil) {
				return
			}
			if w.formats != nil || len(x.mt.stack) > 0 { // a layer may ask
				x.source.items.Add(sizeOf(m))
			}
		}
	}
}

// sendAll ranges over a response, with which the layers end. A nil one has no
// items.
func (x *exchange) sendAll(stream grpc.ServerStream, items endpoint.Stream[any]) error {
	if items == nil {
		return nil
	}
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
// client reads slowly.
func (x *exchange) send(stream grpc.ServerStream, m any) error {
	if !x.started {
		x.started = true
		x.sendHeader(stream.Context())
	}
	err := stream.SendMsg(m)
	switch {
	case err == nil:
		return nil
	case x.stream.Err() != nil:
		return contextError(x.stream)
	}
	return endpoint.Errorf(endpoint.Canceled, "the answer was not written: %w", err)
}

// received returns the request's messages as items. Nothing is read ahead but
// what the connection's window holds, so a reader that waits holds the sender.
// The end of the handler's context ends them, also while the sender says
// nothing.
func received[T any](x *exchange, w *wire[T]) endpoint.Stream[T] {
	ranged := false
	return func(yield func(T, error) bool) {
		if ranged {
			yield(*new(T), ErrRangedTwice)
			return
		}
		ranged = true
		next, stop := receiver(x, w)
		defer stop()
		for n := 0; ; n++ {
			v, err := next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					yield(*new(T), atItem(x.unread(err), n))
				}
				return
			}
			x.call.AddRequestBytes(int64(x.in.size))
			if !yield(v, nil) {
				return
			}
		}
	}
}

// receiver returns what reads the next item, and what ends it. A handler whose
// context ends before that of the stream, because a layer says so, is not kept
// waiting for the sender: the read runs on a goroutine of its own then, which
// ends with the stream at the latest.
func receiver[T any](x *exchange, w *wire[T]) (next func() (T, error), stop func()) {
	if x.inner.Done() == x.stream.Done() {
		return func() (T, error) { return read(x, w) }, func() {}
	}
	type result struct {
		v   T
		err error
	}
	ask, got := make(chan struct{}), make(chan result, 1)
	go func() {
		for range ask {
			var r result
			r.err = guard(func() (err error) {
				r.v, err = read(x, w)
				return err
			})
			got <- r
		}
	}()
	next = func() (T, error) {
		ask <- struct{}{}
		select {
		case r := <-got:
			return r.v, r.err
		case <-x.inner.Done():
			if !x.ended() {
				return *new(T), contextError(x.inner)
			}
			r := <-got // grpc-go may have refused a message, which ends the stream
			return r.v, r.err
		}
	}
	return next, func() { close(ask) }
}

// ended says that grpc-go's own stream has ended: nothing waits for its sender
// then. The context that a stream shows may be that of an interceptor.
func (x *exchange) ended() bool {
	s, ok := grpc.ServerTransportStreamFromContext(x.stream).(interface{ Context() context.Context })
	return ok && s.Context().Err() != nil
}

// atItem has the violations of an item begin with its place in the stream.
func atItem(err error, n int) error {
	vs := endpoint.ErrorOf(err).Violations()
	if !errors.Is(err, ErrInvalidRequest) || len(vs) == 0 {
		return err
	}
	for i := range vs {
		vs[i].Pointer = "/" + strconv.Itoa(n) + vs[i].Pointer
	}
	return ErrInvalidRequest.WithViolations(vs...).WithCause(err)
}
