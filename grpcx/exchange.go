package grpcx

import (
	"context"
	"crypto/tls"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/mark"
	"github.com/typedkit/endpoint/internal/shell"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
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
	call        *endpoint.CallWriter
	source      *source
	wire        *mark.Wire      // of the Call
	stream      context.Context // grpc-go's own
	receive     func(m any) error
	interceptor grpc.UnaryServerInterceptor
	in          inbox
	format      int                  // of the messages, for a method that has formats
	inner       context.Context      // of the handler of a request stream
	requests    endpoint.Stream[any] // the request stream, as the layers pass it on
	responses   endpoint.Stream[any] // the response stream
	started     bool                 // the header of a response stream was sent
	finished    bool                 // a unary call came back
	sent        metadata.MD          // that header
	sends       sendTimer            // of the response stream

	waited bool // the first message was waited for
	ahead  bool // it was received before it was asked for, unless that failed with early
	early  error
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// release gives x back for another call. grpc-go's traces keep what a message was
// read into, so they keep x. See decision 99.
func (x *exchange) release() {
	if grpc.EnableTracing {
		return
	}
	raw := x.in.raw
	*x = exchange{}
	if cap(raw) <= keepBuffer {
		x.in.raw = raw[:0]
	}
	exchanges.Put(x)
}

// keepBuffer bounds what a buffer may have grown to and still be kept.
const keepBuffer = 64 << 10

// start begins the Call. It is not inlined: see unaryHandler and decision 85.
//
//go:noinline
func (x *exchange) start(ctx context.Context) context.Context {
	x.stream = ctx
	x.in.limit = x.mt.opts.maxMessage
	ctx, x.call, x.source = endpoint.StartSourcedCall[source](ctx, x.mt.op, endpoint.MetadataHeader(nil))
	x.source.stream = x.stream
	x.wire = x.mt.config.Hooks.WireOf(ctx, x.mt.stack)
	x.wire.Origin = x.source
	return ctx
}

// source answers what a Call is seldom asked for. A handler may keep it.
// See decision 57.
type source struct {
	stream   context.Context // grpc-go's own
	header   atomic.Pointer[endpoint.Header]
	items    atomic.Int64 // bytes of the items of a response
	answer   any          // the response's message, once answered says so
	answered atomic.Bool
}

// setAnswer is called once at most. Whoever has the Call may ask meanwhile.
// See decision 100.
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

// Fork returns a source with a header of its own. What grpc-go's context holds stays
// when the call is over.
func (s *source) Fork() endpoint.CallSource {
	f := &source{stream: s.stream}
	if h := s.header.Load(); h != nil { // a layer may have changed it
		f.header.Store(new(endpoint.MetadataHeader(metadata.MD(h.Raw()).Copy())))
	}
	return f
}

// Peer returns the address of the client.
func (s *source) Peer() string {
	if p, ok := peer.FromContext(s.stream); ok && p.Addr != nil {
		return p.Addr.String()
	}
	return ""
}

// Query returns nothing, because a call has no query. With Connection it makes the source a
// credential.Origin.
func (s *source) Query(string) []string { return nil }

// Connection returns the state of TLS, or nil.
func (s *source) Connection() *tls.ConnectionState {
	p, ok := peer.FromContext(s.stream)
	if !ok {
		return nil
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return nil
	}
	return &info.State
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

// serve takes the endpoint from its field and puts the layers around it.
// See decision 58.
func (mt *method) serve() {
	mt.endpoint.Read()
	switch mt.op.Streams {
	case endpoint.Unary:
		before, after := mt.stack.Split()
		mt.unary = before.Wrap(receiveFirst(after, mt.innermost()))
	case endpoint.ServerStream:
		mt.stream = mt.serverStream()
	case endpoint.ClientStream:
		mt.stream = mt.clientStream()
	case endpoint.Bidi:
		mt.stream = mt.bidi()
	}
}

// innermost returns the innermost part of a unary method on a server: decode,
// call, encode.
func (mt *method) innermost() endpoint.Endpoint[*exchange, endpoint.Empty] {
	if mt.endpoint.IsNil() {
		return func(context.Context, *exchange) (endpoint.Empty, error) {
			return endpoint.Empty{}, shell.Unimplemented(mt.op.Name)
		}
	}
	serve := mt.endpoint.Serve
	return func(ctx context.Context, x *exchange) (endpoint.Empty, error) {
		if x.interceptor != nil {
			return endpoint.Empty{}, shell.Cancelled(ctx, coded(x.intercepted(ctx)))
		}
		return endpoint.Empty{}, shell.Cancelled(ctx, coded(serve(ctx, x)))
	}
}

// run calls the endpoint of a method with a stream.
func (x *exchange) run(ctx context.Context) error {
	if x.mt.endpoint.IsNil() {
		return shell.Unimplemented(x.mt.op.Name)
	}
	return shell.Cancelled(ctx, coded(x.mt.endpoint.Serve(ctx, x)))
}

// Receive reads a request that is a message of protobuf.
func (x *exchange) Receive() (any, error) {
	m := x.mt.in.create()
	x.in.toMessage(m)
	if err := x.readMessage(); err != nil {
		return nil, x.unread(err)
	}
	x.wire.Restart()
	x.call.AddBytes(int64(x.in.size), 0)
	return m, x.mt.in.checkRules(m)
}

// Send takes a response that is a message of protobuf, for grpc-go, which encodes
// it, and for whoever asks the Call.
func (x *exchange) Send(resp any) error {
	x.source.setAnswer(resp)
	return nil
}

// Decode reads the request of m.
func (x *exchange) Decode(m *shell.Messages) error {
	if err := x.negotiate(); err != nil {
		return err
	}
	if x.mt.op.Streams&endpoint.ClientStream != 0 {
		v := reflect.ValueOf(m.Req).Elem()
		v.Set(reflect.ValueOf(endpoint.RestoreStream(v.Type(), x.requests)))
		return nil
	}
	m.Reuse = x.mt.in.isMapped()
	if err := x.read(m.Req); err != nil {
		return x.unread(err)
	}
	x.wire.Restart()
	x.call.AddBytes(int64(x.in.size), 0)
	return nil
}

// Encode takes the response of m.
func (x *exchange) Encode(m *shell.Messages) error {
	if x.mt.op.Streams&endpoint.ServerStream != 0 {
		x.responses = endpoint.EraseStream(reflect.ValueOf(m.Resp).Elem().Interface())
		return nil
	}
	answer, err := x.encode(m.Resp)
	if err == nil {
		x.source.setAnswer(answer)
	}
	return err
}

// unread is the error of a message that was not read: one of ours, or one of
// grpc-go's, whose answer is on the wire already; that is for layers and hooks.
func (x *exchange) unread(err error) error {
	x.wire.Unread()
	if _, ok := errors.AsType[*endpoint.PanicError](err); ok {
		return err
	}
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

// read receives the next message into the value that into points to, which is
// zero. Errors that are not of the message itself are grpc-go's.
func (x *exchange) read(into any) error {
	f := x.mt.in
	if f.formats != nil {
		x.in.toValue(&f.formats[x.format], into)
		return x.readMessage()
	}
	m := f.create()
	x.in.toMessage(m)
	if err := x.readMessage(); err != nil {
		return err
	}
	if err := f.decode(m, into); err != nil {
		return invalid(err)
	}
	return f.rules.Check(into, nil)
}

// readMessage reads the next message into what the inbox has.
func (x *exchange) readMessage() error {
	switch {
	case x.ahead:
		x.ahead = false
		if x.early == nil {
			x.in.fill(x.in.raw)
			x.in.describe()
		}
		return first(x.early, x.in.err)
	case !x.waited:
		x.waited = true
		wait := startWait(x.stream)
		err := x.receiveNext()
		return first(wait.stop(), err)
	}
	return x.receiveNext()
}

func (x *exchange) receiveNext() error {
	x.wire.Wait()
	defer x.wire.Waited()
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

// receiveFirst receives the first message, as bytes that the next call of
// readMessage decodes.
func (x *exchange) receiveFirst() {
	x.in.Message, x.in.hold = nothing, true
	x.early = x.readMessage()
	x.in.hold, x.ahead = false, true
}

// encode returns the message of the value of the response that v points to.
// Protobuf is left to grpc-go, which writes it into buffers of its own.
func (x *exchange) encode(v any) (any, error) {
	f := x.mt.out
	if f.formats == nil {
		return f.encode(v), nil
	}
	data, err := f.formats[x.format].Append(nil, v)
	if err != nil {
		return nil, endpoint.Errorf(endpoint.Internal, "cannot write the response: %w", err)
	}
	return newOutbox(data), nil
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

// refuse returns the status of a call that failed, with the reply's metadata as
// trailers.
func (x *exchange) refuse(ctx context.Context, err error) error {
	var refusal error
	shell.Answer(err, func(err error) {
		err = coded(err) // a layer may have made it
		out := x.mt.op.Outgoing(err)
		shell.SetRetried(x.reply(), out, err)
		refusal = statusOf(out).Err()
		x.mt.config.Hooks.ReportCall(ctx, x.mt.op, err)
	})
	x.sendTrailer(ctx)
	return refusal
}

// reply returns the metadata that handlers and layers set.
func (x *exchange) reply() *endpoint.Header { return (*endpoint.Call)(x.call).Reply() }

// sendHeader hands what was set for the reply to grpc-go, which sends it with
// the first message.
func (x *exchange) sendHeader(ctx context.Context) {
	raw := x.reply().Raw()
	if len(raw) == 0 {
		return
	}
	md, err := sendable(raw)
	x.sent = md
	if err = errors.Join(err, grpc.SetHeader(x.stream, md)); err != nil {
		x.mt.config.Hooks.Report(ctx, endpoint.Errorf(endpoint.Internal, "metadata of the reply was not sent: %w", err))
	}
}

// sendTrailer sends, with the status, what was set for the reply and did not go
// with the header.
func (x *exchange) sendTrailer(ctx context.Context) {
	raw := x.reply().Raw()
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
		x.mt.config.Hooks.Report(ctx, endpoint.Errorf(endpoint.Internal, "metadata of the reply was not sent: %w", err))
	}
}
