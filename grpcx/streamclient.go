package grpcx

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// callServerStream returns the endpoint of a method whose response is a stream.
func callServerStream[Req, T any](c *client, in *wire[Req], out *wire[T]) endpoint.Endpoint[Req, endpoint.Stream[T]] {
	attempt := c.mt.stack.Wrap(func(ctx context.Context, req Req) (endpoint.Stream[T], error) {
		return func(yield func(T, error) bool) {
			r := &streamIn[T]{c: c, out: out, yield: yield}
			r.run(ctx, func(x *outgoing) error {
				err := x.stream.SendMsg(toSend(in, req))
				if err == nil || errors.Is(err, io.EOF) {
					return nil // the reason of an EOF is what is received
				}
				if own := x.unsendable("the request", err); own != nil {
					return own
				}
				return x.failed(ctx, err)
			})
		}, nil
	})
	return coldCall(c, attempt)
}

// callClientStream returns the endpoint of a method whose request is a stream.
func callClientStream[T, Resp any](c *client, in *wire[T], out *wire[Resp]) endpoint.Endpoint[endpoint.Stream[T], Resp] {
	attempt := c.mt.stack.Wrap(func(ctx context.Context, req endpoint.Stream[T]) (Resp, error) {
		var resp Resp
		one := &streamIn[Resp]{c: c, out: out, yield: func(v Resp, _ error) bool {
			resp = v
			return true
		}}
		sending := &streamOut[T]{in: in, items: req}
		one.sending = sending.failed
		defer sending.stop()
		if err := one.attempt(ctx, sending.start); err != nil {
			return *new(Resp), err
		}
		return resp, nil
	})
	return func(ctx context.Context, req endpoint.Stream[T]) (Resp, error) {
		req = streams.Whole(ctx, req)
		ctx, err := c.start(ctx)
		if err != nil {
			return *new(Resp), err
		}
		return attempt(ctx, req)
	}
}

// callBidi returns the endpoint of a method with streams on both sides.
func callBidi[In, Out any](c *client, in *wire[In], out *wire[Out]) endpoint.Endpoint[endpoint.Stream[In], endpoint.Stream[Out]] {
	attempt := c.mt.stack.Wrap(func(ctx context.Context, req endpoint.Stream[In]) (endpoint.Stream[Out], error) {
		return func(yield func(Out, error) bool) {
			sending := &streamOut[In]{in: in, items: req}
			defer sending.stop()
			r := &streamIn[Out]{c: c, out: out, yield: yield, sending: sending.failed}
			r.run(ctx, sending.start)
		}, nil
	})
	call := coldCall(c, attempt)
	return func(ctx context.Context, req endpoint.Stream[In]) (endpoint.Stream[Out], error) {
		return call(ctx, streams.Whole(ctx, req))
	}
}

// coldCall starts the Call when the stream is ranged over, and ends it with the
// loop.
func coldCall[Req, T any](c *client, attempt endpoint.Endpoint[Req, endpoint.Stream[T]]) endpoint.Endpoint[Req, endpoint.Stream[T]] {
	return func(ctx context.Context, req Req) (endpoint.Stream[T], error) {
		return func(yield func(T, error) bool) {
			ctx, err := c.start(ctx)
			var s endpoint.Stream[T]
			if err == nil {
				s, err = attempt(ctx, req)
			}
			if err != nil {
				yield(*new(T), err)
				return
			}
			s(yield)
		}, nil
	}
}

// toSend is a value as it is handed to grpc-go: a message, or a pointer for the
// codec of the call.
func toSend[D any](w *wire[D], v D) any {
	if w.formats != nil {
		return new(v) // its own copy: &v would have v on the heap for messages, too
	}
	return w.encode(v)
}

// streamIn receives the messages of a response.
type streamIn[T any] struct {
	c       *client
	out     *wire[T]
	yield   func(T, error) bool
	sending func() error // why the request stream ended, where there is one
	stopped bool
}

// run makes an attempt for a response that is a stream.
func (s *streamIn[T]) run(ctx context.Context, start func(x *outgoing) error) {
	if err := s.attempt(ctx, start); err != nil && !s.stopped {
		s.yield(*new(T), err)
	}
}

// attempt makes one call and yields what comes back. start sends the request, or
// begins to.
func (s *streamIn[T]) attempt(ctx context.Context, start func(x *outgoing) error) error {
	conn, token, err := s.c.target.Acquire(ctx)
	if err != nil {
		return err
	}
	outcome := error(endpoint.ErrStopped) // a break, or a panic of the loop's body
	defer func() { s.c.target.Release(token, outcome) }()
	err = s.exchange(ctx, conn, start)
	if !s.stopped {
		outcome = err
	}
	return err
}

func (s *streamIn[T]) exchange(ctx context.Context, conn grpc.ClientConnInterface, start func(x *outgoing) error) error {
	c := s.c
	own, cancel := context.WithCancel(ctx)
	defer cancel() // ends the call on the server, if it goes on
	own, x, err := c.newOutgoing(own, conn)
	if err != nil {
		return err
	}
	desc := &grpc.StreamDesc{
		StreamName:    c.mt.name,
		ServerStreams: c.mt.op.Streams&endpoint.ServerStream != 0,
		ClientStreams: c.mt.op.Streams&endpoint.ClientStream != 0,
	}
	x.opts = appendOptions(x.opts, own, c.mt.op)
	x.cancel = cancel
	if x.stream, err = conn.NewStream(own, desc, c.mt.op.Method, x.opts...); err != nil {
		return x.failed(ctx, err)
	}
	if err := start(x); err != nil {
		return err
	}
	return s.read(ctx, x)
}

