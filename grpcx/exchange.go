package grpcx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// exchange is one call while it is served. It is the request of the endpoint
// that the layers of a server are wrapped around. That of a unary call is used
// again for another one; what outlives it is in the Call.
type exchange struct {
	mt          *method
	call        *endpoint.Call
	source      *source
	stream      context.Context // grpc-go's own
	receive     func(m any) error
	interceptor grpc.UnaryServerInterceptor
	in          inbox
	format      int             // of the messages, for a method that has formats
	inner       context.Context // of the handler of a request stream
	started     bool            // the header of a response stream was sent
	finished    bool            // a unary call came back
	sent        metadata.MD     // that header
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// release gives x back for another call. grpc-go's traces keep what a message was
// read into, so they keep x.
func (x *exchange) release() {
	if grpc.EnableTracing {
		return
	}
	*x = exchange{}
	exchanges.Put(x)
}

// start begins the Call. It is not inlined: see unaryHandler.
//
//go:noinline
func (x *exchange) start(ctx context.Context) context.Context {
	x.stream = ctx
	x.in.limit = x.mt.opts.maxMessage
	ctx, x.call, x.source = endpoint.StartSourcedCall[source](ctx, x.mt.op, endpoint.MetadataHeader(nil))
	x.source.stream = x.stream
	return ctx
}

// source answers what a Call is seldom asked for. A handler may keep it.
type source struct {
	stream   context.Context // grpc-go's own
	header   atomic.Pointer[endpoint.Header]
	items    atomic.Int64 // bytes of the items of a response
	answer   any          // the response's message, once answered says so
	answered atomic.Bool
}

// setAnswer is called once at most. Whoever has the Call may ask meanwhile.
func (s *source) setAnswer(m any) {
	s.answer = m
	s.answered.Store(true)
}

// Header returns the metadata of the request, which grpc-go copies for whoever
// asks.
func (s *source) Header() *endpoint.Header {
	if h := s.header.Load(); h != nil {
		return h
	}
	md, _ := metadata.FromIncomingContext(s.stream)
	s.header.CompareAndSwap(nil, new(endpoint.MetadataHeader(md)))
	return s.header.Load() // the same for all who ask
}

// Peer returns the address of the client.
func (s *source) Peer() string {
	if p, ok := peer.FromContext(s.stream); ok && p.Addr != nil {
		return p.Addr.String()
	}
	return ""
}

// ResponseBytes returns the size of the response, which grpc-go encodes.
func (s *source) ResponseBytes() int64 {
	if s.answered.Load() {
		return sizeOf(s.answer)
	}
	return s.items.Load()
}

// sizeOf returns the size of a message of a response.
func sizeOf(m any) int64 {
	switch m := m.(type) {
	case *outbox:
		return int64(len(m.data))
	case proto.Message:
		return int64(proto.Size(m))
	}
	return 0
}

// serveUnary is the innermost part of a method on a server: decode, call,
// encode.
func serveUnary[Req, Resp any](mt *method, in *wire[Req], out *wire[Resp], next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[*exchange, endpoint.Empty] {
	switch {
	case next == nil:
		return func(_ context.Context, _ *exchange) (endpoint.Empty, error) {
			return endpoint.Empty{}, unimplemented(mt.op.Name)
		}
	case mt.plain():
		return func(ctx context.Context, x *exchange) (endpoint.Empty, error) {
			req, err := decode(x, in)
			if err != nil {
				return endpoint.Empty{}, coded(err)
			}
			return endpoint.Empty{}, respond(ctx, x, out, next, req)
		}
	}
	return func(ctx context.Context, x *exchange) (endpoint.Empty, error) {
		x.in.toMessage(in.create())
		err := x.receive(&x.in)
		return endpoint.Empty{}, answerMessage(ctx, x, in, out, next, err)
	}
}

// answerMessage is what a unary method does when its message was read, or was
// not: err is grpc-go's. It is not inlined: see unaryHandler.
//
//go:noinline
func answerMessage[Req, Resp any](ctx context.Context, x *exchange, in *wire[Req], out *wire[Resp], next endpoint.Endpoint[Req, Resp], err error) error {
	if err = first(err, x.in.err); err != nil {
		return coded(x.unread(err))
	}
	x.call.AddRequestBytes(int64(x.in.size))
	req, err := in.value(x.in.into.(proto.Message))
	if err != nil {
		return coded(invalid(err))
	}
	return respond(ctx, x, out, next, req)
}

// respond calls the endpoint and encodes its response.
func respond[Req, Resp any](ctx context.Context, x *exchange, out *wire[Resp], next endpoint.Endpoint[Req, Resp], req Req) (err error) {
	var resp Resp
	if x.interceptor == nil {
		resp, err = next(ctx, req)
	} else {
		resp, err = intercepted(ctx, x, next, req)
	}
	if err == nil {
		err = answer(x, out, resp)
	}
	if err != nil {
		return coded(err)
	}
	return nil
}

// answer makes the message of a response that is one, for grpc-go and for whoever
// asks the Call.
func answer[Resp any](x *exchange, out *wire[Resp], resp Resp) error {
	m, err := encode(x, out, resp)
	if err == nil {
		x.source.setAnswer(m)
	}
	return err
}

// decode receives the first message of a request.
func decode[D any](x *exchange, w *wire[D]) (D, error) {
	if err := x.negotiate(); err != nil {
		return *new(D), err
	}
	v, err := read(x, w)
	if err != nil {
		return v, x.unread(err)
	}
	x.call.AddRequestBytes(int64(x.in.size))
	return v, nil
}

// unread is the error of a message that was not read: one of ours, or one of
// grpc-go's, whose answer is on the wire already; that is for layers and hooks.
func (x *exchange) unread(err error) error {
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e != nil {
		return err
	}
	return unread(x.stream, err)
}

// negotiate chooses the format of a method that has some.
func (x *exchange) negotiate() error {
	if !x.mt.plain() {
		return nil
	}
	types := metadata.ValueFromIncomingContext(x.stream, "content-type")
	if len(types) == 0 { // over no wire: the registrar is one of the program's own
		return nil
	}
	var err error
	x.format, err = formatOf(x.mt.in.formats, types[0])
	return err
}

// read receives the next message. Errors that are not of the message itself are
// grpc-go's.
func read[D any](x *exchange, w *wire[D]) (D, error) {
	if w.formats != nil {
		v := new(D)
		x.in.toValue(&w.formats[x.format], v)
		if err := x.readMessage(); err != nil {
			return *new(D), err
		}
		return *v, nil
	}
	m := w.create()
	x.in.toMessage(m)
	if err := x.readMessage(); err != nil {
		return *new(D), err
	}
	v, err := w.value(m)
	if err != nil {
		return *new(D), invalid(err)
	}
	return v, nil
}

func (x *exchange) readMessage() error {
	if grpc.EnableTracing { // see release: each message has an inbox of its own
		in := x.in
		err := x.receive(&in)
		x.in = in
		return first(err, in.err)
	}
	if err := x.receive(&x.in); err != nil {
		return err
	}
	return x.in.err
}

// encode returns the message of a value of the response. Protobuf is left to
// grpc-go, which writes it into buffers of its own.
func encode[D any](x *exchange, w *wire[D], v D) (any, error) {
	if w.formats == nil {
		return w.encode(v), nil
	}
	data, err := w.formats[x.format].Append(nil, new(v))
	if err != nil {
		return nil, endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", err)
	}
	return newOutbox(data), nil
}

// intercepted calls the endpoint through the interceptor of the server, which
// sees the messages as the handler does: what is no pointer goes as one. An
// interceptor may return before the handler does, so the exchange is none of the
// handler's.
func intercepted[Req, Resp any](ctx context.Context, x *exchange, next endpoint.Endpoint[Req, Resp], req Req) (Resp, error) {
	mt := x.mt
	info := &grpc.UnaryServerInfo{Server: mt.svc, FullMethod: mt.op.Method}
	resp, err := x.interceptor(ctx, handed(req), info, func(ctx context.Context, req any) (any, error) {
		r, ok := taken[Req](req)
		if !ok {
			return nil, endpoint.Errorf(endpoint.Internal, "%w", fmt.Errorf("an interceptor made a %T of the request", req))
		}
		resp, err := next(ctx, r)
		if err != nil {
			return nil, mt.withStatus(err)
		}
		return handed(resp), nil
	})
	if err != nil {
		return *new(Resp), err
	}
	r, ok := taken[Resp](resp)
	if !ok {
		return *new(Resp), endpoint.Errorf(endpoint.Internal, "%w", fmt.Errorf("an interceptor made a %T of the response", resp))
	}
	return r, nil
}

// handed is a value as interceptors see it.
func handed[D any](v D) any {
	if m, ok := any(v).(proto.Message); ok {
		return m
	}
	return new(v)
}

func taken[D any](v any) (D, bool) {
	if p, ok := v.(*D); ok && p != nil {
		return *p, true
	}
	d, ok := v.(D)
	return d, ok
}

// withStatus gives an error of the handler the status that it will have, for
// interceptors, which look for one.
func (mt *method) withStatus(err error) error {
	return &statusOfError{coded(err), mt.op}
}

type statusOfError struct {
	error
	op *endpoint.Operation
}

func (e *statusOfError) Unwrap() error { return e.error }

// GRPCStatus is for status.FromError.
func (e *statusOfError) GRPCStatus() *status.Status { return statusOf(e.op.Outgoing(e.error)) }

// refuse returns the status of a call that failed, with what the handler set for
// the reply as trailers. A layer's error may panic when it is asked what it is,
// as a nil pointer of a type does that has a method Unwrap: nothing recovers
// here but this.
func (x *exchange) refuse(ctx context.Context, err error) error {
	var refusal error
	panicked := guard(func() error {
		refusal = x.statusFor(ctx, err)
		return nil
	})
	if panicked != nil {
		refusal = x.statusFor(ctx, panicked)
	}
	return refusal
}

func (x *exchange) statusFor(ctx context.Context, err error) error {
	err = coded(err) // a layer may have made it
	refusal := statusOf(x.mt.op.Outgoing(err)).Err()
	x.mt.config.report(ctx, err)
	x.sendTrailer(ctx)
	return refusal
}

// sendHeader hands what was set for the reply to grpc-go, which sends it with
// the first message.
func (x *exchange) sendHeader(ctx context.Context) {
	raw := x.call.Reply().Raw()
	if len(raw) == 0 {
		return
	}
	md, err := sendable(raw)
	x.sent = md
	if err = errors.Join(err, grpc.SetHeader(x.stream, md)); err != nil {
		x.mt.config.report(ctx, endpoint.Errorf(endpoint.Internal, "metadata of the reply was not sent: %w", err))
	}
}

// sendTrailer sends, with the status, what was set for the reply and did not go
// with the header.
func (x *exchange) sendTrailer(ctx context.Context) {
	raw := x.call.Reply().Raw()
	if len(raw) == 0 {
		return
	}
	md, err := sendable(raw)
	for k, vs := range x.sent {
		if slices.Equal(md[k], vs) {
			delete(md, k)
		}
	}
	if len(md) > 0 {
		_ = grpc.SetTrailer(x.stream, md)
	}
	if err != nil {
		x.mt.config.report(ctx, endpoint.Errorf(endpoint.Internal, "metadata of the reply was not sent: %w", err))
	}
}
