package grpcx

import (
	"context"
	"errors"
	"io"
	"reflect"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/shell"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// upload makes one call whose request is a stream and whose response is not.
func (c *client) upload(ctx context.Context, conn grpc.ClientConnInterface, items *shell.Producer, resp any) error {
	return c.exchange(ctx, conn, nil, items, func(x *outgoing) error {
		err := x.receive(resp)
		if c.observed {
			x.observeStream(err)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	})
}

// receive makes the call of a response stream.
func (c *client) receive(ctx context.Context, req any, items *shell.Producer, out *shell.Receiver) {
	out.End(shell.AttemptStream(ctx, c.target, out, func(conn grpc.ClientConnInterface) error {
		return c.exchange(ctx, conn, req, items, func(x *outgoing) error { return x.deliver(out) })
	}))
}

// exchange makes one call with a stream on some side. read reads the response; an
// error of grpc-go's that it returns becomes the call's.
func (c *client) exchange(ctx context.Context, conn grpc.ClientConnInterface, req any, items *shell.Producer, read func(x *outgoing) error) error {
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
	if err := x.addOptions(own); err != nil {
		return err
	}
	x.cancel = cancel
	if x.stream, err = conn.NewStream(own, desc, c.mt.op.Method, x.opts...); err != nil {
		return x.failed(ctx, err)
	}
	if items != nil {
		x.produce(items)
	} else if err := x.sendRequest(ctx, req); err != nil {
		return err
	}
	err = read(x)
	switch {
	case err == nil || errors.Is(err, endpoint.ErrStopped):
		return err
	case items != nil:
		cancel() // or a send that waits might wait on
		if own := items.Failed(); own != nil {
			return own
		}
	}
	return x.failed(ctx, err)
}

// sendRequest sends the one message of a request. The reason of an EOF is what is
// received.
func (x *outgoing) sendRequest(ctx context.Context, req any) error {
	v := x.c.toSend(req)
	err := x.stream.SendMsg(v)
	if err == nil || errors.Is(err, io.EOF) {
		x.countRequest(v)
		return nil
	}
	if own := x.unsendable("the request", err); own != nil {
		return own
	}
	return x.failed(ctx, err)
}

// countRequest adds the size of a message of protobuf to the Call, if a layer may
// look at it. The codec of the call counts the others.
func (x *outgoing) countRequest(v any) {
	if m, ok := v.(proto.Message); ok && x.c.observed {
		x.call.AddBytes(int64(proto.Size(m)), 0)
	}
}

// produce sends the items of a request stream, which ends the call if they fail.
// It starts when the call has a connection: one that finds no server never ranges
// over the items, and may be repeated.
func (x *outgoing) produce(items *shell.Producer) {
	items.Exclusive = true // an item that cannot be sent ends the call for the receiver, who looks for the reason
	items.Start(func(item any) error {
		v := x.c.toSend(item)
		err := x.stream.SendMsg(v)
		switch {
		case err == nil:
			x.countRequest(v)
			return nil
		case errors.Is(err, io.EOF):
			return shell.ErrEnded
		}
		if own := x.unsendable("an item", err); own != nil {
			return own
		}
		return shell.ErrEnded
	}, func(err error) {
		switch {
		case err == nil:
			_ = x.stream.CloseSend() // it never fails
		case !errors.Is(err, shell.ErrEnded):
			x.cancel()
		}
	})
}

// toSend returns the value that v points to as it is handed to grpc-go: a message,
// or v itself for the codec of the call.
func (c *client) toSend(v any) any {
	if c.mt.plain() {
		return v
	}
	return c.mt.in.encode(v)
}

// deliver delivers the items of a response. It returns nil after the end of the
// stream, and an error for every other end.
func (x *outgoing) deliver(out *shell.Receiver) error {
	place := reflect.New(x.c.mt.out.typ)
	item := place.Interface()
	for first := true; ; first = false {
		if x.c.mt.plain() {
			place.Elem().SetZero() // nothing of an item is in the next one
		}
		err := x.receive(item)
		if x.c.observed && (first || err != nil) {
			x.observeStream(err)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := out.Item(item); err != nil {
			return err
		}
	}
}

// receive receives the next message into the value that into points to. The error
// is io.EOF at the end.
func (x *outgoing) receive(into any) error {
	out := x.c.mt.out
	if out.formats != nil {
		return x.stream.RecvMsg(into)
	}
	m := out.create()
	if err := x.stream.RecvMsg(m); err != nil {
		return err
	}
	if x.c.observed {
		x.call.AddBytes(0, int64(proto.Size(m)))
	}
	return x.c.fromAnswer(m, into)
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

// unsendable is the error of a message that this side cannot send, or nil if it
// is not the message's.
func (x *outgoing) unsendable(what string, err error) error {
	st := status.Convert(err)
	switch {
	case x.codec.unsent() != nil || isMarshalFault(err):
		return shell.Failure(endpoint.InvalidArgument, "cannot write "+what+": %w", first(x.codec.unsent(), speak(err)))
	case st.Code() == codes.ResourceExhausted:
		return shell.Failure(endpoint.ResourceExhausted, what+" is too large to be sent: %w", speak(err))
	}
	return nil
}