// read yields the messages. It returns nil after the end of the stream, and an
// error for every other end.
func (s *streamIn[T]) read(ctx context.Context, x *outgoing) error {
	single := s.c.mt.op.Streams&endpoint.ServerStream == 0
	for first := true; ; first = false {
		v, err := s.receive(x)
		if s.c.observed && (first || single || err != nil) {
			x.observeStream(err)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return s.failed(ctx, x, err)
		}
		if !s.yield(v, nil) {
			s.stopped = true
			return endpoint.ErrStopped
		}
		if single {
			return nil
		}
	}
}

// receive returns the next message, io.EOF at the end.
func (s *streamIn[T]) receive(x *outgoing) (T, error) {
	if s.out.formats != nil {
		v := new(T)
		err := x.stream.RecvMsg(v)
		return *v, err
	}
	m := s.out.create()
	if err := x.stream.RecvMsg(m); err != nil {
		return *new(T), err
	}
	if s.c.observed {
		x.call.AddResponseBytes(int64(proto.Size(m)))
	}
	return fromAnswer(s.c, s.out, m)
}

// failed is the error of a call that broke: that of the request stream, if it
// was the one that broke it.
func (s *streamIn[T]) failed(ctx context.Context, x *outgoing, err error) error {
	if s.sending != nil {
		x.cancel() // or a send that waits might wait on
		if own := s.sending(); own != nil {
			return own
		}
	}
	return x.failed(ctx, err)
}

// observeStream tells the Call what is known of it: the header with the first
// message, the trailers at the end.
func (x *outgoing) observeStream(err error) {
	if p, ok := peer.FromContext(x.stream.Context()); ok && p.Addr != nil {
		x.call.SetPeer(p.Addr.String())
	}
	x.header, _ = x.stream.Header()
	if _, own := errors.AsType[*endpoint.Error](err); err != nil && !own { // then the stream has ended
		x.trailer = x.stream.Trailer()
		if !errors.Is(err, io.EOF) {
			x.call.SetStatus(int(status.Code(err)))
		}
	}
	x.reply()
}

// streamOut sends a request stream: a goroutine ranges over it. It begins when
// the call has a connection: one that finds no server never ranges over the
// items, and may be repeated.
type streamOut[T any] struct {
	in    *wire[T]
	items endpoint.Stream[T]

	mu      sync.Mutex // guards the fields below
	err     error      // of the producer, or of sending an item
	stopped bool
}

func (o *streamOut[T]) start(x *outgoing) error {
	go func() {
		finished := false
		defer func() {
			if !finished {
				o.set(endpoint.NewPanicError(recover()))
				x.cancel()
			}
		}()
		err := o.send(x)
		finished = true
		if err != nil {
			o.set(err)
			x.cancel()
		}
	}()
	return nil
}

// send sends all items. The reason of a stream that the server ended is what is
// received.
func (o *streamOut[T]) send(x *outgoing) error {
	if o.items != nil && !o.isStopped() {
		for v, err := range o.items {
			if err != nil {
				return err
			}
			if !o.sendItem(x, v) {
				return o.failed()
			}
		}
	}
	return x.stream.CloseSend()
}

// sendItem is false when nothing more is to be sent. An item that this side
// cannot send ends the call for who receives, too, who then looks for the reason:
// so it is set before anybody else gets the lock. A send that waits returns when
// the call has ended.
func (o *streamOut[T]) sendItem(x *outgoing, v T) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stopped {
		return false
	}
	err := x.stream.SendMsg(toSend(o.in, v))
	if err != nil && !errors.Is(err, io.EOF) {
		o.err = x.unsendable("an item", err)
	}
	return err == nil
}

// unsendable is the error of a message that this side cannot send, or nil if it
// is not the message's.
func (x *outgoing) unsendable(what string, err error) error {
	st := status.Convert(err)
	switch {
	case x.codec.unsent() != nil || isMarshalFault(err):
		return endpoint.Errorf(endpoint.InvalidArgument, "cannot write "+what+": %w", first(x.codec.unsent(), speak(err)))
	case st.Code() == codes.ResourceExhausted:
		return endpoint.Errorf(endpoint.ResourceExhausted, what+" is too large to be sent: %w", speak(err))
	}
	return nil
}

func (o *streamOut[T]) set(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

// failed returns the error of the producer. A panic of it goes on, on the
// goroutine that called.
func (o *streamOut[T]) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p, ok := o.err.(*endpoint.PanicError); ok && p.Value != nil { //nolint:errorlint // it is ours, not wrapped
		panic(p.Value)
	}
	return o.err
}

// stop ends the request stream: the next send of the producer ends it, and one
// that has not begun never will.
func (o *streamOut[T]) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = true
}

func (o *streamOut[T]) isStopped() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stopped
}
